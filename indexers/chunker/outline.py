"""Definitions, nested and joined: the outline of a file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tree_sitter import Node

from indexers.chunker import grammars
from indexers.chunker.definitions import Definition, Reader
from indexers.chunker.source import Source
from indexers.languages import Grammar


@dataclass(slots=True)
class Outline:
    """What a file holds: its definitions in order, what it says of itself, its syntax tree."""

    roots: list[Definition]
    docstring: str
    tree: Node


def outline(source: Source, grammar: Grammar) -> Outline | None:
    """Parse a file and return its outline; broken code yields what can be made out.

    None where parsing takes forever.
    """
    found = grammars.read(grammar, source.data)
    if found is None:
        return None
    tree, matches = found
    reader = Reader(source, grammar)
    reader.collect(matches)
    roots = _nest(reader.definitions(), source)
    before = len(source.lines)
    if roots:
        before = roots[0].head if roots[0].role == "namespace" else roots[0].first
    return Outline(roots, reader.module_doc or reader.opening_comment(before), tree)


def _nest(definitions: Iterable[Definition], source: Source) -> list[Definition]:
    """Hang definitions that come in the order of the source into those around them."""
    roots: list[Definition] = []
    stack: list[Definition] = []
    for definition in definitions:
        while stack and stack[-1].end_byte < definition.end_byte:
            stack.pop()
        siblings = stack[-1].children if stack else roots
        if siblings and siblings[-1].joins_next and siblings[-1].key == definition.key:
            _join(siblings[-1], definition)
            definition = siblings[-1]
        else:
            if siblings and definition.first <= siblings[-1].last < definition.head:
                # Some grammars end a definition behind the comment that leads the next one.
                before = siblings[-1]
                before.last = source.trim(before.first, definition.first - 1)[1]
            siblings.append(definition)
        stack.append(definition)
    return roots


def _join(one: Definition, other: Definition) -> None:
    """Make the next overload or clause part of the first."""
    one.last = max(one.last, other.last)
    one.end_byte = other.end_byte
    one.docstring = one.docstring or other.docstring
    one.min_lines = min(one.min_lines, other.min_lines)
    one.joins_next = other.joins_next


def statement_ranks(tree: Node, min_bytes: int) -> dict[int, int]:
    """Return for each line that begins a statement how deep it is nested in long ones.

    Only nodes longer than ``min_bytes`` are opened: what is shorter is never cut inside. A level
    counts where it begins lines: ``f(() => {`` is one, however many nodes it opens.
    """
    ranks: dict[int, int] = {}
    pending = [(tree, -1)]
    while pending:
        node, depth = pending.pop()
        children = node.named_children
        lines = [child.start_point.row for child in children]
        opens = node is tree or any(line > node.start_point.row for line in lines)
        for child, line in zip(children, lines, strict=True):
            if line > node.start_point.row or node is tree:
                ranks[line] = min(depth + 1, ranks.get(line, depth + 1))
            if child.end_byte - child.start_byte > min_bytes:
                pending.append((child, depth + opens))
    return ranks
