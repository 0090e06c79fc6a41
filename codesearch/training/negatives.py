"""What the start model itself says of the pairs: which are sound, and what it mistakes for them.

*Consistency filter* (CodeSage V2, CoRNStack): a pair is kept if its code is among the nearest
``top`` of its language for its own text; the others mostly have a text that describes something
else. *Hard negatives*: the nearest other codes, less those that come so close to the answer
(``margin`` of its score and more) that they may be answers themselves.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codesearch.training.packed import BARE, Pairs, View

Array = NDArray[np.float32]
_BLOCK = 1024  # questions compared at a time
_MASKED = View(keep_doc=False, mask_name=True)  # of weak pairs, whose text is the name


@dataclass(frozen=True, slots=True)
class Candidates:
    """Records that passed the filter, and for every record the codes to tell it from."""

    kept: NDArray[np.intp]  # (K,)
    negatives: NDArray[np.int32]  # (N, M) records, nearest first; -1 where there are no more
    scores: NDArray[np.float16]  # (N, M) cosines to the text
    digest: str  # of the three

    def sample(
        self, records: NDArray[np.intp], count: int, temperature: float, random: Any
    ) -> NDArray[np.intp]:
        """About ``count`` negatives for each record, likelier the harder (softmax of scores)."""
        noise = random.gumbel(size=(len(records), self.negatives.shape[1]))
        keys = self.scores[records].astype(np.float32) / temperature + noise
        keys[self.negatives[records] < 0] = -np.inf
        places = np.argsort(-keys, axis=1)[:, :count]
        chosen = np.take_along_axis(self.negatives[records], places, axis=1)
        return chosen[chosen >= 0].astype(np.intp)

    def save(self, path: Path) -> None:
        """Write one file, all or nothing."""
        partial = path.with_name(path.name + ".part.npz")
        np.savez_compressed(partial, kept=self.kept, negatives=self.negatives, scores=self.scores)
        partial.replace(path)

    @classmethod
    def load(cls, path: Path) -> Candidates:
        """Read what :meth:`save` wrote."""
        with np.load(path) as arrays:
            return cls.of(arrays["kept"], arrays["negatives"], arrays["scores"])

    @classmethod
    def of(cls, kept: Any, negatives: Any, scores: Any) -> Candidates:
        """With the digest computed."""
        joined = b"".join(np.ascontiguousarray(array).tobytes() for array in (kept, negatives))
        return cls(kept, negatives, scores, hashlib.sha256(joined).hexdigest())


def mine(
    pairs: Pairs,
    texts: Array,
    documents: Array,
    *,
    top: int = 3,
    count: int = 30,
    margin: float = 0.95,
    nearest: Callable[[Array, Array], Array] = lambda a, b: a @ b.T,
) -> Candidates:
    """Filter and negatives from vectors (N, D) of texts and of bare documents.

    Each record is compared with those of its language. ``nearest`` computes the scores (b, n),
    on another device for instance. Weak pairs pass the filter unasked, for their text is their
    name, and are nobody's hard negative: their documents are too often answers.
    """
    total = len(pairs)
    negatives = np.full((total, count), -1, np.int32)
    scores = np.zeros((total, count), np.float16)
    sound = pairs.weak.copy()
    for language in np.unique(pairs.language):
        own = np.flatnonzero((pairs.language == language) & ~pairs.weak)
        for start in range(0, len(own), _BLOCK):
            rows = own[start : start + _BLOCK]
            found = nearest(texts[rows], documents[own])  # (b, n)
            places = np.arange(start, start + len(rows))
            mine_score = found[np.arange(len(rows)), places]
            sound[rows] = (found > mine_score[:, None]).sum(1) < top
            found[found >= margin * mine_score[:, None]] = -np.inf  # the answer itself, too
            most = min(count, len(own))
            best = np.argpartition(-found, most - 1, axis=1)[:, :most]
            best = np.take_along_axis(
                best, np.argsort(-np.take_along_axis(found, best, 1), axis=1), 1
            )
            values = np.take_along_axis(found, best, axis=1)
            good = np.isfinite(values)
            negatives[rows, :most] = np.where(good, own[best], -1)
            scores[rows, :most] = np.where(good, values, 0)
    return Candidates.of(np.flatnonzero(sound), negatives, scores)


def forms(pairs: Pairs, text_tokens: int, document_tokens: int) -> tuple[list[Any], list[Any]]:
    """Ids of all texts and of all documents, without documentation (weak: without name)."""
    every = range(len(pairs))
    texts = [pairs.text(record, text_tokens) for record in every]
    documents = [
        pairs.document(record, document_tokens, _MASKED if pairs.weak[record] else BARE)
        for record in every
    ]
    return texts, documents
