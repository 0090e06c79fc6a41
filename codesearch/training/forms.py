"""Records → the token ids of a step: questions and code in the forms that the recipe wants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from codesearch.training.packed import Ids, Pairs, Records, View
from codesearch.training.recipe import Augment

Same = NDArray[np.bool_]
_SHORT = 3, 10  # tokens of a short question, its opening not counted
_KEY_WORDS = 4, 13  # tokens of a question of key words
_TELLING = 3  # tokens of a name that is asked for


@dataclass(slots=True)
class Batch:
    """Token ids of one contrastive step."""

    texts: list[Ids]  # B questions
    documents: list[Ids]  # B answers, then H further negatives
    same: Same  # (B, B + H) where another document is as good an answer, and so no negative
    short: list[Ids] = field(default_factory=list)  # questions that are only anchored
    # Places in ``documents`` of those that keep their documentation.
    documented: list[int] = field(default_factory=list)


def random_view(
    random: np.random.Generator, augment: Augment, *, weak: bool, told: bool = False
) -> View:
    """A form of a document, drawn; what a commit ``told`` of keeps its documentation, as served.

    Elsewhere the documentation is the question: a document that keeps it teaches little.
    """
    draws = random.random(4)
    return View(
        keep_doc=bool(told or (not weak and draws[0] < augment.keep_doc)),
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
        weak, told = self.pairs.weak, self.pairs.told
        views = [
            random_view(random, self.augment, weak=bool(weak[record]), told=bool(told[record]))
            for record in every
        ]
        names = self._names(records, random)
        for place, name in names.items():
            texts[place] = name
            views[place] = replace(views[place], mask_name=False, keep_doc=True)
        named = weak[records]
        named[list(names)] = True
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
                if view.keep_doc and self.pairs.has_documentation(record)
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


def _numbers(ids: Sequence[Ids]) -> Records:
    """A number for each, the same for the same ids."""
    known: dict[bytes, int] = {}
    return np.array([known.setdefault(one.tobytes(), len(known)) for one in ids], np.intp)
