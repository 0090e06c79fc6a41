"""Source text → coloured pieces, for every language that is parsed and for most others.

Grammars that come with a ``highlights.scm`` are asked through tree-sitter, block by block as lines
are shown, so that a long file costs one parse (7 MB a second) and no more. For the rest there is
pygments. Both speak in the few style names of ``STYLES``.
"""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.resources import files
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from tree_sitter import Language, Node, Query

STYLES = (
    *("keyword", "string", "number", "comment", "function"),
    *("type", "constant", "property", "operator", "tag"),
)
_LONGEST = 2_000_000  # characters; beyond that colours are not worth the wait
_LONGEST_LEXED = 300_000  # pygments reads about 1 MB a second, from the beginning
_BLOCK = 64  # lines asked for at once


class Piece(NamedTuple):
    """Characters ``start`` to ``end`` of a line, in one of ``STYLES``."""

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


def paint(text: str, language: str, path: str) -> Painter:
    """Prepare the colours of a text (may take 0.1 s: not for the thread that draws)."""
    if len(text) > _LONGEST:
        return PlainPainter()
    grammar = _grammar("tsx" if path.endswith(".tsx") else language)
    if grammar is not None:
        return TreePainter(text, *grammar)
    if len(text) > _LONGEST_LEXED:
        return PlainPainter()
    return LexedPainter(text, language, path)


# -- tree-sitter


@dataclass(frozen=True, slots=True)
class _Wheel:
    """Where a grammar's queries lie: (module, file), read one after the other."""

    module: str
    queries: tuple[tuple[str, str], ...]
    function: str = "language"


def _wheel(name: str, *others: tuple[str, str], function: str = "language") -> _Wheel:
    own = (f"tree_sitter_{name}", "highlights.scm")
    return _Wheel(f"tree_sitter_{name}", (*others, own), function)


_JAVASCRIPT = ("tree_sitter_javascript", "highlights.scm")
_WHEELS = {
    **{name: _wheel(name) for name in ("bash", "c", "elixir", "go", "haskell", "java", "lua")},
    **{name: _wheel(name) for name in ("python", "ruby", "rust", "scala", "swift", "zig")},
    "cpp": _wheel("cpp", ("tree_sitter_c", "highlights.scm")),
    "javascript": _wheel("javascript", ("tree_sitter_javascript", "highlights-jsx.scm")),
    "php": _wheel("php", function="language_php"),
    "typescript": _wheel("typescript", _JAVASCRIPT, function="language_typescript"),
    "tsx": _wheel("typescript", _JAVASCRIPT, function="language_tsx"),
}
# A capture counts by the longest of these that begins it: ``function.method.builtin``.
_CAPTURES = {
    "attribute": "property",
    "boolean": "constant",
    "character": "string",
    "comment": "comment",
    "conditional": "keyword",
    "constant": "constant",
    "constructor": "type",
    "escape": "constant",
    "exception": "keyword",
    "field": "property",
    "float": "number",
    "function": "function",
    "import": "keyword",
    "include": "keyword",
    "keyword": "keyword",
    "keyword.operator": "keyword",
    "label": "property",
    "method": "function",
    "module": "type",
    "namespace": "type",
    "number": "number",
    "operator": "operator",
    "preproc": "keyword",
    "property": "property",
    "repeat": "keyword",
    "string": "string",
    "storageclass": "keyword",
    "symbol": "constant",
    "tag": "tag",
    "type": "type",
    "variable.builtin": "constant",
    "variable.member": "property",
}

_RANKS = {"": 0, "property": 1}


@cache
def _grammar(language: str) -> tuple[Language, Query] | None:
    wheel = _WHEELS.get(language)
    if wheel is None:
        return None
    from tree_sitter import Language, Query  # noqa: PLC0415  (only a preview needs it)

    try:
        parser = Language(getattr(import_module(wheel.module), wheel.function)())
        text = "\n".join(
            (files(module) / "queries" / name).read_text("utf-8") for module, name in wheel.queries
        )
        return parser, Query(parser, _mended(text))
    except (ImportError, OSError, ValueError, SyntaxError):
        return None  # another version of the wheel: pygments will do


def _mended(query: str) -> str:
    """A wheel's query without what only its author's editor understands."""
    query = query.replace("#lua-match?", "#match?")  # those in use are regular expressions
    return query.replace("\n(variable) @type\n", "\n")  # Haskell: meant for types, hits all


def _style(capture: str) -> str | None:
    """The style of a capture's name; None where it says nothing worth a colour."""
    while capture:
        if capture in _CAPTURES:
            return _CAPTURES[capture]
        capture = capture.rpartition(".")[0]
    return None


class TreePainter:
    """Colours by a grammar's own query."""

    def __init__(self, text: str, language: Language, query: Query) -> None:
        from tree_sitter import Parser  # noqa: PLC0415

        self._lines = [line.encode() for line in text.split("\n")]
        self._query = query
        self._tree = Parser(language).parse(text.encode())
        self._blocks: dict[int, dict[int, list[Piece]]] = {}

    def line(self, number: int) -> Sequence[Piece]:
        """See ``Painter``."""
        block = number // _BLOCK
        if block not in self._blocks:
            self._blocks[block] = self._read(block * _BLOCK, (block + 1) * _BLOCK)
        return self._blocks[block].get(number, ())

    def _read(self, first: int, end: int) -> dict[int, list[Piece]]:
        from tree_sitter import QueryCursor  # noqa: PLC0415

        cursor = QueryCursor(self._query)
        cursor.set_point_range((first, 0), (end, 0))
        best: dict[tuple[int, int], tuple[tuple[int, int], str, Node]] = {}
        for pattern, captures in cursor.matches(self._tree.root_node):
            for name, nodes in captures.items():
                style = _style(name) or ""
                for node in nodes:
                    # Of several captures of a node the last says most, unless it says nothing:
                    # grammars differ in where they put the plain ``@variable``.
                    rank = (_RANKS.get(style, 2), pattern)
                    key = (node.start_byte, node.end_byte)
                    if key not in best or best[key][0] <= rank:
                        best[key] = (rank, style, node)
        pieces: dict[int, list[Piece]] = {}
        for key in sorted(best, key=lambda key: (key[0], -key[1])):  # outer before inner
            _, style, node = best[key]
            self._spread(node, style, first, end, pieces)
        return pieces

    def _spread(
        self, node: Node, style: str, first: int, end: int, pieces: dict[int, list[Piece]]
    ) -> None:
        """Note a node under each of its lines."""
        (top, left), (bottom, right) = node.start_point, node.end_point
        for row in range(max(top, first), min(bottom, end - 1, len(self._lines) - 1) + 1):
            line = self._lines[row]
            start = _column(line, left) if row == top else 0
            stop = _column(line, right) if row == bottom else _column(line, len(line))
            if start < stop:
                pieces.setdefault(row, []).append(Piece(start, stop, style))


def _column(line: bytes, offset: int) -> int:
    """A byte offset as an offset in characters."""
    return offset if line.isascii() else len(line[:offset].decode(errors="replace"))


# -- pygments

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
