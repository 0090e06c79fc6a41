"""Questions and the code that answers them: two public sets and one of our own.

``humaneval_x``: task → solution within a language. ``cosqa``: web question → Python function,
with its docstring (the official protocol) and without. How the folders look: see ``README.md``.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from codesearch.encoder.text import document_text, query_text
from indexers.types import Chunk, Kind, Span

HUMANEVAL, MEAN = "HumanEval-X, ", "HumanEval-X, mean"
KEPT, REMOVED = "CoSQA dev, docstring in the code", "CoSQA dev, docstring removed"
Row = dict[str, Any]

# Good enough for functions that stand alone: the name behind the keyword, else before a bracket.
_NAME = re.compile(
    r"(?:\bdef|\bfn|\bfunc|\bfunction)\s+(?:\([^)]*\)\s*)?([A-Za-z_]\w*)"
    r"|\b(?:const|let|var)\s+([A-Za-z_$][\w$]*)\s*=|([A-Za-z_]\w*)\s*\("
)


@dataclass(slots=True)
class Task:
    """Questions and the one corpus that they ask."""

    name: str
    documents: list[str]  # as ``document_text`` gives them
    questions: list[str]  # as ``query_text`` gives them
    relevant: list[list[int]]  # places in ``documents``
    groups: list[str] = field(default_factory=list)  # of the questions: shown one by one, too


def load_tasks(evaluation: Path | None, heldout: Path | None) -> list[Task]:
    """CoSQA in both forms, HumanEval-X by language, docstring → function."""
    tasks = []
    if evaluation:
        for name, code in ((KEPT, "code"), (REMOVED, "code_nodoc")):
            tasks.append(_public(name, evaluation / "cosqa", code))
        folder = evaluation / "humaneval_x"
        languages = sorted({row["language"] for row in _rows(folder / "corpus.jsonl")})
        tasks += [_public(HUMANEVAL + name, folder, "code", name) for name in languages]
    if heldout:
        tasks.append(_functions(_rows(heldout)))
    return tasks


def document_of(row: Row, field: str) -> str:
    """The served text of a row whose code stands in ``field``."""
    code: str = row[field]
    found = _NAME.search(code)
    chunk = Chunk(
        path="",
        language=row["language"],
        kind=Kind.FUNCTION,
        symbol=(found[1] or found[2] or found[3]) if found else "",
        class_path="",
        signature="",
        docstring=(row.get("doc") or "") if field == "code" else "",
        span=Span(1, code.count("\n") + 1),
        blob="",
        text=code,
    )
    return document_text(chunk)


def _public(name: str, folder: Path, code: str, language: str = "") -> Task:
    corpus, queries = _rows(folder / "corpus.jsonl"), _rows(folder / "queries.jsonl")
    if language:
        corpus = [row for row in corpus if row["language"] == language]
        queries = [row for row in queries if row["language"] == language]
    place = {row["id"]: number for number, row in enumerate(corpus)}
    return Task(
        name,
        [document_of(row, code) for row in corpus],
        [query_text(row["query"]) for row in queries],
        [[place[number] for number in row["relevant"]] for row in queries],
    )


def _functions(rows: list[Row]) -> Task:
    name = "docstring → function"
    texts = [document_text(_chunk(row)) for row in rows]
    questions = [query_text(row["query"]) for row in rows]
    groups = [row["language"] for row in rows]
    return Task(name, texts, questions, [[number] for number in range(len(rows))], groups)


def _chunk(row: Row) -> Chunk:
    return Chunk(
        path=row["path"],
        language=row["language"],
        kind=Kind.FUNCTION,
        symbol=row["symbol"],
        class_path=row["class_path"],
        signature=row["signature"],
        docstring="",
        span=Span(1, row["code"].count("\n") + 1),
        blob="",
        text=row["code"],
    )


def _rows(path: Path) -> list[Row]:
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]
