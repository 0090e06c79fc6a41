"""Every error that a user can meet, each with its remedy."""

from __future__ import annotations

from indexers.errors import CodesearchError, RepositoryError

__all__ = [
    "CodesearchError",
    "FilterError",
    "IndexLockedError",
    "ModelError",
    "NotIndexedError",
    "RepositoryError",
    "StoreError",
]


class NotIndexedError(CodesearchError):
    """Nothing is indexed yet for this repository."""


class IndexLockedError(CodesearchError):
    """Another process is writing this index."""


class StoreError(CodesearchError):
    """The index on disk cannot be read or written: corrupt, read-only, or the disk is full."""


class ModelError(CodesearchError):
    """An encoder folder is incomplete, altered, or does not fit together."""


class FilterError(CodesearchError):
    """A filter that cannot match: unknown language, unknown kind, malformed glob."""
