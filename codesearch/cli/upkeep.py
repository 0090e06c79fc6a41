"""``codesearch gc``, ``verify``, ``stats``: looking after an index."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from codesearch import render
from codesearch.cli.common import (
    ERROR,
    FOUND,
    flag,
    index_dir_option,
    model_option,
    repository_argument,
    url_option,
)
from codesearch.cli.opening import followed, open_index
from codesearch.progress import progress_reporter
from codesearch.types import Freshness, IndexedRef, IndexStats

_JSON_VERSION = 1


@click.command()
@repository_argument
@flag("--no-wait", help="Fail if another process writes this index.")
@index_dir_option
@url_option
@model_option
def gc(path: Path, no_wait: bool, index_dir: Path | None, model: Path | None) -> None:
    """Remove what no branch, tag or worktree needs any more, and give its space back."""
    with open_index(path, index_dir, model) as opened:
        report = opened.gc(wait=not no_wait)
    for ref in report.refs:
        print(f"{ref}: deleted in git; forgotten", file=sys.stderr)
    print(
        f"Removed {report.points:,} chunks and {report.vectors:,} vectors: "
        f"{report.bytes_before / 1e6:.1f} MB before, {report.bytes_after / 1e6:.1f} MB now",
        file=sys.stderr,
    )


@click.command()
@repository_argument
@click.option("--at", metavar="REF", help="Only this branch, tag or commit. [default: all]")
@flag("--repair", help="Build the index anew if it is damaged; known vectors are reused.")
@index_dir_option
@url_option
@model_option
def verify(
    path: Path, at: str | None, repair: bool, index_dir: Path | None, model: Path | None
) -> int:
    """Compare an index with git, chunk for chunk. Exit code 2 if it is damaged."""
    with (
        open_index(path, index_dir, model) as opened,
        progress_reporter(sys.stderr) as on_progress,
    ):
        report = opened.verify(at, repair=repair, on_progress=on_progress)
    for damage in report.damage:
        print(f"{damage.path}: {damage.what}" if damage.path else damage.what)
    found = f"damage in {len(report.damage):,} places" if report.damage else "all as it should be"
    compared = f"{report.files:,} files, {report.chunks:,} chunks compared"
    repaired = "; built anew" if report.repaired else ""
    print(f"{compared}: {found}{repaired}", file=sys.stderr)
    if report.damage and not report.repaired:
        print("  → Build it anew: codesearch verify --repair", file=sys.stderr)
        return ERROR
    return FOUND


@click.command()
@repository_argument
@flag("--json", "as_json", help="As JSON (see the README).")
@index_dir_option
@url_option
@model_option
def stats(path: Path, as_json: bool, index_dir: Path | None, model: Path | None) -> None:
    """Count what an index holds: by language, by reason of being left out, in bytes."""
    with open_index(path, index_dir, model) as opened:
        numbers, refs = opened.stats(), followed(opened)
    if as_json:
        print(render.as_json(_document(numbers, refs), indent=2))
        return
    rows: list[tuple[str, int | float]] = [
        ("files", numbers.files),
        ("chunks", numbers.chunks),
        ("chunks of all refs", numbers.points),
        ("refs", len(refs)),
        ("bytes", numbers.bytes),
        ("bytes per chunk", round(numbers.bytes_per_chunk)),
        *((f"chunks in {language}", n) for language, n in numbers.languages.items()),
        *((f"files left out: {reason}", n) for reason, n in numbers.skipped.items()),
    ]
    for name, number in rows:
        print(f"{name:<32}{number:>14,}")


def _document(
    numbers: IndexStats, refs: list[tuple[IndexedRef, Freshness | None]]
) -> dict[str, Any]:
    rows = [
        {
            "name": ref.name,
            "commit": ref.commit,
            "head": moved.head if moved else None,
            "commits_behind": moved.commits_behind if moved else None,
        }
        for ref, moved in refs
    ]
    return {
        "version": _JSON_VERSION,
        "name": numbers.name,
        "directory": numbers.directory,
        "model": numbers.model,
        "commit": numbers.commit,
        "refs": rows,
        "files": numbers.files,
        "chunks": numbers.chunks,
        "points": numbers.points,
        "bytes": numbers.bytes,
        "bytes_per_chunk": round(numbers.bytes_per_chunk, 1),
        "languages": dict(numbers.languages),
        "skipped": {str(reason): n for reason, n in numbers.skipped.items()},
    }
