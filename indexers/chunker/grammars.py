"""Grammars and their queries, loaded when the first file of a language needs them."""

from __future__ import annotations

import importlib
import re
from functools import cache
from importlib import resources

from tree_sitter import Language, Node, Parser, Query, QueryCursor

from indexers.languages import Grammar

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


def parse(grammar: Grammar, data: bytes) -> Node:
    """Return the root of the syntax tree of ``data`` (UTF-8).

    Macros that the grammar would trip over are blanked first, byte for byte: offsets stay right.
    """
    if grammar.blank:
        data = _blank(grammar).sub(_spaces, data)
    return Parser(_load(grammar)[0]).parse(data).root_node


def matches(grammar: Grammar, root: Node) -> list[Match]:
    """Return all matches of the grammar's queries: pattern index, and nodes by capture name."""
    return QueryCursor(_load(grammar)[1]).matches(root)


@cache
def settings(grammar: Grammar, pattern: int) -> dict[str, str]:
    """Return what the query file ``#set!`` for a pattern."""
    found = _load(grammar)[1].pattern_settings(pattern)
    return {key: value for key, value in found.items() if value is not None}
