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
WITHOUT = "without:"  # begins the names of systems that lack a rule of our ranking

Result = dict[str, Any]
Scores = dict[str, list[float]]
"""Repository → NDCG@10 of its questions, in their order."""


def default_path(result: Result) -> Path:
    """``results/<day>-<time>-<commit>-<what>.json``."""
    when = result["date"].replace("T", "-").replace(":", "").removesuffix("Z")
    commit = result["commit"].replace("+", "-changed")
    return FOLDER / f"{when}-{commit}-{result['what']}.json"


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


def current(what: str, folder: Path = FOLDER) -> list[Result]:
    """The results of a kind that hold, newest first, each less what a newer one measured.

    What was measured with uncommitted changes holds nowhere. For ``quality`` see ``board``.
    """
    kept: list[Result] = []
    measured: set[str] = set()
    for result in _of_commits(what, folder):
        part = next((name for name in ("repositories", "tasks") if name in result), "")
        rows = {name: row for name, row in result.get(part, {}).items() if name not in measured}
        if rows or not kept:
            kept.append(result | {part: rows} if part else result)
            measured |= rows.keys()
    return kept


def board(folder: Path = FOLDER) -> Result | None:
    """Every system on the widest board, of each the newest run; None if there is no run.

    A run of fewer repositories, or of other revisions, says nothing about that board. ``ablation``
    is the newest run that left rules out: those are compared with the ranking of that run.
    """
    runs = _of_commits("quality", folder)
    widest = max(runs, key=lambda run: len(run["repositories"]), default=None)
    if widest is None:
        return None
    runs = [run for run in runs if _asked(run) == _asked(widest)]
    systems: dict[str, Any] = {}
    for run in runs:
        for name, row in run["systems"].items():
            if not name.startswith(WITHOUT):
                systems.setdefault(name, row | {"commit": run["commit"], "date": run["date"]})
    left_out = {
        name: reason
        for name, reason in widest["systems_left_out"].items()
        if not any(system.startswith(name) for system in systems)
    }
    by_score = sorted(systems.items(), key=lambda item: float(item[1]["ndcg10"]))
    ablated = (run for run in runs if any(name.startswith(WITHOUT) for name in run["systems"]))
    return widest | {
        "systems": dict(by_score),
        "systems_left_out": left_out,
        "ablation": next(ablated, widest),
    }


def _of_commits(what: str, folder: Path) -> list[Result]:
    """Results of a kind, newest first; none of code that no commit has."""
    found = [read(path) for path in folder.glob(f"*-{what}.json")]
    found = [result for result in found if not result["commit"].endswith("+")]
    return sorted(found, key=lambda result: str(result["date"]), reverse=True)


def _asked(result: Result) -> dict[str, Any]:
    """What two results must have in common to stand in one table."""
    rows = result["repositories"].items()
    return {name: (row["revision"], row["categories"]) for name, row in rows}


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
