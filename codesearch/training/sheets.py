"""Questions that somebody writes: sheets of code to write them for, and back to pairs.

Documentation says what code does, commits what was changed; neither is what people ask. So sheets
show functions, methods, classes and modules to a person or a language model, who writes the
questions that they answer (``recipes/questions.md`` tells how), a line each, beside the sheet:
``000.txt`` is answered by ``000.questions.txt``. A few thousand change more than many times as many
pairs that are found (``LOG.md``, section 24).
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

from codesearch.training import mine
from indexers.pairs import Pair
from indexers.types import Kind

_CHUNKS = 45  # on a sheet: read at once, answered at once
_MOST_LINES, _MOST_COLUMNS, _MOST_CHARACTERS = 34, 160, 1150  # of a chunk
_LEAST_LINES, _LEAST_CHARACTERS = 5, 160  # of less there is little to ask
_QUESTIONS = ".questions.txt"
_HEAD = re.compile(r"### (\d+) \| ([0-9a-f]+) \| ")
_QUESTION = re.compile(r"(\d+)[a-z]?[.:)]?\s+(\S.*)")


class _Row(NamedTuple):
    key: str
    language: str
    group: tuple[str, str]  # repository, what kind of code it is


def write(mined: Path, out: Path, count: int) -> int:
    """About ``count`` chunks of all repositories, the same ones every time; how many sheets.

    Languages by the square root of what they have, repositories and kinds in turn.
    """
    rows = {
        row.key: row
        for path in sorted(mined.glob("*.jsonl.gz"))
        for row in _rows(mine.read_header(path).repository, mine.read(path))
    }
    chosen = _choose(rows.values(), count)
    shown = {
        key: text for path in sorted(mined.glob("*.jsonl.gz")) for key, text in _shown(path, chosen)
    }
    keys = sorted(shown)
    out.mkdir(parents=True, exist_ok=True)
    sheets = [keys[start : start + _CHUNKS] for start in range(0, len(keys), _CHUNKS)]
    for number, some in enumerate(sheets):
        chunks = [f"### {place} | {key} | {shown[key]}\n" for place, key in enumerate(some, 1)]
        (out / f"{number:03d}.txt").write_text("\n".join(chunks), encoding="utf-8")
    return len(sheets)


def read(mined: Path, sheets: Path, out: Path) -> Counter[str]:
    """Pairs of what was written so far, a file for each repository; counts of lines by outcome."""
    counts: Counter[str] = Counter()
    asked = _asked(sheets, counts)
    out.mkdir(parents=True, exist_ok=True)
    for path in sorted(mined.glob("*.jsonl.gz")):
        pairs = [
            replace(pair, text=question, weak=False)
            for pair in mine.read(path)
            if pair.chunk.part == 1
            for question in asked.pop(_key(pair), ())
        ]
        if pairs:
            header = mine.read_header(path)
            header.pairs, header.weak, header.bystanders = len(pairs), 0, 0
            header.languages = dict(Counter(pair.chunk.language for pair in pairs).most_common())
            mine.write(out / path.name, header, pairs)
            counts["pairs"] += len(pairs)
    counts["of chunks that are mined no more"] += sum(map(len, asked.values()))
    return +counts


def _rows(repository: str, pairs: Iterable[Pair]) -> Iterator[_Row]:
    for pair in pairs:
        chunk = pair.chunk
        lines = chunk.text.count("\n") + 1
        if (
            chunk.part == 1
            and chunk.kind is not Kind.TEXT
            and lines >= _LEAST_LINES
            and len(chunk.text) >= _LEAST_CHARACTERS
        ):
            is_whole = chunk.kind in (Kind.CLASS, Kind.MODULE)
            what = "whole" if is_whole else "documented" if chunk.docstring else "bare"
            yield _Row(_key(pair), chunk.language, (repository, what))


def _choose(rows: Iterable[_Row], count: int) -> set[str]:
    by_language: dict[str, dict[tuple[str, str], list[str]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for row in sorted(rows):
        by_language[row.language][row.group].append(row.key)
    weights = {
        language: math.sqrt(sum(map(len, groups.values())))
        for language, groups in by_language.items()
    }
    chosen: set[str] = set()
    for language, groups in by_language.items():
        most = round(count * weights[language] / sum(weights.values()))
        in_turn = [key for turn in zip_longest(*groups.values()) for key in turn if key]
        chosen.update(in_turn[:most])
    return chosen


def _shown(path: Path, chosen: set[str]) -> Iterator[tuple[str, str]]:
    repository = mine.read_header(path).repository
    for pair in mine.read(path):
        chunk, key = pair.chunk, _key(pair)
        if chunk.part == 1 and key in chosen:
            lines = [line[:_MOST_COLUMNS] for line in chunk.text.split("\n")[:_MOST_LINES]]
            code = "\n".join(lines)[:_MOST_CHARACTERS]
            rest = "" if len(code) == len(chunk.text) else "\n…"
            where = f"{repository}: {chunk.path} | {chunk.qualified_name}"
            text = f"{chunk.language} | {chunk.kind.value} | {where}\n{code}{rest}"
            yield key, text.encode("utf-8", "replace").decode()


def _asked(sheets: Path, counts: Counter[str]) -> dict[str, list[str]]:
    """By key: the questions."""
    asked: dict[str, list[str]] = defaultdict(list)
    for answers in sorted(sheets.glob("*" + _QUESTIONS)):
        sheet = answers.with_name(answers.name.removesuffix(_QUESTIONS) + ".txt")
        heads = map(_HEAD.match, sheet.read_text(encoding="utf-8").split("\n"))
        keys = {head[1]: head[2] for head in heads if head}
        for line in filter(str.strip, answers.read_text(encoding="utf-8").split("\n")):
            said = _QUESTION.fullmatch(line.strip())
            if said and said[1] in keys:
                asked[keys[said[1]]].append(said[2])
            else:
                counts["not understood"] += 1
    return asked


def _key(pair: Pair) -> str:
    return pair.chunk.content_hash[:16]
