"""Colours by pygments, for languages without a grammar, or with one that brings no query."""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from functools import cache
from pathlib import PurePosixPath

from tui.highlight.pieces import Piece

_LEXERS = {"csharp": "c#", "objective-c": "objective-c", "vim": "vim", "proto": "protobuf"}
_TOKENS = (
    ("Comment.Preproc", "keyword"),
    ("Comment", "comment"),
    ("Keyword.Type", "type"),
    ("Keyword.Constant", "constant"),
    ("Keyword", "keyword"),
    ("Literal.String", "string"),
    ("Literal.Number", "number"),
    ("Literal", "string"),
    ("Name.Function", "function"),
    ("Name.Class", "type"),
    ("Name.Namespace", "type"),
    ("Name.Builtin", "function"),
    ("Name.Tag", "tag"),
    ("Name.Attribute", "property"),
    ("Name.Decorator", "property"),
    ("Name.Constant", "constant"),
    ("Operator.Word", "keyword"),
    ("Operator", "operator"),
    ("Generic.Heading", "function"),
    ("Generic.Subheading", "function"),
    ("Generic.Strong", "keyword"),
)


class LexedPainter:
    """Colours by pygments, for what comes without a query."""

    def __init__(self, text: str, language: str, path: str) -> None:
        starts = [0]
        for line in text.split("\n"):
            starts.append(starts[-1] + len(line) + 1)
        self._pieces: dict[int, list[Piece]] = {}
        for offset, style, value in _lex(text, language, path):
            self._note(starts, offset, offset + len(value), style)

    def line(self, number: int) -> Sequence[Piece]:
        """See ``Painter``."""
        return self._pieces.get(number, ())

    def _note(self, starts: list[int], start: int, end: int, style: str) -> None:
        row = bisect.bisect_right(starts, start) - 1
        while start < end and row + 1 < len(starts):
            stop = min(end, starts[row + 1] - 1)
            if start < stop:
                piece = Piece(start - starts[row], stop - starts[row], style)
                self._pieces.setdefault(row, []).append(piece)
            row += 1
            start = starts[row]


def _lex(text: str, language: str, path: str) -> list[tuple[int, str, str]]:
    from pygments.lexers import get_lexer_by_name, get_lexer_for_filename  # noqa: PLC0415
    from pygments.util import ClassNotFound  # noqa: PLC0415

    options = {"stripnl": False, "ensurenl": False}
    try:
        lexer = get_lexer_by_name(_LEXERS.get(language, language), **options)
    except ClassNotFound:
        try:
            lexer = get_lexer_for_filename(PurePosixPath(path).name, **options)
        except ClassNotFound:
            return []
    found = []
    for offset, kind, value in lexer.get_tokens_unprocessed(text):
        style = _token_style(str(kind).removeprefix("Token."))
        if style:
            found.append((offset, style, value))
    return found


@cache
def _token_style(kind: str) -> str | None:
    return next((style for prefix, style in _TOKENS if kind.startswith(prefix)), None)
