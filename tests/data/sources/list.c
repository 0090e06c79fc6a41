/*
 * Copyright (c) 2024 The Example Authors
 * All rights reserved.
 */

#include <stdlib.h>
#include "list.h"

#define LIST_MAX 128
#define LIST_EACH(list, node)           \
    for (struct node *node = (list)->head; \
         node != NULL;                  \
         node = node->next)

/* A node of the list. */
typedef struct node {
    struct node *next;
    void *value;
} node_t;

struct list {
    struct node *head;
    size_t length;
};

enum order { FIRST, LAST };

/* ---------- internals ---------- */

static node_t *node_new(void *value);
static void node_free(node_t *node);

/**
 * Create a node.
 *
 * @param value what it holds, not copied
 * @return the node, or NULL
 */
static node_t *
node_new(void *value)
{
    node_t *node = malloc(sizeof *node);
    if (node == NULL) return NULL;
    node->value = value; /* not a copy */
    return node;
}

#ifdef LIST_DEBUG
// Print all values.
void list_dump(const struct list *list)
{
    LIST_EACH(list, node) printf("%p\n", node->value);
}
#endif

int (*list_chooser(struct list *list))(void *)
{
    return list->length ? NULL : NULL;
}
