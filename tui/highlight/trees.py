"""Colours by grammars: the wheels that parse a language bring a query for them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.resources import files
from typing import TYPE_CHECKING

from tui.highlight.pieces import Piece

if TYPE_CHECKING:
    from tree_sitter import Language, Node, Query

_BLOCK = 64  # lines asked for at once


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
_CLAIMS = re.compile(r"\(#(?:is|is-not|set)[?!][^()\n]*\)")


@cache
def grammar(language: str) -> tuple[Language, Query] | None:
    """A language's grammar and its query; None where there is none, or none that fits."""
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
    # What it sets and claims is for nobody here, and may not follow a condition: see
    # ``indexers.chunker.grammars``.
    query = _CLAIMS.sub("", query)
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
