// Package queue is a bounded queue.
package queue

import (
	"errors"
	"sync"
)

// ErrFull is returned by Push.
var ErrFull = errors.New("queue: full")

const defaultSize = 16

// Queue holds items in order.
type Queue[T any] struct {
	mu    sync.Mutex
	items []T
	limit int
}

type (
	// Pusher takes items.
	Pusher[T any] interface {
		// Push adds an item.
		Push(item T) error
	}
	name string
)

// New returns a queue that holds up to limit items.
//
// A limit of 0 means the default.
//
//go:noinline
func New[T any](limit int) *Queue[T] {
	if limit == 0 {
		limit = defaultSize
	}
	return &Queue[T]{limit: limit}
}

// Push adds an item, or fails with ErrFull.
func (q *Queue[T]) Push(item T) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.items) >= q.limit {
		return ErrFull
	}
	q.items = append(q.items, item)
	return nil
}

func (q Queue[T]) Len() int { return len(q.items) }

var names = map[name]func() int{
	"zero": func() int { return 0 },
}
