"""Every error that a user can meet, each with its remedy."""

from __future__ import annotations


class CodesearchError(Exception):
    """Base of all errors of this package.

    ``str(error)`` is one sentence saying what is wrong; ``remedy`` says what to do about it.
    """

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy


class RepositoryError(CodesearchError):
    """No repository here, no such revision, or git could not read an object."""


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
