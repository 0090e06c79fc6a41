"""The golden questions, their answers, and the figures that sum these up."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from codesearch import Index

FILE = Path(__file__).parent / "golden.toml"
DEPTH = 10  # hits that are looked at: who does not find it among these asks anew


@dataclass(frozen=True, slots=True)
class Question:
    """One line of golden.toml."""

    part: str  # "stdlib", "project"
    category: str  # "semantic", "name", "architecture"
    text: str
    targets: tuple[str, ...]  # path:symbol; any of them will do


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a question."""

    question: Question
    rank: int | None  # of the first target, from 1; None: not among the first ``DEPTH``
    first: str  # path:symbol of the first hit


def load() -> list[Question]:
    """All questions, in the order of the file."""
    parts = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return [
        Question(part, category, text, tuple(targets))
        for part, categories in parts.items()
        for category, questions in categories.items()
        for text, targets in questions.items()
    ]


def with_target(questions: Iterable[Question], folder: Path) -> list[Question]:
    """Those whose answer stands in ``folder``.

    Python's own parser says what does, not our chunker: what that loses has to count as lost.
    """
    return [
        question
        for question in questions
        if any(_stands(folder, *target.split(":")) for target in question.targets)
    ]


def ask(index: Index, question: Question) -> Answer:
    """Search as a user does."""
    hits = index.search(question.text, top_k=DEPTH)
    found = [f"{hit.chunk.path}:{hit.chunk.qualified_name}" for hit in hits]
    ranks = [rank for rank, place in enumerate(found, 1) if place in question.targets]
    return Answer(question, min(ranks, default=None), found[0] if found else "nothing")


def figures(ranks: Sequence[int | None]) -> dict[str, float]:
    """Recall@1, recall@5 (has a target come by then?) and MRR."""
    count = max(1, len(ranks))
    return {
        "recall@1": round(sum(rank == 1 for rank in ranks) / count, 4),
        "recall@5": round(sum(rank is not None and rank <= 5 for rank in ranks) / count, 4),
        "MRR": round(sum(1 / rank for rank in ranks if rank) / count, 4),
    }


def _stands(folder: Path, name: str, symbol: str) -> bool:
    path = folder / name
    return path.is_file() and symbol in _symbols(path)


@cache
def _symbols(path: Path) -> frozenset[str]:
    return frozenset(_definitions(ast.parse(path.read_bytes()), ""))


def _definitions(node: ast.AST, scope: str) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield scope + child.name
            yield from _definitions(child, f"{scope}{child.name}.")
        else:
            yield from _definitions(child, scope)
