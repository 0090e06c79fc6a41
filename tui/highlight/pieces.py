"""What painters speak in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

STYLES = (
    *("keyword", "string", "number", "comment", "function"),
    *("type", "constant", "property", "operator", "tag"),
)


class Piece(NamedTuple):
    """Characters ``start`` to ``end`` of a line, in one of ``STYLES`` ("": in none)."""

    start: int
    end: int
    style: str


class Painter(Protocol):
    """Knows the colours of one text."""

    def line(self, number: int) -> Sequence[Piece]:
        """The pieces of a line, counted from 0; where they overlap, the later one counts."""
        ...


class PlainPainter:
    """No colours."""

    def line(self, number: int) -> Sequence[Piece]:
        """None."""
        return ()
