"""The board: pinned repositories and the questions about them, read from a folder.

The folder holds ``repos.json``, ``annotations/<name>.json`` and, for comparison only,
``published.json``: the form of the benchmark that comes with MinishLab/semble.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.errors import BenchmarkError
from benchmarks.scoring import Target


@dataclass(frozen=True, slots=True)
class Pinned:
    """A repository at a revision; ``root`` is the folder of it that is searched ("": all)."""

    name: str
    language: str
    url: str
    revision: str
    root: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, and all that answers it (primary and secondary targets count alike)."""

    query: str
    category: str
    targets: tuple[Target, ...]


def read_repositories(folder: Path, only: Collection[str] = ()) -> list[Pinned]:
    """The repositories of ``folder/repos.json``, by name; those named in ``only``, if any are."""
    rows = _read(folder / "repos.json")
    pinned = [
        Pinned(
            name=row["name"],
            language=row["language"],
            url=row["url"],
            revision=row["revision"],
            root=(row.get("benchmark_root") or "").strip("/"),
        )
        for row in rows
    ]
    if unknown := sorted({*only} - {repository.name for repository in pinned}):
        raise BenchmarkError(f"{folder / 'repos.json'} has no repository named {unknown[0]!r}")
    return sorted((r for r in pinned if not only or r.name in only), key=lambda r: r.name)


def read_questions(folder: Path, name: str) -> list[Question]:
    """The questions about one repository, in their order. Raises ``BenchmarkError`` for none."""
    path = folder / "annotations" / f"{name}.json"
    questions = [
        Question(
            query=row["query"],
            category=row["category"],
            targets=tuple(map(_target, [*row.get("relevant", ()), *row.get("secondary", ())])),
        )
        for row in _read(path)
    ]
    if not questions:
        raise BenchmarkError(f"{path} holds no questions")
    return questions


def read_published(folder: Path, names: Collection[str]) -> dict[str, float]:
    """Mean NDCG@10 over ``names`` of each system that others published; {} where none did."""
    path = folder / "published.json"
    if not path.exists() or not names:
        return {}
    rows = _read(path)
    if not all(name in rows for name in names):
        return {}
    systems = set.intersection(*(set(rows[name]) for name in names))
    return {
        system: sum(rows[name][system] for name in names) / len(names) for system in sorted(systems)
    }


def _target(row: str | dict[str, Any]) -> Target:
    if isinstance(row, str):
        return Target(row)
    return Target(row["path"], row.get("start_line"), row.get("end_line"))


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BenchmarkError(f"Cannot read {path}: {error}") from error
