"""The words of the house: what a commit is turned into.

Small frozen dataclasses only; nothing here does work.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Kind(StrEnum):
    """What a chunk is. Few on purpose: these are the words of ``--kind``."""

    FUNCTION = "function"
    METHOD = "method"
    CLASS = "class"  # class, struct, enum, interface, trait, protocol, record, type, module block
    MODULE = "module"  # code outside of definitions: constants, registrations, scripts
    TEXT = "text"  # prose, configuration, SQL: by headings or lines


class SkipReason(StrEnum):
    """Why a file stays out of the index; shown to users by ``index`` and ``index --dry-run``."""

    BINARY = "binary"
    TOO_LARGE = "too large"
    GENERATED = "generated"
    VENDORED = "vendored"
    MINIFIED = "minified"
    LOCK_FILE = "lock file"
    EXCLUDED = "excluded by settings"
    UNDECODABLE = "undecodable"
    UNSUPPORTED = "no known language"
    EMPTY = "empty"
    SYMLINK = "symbolic link"
    SUBMODULE = "submodule"


@dataclass(frozen=True, slots=True)
class Span:
    """A line range, counted from 1, both ends included."""

    start_line: int
    end_line: int


@dataclass(frozen=True, slots=True)
class Chunk:
    """The indexed unit: a function, a method, a class header, or what lies outside of them.

    ``text`` is the source as it stands in the blob from ``span.start_line`` to ``span.end_line``
    (decoded, line ends normalised to ``\\n``, no blank lines at its ends), documentation comment
    included. Where definitions inside the span have chunks of their own (the members of a class,
    large functions inside a long function), each stands in ``text`` as one line, its signature,
    or not at all where the budget is spent, and runs of blank lines are folded. A ``MODULE``
    chunk may gather several regions of code between definitions: its span goes from the first
    to the last, its text holds the regions alone. Of a line longer than the budget ``text`` is a
    piece. In parts after the first, ``docstring`` is empty.
    """

    path: str  # POSIX, relative to the root of the repository
    language: str  # a name from ``languages.py``: "python", "cpp", "markdown", …
    kind: Kind
    symbol: str  # the definition's own name; "" where there is none
    class_path: str  # enclosing definitions joined by ".": "Outer.Inner"; "" at the top
    signature: str  # the declaration without its body, white space folded
    docstring: str  # docstring or leading comment, comment marks removed
    span: Span
    blob: str  # object id of the file's content
    text: str
    part: int = 1  # a very long function comes in parts, each with symbol and signature
    parts: int = 1

    @property
    def qualified_name(self) -> str:
        """``Outer.Inner.name``; of headings ``Chapter > Section``: the symbol in its place."""
        border = " > " if self.kind is Kind.TEXT else "."
        return border.join(name for name in (self.class_path, self.symbol) if name)

    @property
    def content_hash(self) -> str:
        """SHA-256 (hex) of what the chunk says, wherever it stands (no path, blob or span)."""
        fields = (
            self.language,
            self.kind,
            self.symbol,
            self.class_path,
            self.signature,
            self.docstring,
            self.text,
            f"{self.part}/{self.parts}",
        )
        return hashlib.sha256("\0".join(fields).encode()).hexdigest()


@dataclass(frozen=True, slots=True, order=True)
class FileVersion:
    """One content at one path: the unit in which an index grows and shrinks."""

    path: str
    blob: str


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """A row of ``git ls-tree -r``."""

    path: str
    blob: str  # object id; of a commit where ``mode`` is a submodule's
    mode: int  # 0o100644, 0o100755, 0o120000 (symbolic link), 0o160000 (submodule)
    size: int = -1  # bytes; -1 where git did not say


class Sink(Protocol):
    """Receives what the pipeline finds, file by file; each file exactly once."""

    def remove(self, file: FileVersion) -> None:
        """Forget this file version and every chunk of it."""
        ...

    def add(self, file: FileVersion, chunks: Sequence[Chunk]) -> None:
        """Take all chunks of one file version (possibly none)."""
        ...

    def skip(self, file: FileVersion, reason: SkipReason) -> None:
        """Note that this file version stays out of the index, and why."""
        ...
