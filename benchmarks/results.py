"""Results as JSON files by date and commit; scores computed from the ranks that they hold."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from benchmarks.errors import BenchmarkError
from benchmarks.scoring import mean, ndcg

FOLDER = Path(__file__).parent / "results"

Result = dict[str, Any]
Scores = dict[str, list[float]]
"""Repository → NDCG@10 of its questions, in their order."""


def default_path(result: Result) -> Path:
    """``results/<date>-<commit>-<what>.json``."""
    day, commit = result["date"][:10], result["commit"].replace("+", "-changed")
    return FOLDER / f"{day}-{commit}-{result['what']}.json"


def write(result: Result, path: Path) -> None:
    """Write a result; lists of numbers stay on one line, so that differences can be read.

    Raises ``BenchmarkError``.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_dump(result) + "\n", encoding="utf-8")
    except OSError as error:
        raise BenchmarkError(f"Cannot write the result {path}: {error}") from error


def read(path: Path) -> Result:
    """Read a result. Raises ``BenchmarkError``."""
    try:
        result: Result = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BenchmarkError(f"Cannot read the result {path}: {error}") from error
    return result


def newest(what: str, folder: Path = FOLDER) -> Result | None:
    """The newest result of a kind; None if there is none."""
    return next(iter(current(what, folder)), None)


def current(what: str, folder: Path = FOLDER) -> list[Result]:
    """The results of a kind that hold, newest first.

    Those are the newest one, and older ones with a repository that no newer one measured.
    """
    found = [read(path) for path in folder.glob(f"*-{what}.json")]
    kept: list[Result] = []
    measured: set[str] = set()
    for result in sorted(found, key=lambda result: str(result["date"]), reverse=True):
        repositories = set(result.get("repositories", ()))
        if not kept or repositories - measured:
            kept.append(result)
            measured |= repositories
    return kept


def question_scores(result: Result, system: str) -> Scores:
    """NDCG@10 of every question, from the ranks in the result."""
    return {
        name: [ndcg(found) for found in repository["ranks"][system]]
        for name, repository in result["repositories"].items()
        if system in repository["ranks"]
    }


def summary(result: Result, system: str) -> dict[str, Any]:
    """Mean over each repository's questions, then over repositories: in all and by group."""
    scores = question_scores(result, system)
    repositories = result["repositories"]
    by_repository = {name: mean(values) for name, values in scores.items()}
    return {
        "ndcg10": mean(by_repository.values()),
        "by_category": _by_category(scores, repositories),
        "by_language": _grouped(by_repository, lambda name: repositories[name]["language"]),
        "by_repository": by_repository,
    }


def _by_category(scores: Scores, repositories: dict[str, Any]) -> dict[str, float]:
    """A category's mean over the repositories that have questions of it."""
    means = defaultdict(list)
    for name, values in scores.items():
        groups = defaultdict(list)
        for category, value in zip(repositories[name]["categories"], values, strict=True):
            groups[category].append(value)
        for category, members in groups.items():
            means[category].append(mean(members))
    return {category: mean(means[category]) for category in sorted(means)}


def _grouped(values: dict[str, float], key: Callable[[str], str]) -> dict[str, float]:
    groups = defaultdict(list)
    for name, value in values.items():
        groups[key(name)].append(value)
    return {group: mean(groups[group]) for group in sorted(groups)}


def rounded(value: Any, digits: int = 4) -> Any:
    """The same with every float rounded: more digits than that are noise."""
    if isinstance(value, float):
        return round(value, digits)
    if isinstance(value, dict):
        return {key: rounded(item, digits) for key, item in value.items()}
    if isinstance(value, list):
        return [rounded(item, digits) for item in value]
    return value


def _dump(value: Any, indent: str = "") -> str:
    inner = indent + " "
    if isinstance(value, dict) and value:
        rows: Iterable[str] = (
            f"{inner}{json.dumps(str(key), ensure_ascii=False)}: {_dump(item, inner)}"
            for key, item in value.items()
        )
        return "{\n" + ",\n".join(rows) + f"\n{indent}}}"
    return json.dumps(value, ensure_ascii=False)
