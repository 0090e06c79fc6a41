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

from codesearch.training.packed import BARE, Ids, Pairs, Records

Array = NDArray[np.float32]
_BLOCK = 1024  # questions compared at a time


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


def judged(pairs: Pairs, *, told_only: bool = False) -> Records:
    """Records (R,) that the filter asks about; the other pairs pass it unasked.

    Weak pairs do, for their text is their name, and they are nobody's hard negative: their
    documents are too often answers. ``told_only``: those that commits told of alone.
    """
    which = pairs.asked & (pairs.told if told_only else ~pairs.weak)
    return np.flatnonzero(which)


def mine(
    pairs: Pairs,
    records: Records,
    texts: Array,
    documents: Array,
    *,
    top: int = 3,
    count: int = 30,
    margin: float = 0.95,
    nearest: Callable[[Array, Array], Array] = lambda a, b: a @ b.T,
) -> Candidates:
    """Filter and negatives from vectors (R, D) of the ``records``' texts and bare documents.

    Each record is compared with those of its language. ``nearest`` computes the scores (b, n),
    on another device for instance.
    """
    negatives = np.full((len(pairs), count), -1, np.int32)
    scores = np.zeros((len(pairs), count), np.float16)
    sound = pairs.asked.copy()
    for language in np.unique(pairs.language[records]):
        places = np.flatnonzero(pairs.language[records] == language)
        for start in range(0, len(places), _BLOCK):
            some = places[start : start + _BLOCK]
            found = nearest(texts[some], documents[places])  # (b, n)
            own = found[np.arange(len(some)), np.arange(start, start + len(some))]
            rows = records[some]
            sound[rows] = (found > own[:, None]).sum(1) < top
            found[found >= margin * own[:, None]] = -np.inf  # the answer itself, too
            most = min(count, len(places))
            best = np.argpartition(-found, most - 1, axis=1)[:, :most]
            best = np.take_along_axis(
                best, np.argsort(-np.take_along_axis(found, best, 1), axis=1), 1
            )
            values = np.take_along_axis(found, best, axis=1)
            good = np.isfinite(values)
            negatives[rows, :most] = np.where(good, records[places[best]], -1)
            scores[rows, :most] = np.where(good, values, 0)
    return Candidates.of(np.flatnonzero(sound), negatives, scores)


def forms(
    pairs: Pairs, records: Records, text_tokens: int, document_tokens: int
) -> tuple[list[Ids], list[Ids]]:
    """Ids of the records' texts, and of their documents without documentation."""
    texts = [pairs.text(record, text_tokens) for record in records]
    return texts, [pairs.document(record, document_tokens, BARE) for record in records]
