"""Which records a step sees, and in what form: all of it follows from (seed, step).

So a run needs no more than its step number to go on where it stopped, and batches can be made
ahead in another thread.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from codesearch.training.packed import Ids, Pairs, View
from codesearch.training.recipe import Augment

Records = NDArray[np.intp]
Same = NDArray[np.bool_]
T = TypeVar("T")
_SHORT = 3, 10  # tokens of a short question, its opening not counted
_KEY_WORDS = 4, 13  # tokens of a question of key words
_TELLING = 3  # tokens of a name that is asked for


@dataclass(slots=True)
class Batch:
    """Token ids of one contrastive step."""

    texts: list[Ids]  # B questions
    documents: list[Ids]  # B answers, then H mined negatives
    same: Same  # (B, B + H) where another document is as good an answer, and so no negative
    short: list[Ids] = field(default_factory=list)  # questions that are only anchored
    # Places in ``documents`` of those that keep their documentation.
    documented: list[int] = field(default_factory=list)


class LanguageBatches:
    """An endless order of batches, each of one language as far as there are enough records.

    What is left over of the languages makes mixed batches. Weak pairs come in anew each epoch,
    as many as their share says. ``together`` records of one group (N,) stand side by side: what
    tells them apart is harder to say. The groups are topics (``topics.py``), else repositories.
    """

    def __init__(
        self,
        pairs: Pairs,
        size: int,
        *,
        weak_share: float,
        seed: int,
        kept: Records | None = None,
        together: int = 1,
        groups: NDArray[np.integer[Any]] | None = None,
    ) -> None:
        self._language = pairs.language
        self._groups = pairs.repository if groups is None else groups
        self._together = together
        records = np.flatnonzero(pairs.asked) if kept is None else np.sort(kept)
        self._documented = records[~pairs.weak[records]]
        self._weak = records[pairs.weak[records]]
        self._weak_count = min(len(self._weak), int(weak_share * len(self._documented)))
        self._size = min(size, len(self._documented) + self._weak_count)
        self._seed = seed
        self._plan = lru_cache(maxsize=2)(self._make_plan)
        if not self._size:
            raise ValueError("no pairs to train on")

    @property
    def per_epoch(self) -> int:
        """Batches until every documented pair was seen once."""
        return len(self._plan(0))

    def at(self, step: int) -> Records:
        """Records (B,) of a step, from 0."""
        epoch, place = divmod(step, self.per_epoch)
        return self._plan(epoch)[place]

    def _make_plan(self, epoch: int) -> list[Records]:
        random = np.random.default_rng((self._seed, epoch))
        weak = random.permutation(self._weak)[: self._weak_count]
        records = random.permutation(np.concatenate([self._documented, weak]))
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
    """Documents that no question asks for, drawn anew for each step: further negatives."""

    def __init__(self, pairs: Pairs, share: float, seed: int) -> None:
        self._language, self._share, self._seed = pairs.language, share, seed
        others = np.flatnonzero(~pairs.asked)
        languages = np.arange(len(pairs.meta.languages))
        self._of = [others[pairs.language[others] == language] for language in languages]

    def at(self, step: int, records: Records) -> Records:
        """As many as the share of the batch says, in the languages of its ``records``."""
        random = np.random.default_rng((self._seed, 4, step))
        chosen = random.choice(records, int(self._share * len(records)))
        pools = [self._of[language] for language in self._language[chosen]]
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


def random_view(random: np.random.Generator, augment: Augment, *, weak: bool) -> View:
    """A form of a document, drawn."""
    draws = random.random(4)
    return View(
        keep_doc=bool(not weak and draws[0] < augment.keep_doc),
        mask_name=bool(weak or draws[1] < augment.mask_name),
        drop_declaration=bool(draws[2] < augment.drop_declaration),
        drop_path=bool(draws[3] < augment.drop_path),
    )


@dataclass(frozen=True, slots=True)
class Forms:
    """Records → token ids, changed as the recipe says."""

    pairs: Pairs
    augment: Augment
    seed: int
    text_tokens: int
    document_tokens: int

    def batch(
        self, step: int, records: Records, negatives: Records | None = None, short: int = 0
    ) -> Batch:
        """The batch of a step; ``short`` of its questions once more, as a few words."""
        random = np.random.default_rng((self.seed, 1, step))
        every = records if negatives is None else np.concatenate([records, negatives])
        texts = [self._text(record, random) for record in records]
        weak = self.pairs.weak
        views = [random_view(random, self.augment, weak=bool(weak[record])) for record in every]
        names = self._names(records, random)
        for place, name in names.items():
            texts[place] = name
            views[place] = replace(views[place], mask_name=False)
        hidden = self._hidden_names(records, random, names)
        for place, name in hidden.items():
            texts[place] = name
            views[place] = replace(views[place], mask_name=True, keep_doc=True)
        named = weak[records]
        named[[*names, *hidden]] = True
        return Batch(
            texts=texts,
            documents=[
                self.pairs.document(record, self.document_tokens, view)
                for record, view in zip(every, views, strict=True)
            ],
            same=self._same(every, texts, named),
            short=[self._short(record, random) for record in records[:short]],
            documented=[
                place
                for place, (record, view) in enumerate(zip(every, views, strict=True))
                if view.keep_doc and self.pairs.has_documentation(record) and place not in hidden
            ],
        )

    def _same(self, every: Records, texts: list[Ids], named: NDArray[np.bool_]) -> Same:
        """``Batch.same``: the same function, the same question, or the name that is asked for."""
        count = len(texts)
        answer, asked = self.pairs.answer[every], _numbers(texts)
        symbol = _numbers([self.pairs.own_name(record) for record in every])
        same: Same = answer[:count, None] == answer
        same[:, :count] |= asked[:, None] == asked
        same |= named[:, None] & (symbol[:count, None] == symbol)
        np.fill_diagonal(same, False)
        return same

    def _names(self, records: Records, random: np.random.Generator) -> dict[int, Ids]:
        """By place: the questions that ask for a name."""
        names: dict[int, Ids] = {}
        if not self.augment.name:
            return names
        for place in np.flatnonzero(random.random(len(records)) < self.augment.name):
            record = int(records[place])
            # People type either, but what has a short name is called like many others.
            is_bare = self.pairs.symbol[record] >= _TELLING and random.random() < 0.5
            name = self.pairs.name(record, self.text_tokens, qualified=not is_bare)
            if len(name) >= _TELLING + 2:
                names[int(place)] = name
        return names

    def _hidden_names(
        self, records: Records, random: np.random.Generator, taken: Collection[int]
    ) -> dict[int, Ids]:
        """By place: names as questions whose code hides them and keeps its documentation."""
        names: dict[int, Ids] = {}
        if not self.augment.hidden_name:
            return names
        for place in np.flatnonzero(random.random(len(records)) < self.augment.hidden_name):
            record = int(records[place])
            own = self.pairs.own_name(record)
            if place in taken or len(own) < _TELLING or not self.pairs.has_documentation(record):
                continue
            opening = self._opening(record, random) if random.random() < 0.5 else ()
            names[int(place)] = self.pairs.name(record, self.text_tokens, opening)
        return names

    def _text(self, record: int, random: np.random.Generator) -> Ids:
        opening: Sequence[int] = ()
        if random.random() < self.augment.opening:
            opening = self._opening(record, random)
        if random.random() < self.augment.key_words:
            most = len(opening) + int(random.integers(*_KEY_WORDS)) + 2
            return self.pairs.key_words(record, min(most, self.text_tokens), opening)
        return self.pairs.text(record, self.text_tokens, opening)

    def _short(self, record: int, random: np.random.Generator) -> Ids:
        opening = self._opening(record, random)
        most = len(opening) + int(random.integers(*_SHORT)) + 2
        return self.pairs.text(record, min(most, self.text_tokens), opening)

    def _opening(self, record: int, random: np.random.Generator) -> Sequence[int]:
        openings = self.pairs.meta.questions[int(self.pairs.language[record])]
        return openings[int(random.integers(len(openings)))]


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


def _numbers(ids: Sequence[Ids]) -> Records:
    """A number for each, the same for the same ids."""
    known: dict[bytes, int] = {}
    return np.array([known.setdefault(one.tobytes(), len(known)) for one in ids], np.intp)


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
