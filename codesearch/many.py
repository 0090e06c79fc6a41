"""One question to several repositories, one list of hits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from operator import attrgetter
from pathlib import Path

from codesearch import ranking
from codesearch.encoder import query_text
from codesearch.errors import CodesearchError, RepositoryError
from codesearch.home import Home, IndexCard
from codesearch.index import Index
from codesearch.searcher import placed, ranked_hits, sound
from codesearch.settings import Settings
from codesearch.types import Filter, Hit


def open_all(settings: Settings) -> tuple[list[Index], dict[str, CodesearchError]]:
    """The indexes of all repositories that are registered in the home, by name; close them.

    Also those that cannot be searched (moved away, damaged, of another model), with the reason.
    """
    opened: list[Index] = []
    failed: dict[str, CodesearchError] = {}
    for directory, card in Home(settings.home).indexes():
        try:
            opened.append(_open(directory, card, settings))
        except CodesearchError as error:
            failed[card.name] = error
    return opened, failed


def _open(directory: Path, card: IndexCard, settings: Settings) -> Index:
    """The index in ``directory``, for the first of its repositories that is still there."""
    folder = next((folder for folder in card.folders if folder.is_dir()), None)
    if folder is None:
        raise RepositoryError(
            f"its repository is gone ({', '.join(card.repositories)})",
            f"If it is gone for good: codesearch remove {directory}",
        )
    index = Index.open(folder, index_dir=directory, settings=settings)
    try:
        index.freshness()  # raises where it cannot be searched
    except BaseException:
        index.close()
        raise
    return index


def search_many(
    indexes: Sequence[Index],
    query: str,
    *,
    top_k: int = 10,
    filter: Filter | None = None,
    overlay: bool = True,
) -> list[Hit]:
    """Search several repositories as if they were one; every hit names its ``repository``.

    Each answers for its HEAD, as far as it is indexed, and (with ``overlay``) for what its working
    tree has changed. Candidates of all are put into one order by meaning and one by words, and
    ranked together. (How rare a word is, each repository says for itself.) All indexes are of one
    model: that of the first is loaded.

    Raises:
        NotIndexedError: one of them is not indexed, or by another model.
        FilterError: the filter names a language or kind that does not exist.
    """
    query = sound(query)
    if not query or top_k < 1 or not indexes:
        return []
    vector = indexes[0].encoder.encode_query(query_text(query))
    limit = max(ranking.CANDIDATES, top_k)
    found = [
        candidate
        for index in indexes
        for candidate in index.candidates(query, vector, limit, filter, overlay=overlay)
    ]
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
    scores = [(n, place[1]) for n, candidate in enumerate(found) if (place := part(candidate))]
    return placed(sorted(scores, key=lambda pair: -pair[1])[:limit])
