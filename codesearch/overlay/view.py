"""An overlay, and a reader over which it is laid: candidates of both in one list.

Scores are the engine's own: the dot product of float16 vectors (the engine rounds the question's
too), and BM25 weights times the engine's IDF. Only a term that the index does not know has its
IDF computed here, by the engine's formula.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from codesearch.lexical import chunk_terms
from codesearch.store import Condition, Point
from codesearch.writer import chunk_from_payload

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from codesearch.errors import RepositoryError
    from codesearch.store import Reader

Found = list[tuple[str, float]]  # point id, score; best first


@dataclass(frozen=True)
class Overlay:
    """What a working tree changes about a commit, at one moment. Never changed once made."""

    commit: str
    hidden: tuple[int, ...] = ()  # keys of file versions that are no longer true
    points: tuple[Point, ...] = ()
    names: Mapping[str, bytes] = field(default_factory=dict)  # of the files of ``points``, by path
    files: int = 0  # that are laid over: changed, new or gone
    uncovered: int = 0  # that differ and are not: no time was left, or they cannot be read
    late: bool = False  # time was short
    failure: RepositoryError | None = None  # why the working tree could not be compared

    @property
    def changes_nothing(self) -> bool:
        """Whether the commit alone gives the same answers."""
        return not self.hidden and not self.points

    def is_same(self, other: Overlay) -> bool:
        """Whether the other says the same, of the very same points."""
        mine = self.commit, self.hidden, self.files, self.uncovered, self.late
        if mine != (other.commit, other.hidden, other.files, other.uncovered, other.late):
            return False
        pairs = zip(self.points, other.points, strict=False)
        return len(self.points) == len(other.points) and all(a is b for a, b in pairs)

    @cached_property
    def payloads(self) -> Mapping[str, Mapping[str, Any]]:
        """By point id."""
        return {point.id: point.payload for point in self.points}

    @cached_property
    def vectors(self) -> NDArray[np.float32]:
        """Of the points, in their order: (n, dimension), rounded to float16."""
        return np.stack([point.vector for point in self.points]).astype(np.float32)

    @cached_property
    def postings(self) -> Mapping[int, Sequence[tuple[int, float]]]:
        """Term → numbers of the points that have it, with its weight there."""
        rows: defaultdict[int, list[tuple[int, float]]] = defaultdict(list)
        for number, point in enumerate(self.points):
            for term, weight in point.terms.items():
                rows[term].append((number, weight))
        return rows

    @cached_property
    def idf(self) -> dict[tuple[str, int], float]:
        """Found so far, by reader and term."""
        return {}


class OverlaidReader:
    """A published state with an overlay laid over it: what a search needs of a ``Reader``."""

    def __init__(self, reader: Reader, overlay: Overlay) -> None:
        self._reader = reader
        self._overlay = overlay

    def visible(self) -> list[Condition]:
        """What keeps a query to the overlay's commit, less what the overlay hides."""
        found = self._reader.visible(self._overlay.commit)
        if not self._overlay.hidden:
            return found
        return [*found, Condition("version", self._overlay.hidden, negated=True)]

    def paths(self) -> set[str]:
        """All paths that there are: of the commit and of the overlay."""
        files = self._reader.manifest().snapshots[self._overlay.commit].files
        return {*files, *self._overlay.names}

    def nearest(self, vector: NDArray[np.float32], limit: int, where: Sequence[Condition]) -> Found:
        """(point id, dot product), best first."""
        found = self._reader.nearest(vector, limit, where)
        if not self._overlay.points:
            return found
        rounded = vector.astype(np.float16).astype(np.float32)
        scores = self._overlay.vectors @ rounded  # (n,)
        order = np.argsort(-scores, kind="stable").tolist()
        return self._merged(found, ((n, float(scores[n])) for n in order), limit, where)

    def matching(self, terms: Mapping[int, float], limit: int, where: Sequence[Condition]) -> Found:
        """(point id, BM25), best first."""
        found = self._reader.matching(terms, limit, where)
        scores: defaultdict[int, float] = defaultdict(float)
        for term, wanted in terms.items():
            rows = self._overlay.postings.get(term, ())
            factor = wanted * self._idf(term) if rows else 0.0
            for number, weight in rows:
                scores[number] += factor * weight
        if not scores:
            return found
        return self._merged(found, sorted(scores.items(), key=_by_score), limit, where)

    def payloads(self, ids: Sequence[str]) -> list[Mapping[str, Any]]:
        """Payloads in the order of ``ids``."""
        own = self._overlay.payloads
        stored = [id_ for id_ in ids if id_ not in own]
        known = dict(zip(stored, self._reader.payloads(stored), strict=True))
        return [own[id_] if id_ in own else known[id_] for id_ in ids]

    def _merged(
        self,
        found: Found,
        scores: Iterable[tuple[int, float]],
        limit: int,
        where: Sequence[Condition],
    ) -> Found:
        """Both lists as one, cut at ``limit``; ``scores`` are by a point's number, best first."""
        # Which versions are visible was asked of what is stored; of the overlay all are.
        asked = [condition for condition in where if condition.field != "version"]
        points = self._overlay.points
        own = (
            (points[number].id, score)
            for number, score in scores
            if all(condition.accepts(points[number].payload) for condition in asked)
        )
        return sorted([*found, *islice(own, limit)], key=_by_score)[:limit]

    def _idf(self, term: int) -> float:
        """The engine's inverse document frequency of a term."""
        key = self._reader.name, term
        if key not in self._overlay.idf:
            self._overlay.idf[key] = self._ask_idf(term)
        return self._overlay.idf[key]

    def _ask_idf(self, term: int) -> float:
        found = self._reader.matching({term: 1.0}, 1)
        if found:  # the score of any chunk is its weight times the frequency's inverse
            (id_, score) = found[0]
            weight = chunk_terms(chunk_from_payload(self._reader.payloads([id_])[0])).get(term)
            if weight:
                return score / weight
        versions = self._reader.manifest().versions().values()
        total = sum(entry.chunks for _, entry in versions) + len(self._overlay.points)
        having = len(self._overlay.postings[term])
        return math.log(1 + (total - having + 0.5) / (having + 0.5))


def _by_score(row: tuple[Any, float]) -> float:
    return -row[1]
