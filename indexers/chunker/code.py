"""The outline of a file → chunks: which definitions get one, and what lies between them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from indexers.chunker.definitions import Definition
from indexers.chunker.outline import Outline, outline, statement_ranks
from indexers.chunker.pieces import Draft, Maker
from indexers.chunker.prose import chunk_lines
from indexers.chunker.source import Source
from indexers.chunker.splitting import Row
from indexers.languages import Grammar
from indexers.types import Chunk, Kind

_MAX_PATH = 8  # names of a class path: deeper nesting is a machine's
_MAX_LINE = 200  # a member that is one such line stands in its class as it is
_NESTED_MIN_LINES = 5  # a shorter function inside of a function stays in its text
_WORD = re.compile(r"\w")
_SCRAP_LINES, _SCRAP_CHARACTERS = 2, 100  # code between definitions, too little to stand alone


@dataclass(slots=True)
class _Owned:
    """A definition that gets chunks of its own."""

    definition: Definition
    path: tuple[str, ...]
    children: list[_Owned] = field(default_factory=list)


def chunk_code(source: Source, grammar: Grammar, maker: Maker) -> Iterator[Chunk]:
    """Yield the chunks of a file that a grammar can read, in the order of their first lines."""
    whole = outline(source, grammar)
    if whole is None:
        yield from chunk_lines(source, Kind.MODULE, maker)
        return
    ranks = _Ranks(whole, maker.budget)
    owned = _select(whole.roots, source, maker)
    drafts = [_draft_definition(one, source, maker, ranks) for one in _walk(owned)]
    drafts += _draft_regions(whole, owned, source, maker, ranks)
    drafts.sort(key=lambda draft: (draft.rows[0].first, -draft.last))
    for draft in drafts:
        yield from maker.chunks(draft)


class _Ranks:
    """The ranks of lines as borders; found when the first long chunk asks for them."""

    def __init__(self, whole: Outline, budget: int) -> None:
        self._whole = whole
        self._min_bytes = max(80, budget // 2)
        self._ranks: dict[int, int] | None = None

    def rank(self, row: Row) -> int:
        if self._ranks is None:
            self._ranks = statement_ranks(self._whole.tree, self._min_bytes)
        return self._ranks.get(row.first, row.rank)


def _select(roots: list[Definition], source: Source, maker: Maker) -> list[_Owned]:
    """Decide which definitions get chunks of their own."""
    top = _own_children(None, (), roots)
    stack = list(top)
    while stack:
        one = stack.pop()
        if one.definition.children and _is_open(one.definition, source, maker):
            path = (*one.path, one.definition.symbol)[-_MAX_PATH:]
            one.children = _own_children(one.definition, path, one.definition.children)
            stack += one.children
    return top


def _is_open(definition: Definition, source: Source, maker: Maker) -> bool:
    """Whether definitions inside get chunks of their own: in classes, and in long functions."""
    if definition.kind is Kind.CLASS:
        return True
    size = definition.end_byte - definition.start_byte
    if size > 16 * maker.budget:  # long by any measure, and not worth measuring
        return True
    return maker.measure(source.join(definition.first, definition.last)) > maker.budget


def _own_children(
    parent: Definition | None, path: tuple[str, ...], candidates: list[Definition]
) -> list[_Owned]:
    """Return those of the candidates that get chunks; namespaces are looked through."""
    owned: list[_Owned] = []
    stack = [(definition, path) for definition in reversed(candidates)]
    while stack:
        definition, scope = stack.pop()
        if definition.role == "namespace" or _is_bare_module(definition):
            names = (*scope, *definition.scope, definition.symbol) if definition.symbol else scope
            stack += [(child, names[-_MAX_PATH:]) for child in reversed(definition.children)]
        elif _deserves_chunk(definition, parent, owned[-1].definition if owned else None):
            own = (*scope, *definition.scope)[-_MAX_PATH:]
            in_class = parent is not None and parent.kind is Kind.CLASS
            if in_class and definition.kind is Kind.FUNCTION and not definition.kind_is_set:
                definition.kind = Kind.METHOD
            owned.append(_Owned(definition, own))
    return owned


def _is_bare_module(definition: Definition) -> bool:
    """Whether a module only holds other classes, and says nothing itself."""
    if definition.role != "module" or definition.docstring:
        return False
    return bool(definition.children) and all(
        child.role in {"class", "module", "namespace"} for child in definition.children
    )


def _deserves_chunk(
    definition: Definition, parent: Definition | None, previous: Definition | None
) -> bool:
    if not definition.docstring and definition.lines < definition.min_lines:
        return False
    if previous is not None and definition.last <= previous.last:
        return False  # on the last line of the one before, and in its text
    if parent is None:
        return True
    if definition.head <= parent.head:
        return False  # begins on the parent's own line
    return parent.kind is Kind.CLASS or definition.lines >= _NESTED_MIN_LINES


def _walk(owned: list[_Owned]) -> Iterator[_Owned]:
    stack = list(owned)
    while stack:
        one = stack.pop()
        yield one
        stack += one.children


def _draft_definition(one: _Owned, source: Source, maker: Maker, ranks: _Ranks) -> Draft:
    definition = one.definition
    is_class = definition.kind is Kind.CLASS
    rows = list(_rows(source, definition.first, definition.last, one.children))
    if is_class and one.children:
        rows = _limit_signatures(rows, one.children, maker)
    return Draft(
        kind=definition.kind,
        symbol=definition.symbol,
        class_path=".".join(one.path),
        signature=definition.signature,
        docstring=definition.docstring,
        rows=rows,
        last=definition.last,
        rank=ranks.rank,
    )


def _rows(source: Source, first: int, last: int, children: list[_Owned]) -> Iterator[Row]:
    """Yield the lines of a range, each child's as the one line of its signature."""
    line = first
    for child in (one.definition for one in children):
        yield from (Row(number, source.lines[number]) for number in range(line, child.first))
        yield Row(max(line, child.first), _in_one_line(source, child))
        line = max(line, child.last + 1)
    yield from (Row(number, source.lines[number]) for number in range(line, last + 1))


