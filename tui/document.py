"""A file made ready to be drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len

from codesearch import printable
from tui.highlight import Painter, paint

LONGEST_LINE = 2000  # characters that are drawn of a line
_TAB = 4


@dataclass(frozen=True, slots=True)
class Document:
    """A text made ready to be drawn."""

    lines: Sequence[str]
    painter: Painter
    width: int  # cells of the widest line

    @classmethod
    def of(cls, text: str, language: str, path: str) -> Document:
        """Expand tabs, tame control characters, parse. Slow for large files: not for the UI."""
        text = printable(text.replace("\r\n", "\n").expandtabs(_TAB))
        lines = text.split("\n")
        if lines and not lines[-1]:
            lines.pop()
        width = max((cell_len(line[:LONGEST_LINE]) for line in lines), default=0)
        return cls(lines, paint(text, language, path), width)
