"""A syntax tree → the definitions in it, nested as the source nests them.

The queries do the looking (in C, and inside broken code too); what they cannot say is said here
with byte and line ranges alone: which comments lead a definition, what wraps it, what it is
inside of. So no walk over the tree is needed, however deep it is.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tree_sitter import Node

from indexers.chunker import documentation, grammars, naming
from indexers.chunker.source import Source
from indexers.languages import Grammar
from indexers.types import Kind

# A node that several patterns name is the first of these.
_ROLES = ("class", "module", "type", "method", "function", "namespace")
_KINDS = {"class": Kind.CLASS, "module": Kind.CLASS, "type": Kind.CLASS, "method": Kind.METHOD}
_DOC_COMMENT = re.compile(r"/\*\*(?![*/])")
_NAMELESS: tuple[tuple[str, ...], str] = ((), "")
_MAX_INDENT = 500  # a comment further to the right leads nothing
_NEVER = 999_999  # "min_lines" of what has no body: only documentation makes it a chunk
_TYPE_MIN_LINES = 4  # an undocumented alias shorter than this stays with its surroundings


# Lines that may stand before the comment that describes a file.
_OPENING = re.compile(r"\s*(?:#!|<\?php|<\?|\{-#|'use strict'|\"use strict\")")


@dataclass(slots=True)
class Definition:
    """A named piece of source, with what leads it. Lines are counted from 0."""

    role: str  # one of _ROLES
    symbol: str
    scope: tuple[str, ...]  # what the name itself says about where it belongs
    signature: str
    docstring: str
    first: int  # with leading comments, attributes, wrappers
    head: int  # the line on which the declaration itself begins
    last: int
    start_byte: int
    end_byte: int
    min_lines: int  # undocumented and shorter than this: no chunk of its own
    kind: Kind
    kind_is_set: bool  # by the query: a class around makes no method of it
    key: str  # symbol and arity
    joins_next: bool  # one with the next definition of the same key: overloads, clauses
    children: list[Definition] = field(default_factory=list)

    @property
    def lines(self) -> int:
        """The number of lines of the span."""
        return self.last - self.first + 1


@dataclass(slots=True)
class _Found:
    """What all matches on one node have to say."""

    node: Node
    roles: set[str] = field(default_factory=set)
    captures: dict[str, Node] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)
    min_lines: int = _NEVER


@dataclass(slots=True)
class _Prefix:
    """A comment or attribute that has its lines to itself."""

    first: int
    column: int
    comment: str  # "" for attributes


class Reader:
    """Collects matches by node, then makes definitions of them."""

    def __init__(self, source: Source, grammar: Grammar) -> None:
        self.source = source
        self.grammar = grammar
        self.found: dict[int, _Found] = {}
        self.wrappers: dict[int, Node] = {}
        self.comments: list[tuple[int, int]] = []
        self.attributes: dict[int, int] = {}
        self.prefixes: dict[int, _Prefix] = {}
        self.module_doc = ""

    def collect(self, matches: Iterable[grammars.Match]) -> None:
        """Take in what the queries found."""
        for pattern, captures in matches:
            if nodes := captures.get("comment"):
                self._add_prefix(nodes[0], is_comment=True)
            elif nodes := captures.get("attribute"):
                self._add_prefix(nodes[0], is_comment=False)
            elif nodes := captures.get("wrapper"):
                for wrapped in captures["wrapped"]:
                    self.wrappers[wrapped.id] = nodes[0]
            elif nodes := captures.get("module_doc"):
                node = nodes[0]
                literal = self.source.slice(node.start_byte, node.end_byte)
                self.module_doc = self.module_doc or documentation.clean_string(literal)
            else:
                self._add_definition(pattern, captures)
        self.comments.sort()

    def _add_definition(self, pattern: int, captures: dict[str, list[Node]]) -> None:
        role = next(role for role in _ROLES if role in captures)
        node = captures[role][0]
        found = self.found.setdefault(node.id, _Found(node))
        found.roles.add(role)
        for name, nodes in captures.items():
            found.captures.setdefault(name, nodes[0])
        settings = grammars.settings(self.grammar, pattern)
        found.settings.update(settings)
        default = _TYPE_MIN_LINES if role == "type" else 0
        found.min_lines = min(found.min_lines, int(settings.get("min_lines", default)))

    def _add_prefix(self, node: Node, *, is_comment: bool) -> None:
        start, end = node.start_point, node.end_point
        if is_comment:
            self.comments.append((node.start_byte, node.end_byte))
        else:
            self.attributes[node.start_byte] = node.end_byte
        last = end.row if end.column else end.row - 1  # some comments hold their line end
        if self._has_its_lines(node, ends_line=end.column == 0):
            text = self._text(node) if is_comment else ""
            self.prefixes[last] = _Prefix(start.row, start.column, text)

    def _has_its_lines(self, node: Node, *, ends_line: bool) -> bool:
        """Whether nothing else stands on the lines of a node."""
        column = node.start_point.column
        if column > _MAX_INDENT:
            return False
        data, start, end = self.source.data, node.start_byte, node.end_byte
        behind = b"" if ends_line else data[end : end + _MAX_INDENT].partition(b"\n")[0]
        return not data[start - column : start].strip() and not behind.strip()

    def opening_comment(self, before: int) -> str:
        """Return the first comment at the top of the file that describes it."""
        starts = {prefix.first: (last, prefix.comment) for last, prefix in self.prefixes.items()}
        line, block = 0, list[str]()
        while line < before:
            last, comment = starts.get(line, (line, ""))
            if not comment or comment.startswith("#!"):
                if text := documentation.clean_comments(block):
                    return text
                block = []
                if not self.source.is_blank(line) and not _OPENING.match(self.source.lines[line]):
                    return ""
            else:
                block.append(comment)
            line = last + 1
        return documentation.clean_comments(block)

    def definitions(self) -> Iterator[Definition]:
        """Yield what was found, in the order of the source, outer before inner."""
        rows = [(self._wrapped(found.node), found) for found in self.found.values()]
        rows.sort(key=lambda row: (row[0].start_byte, -row[0].end_byte, row[1].node.start_byte))
        for outer, found in rows:
            if (definition := self._define(outer, found)) is not None:
                yield definition

    def _wrapped(self, node: Node) -> Node:
        while (wrapper := self.wrappers.get(node.id)) is not None and wrapper.id != node.id:
            node = wrapper
        return node

    def _define(self, outer: Node, found: _Found) -> Definition | None:
        scope, symbol = self._name(found)
        role = next(role for role in _ROLES if role in found.roles)
        if not symbol and role != "namespace":
            return None
        first, comments = self._lead(outer)
        end = outer.end_point
        last = self.source.trim(first, end.row if end.column else end.row - 1)[1]
        params = found.captures.get("params")
        if self._is_listed(found, last):
            first, comments = outer.start_point.row, list[str]()
        kind = _KINDS.get(role, Kind.METHOD if scope else Kind.FUNCTION)
        return Definition(
            role=role,
            symbol=symbol,
            scope=scope,
            signature=self._signature(outer, found),
            docstring=self._docstring(found, comments),
            first=first,
            head=found.node.start_point.row,
            last=last,
            start_byte=outer.start_byte,
            end_byte=outer.end_byte,
            min_lines=found.min_lines,
            kind=Kind(found.settings.get("kind", kind)),
            kind_is_set="kind" in found.settings,
            key=f"{symbol}/{params.named_child_count if params else 0}",
            joins_next="group" in found.settings,
        )

    def _name(self, found: _Found) -> tuple[tuple[str, ...], str]:
        name_node = found.captures.get("name") or naming.name_node(found.node)
        nodes = (name_node, found.captures.get("own_name"))
        names = (naming.split_name(self._text(node)) for node in nodes if node)
        scope, symbol = next((split for split in names if split[1]), _NAMELESS)
        if name := found.settings.get("name", "" if symbol else found.settings.get("fallback")):
            scope, symbol = (), name
        if owner := found.captures.get("scope"):
            scope = naming.scope_of(self._text(owner)) + scope
        return scope, symbol

    def _lead(self, outer: Node) -> tuple[int, list[str]]:
        """Return the first line of what leads a definition, and its comments in order."""
        first, comments = outer.start_point.row, list[str]()
        column = self.source.indent(first)
        while (prefix := self._prefix_above(first, may_skip=not comments)) is not None:
            if comments and _DOC_COMMENT.match(comments[-1]):
                break  # a doc comment is whole; what stands above it is about more than this
            if prefix.column > column or prefix.comment.startswith(("//!", "#!")):
                break
            first = prefix.first
            if prefix.comment:
                comments.append(prefix.comment)
        if documentation.is_license("\n".join(reversed(comments))):
            return outer.start_point.row, []  # the file's, not the definition's
        return first, comments[::-1]

    def _prefix_above(self, line: int, *, may_skip: bool) -> _Prefix | None:
        """Return what ends on the line above; a doc comment may leave one line blank."""
        prefix = self.prefixes.get(line - 1)
        if prefix is None and may_skip and line > 1 and self.source.is_blank(line - 1):
            prefix = self.prefixes.get(line - 2)
            if prefix is not None and not _DOC_COMMENT.match(prefix.comment):
                return None
        return prefix

    def _is_listed(self, found: _Found, last: int) -> bool:
        """Whether a declaration that should stand apart has another one right behind it.

        A comment above such a list speaks of the list, or is a heading.
        """
        if "apart" not in found.settings or last + 1 >= len(self.source.lines):
            return False
        below = self.source.lines[last + 1].strip()
        return below[:1] not in {"", "}", "#", "/", "*"}

    def _docstring(self, found: _Found, comments: list[str]) -> str:
        leading = documentation.clean_comments(comments) if comments else ""
        inner = found.captures.get("doc")
        text = documentation.clean_string(self._text(inner)) if inner else ""
        return "\n\n".join(part for part in (text, leading) if part)

    def _signature(self, outer: Node, found: _Found) -> str:
        start = outer.start_byte
        while (end := self.attributes.get(start)) is not None:
            start = self.source.skip_space(end)
        body = found.captures.get("body") or found.node.child_by_field_name("body")
        if body is not None and body.start_byte > start:
            return naming.clean_signature(self._without_comments(start, body.start_byte))
        text = self._without_comments(start, min(outer.end_byte, start + 2000))
        return naming.clean_signature(text.partition("{")[0] or text)

    def _without_comments(self, start: int, end: int) -> str:
        kept = []
        index = bisect_left(self.comments, (start, 0))
        while index < len(self.comments) and self.comments[index][0] < end:
            comment_start, comment_end = self.comments[index]
            kept.append(self.source.slice(start, comment_start))
            start, index = comment_end, index + 1
        return "\n".join([*kept, self.source.slice(start, end)])

    def _text(self, node: Node) -> str:
        return self.source.slice(node.start_byte, node.end_byte)
