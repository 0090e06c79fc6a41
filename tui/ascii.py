"""For terminals whose locale is not UTF-8: the nearest ASCII for every sign."""

from __future__ import annotations

from functools import lru_cache

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

_NEAREST = {
    **dict.fromkeys("─╌╍┄┅▔▁", "-"),
    **dict.fromkeys("━═", "="),
    **dict.fromkeys("│┃║▌▎▏▐▕▍", "|"),
    **dict.fromkeys("┌┐└┘├┤┬┴┼╭╮╰╯┏┓┗┛╔╗╚╝", "+"),
    **dict.fromkeys("▄▀█▆▇▅▃▂▪■", "#"),
    **dict.fromkeys("“”„«»", '"'),
    **dict.fromkeys("‘’", "'"),
    **dict.fromkeys("–—‐", "-"),
    **{
        "❯": ">",
        "…": "~",
        "·": ".",
        "●": "*",
        "◐": "o",
        "▲": "!",
        "▾": "v",
        "▸": ">",
        "✓": "+",
        "✗": "x",
    },
    **{"↵": "E", "↑": "^", "↓": "v", "←": "<", "→": ">"},
}


class AsciiFilter(LineFilter):
    """Replaces, cell by cell, what is not ASCII."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """See ``LineFilter``."""
        return [
            segment if segment.text.isascii() else Segment(plain(segment.text), *segment[1:])
            for segment in segments
        ]


@lru_cache(4096)
def plain(text: str) -> str:
    """ASCII that takes as many cells."""
    return "".join(c if c.isascii() else _NEAREST.get(c, "?" * cell_len(c)) for c in text)
