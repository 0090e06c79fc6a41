"""How commands open an index and sync it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from codesearch.cli.common import counts
from codesearch.errors import RepositoryError
from codesearch.index import Index
from codesearch.settings import Settings
from codesearch.types import Freshness, IndexedRef, SyncReport


def open_index(path: Path, index_dir: Path | None, model: Path | None) -> Index:
    """The index of the repository that ``path`` is in; close it."""
    return Index.open(path, index_dir=index_dir, settings=Settings.load(model=model))


def followed(opened: Index) -> list[tuple[IndexedRef, Freshness | None]]:
    """The refs that an index follows, and how far git has moved each on; None: it is gone."""
    repository = opened.repository
    found: list[tuple[IndexedRef, Freshness | None]] = []
    for ref in opened.refs():
        try:
            now = repository.resolve(ref.full_name)
        except RepositoryError:
            found.append((ref, None))
            continue
        behind = 0 if now == ref.commit else repository.commits_between(ref.commit, now)
        found.append((ref, Freshness(ref.commit, now, behind)))
    return found


def run_sync(opened: Index, revision: str, **options: Any) -> SyncReport:
    """Sync with a progress bar (on a terminal) and a report, on standard error."""
    # rich is for those who wait, not for those who search.
    from codesearch.progress import progress_reporter  # noqa: PLC0415

    try:
        with progress_reporter(sys.stderr) as on_progress:
            report = opened.sync(revision, on_progress=on_progress, **options)
    except KeyboardInterrupt:
        print("Interrupted. What was encoded is kept; run it again to go on.", file=sys.stderr)
        raise
    _print_report(opened.repository.name, report)
    return report


def _print_report(name: str, report: SyncReport) -> None:
    speed = f", {report.encoded / report.seconds:.0f} per second" if report.encoded else ""
    print(
        f"Indexed {name} at {report.commit[:10]}: {report.files:,} files, "
        f"{report.chunks:,} chunks in {report.seconds:.1f} s "
        f"({report.encoded:,} encoded{speed}; {report.reused:,} reused; "
        f"{report.deleted:,} deleted)",
        file=sys.stderr,
    )
    if report.skipped:
        print(f"Skipped: {counts(report.skipped)}", file=sys.stderr)
