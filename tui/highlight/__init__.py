"""Source text → coloured pieces, for every language that is parsed and for most others.

Grammars that come with a ``highlights.scm`` are asked through tree-sitter (``trees.py``), block by
block as lines are shown, so that a long file costs one parse (7 MB a second) and no more. For the
rest there is pygments (``lexers.py``). Both speak in the few style names of ``STYLES``.
"""

from __future__ import annotations

from tui.highlight.lexers import LexedPainter
from tui.highlight.pieces import STYLES, Painter, Piece, PlainPainter
from tui.highlight.trees import TreePainter, grammar

__all__ = ["STYLES", "Painter", "Piece", "PlainPainter", "paint"]

_LONGEST = 2_000_000  # characters; beyond that colours are not worth the wait
_LONGEST_LEXED = 300_000  # pygments reads about 1 MB a second, from the beginning


def paint(text: str, language: str, path: str) -> Painter:
    """Prepare the colours of a text (may take 0.1 s: not for the thread that draws)."""
    if len(text) > _LONGEST:
        return PlainPainter()
    found = grammar("tsx" if path.endswith(".tsx") else language)
    if found is not None:
        return TreePainter(text, *found)
    if len(text) > _LONGEST_LEXED:
        return PlainPainter()
    return LexedPainter(text, language, path)
