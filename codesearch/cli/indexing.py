"""``codesearch index``."""

from __future__ import annotations

from pathlib import Path

import click

from codesearch.cli.common import (
    device_option,
    flag,
    index_dir_option,
    model_option,
    repository_argument,
    url_option,
)
from codesearch.cli.opening import open_index, run_sync
from codesearch.index import Index


@click.command()
@repository_argument
@click.option("--rev", default="HEAD", show_default=True, help="Branch, tag or commit to index.")
@flag("--dry-run", help="Count files by language and reason; write nothing.")
@flag("--rebuild", help="Build anew; known vectors are reused.")
@flag("--no-wait", help="Fail if another process writes this index.")
@index_dir_option
@url_option
@device_option
@model_option
def index(
    path: Path,
    rev: str,
    dry_run: bool,
    rebuild: bool,
    no_wait: bool,
    index_dir: Path | None,
    model: Path | None,
) -> None:
    """Index a repository at a commit. After new commits, only what changed is encoded.

    PATH is any folder of a git repository, or a bare one.
    """
    with open_index(path, index_dir, model) as opened:
        if dry_run:
            _print_survey(opened, rev)
        else:
            run_sync(opened, rev, rebuild=rebuild, wait=not no_wait)


def _print_survey(opened: Index, revision: str) -> None:
    report = opened.survey(revision)
    print(f"{report.files:,} files to index as {report.chunks:,} chunks")
    for language, files in report.languages.most_common():
        print(f"  {language:<20}{files:>8,}")
    print(f"{sum(report.skipped.values()):,} files left out")
    for reason, files in report.skipped.most_common():
        print(f"  {reason:<20}{files:>8,}")
