"""Grammars and their queries, loaded when the first file of a language needs them."""

from __future__ import annotations

import importlib
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


def parse(grammar: Grammar, data: bytes) -> Node:
    """Return the root of the syntax tree of ``data`` (UTF-8)."""
    return Parser(_load(grammar)[0]).parse(data).root_node


def matches(grammar: Grammar, root: Node) -> list[Match]:
    """Return all matches of the grammar's queries: pattern index, and nodes by capture name."""
    return QueryCursor(_load(grammar)[1]).matches(root)


@cache
def settings(grammar: Grammar, pattern: int) -> dict[str, str]:
    """Return what the query file ``#set!`` for a pattern."""
    found = _load(grammar)[1].pattern_settings(pattern)
    return {key: value for key, value in found.items() if value is not None}
