"""One question to several repositories, one list of hits."""

from __future__ import annotations

import os
import shlex
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import TypeVar

from codesearch.encoder import query_text
from codesearch.errors import CodesearchError, NotIndexedError, RepositoryError
from codesearch.home import Home, IndexCard
from codesearch.index import Index
from codesearch.rules import Candidate
from codesearch.searcher import list_length, placed, ranked_hits, sound
from codesearch.settings import Settings
from codesearch.types import Chunk, Filter, Hit

_Found = TypeVar("_Found")


def open_all(settings: Settings) -> tuple[dict[str, Index], dict[str, CodesearchError]]:
    """The indexes of all repositories that are registered in the home, by name; close them.

    For clones that share an index the first of them answers that has a working tree.
    Also those that cannot be searched (moved away, damaged, of another model): folder → reason.
    """
    opened: list[Index] = []
    failed: dict[str, CodesearchError] = {}
    for directory, card in Home(settings.home).indexes():
        try:
            opened.append(_open(directory, card, settings))
        except CodesearchError as error:
            failed[str(next(iter(card.folders), directory))] = error
    return named(opened), failed


def named(indexes: Iterable[Index]) -> dict[str, Index]:
    """Indexes by the names of their repositories; of equal names with the folder before them.

    The folders above are added until the names differ: ``work/app`` and ``play/app``.
    """
    alike: dict[str, list[Index]] = defaultdict(list)
    for index in indexes:
        alike[index.repository.name].append(index)
    return {
        name: index
        for group in alike.values()
        for name, index in zip(_names(group), group, strict=True)
    }


def _names(group: Sequence[Index]) -> list[str]:
    """Names of repositories that are called the same: distinct, as short as can be."""
    folders = [index.folder for index in group]
    names = [index.repository.name for index in group]
    depth = 2
    # The folders' own names: those of two worktrees differ, and of app.git beside app.
    while len(set(names)) < len(set(folders)):
        names = ["/".join(folder.parts[-depth:]) for folder in folders]
        depth += 1
    return names


def _open(directory: Path, card: IndexCard, settings: Settings) -> Index:
    """The index in ``directory``, for the first of its repositories that is still there."""
    # ``Path.is_dir`` raises where a network's file system has gone away.
    folder = next((it for it in card.folders if os.path.isdir(it)), None)  # noqa: PTH112
    gone = RepositoryError(
        f"its repository is gone ({', '.join(card.repositories)})",
        f"If it is gone for good: codesearch remove {directory}",
    )
    if folder is None:
        raise gone
    index = Index.open(folder, index_dir=directory, settings=settings)
    try:
        if str(index.repository.common_dir) not in card.repositories:  # one around it, say
            raise gone
        index.freshness()  # raises where it cannot be searched
    except BaseException:
        index.close()
        raise
    return index


def search_many(
    indexes: Mapping[str, Index],
    query: str,
    *,
    top_k: int = 10,
    filter: Filter | None = None,
    overlay: bool = True,
) -> list[Hit]:
    """Search several repositories as if they were one; the ``repository`` of a hit is its key.

    Each answers for its HEAD, as far as it is indexed, and (with ``overlay``) for what its working
    tree has changed. Candidates of all are put into one order by meaning and one by words, and
    ranked together. (How rare a word is, each repository says for itself.) One whose working tree
    git cannot compare answers as of its commit; its ``freshness`` says why.

    Args:
        indexes: by name, as ``open_all`` and ``named`` give them; all of one model.
        query, top_k, filter, overlay: as for ``Index.search``.

    Raises:
        NotIndexedError: one of them is not indexed, or by another model.
        FilterError: the filter names a language or kind that does not exist.
    """
    query = sound(query)
    if not query or top_k < 1 or not indexes:
        return []
    vector = next(iter(indexes.values())).encoder.encode_query(query_text(query))
    limit = list_length(top_k)
    found = [
        replace(candidate, repository=name)
        for name, index in indexes.items()
        for candidate in _asked(
            name, index, overlay, partial(index.candidates, query, vector, limit, filter)
        )
    ]
    dense = _places(found, attrgetter("dense"), limit)
    lexical = _places(found, attrgetter("lexical"), limit)
    merged = [
        replace(candidate, dense=dense.get(number), lexical=lexical.get(number))
        for number, candidate in enumerate(found)
        if number in dense or number in lexical
    ]
    return ranked_hits(query, merged, top_k)


def similar_many(
    indexes: Mapping[str, Index],
    chunk: Chunk,
    *,
    top_k: int = 10,
    filter: Filter | None = None,
    overlay: bool = True,
) -> list[Hit]:
    """The chunks of several repositories whose meaning is nearest to that of ``chunk``.

    Arguments and errors as for ``search_many``. The chunk itself is left out, and with it what has
    its name at its place in another repository: a fork's copy.
    """
    hits = [
        replace(hit, repository=name)
        for name, index in indexes.items()
        for hit in _asked(
            name, index, overlay, partial(index.similar, chunk, top_k=top_k, filter=filter)
        )
    ]
    best = sorted(hits, key=attrgetter("score"), reverse=True)[:top_k]
    return [
        replace(hit, explanation=replace(hit.explanation, dense_rank=rank))
        for rank, hit in enumerate(best, 1)
    ]


def _asked(
    name: str, index: Index, overlay: bool, ask: Callable[..., list[_Found]]
) -> list[_Found]:
    """What one of several answers; without its working tree where git cannot compare that."""
    try:
        return ask(overlay=overlay)
    except RepositoryError:
        if not overlay:
            raise
        return ask(overlay=False)
    except NotIndexedError as error:
        remedy = f"Index it: codesearch index {shlex.quote(str(index.folder))}"
        raise NotIndexedError(f"{name}: {error}", remedy) from None


def _places(
    found: Sequence[Candidate],
    part: Callable[[Candidate], tuple[int, float] | None],
    limit: int,
) -> dict[int, tuple[int, float]]:
    """The best ``limit`` by their scores: number in ``found`` → rank, score."""
    scores = [(n, place[1]) for n, candidate in enumerate(found) if (place := part(candidate))]
    return placed(sorted(scores, key=lambda pair: -pair[1])[:limit])
