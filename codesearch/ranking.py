"""Pure score functions: candidates in, order and explanation out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from codesearch.types import Explanation

_RRF_K = 60  # Cormack, Clarke & Büttcher, "Reciprocal Rank Fusion", 2009


@dataclass(frozen=True, slots=True)
class Ranked:
    """A candidate with its final score."""

    id: str
    score: float
    explanation: Explanation


def fuse(dense: Sequence[tuple[str, float]], lexical: Sequence[tuple[str, float]]) -> list[Ranked]:
    """Reciprocal-rank fusion of two candidate lists of (point id, score), best first.

    Deterministic: equal scores are ordered by point id.
    """
    by_meaning = {id_: (rank, score) for rank, (id_, score) in enumerate(dense, 1)}
    by_words = {id_: (rank, score) for rank, (id_, score) in enumerate(lexical, 1)}
    ranked = []
    for id_ in by_meaning.keys() | by_words.keys():
        dense_rank, dense_score = by_meaning.get(id_, (None, None))
        lexical_rank, lexical_score = by_words.get(id_, (None, None))
        score = sum(1 / (_RRF_K + rank) for rank in (dense_rank, lexical_rank) if rank)
        explanation = Explanation(dense_rank, dense_score, lexical_rank, lexical_score)
        ranked.append(Ranked(id_, score, explanation))
    return sorted(ranked, key=lambda candidate: (-candidate.score, candidate.id))
