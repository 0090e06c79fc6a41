"""One question to several repositories, one list of hits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from operator import attrgetter

from codesearch import ranking
from codesearch.encoder import query_text
from codesearch.index import Index
from codesearch.searcher import ranked_hits, sound
from codesearch.types import Filter, Hit


def search_many(
    indexes: Sequence[Index], query: str, *, top_k: int = 10, filter: Filter | None = None
) -> list[Hit]:
    """Search several repositories as if they were one; every hit names its ``repository``.

    Each answers for its HEAD, as far as it is indexed. Candidates of all are put into one order by
    meaning and one by words, and ranked together. (How rare a word is, each repository says for
    itself.) All indexes are of one model: that of the first is loaded.

    Raises:
        NotIndexedError: one of them is not indexed, or by another model.
        FilterError: the filter names a language or kind that does not exist.
    """
    query = sound(query)
    if not query or top_k < 1 or not indexes:
        return []
    vector = indexes[0].encoder.encode_query(query_text(query))
    limit = max(ranking.CANDIDATES, top_k)
    found = [c for index in indexes for c in index.candidates(query, vector, limit, filter)]
    dense = _places(found, attrgetter("dense"), limit)
    lexical = _places(found, attrgetter("lexical"), limit)
    merged = [
        replace(candidate, dense=dense.get(number), lexical=lexical.get(number))
        for number, candidate in enumerate(found)
        if number in dense or number in lexical
    ]
    return ranked_hits(query, merged, top_k)


def _places(
    found: Sequence[ranking.Candidate],
    part: Callable[[ranking.Candidate], tuple[int, float] | None],
    limit: int,
) -> dict[int, tuple[int, float]]:
    """The best ``limit`` by their scores: number in ``found`` → rank, score."""
    scores = {n: place[1] for n, candidate in enumerate(found) if (place := part(candidate))}
    best = sorted(scores, key=lambda n: -scores[n])[:limit]
    return {n: (rank, scores[n]) for rank, n in enumerate(best, 1)}
