"""Semantic code search for people who live in git repositories.

    from codesearch import Filter, Index

    with Index.open("~/src/flask") as index:
        index.sync("HEAD")
        for hit in index.search("where are cookies signed?"):
            print(hit.location, hit.chunk.qualified_name)

Names are imported when first used: ``import codesearch`` itself loads no engine and no encoder.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from codesearch.errors import (
        CodesearchError,
        FilterError,
        IndexLockedError,
        ModelError,
        NotIndexedError,
        RepositoryError,
        StoreError,
    )
    from codesearch.index import Index
    from codesearch.many import named, open_all, search_many, similar_many
    from codesearch.queries import Query, Term
    from codesearch.ranking import score_parts
    from codesearch.render import printable
    from codesearch.settings import Settings
    from codesearch.types import (
        Chunk,
        Damage,
        Explanation,
        Filter,
        Freshness,
        GcReport,
        Hit,
        IndexedRef,
        IndexStats,
        Kind,
        Progress,
        SkipReason,
        Span,
        SyncReport,
        VerifyReport,
    )

__version__ = "0.1.0"

__all__ = [
    "Chunk",
    "CodesearchError",
    "Damage",
    "Explanation",
    "Filter",
    "FilterError",
    "Freshness",
    "GcReport",
    "Hit",
    "Index",
    "IndexLockedError",
    "IndexStats",
    "IndexedRef",
    "Kind",
    "ModelError",
    "NotIndexedError",
    "Progress",
    "Query",
    "RepositoryError",
    "Settings",
    "SkipReason",
    "Span",
    "StoreError",
    "SyncReport",
    "Term",
    "VerifyReport",
    "named",
    "open_all",
    "printable",
    "score_parts",
    "search_many",
    "similar_many",
]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'codesearch' has no attribute {name!r}")
    for module in ("types", "errors", "settings", "queries", "render", "ranking", "index", "many"):
        found = getattr(import_module(f"codesearch.{module}"), name, None)
        if found is not None:
            globals()[name] = found
            return found
    raise AttributeError(name)
