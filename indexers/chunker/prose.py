"""Files without a grammar: prose by its headings, everything else by paragraphs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from indexers.chunker.pieces import Draft, Maker
from indexers.chunker.source import Source
from indexers.chunker.splitting import Row
from indexers.types import Chunk, Kind

_ATX = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_SETEXT = re.compile(r" {0,3}(=+|-+)[ \t]*$")
_RST_RULER = re.compile(r"([!-/:-@\[-`{-~])\1{2,}[ \t]*$")
_SETEXT_BREAKS = re.compile(r"\s*(?:[>|#*+-]|\d+[.)]|<)")


@dataclass(frozen=True, slots=True)
class _Heading:
    line: int  # where the section begins, counted from 0
    level: int
    title: str
    lines: int  # of the heading itself


def chunk_headings(source: Source, language: str, maker: Maker) -> Iterator[Chunk]:
    """Yield one section after the other; a heading without text goes with the next section."""
    find = _rst_headings if language == "rst" else _markdown_headings
    headings = [_Heading(0, 0, "", 0), *find(source.lines)]
    ends = [heading.line - 1 for heading in headings[1:]] + [len(source.lines) - 1]
    path: list[_Heading] = []
    pending: int | None = None
    for heading, end in zip(headings, ends, strict=True):
        while path and path[-1].level >= heading.level:
            path.pop()
        start = heading.line if pending is None else pending
        body = source.trim(heading.line + heading.lines, end)
        is_last = heading is headings[-1]
        if body[0] > body[1] and not is_last:
            pending = start if heading.lines else None
        else:
            yield from _chunk_section(source, source.trim(start, end), heading, path, maker)
            pending = None
        if heading.level:
            path.append(heading)


def _chunk_section(
    source: Source, span: tuple[int, int], heading: _Heading, path: list[_Heading], maker: Maker
) -> Iterator[Chunk]:
    if span[0] > span[1]:
        return
    parents = " > ".join(parent.title for parent in path if parent.title)
    rows = [Row(number, source.lines[number]) for number in range(span[0], span[1] + 1)]
    draft = Draft(Kind.TEXT, heading.title, parents, "", "", rows, span[1], _rank)
    yield from maker.chunks(draft)


def chunk_lines(source: Source, kind: Kind, maker: Maker) -> Iterator[Chunk]:
    """Yield runs of paragraphs, each run as long as the budget allows."""
    first, last = source.trim(0, len(source.lines) - 1)
    if first > last:
        return
    rows = [Row(number, source.lines[number]) for number in range(first, last + 1)]
    yield from maker.chunks(Draft(kind, "", "", "", "", rows, last, _rank))


def _rank(row: Row) -> int:
    """The less a line is indented, the better the border before it."""
    return len(row.text) - len(row.text.lstrip()) if row.text.strip() else 1000


def _markdown_headings(lines: list[str]) -> Iterator[_Heading]:
    fence = ""
    front_matter = bool(lines) and lines[0].rstrip() == "---"
    for number, line in enumerate(lines):
        if front_matter:
            front_matter = number == 0 or line.rstrip() not in {"---", "..."}
            continue
        if match := _FENCE.match(line):
            mark = match.group(1)
            if not fence:
                fence = mark
            elif mark.startswith(fence) and not line.strip().strip(fence[0]):
                fence = ""
        elif fence:
            continue
        elif match := _ATX.match(line):
            yield _Heading(number, len(match.group(1)), (match.group(2) or "").strip(), 1)
        elif (match := _SETEXT.match(line)) and number and _may_be_title(lines, number - 1):
            level = 1 if match.group(1)[0] == "=" else 2
            yield _Heading(number - 1, level, lines[number - 1].strip(), 2)


def _may_be_title(lines: list[str], number: int) -> bool:
    """Whether a line is a paragraph of one line, which an underline makes a heading."""
    if not lines[number].strip() or _SETEXT_BREAKS.match(lines[number]):
        return False
    return number == 0 or not lines[number - 1].strip()


def _rst_headings(lines: list[str]) -> Iterator[_Heading]:
    """Headings by underline (and overline); the order of first use gives the levels."""
    styles: list[str] = []
    number = 1
    while number < len(lines):
        title, ruler = lines[number - 1], lines[number].rstrip()
        is_heading = (
            _RST_RULER.match(ruler) is not None
            and title.strip() != ""
            and _RST_RULER.match(title) is None
            and len(ruler) >= len(title.rstrip()) - 2
        )
        if is_heading:
            over = number > 1 and lines[number - 2].rstrip() == ruler
            if over or title[:1].strip():
                style = ruler[0] * (2 if over else 1)
                if style not in styles:
                    styles.append(style)
                first = number - 2 if over else number - 1
                yield _Heading(first, styles.index(style) + 1, title.strip(), number - first + 1)
        number += 1
