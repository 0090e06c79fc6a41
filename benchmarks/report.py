"""Results as tables in Markdown. Prints what the files say, and no more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.costs import incremental_table, speed_table, tui_table
from benchmarks.errors import BenchmarkError
from benchmarks.markdown import run_of, table
from benchmarks.results import FOLDER, WITHOUT, Result, board, current

PUBLISHED = "as published"


def whole(folder: Path = FOLDER) -> str:
    """The tables of the results of each kind that hold. Raises ``BenchmarkError`` without any."""
    makers = {
        "encoder": encoder_table,
        "functions": functions_table,
        "speed": speed_table,
        "incremental": incremental_table,
        "vectors": vectors_table,
        "tui": tui_table,
    }
    quality = board(folder)
    parts = [quality_tables(quality)] if quality else []
    parts += [make(result) for what, make in makers.items() for result in current(what, folder)]
    if not parts:
        raise BenchmarkError(f"No results of committed code in {folder}")
    return "\n\n".join(parts)


def quality_tables(result: Result) -> str:
    """By category and by language, ours beside others', measured here and as published.

    Of one run, or of ``results.board``.
    """
    repositories = result["repositories"]
    questions = sum(len(row["categories"]) for row in repositories.values())
    head = (
        f"NDCG@10 on {questions} questions about {len(repositories)} repositories "
        f"({run_of(result)})"
    )
    notes = [f"Left out: {reason}" for reason in result["repositories_left_out"].values()]
    notes += [f"Left out: {name}: {reason}" for name, reason in result["systems_left_out"].items()]
    ablation = _ablation(result.get("ablation", result))
    tables = [_by_category(result), _by_language(result), *ablation]
    return "\n\n".join([head, *tables, _details(result), *notes])


def functions_table(result: Result) -> str:
    """MRR of each part of our search on each set."""
    tasks = result["tasks"]
    parts = list(next(iter(tasks.values()))["mrr"])
    rows = [
        [name, str(task["functions"]), *(f"{task['mrr'][part]:.3f}" for part in parts)]
        for name, task in tasks.items()
    ]
    head = f"MRR on single functions, {result['model']} ({run_of(result)})"
    return head + "\n\n" + table(["", "functions", *parts], rows)


def encoder_table(result: Result) -> str:
    """MRR of BM25 and of encoders alone, on each set."""
    tasks, rankers = result["tasks"], result["rankers"]
    rows = [[name, *(f"{mrr[ranker]:.3f}" for ranker in rankers)] for name, mrr in tasks.items()]
    head = f"MRR of encoders alone ({run_of(result)})"
    notes = "\n".join(f"- {ranker}: {what}" for ranker, what in rankers.items())
    return "\n\n".join([head, table(["", *rankers], rows), notes])


def vectors_table(result: Result) -> str:
    """MRR by the vectors alone, of each form of the vectors."""
    tasks = result["tasks"]
    rows = [
        [name, f"{size:.0f}", *(f"{task[name]:.3f}" for task in tasks.values())]
        for name, size in result["bytes"].items()
    ]
    head = f"MRR of smaller vectors, {result['model']} ({run_of(result)})"
    return head + "\n\n" + table(["", "bytes", *tasks], rows)


def _by_category(result: Result) -> str:
    systems = compared(result)
    categories = list(next(iter(systems.values()))["by_category"])
    rows = [
        [
            name,
            f"{row['ndcg10']:.3f}",
            *(f"{row['by_category'][category]:.3f}" for category in categories),
            f"{row['query_p50_ms']:.1f}",
        ]
        for name, row in systems.items()
    ]
    rows += [
        [f"{name} ({PUBLISHED})", f"{value:.3f}", *[""] * len(categories), ""]
        for name, value in result["published"].items()
    ]
    return table(["", "all", *categories, "ms"], rows)


def _by_language(result: Result) -> str:
    systems = compared(result)
    languages = list(next(iter(systems.values()))["by_language"])
    rows = [
        [language, *(f"{row['by_language'][language]:.3f}" for row in systems.values())]
        for language in languages
    ]
    return table(["", *systems], rows)


def _ablation(result: Result) -> list[str]:
    """What is lost without each rule of the ranking; nothing where that was not measured."""
    whole = result["systems"].get("codesearch")
    lacking = {n: row for n, row in result["systems"].items() if n.startswith(WITHOUT)}
    if not whole or not lacking:
        return []
    rows = [
        [
            name.removeprefix(WITHOUT),
            f"{row['ndcg10']:.3f}",
            f"{row['ndcg10'] - whole['ndcg10']:+.3f}",
        ]
        for name, row in lacking.items()
    ]
    title = f"What each rule is worth ({run_of(result)})"
    return [title, table(["ranking without", "NDCG@10", ""], rows)]


def compared(result: Result) -> dict[str, Any]:
    """The systems, without those that lack a rule."""
    systems = result["systems"].items()
    return {name: row for name, row in systems if not name.startswith(WITHOUT)}


def _details(result: Result) -> str:
    """What was run; and when, where that was another time than the head says."""
    lines = []
    for name, row in compared(result).items():
        when = run_of(result | row)
        earlier = f" ({when})" if when != run_of(result) else ""
        lines.append(f"- {name}: {row['describes']}{earlier}")
    return "\n".join(lines)
