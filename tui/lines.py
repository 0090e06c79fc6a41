"""Fitting text into cells: what a terminal shows wide, long or not at all."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style

from codesearch import printable

Part = tuple[str, Style]


def one_line(text: str) -> str:
    """White space folded, control characters made visible."""
    return printable(" ".join(text.split()))


def cut(text: str, width: int) -> str:
    """At most ``width`` cells; an ellipsis says that something is missing."""
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, max(0, width - 1)).rstrip() + "…" if width > 0 else ""


def cut_left(text: str, width: int) -> str:
    """The end of a text: of a path that is what tells it from others."""
    if cell_len(text) <= width:
        return text
    kept = text[-width:]
    while kept and cell_len(kept) > width - 1:
        kept = kept[1:]
    return "…" + kept if width > 0 else ""


def row(width: int, left: Sequence[Part], right: Sequence[Part], base: Style) -> list[Segment]:
    """A line of exactly ``width`` cells: left parts as far as they fit, right parts at the end.

    Where there is little room the right side gives way altogether.
    """
    room_right = sum(cell_len(text) for text, _ in right)
    if room_right > width * 2 // 3:
        right, room_right = [], 0
    segments = _fitted(left, width - room_right - bool(room_right), base)
    used = sum(cell_len(segment.text) for segment in segments)
    segments.append(Segment(" " * (width - used - room_right), base))
    segments += [Segment(text, base + style) for text, style in right]
    return segments


def _fitted(parts: Sequence[Part], room: int, base: Style) -> list[Segment]:
    segments = []
    for text, style in parts:
        text = cut(text, room)
        room -= cell_len(text)
        if text:
            segments.append(Segment(text, base + style))
        if room <= 0:
            break
    return segments


def bar(share: float, width: int) -> tuple[str, str]:
    """A bar of ``width`` cells: its full part and its empty part."""
    full = max(1, round(max(0.0, min(1.0, share)) * width))
    return "━" * full, "─" * (width - full)  # also told apart without colours
