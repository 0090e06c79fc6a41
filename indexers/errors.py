"""The base of every error a user can meet, and those that git can cause."""

from __future__ import annotations


class CodesearchError(Exception):
    """Base of all errors of this project.

    ``str(error)`` is one sentence saying what is wrong; ``remedy`` says what to do about it.
    """

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy


class RepositoryError(CodesearchError):
    """No repository here, no such revision, or git could not read an object."""
