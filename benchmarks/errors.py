"""What can go wrong before anything is measured."""

from __future__ import annotations

from codesearch import CodesearchError


class BenchmarkError(CodesearchError):
    """A run that cannot begin: missing folder, unknown name, unreadable file."""


class MirrorError(BenchmarkError):
    """A repository, or its pinned revision, is not where it was looked for."""


class UnavailableError(BenchmarkError):
    """A system cannot take part; the message is the reason, and goes into the result."""
