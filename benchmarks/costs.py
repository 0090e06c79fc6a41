"""Tables of what time and memory results say: of speed, of commits, of the terminal interface."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from benchmarks.markdown import run_of, table
from benchmarks.results import Result

Row = Mapping[str, Any]  # what was measured of one repository
Line = tuple[str, Callable[[Row], str]]  # label, cell


def speed_table(result: Result) -> str:
    """Times and sizes, and how many times the baselines of the same run they are."""
    head = (
        f"Speed on {result['machine']['cores']} cores ({run_of(result)}); "
        f"`import codesearch` {result['import_ms']:.0f} ms"
    )
    return head + "\n\n" + _by_repository(_SPEED, result)


def incremental_table(result: Result) -> str:
    """What a commit costs; and as a share of building everything anew."""
    head = (
        f"What a commit costs, {result['model']}, {result['machine']['cores']} cores "
        f"({run_of(result)}): from the start of a sync to the first answer"
    )
    return head + "\n\n" + _by_repository(_INCREMENTAL, result)


def tui_table(result: Result) -> str:
    """How long a key waits for its answer in the terminal, and what a day of questions leaves."""
    lines = (
        _number("start to first letter echoed, whole process, ms", "start_ms"),
        _percentiles("key to hits shown", "key", "{:.0f}"),
        _percentiles("another hit chosen to its code shown", "move", "{:.0f}"),
        _number("keys overtaken by the next before they were answered", "overtaken", "{}"),
        _number("memory after the first questions, MB", "memory_first_mb"),
        _number(f"memory after {result['questions']:,} questions, MB", "memory_last_mb"),
        _number("workers left over", "workers_left", "{}"),
    )
    head = (
        f"Terminal interface over {result['repository']}, {result['chunks']:,} chunks "
        f"({run_of(result)})"
    )
    return head + "\n\n" + table(["", ""], [[label, cell(result)] for label, cell in lines])


def _by_repository(lines: Sequence[Line], result: Result) -> str:
    rows = [row | {"date": result["date"]} for row in result["repositories"].values()]
    cells = [[label, *(cell(row) for row in rows)] for label, cell in lines]
    return table(["", *result["repositories"]], cells)


def _number(label: str, key: str, form: str = "{:.0f}") -> Line:
    return label, lambda row: _joined([row.get(key)], form)


def _percentiles(label: str, name: str, form: str) -> Line:
    keys = _keys(name)
    return f"{label}, p50 / p95 / p99, ms", lambda row: _joined([row.get(k) for k in keys], form)


def _ratio(whose: str, keys: Sequence[str], others: Sequence[str]) -> Line:
    """How many times the values of ``others`` those of ``keys`` are."""

    def cell(row: Row) -> str:
        pairs = [(row.get(key), row.get(other)) for key, other in zip(keys, others, strict=True)]
        ratios = [value / other for value, other in pairs if value and other]
        shown = [f"{r:,.0f}×" if r >= 10 else f"{r:.2g}×" for r in ratios]
        return " / ".join(shown) if len(shown) == len(keys) else "–"

    return f"… times {whose}", cell


def _keys(name: str) -> list[str]:
    return [f"{name}_p{p}_ms" for p in (50, 95, 99)]


def _joined(values: Sequence[float | None], form: str) -> str:
    """A dash where something was not measured."""
    return "–" if None in values else " / ".join(form.format(value) for value in values)


def _full(row: Row) -> str:
    """A full rebuild; and the run that it is of, where that was an earlier one (``--reuse``)."""
    measured = {"commit": row.get("full_commit", "unknown"), "date": row["full_measured"]}
    earlier = f" (earlier run: {run_of(measured)})" if measured["date"] < row["date"] else ""
    return f"{row['full_s']:.1f}{earlier}"


def _second_worktree(row: Row) -> str:
    second = row["second_worktree"]
    return f"{second['ms']:.0f} ({second['encoded']} encoded)"


_SPEED: tuple[Line, ...] = (
    _number("files", "files", "{:,}"),
    _number("source, MB", "source_mb", "{:.1f}"),
    _number("chunks", "chunks", "{:,}"),
    _number("index, s", "index_s", "{:.1f}"),
    _ratio("BM25's", ["index_s"], ["bm25_index_s"]),
    _number("chunks / s", "chunks_per_s"),
    _number("index again with vectors known, s", "index_again_s", "{:.1f}"),
    _number("peak memory of indexing, MB", "index_peak_mb"),
    _number("bytes on disk / chunk", "bytes_per_chunk", "{:,.0f}"),
    _percentiles("question, warm", "warm", "{:.1f}"),
    _ratio("BM25's", _keys("warm"), _keys("bm25")),
    _ratio("ripgrep's", _keys("warm"), _keys("grep")),
    _percentiles("question, whole process", "cold", "{:.0f}"),
    _ratio("ripgrep's", _keys("cold"), _keys("grep")),
    _number("BM25 over files (bm25s): index, s", "bm25_index_s", "{:.1f}"),
    _percentiles("BM25 over files: question", "bm25", "{:.2f}"),
    _percentiles("ripgrep over files: question", "grep", "{:.0f}"),
)
_INCREMENTAL: tuple[Line, ...] = (
    _number("files", "files", "{:,}"),
    _number("chunks", "chunks", "{:,}"),
    _number("commits followed", "commits", "{:,}"),
    ("full rebuild, every text encoded, s", _full),
    _number("full rebuild, vectors known, s", "known_s", "{:.1f}"),
    _number("in process, p50, ms", "searchable_p50_ms"),
    _number("in process, p95, ms", "searchable_p95_ms"),
    _number("in process, longest, ms", "searchable_max_ms"),
    _number("… commits of one file, p50, ms", "one_file_p50_ms"),
    _number("p50 as a share of a full rebuild", "p50_of_full", "{:.2%}"),
    _number("… of one with vectors known", "p50_of_known", "{:.1%}"),
    _number("texts encoded, p50", "encoded_p50"),
    _number("texts encoded, most", "encoded_max", "{:,}"),
    _number("peak memory, MB", "peak_mb"),
    _number("`codesearch index`, whole process, p50, ms", "cold_index_p50_ms"),
    _number("`codesearch search`, whole process, p50, ms", "cold_search_p50_ms"),
    ("second worktree, open to first answer, ms", _second_worktree),
)
