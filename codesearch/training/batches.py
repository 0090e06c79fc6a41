"""Which records a step sees: all of it follows from (seed, step).

So a run needs no more than its step number to go on where it stopped, and batches can be made
ahead in another thread.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from codesearch.training.packed import Ids, Pairs, Records

T = TypeVar("T")


class LanguageBatches:
    """An endless order of batches, each of one language as far as there are enough records.

    What is left over of the languages makes mixed batches. Weak pairs come in anew each epoch,
    as many as their share says; ``told_share`` (if not 0) lets in no more of the other pairs
    than leave that share of them to those that commits told, where any did. ``together``
    records of one group (N,) stand side by side: what tells them apart is harder to say. The
    groups are topics (``topics.py``), else repositories.
    """

    def __init__(
        self,
        pairs: Pairs,
        size: int,
        *,
        weak_share: float,
        seed: int,
        told_share: float = 0.0,
        kept: Records | None = None,
        together: int = 1,
        groups: NDArray[np.integer[Any]] | None = None,
    ) -> None:
        self._language = pairs.language
        self._groups = pairs.repository if groups is None else groups
        self._together = together
        records = np.flatnonzero(pairs.asked) if kept is None else np.sort(kept)
        self._weak = records[pairs.weak[records]]
        self._told = records[(pairs.told & ~pairs.weak)[records]]
        self._others = records[~(pairs.told | pairs.weak)[records]]
        self._others_count = len(self._others)
        if told_share and len(self._told):
            most = round(len(self._told) * (1 - told_share) / told_share)
            self._others_count = min(most, self._others_count)
        strong = len(self._told) + self._others_count
        self._weak_count = min(len(self._weak), int(weak_share * strong))
        self._size = min(size, strong + self._weak_count)
        self._seed = seed
        self._plan = lru_cache(maxsize=2)(self._make_plan)
        if not self._size:
            raise ValueError("no pairs to train on")

    @property
    def per_epoch(self) -> int:
        """Batches of an epoch: until every documented pair was seen once, were none left out."""
        return len(self._plan(0))

    def at(self, step: int) -> Records:
        """Records (B,) of a step, from 0."""
        epoch, place = divmod(step, self.per_epoch)
        return self._plan(epoch)[place]

    def _make_plan(self, epoch: int) -> list[Records]:
        random = np.random.default_rng((self._seed, epoch))
        weak = random.permutation(self._weak)[: self._weak_count]
        others = random.permutation(self._others)[: self._others_count]
        records = random.permutation(np.concatenate([self._told, others, weak]))
        batches, left = [], []
        for language in np.unique(self._language[records]):
            own = self._in_runs(records[self._language[records] == language], random)
            whole = len(own) // self._size * self._size
            batches += np.split(own[:whole], whole // self._size) if whole else []
            left.append(own[whole:])
        rest = random.permutation(np.concatenate(left))
        whole = len(rest) // self._size * self._size
        batches += np.split(rest[:whole], whole // self._size) if whole else []
        # As many in every epoch, whatever the languages: so the step number counts through them.
        return [batches[place] for place in random.permutation(len(batches))]

    def _in_runs(self, records: Records, random: np.random.Generator) -> Records:
        """Records in random order → runs of ``together`` from one group, in random order."""
        if self._together == 1:
            return records
        by_group = records[np.argsort(self._groups[records], kind="stable")]
        begins = np.flatnonzero(np.diff(self._groups[by_group])) + 1
        runs = [
            run[place : place + self._together]
            for run in np.split(by_group, begins)
            for place in range(0, len(run), self._together)
        ]
        return np.concatenate([runs[place] for place in random.permutation(len(runs))])


class Bystanders:
    """Documents that no question asks for, drawn anew for each step: further negatives.

    They are of the repositories of a batch's records, as a search meets them: those of others
    are told by their words alone.
    """

    def __init__(self, pairs: Pairs, share: float, seed: int) -> None:
        self._repository, self._share, self._seed = pairs.repository, share, seed
        others = np.flatnonzero(~pairs.asked)
        repositories = np.arange(len(pairs.meta.repositories))
        self._of = [others[pairs.repository[others] == one] for one in repositories]

    def at(self, step: int, records: Records) -> Records:
        """As many as the share of the batch says, beside some of its ``records``."""
        random = np.random.default_rng((self._seed, 4, step))
        chosen = random.choice(records, int(self._share * len(records)))
        pools = [self._of[repository] for repository in self._repository[chosen]]
        picked = [random.choice(pool) for pool in pools if len(pool)]
        return np.unique(np.array(picked, np.intp))


class AnyBatches:
    """An endless order of batches of all records, for pre-training."""

    def __init__(self, pairs: Pairs, size: int, *, weak_share: float, seed: int) -> None:
        weak = np.flatnonzero(pairs.weak)
        weak = np.random.default_rng(seed).permutation(weak)
        documented = np.flatnonzero(~pairs.weak)
        self._records = np.concatenate([documented, weak[: int(weak_share * len(documented))]])
        self._size = min(size, len(self._records))
        self._seed = seed
        self._order = lru_cache(maxsize=2)(self._make_order)

    @property
    def per_epoch(self) -> int:
        """Whole batches in an epoch."""
        return len(self._records) // self._size

    def at(self, step: int) -> Records:
        """Records (B,) of a step, from 0."""
        epoch, place = divmod(step, self.per_epoch)
        return self._order(epoch)[place * self._size : (place + 1) * self._size]

    def _make_order(self, epoch: int) -> Records:
        return np.random.default_rng((self._seed, 2, epoch)).permutation(self._records)


class Ahead(Generic[T]):
    """Makes the batches of the next steps in another thread, so that no device waits."""

    def __init__(self, make: Callable[[int], T], start: int, depth: int = 3) -> None:
        self._make = make
        self._ready: queue.Queue[T | Exception] = queue.Queue(depth)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, args=(start,), daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[T]:
        while True:
            made = self._ready.get()
            if isinstance(made, Exception):
                raise made
            yield made

    def close(self) -> None:
        """End the thread."""
        self._stopped.set()
        while self._thread.is_alive():
            if not self._ready.empty():
                self._ready.get_nowait()
            self._thread.join(0.01)

    def _work(self, step: int) -> None:
        while not self._stopped.is_set():
            made: T | Exception
            try:
                made = self._make(step)
            except Exception as error:  # raised again where the batch is asked for
                made = error
            self._put(made)
            step += 1

    def _put(self, made: T | Exception) -> None:
        while not self._stopped.is_set():
            try:
                self._ready.put(made, timeout=0.1)
            except queue.Full:
                continue
            return


def length_sorted(ids: Sequence[Ids], chunk: int) -> list[Records]:
    """Places of ``ids`` in chunks of similar length."""
    order = np.argsort([len(one) for one in ids], kind="stable")
    return [order[start : start + chunk] for start in range(0, len(order), chunk)]


def padded(
    ids: Sequence[Ids], pad: int, multiple: int = 8
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Ids (B, T) filled up with ``pad``, and where they are real; T a multiple of 8."""
    longest = max(len(one) for one in ids)
    width = -(-longest // multiple) * multiple
    filled = np.full((len(ids), width), pad, np.int64)
    real = np.zeros((len(ids), width), bool)
    for row, one in enumerate(ids):
        filled[row, : len(one)] = one
        real[row, : len(one)] = True
    return filled, real