def _in_one_line(source: Source, definition: Definition) -> str:
    """Return what stands for a definition in the text around it: its signature, or all of it."""
    head = source.lines[definition.head]
    if definition.head == definition.last and len(head) <= _MAX_LINE:
        return head
    return head[: source.indent(definition.head)] + definition.signature


def _limit_signatures(rows: list[Row], children: list[_Owned], maker: Maker) -> list[Row]:
    """Keep as many of the members' signatures as the budget has room for."""
    firsts = {child.definition.first for child in children}
    members = [row.first in firsts for row in rows]
    own = sum(
        maker.measure(row.text + "\n")
        for row, member in zip(rows, members, strict=True)
        if not member
    )
    room = max(maker.budget - own, maker.budget // 2)
    kept: list[Row] = []
    for row, is_member in zip(rows, members, strict=True):
        if is_member:
            room -= maker.measure(row.text + "\n")
        if (not is_member or room >= 0) and (row.text.strip() or (kept and kept[-1].text.strip())):
            kept.append(row)
    return kept


def _draft_regions(
    whole: Outline, owned: list[_Owned], source: Source, maker: Maker, ranks: _Ranks
) -> Iterator[Draft]:
    """Yield what no definition covers; scraps go with the region before or after them."""
    taken = ((one.definition.first, one.definition.last) for one in owned)
    group: list[tuple[int, int]] = []
    size, scrap, docstring = 0, True, whole.docstring
    for region in source.regions(taken, 0, len(source.lines) - 1):
        cost = maker.measure(source.join(*region))
        small = _is_scrap(source, region)
        if group and not small and not (scrap and size + cost <= maker.budget):
            yield _draft_region(group, source, docstring, ranks)
            group, size, scrap, docstring = [], 0, True, ""
        group.append(region)
        size, scrap = size + cost, scrap and small
    if group:
        yield _draft_region(group, source, docstring, ranks)


def _is_scrap(source: Source, region: tuple[int, int]) -> bool:
    lines = [line for line in source.lines[region[0] : region[1] + 1] if _WORD.search(line)]
    return len(lines) <= _SCRAP_LINES and sum(map(len, lines)) <= _SCRAP_CHARACTERS


def _draft_region(
    group: list[tuple[int, int]], source: Source, docstring: str, ranks: _Ranks
) -> Draft:
    rows: list[Row] = []
    for first, last in group:
        if rows:
            rows.append(Row(rows[-1].first + 1, ""))
        rows += (Row(number, source.lines[number]) for number in range(first, last + 1))
    return Draft(Kind.MODULE, "", "", "", docstring, rows, group[-1][1], ranks.rank)
