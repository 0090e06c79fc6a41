"""Grammars and their queries, loaded when the first file of a language needs them.

In a pattern ``#set!`` (``#is?``, ``#is-not?``) stands before the conditions (``#eq?``, ``#match?``,
``#any-of?``): py-tree-sitter 0.26 (up to 0.26.1 at least) notes a condition a second time for each
one that follows it, without a reference of its own. When such a query is freed, and of two that
threads load at once one is, memory is freed twice, and the process crashes somewhere else later.
"""

from __future__ import annotations

import importlib
import re
from functools import cache
from importlib import resources

from tree_sitter import Language, Node, Parser, Query, QueryCursor

from indexers.languages import Grammar

_HEAD = 20_000  # bytes of a large file by which it is judged
_DEFINITIONS = {"function", "method", "class", "type", "namespace"}  # captures in the queries
_MAX_DEPTH = 400  # of the tree: where the queries stop looking, lest states pile up without end

Match = tuple[int, dict[str, list[Node]]]


@cache
def _load(grammar: Grammar) -> tuple[Language, Query]:
    module = importlib.import_module(grammar.module)
    language = Language(getattr(module, grammar.function)())
    folder = resources.files("indexers") / "queries"
    texts = [(folder / f"{name}.scm").read_text("utf-8") for name in grammar.queries]
    return language, Query(language, "\n".join(texts))


@cache
def _blank(grammar: Grammar) -> re.Pattern[bytes]:
    return re.compile(grammar.blank.encode(), re.MULTILINE)


def _spaces(match: re.Match[bytes]) -> bytes:
    start, end = (place - match.start() for place in match.span(match.lastindex or 0))
    whole = match.group()
    return whole[:start] + re.sub(rb"[^\n]", b" ", whole[start:end]) + whole[end:]


def read(grammar: Grammar, data: bytes) -> tuple[Node, list[Match]] | None:
    """Return the syntax tree of ``data`` (UTF-8) and all matches of the grammar's queries in it.

    None where parsing would not end. Macros that the grammar would trip over are blanked first,
    byte for byte, so that offsets stay right.
    """
    text = _blank(grammar).sub(_spaces, data) if grammar.blank else data
    if len(text) >= 5 * _HEAD and _is_hopeless(*_read(grammar, text[:_HEAD])):
        return None
    return _read(grammar, text)


def _read(grammar: Grammar, text: bytes) -> tuple[Node, list[Match]]:
    language, query = _load(grammar)
    tree = Parser(language).parse(text)
    cursor = QueryCursor(query)
    cursor.set_max_start_depth(_MAX_DEPTH)
    return tree.root_node, cursor.matches(tree.root_node)


def _is_hopeless(root: Node, matches: list[Match]) -> bool:
    """Whether the head of a large file shows that it is not of this language at all.

    Error recovery can be quadratic (English text as Lua: 0.4 s for 20 kB, minutes for 1 MB).
    The parser's own ways to stop it, its callbacks, leak or crash in tree-sitter 0.26.0, and a
    clock would cut the same file differently on a slow day. Being cut off in the middle, the head
    of real code is full of errors too, but it defines something.
    """
    if any(not _DEFINITIONS.isdisjoint(captures) for _, captures in matches):
        return False
    wrong = right = 0
    todo = [root]
    while todo:
        node = todo.pop()
        for child in node.children:
            if child.child_count:
                todo.append(child)
            elif node.is_error:
                wrong += child.end_byte - child.start_byte
            else:
                right += child.end_byte - child.start_byte
    return wrong > right


@cache
def settings(grammar: Grammar, pattern: int) -> dict[str, str]:
    """Return what the query file ``#set!`` for a pattern."""
    found = _load(grammar)[1].pattern_settings(pattern)
    return {key: value for key, value in found.items() if value is not None}
