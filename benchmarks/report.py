"""Results as tables in Markdown. Prints what the files say, and no more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.errors import BenchmarkError
from benchmarks.results import FOLDER, WITHOUT, Result, board, current

PUBLISHED = "as published"


def whole(folder: Path = FOLDER) -> str:
    """The tables of the results of each kind that hold. Raises ``BenchmarkError`` without any."""
    makers = {
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
        f"({_circumstances(result)})"
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
    head = f"MRR on single functions, {result['model']} ({_circumstances(result)})"
    return head + "\n\n" + _table(["", "functions", *parts], rows)


def vectors_table(result: Result) -> str:
    """MRR by the vectors alone, of each form of the vectors."""
    tasks = result["tasks"]
    rows = [
        [name, f"{size:.0f}", *(f"{task[name]:.3f}" for task in tasks.values())]
        for name, size in result["bytes"].items()
    ]
    head = f"MRR of smaller vectors, {result['model']} ({_circumstances(result)})"
    return head + "\n\n" + _table(["", "bytes", *tasks], rows)


def speed_table(result: Result) -> str:
    """Times and sizes; in brackets, how many times the baseline of the same run."""
    rows = []
    for label, key, form in _SPEED_ROWS:
        values = [_speed_cell(row, key, form) for row in result["repositories"].values()]
        rows.append([label, *values])
    head = (
        f"Speed on {result['machine']['cores']} cores ({_circumstances(result)}); "
        f"`import codesearch` {result['import_ms']:.0f} ms"
    )
    return head + "\n\n" + _table(["", *result["repositories"]], rows)


def incremental_table(result: Result) -> str:
    """What a commit costs; and as a share of building everything anew in the same run."""
    repositories = result["repositories"].values()
    rows = [
        [label, *(form(row) if callable(form) else _cell(row[key], form) for row in repositories)]
        for label, key, form in _INCREMENTAL_ROWS
    ]
    head = (
        f"What a commit costs, {result['model']}, {result['machine']['cores']} cores "
        f"({_circumstances(result)}): from the start of a sync to the first answer"
    )
    return head + "\n\n" + _table(["", *result["repositories"]], rows)


def tui_table(result: Result) -> str:
    """How long a key waits for its answer in the terminal, and what a day of questions leaves."""
    rows = [
        ["start to first letter echoed, whole process, ms", f"{result['start_ms']:.0f}"],
        ["key to hits shown, p50 / p95 / p99, ms", _percentiles(result, "key")],
        ["another hit chosen to its code shown, p50 / p95 / p99, ms", _percentiles(result, "move")],
        ["keys overtaken by the next before they were answered", f"{result['overtaken']}"],
        ["memory after the first questions, MB", f"{result['memory_first_mb']:.0f}"],
        [
            f"memory after {result['questions']:,} questions, MB",
            f"{result['memory_last_mb']:.0f}",
        ],
        ["workers left over", f"{result['workers_left']}"],
    ]
    head = (
        f"Terminal interface over {result['repository']}, {result['chunks']:,} chunks "
        f"({_circumstances(result)})"
    )
    return head + "\n\n" + _table(["", ""], rows)


def _percentiles(result: Result, name: str) -> str:
    return " / ".join(f"{result[f'{name}_p{p}_ms']:.0f}" for p in (50, 95, 99))


def _cell(value: float | None, form: str) -> str:
    return "–" if value is None else form.format(value)


def _second_worktree(row: Mapping[str, Any]) -> str:
    second = row["second_worktree"]
    return f"{second['ms']:.0f} ({second['encoded']} encoded)"


_INCREMENTAL_ROWS: tuple[tuple[str, str, Any], ...] = (
    ("files", "files", "{:,}"),
    ("chunks", "chunks", "{:,}"),
    ("commits followed", "commits", "{:,}"),
    ("full rebuild, every text encoded, s", "full_s", "{:.1f}"),
    ("full rebuild, vectors known, s", "known_s", "{:.1f}"),
    ("in process, p50, ms", "searchable_p50_ms", "{:.0f}"),
    ("in process, p95, ms", "searchable_p95_ms", "{:.0f}"),
    ("in process, longest, ms", "searchable_max_ms", "{:.0f}"),
    ("… commits of one file, p50, ms", "one_file_p50_ms", "{:.0f}"),
    ("p50 as a share of a full rebuild", "p50_of_full", "{:.2%}"),
    ("… of one with vectors known", "p50_of_known", "{:.1%}"),
    ("texts encoded, p50", "encoded_p50", "{:.0f}"),
    ("texts encoded, most", "encoded_max", "{:,}"),
    ("peak memory, MB", "peak_mb", "{:.0f}"),
    ("`codesearch index`, whole process, p50, ms", "cold_index_p50_ms", "{:.0f}"),
    ("`codesearch search`, whole process, p50, ms", "cold_search_p50_ms", "{:.0f}"),
    ("second worktree, open to first answer, ms", "", _second_worktree),
)


_SPEED_ROWS = (
    ("files", "files", "{:,}"),
    ("source, MB", "source_mb", "{:.1f}"),
    ("chunks", "chunks", "{:,}"),
    ("index, s", "index_s", "{:.1f}"),
    ("chunks / s", "chunks_per_s", "{:.0f}"),
    ("index again with vectors known, s", "index_again_s", "{:.1f}"),
    ("BM25 over files (bm25s), index, s", "bm25_index_s", "{:.1f}"),
    ("peak memory of indexing, MB", "index_peak_mb", "{:.0f}"),
    ("bytes on disk / chunk", "bytes_per_chunk", "{:,.0f}"),
    ("question, whole process, ms", "cold_ms", "{:.0f}"),
    ("question, warm, p50, ms", "warm_p50_ms", "{:.1f}"),
    ("question, warm, p95, ms", "warm_p95_ms", "{:.1f}"),
    ("question, warm, p99, ms", "warm_p99_ms", "{:.1f}"),
    ("BM25 over files, question, p50, ms", "bm25_p50_ms", "{:.2f}"),
    ("ripgrep over files, question, p50, ms", "grep_p50_ms", "{:.0f}"),
)
_RATIOS = {
    "index_s": "bm25_index_s",
    "warm_p50_ms": "bm25_p50_ms",
    "cold_ms": "grep_p50_ms",
}


def _speed_cell(row: Mapping[str, float], key: str, form: str) -> str:
    text = form.format(row[key])
    if key in _RATIOS and row[_RATIOS[key]]:
        ratio = row[key] / row[_RATIOS[key]]
        text += f" ({ratio:,.0f}×)" if ratio >= 10 else f" ({ratio:.1f}×)"
    return text


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
    return _table(["", "all", *categories, "ms"], rows)


def _by_language(result: Result) -> str:
    systems = compared(result)
    languages = list(next(iter(systems.values()))["by_language"])
    rows = [
        [language, *(f"{row['by_language'][language]:.3f}" for row in systems.values())]
        for language in languages
    ]
    return _table(["", *systems], rows)


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
    title = f"What each rule is worth ({_circumstances(result)})"
    return [title, _table(["ranking without", "NDCG@10", ""], rows)]


def compared(result: Result) -> dict[str, Any]:
    """The systems, without those that lack a rule."""
    systems = result["systems"].items()
    return {name: row for name, row in systems if not name.startswith(WITHOUT)}


def _details(result: Result) -> str:
    """What was run; and when, where that was another time than the head says."""
    lines = []
    for name, row in compared(result).items():
        when = _circumstances(result | row)
        earlier = f" ({when})" if when != _circumstances(result) else ""
        lines.append(f"- {name}: {row['describes']}{earlier}")
    return "\n".join(lines)


def _circumstances(result: Result) -> str:
    return f"commit {result['commit']}, {result['date'][:10]}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
