"""``codesearch sync``: one repository, or many, unattended."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from codesearch.apart import run_apart
from codesearch.cli.common import (
    ERROR,
    FOUND,
    device_option,
    flag,
    index_dir_option,
    model_option,
    repeatable,
    url_option,
)
from codesearch.events import Event, Kind
from codesearch.home import Home
from codesearch.jobfile import read_jobs
from codesearch.jobs import Job, registered, run, signs_of_life
from codesearch.progress import progress_reporter
from codesearch.settings import Settings

if TYPE_CHECKING:
    from codesearch.sync import OnProgress


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]...")
@repeatable("--ref", help="Only this branch, tag or commit; it is followed from then on.")
@flag("--all", "all_", help="All repositories that have an index.")
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    help="A file of repositories with their refs (see docs/nightly.md).",
)
@flag("--fetch", help="First fetch from all remotes.")
@click.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="json: an object a line, on standard output.",
)
@flag("--quiet", "-q", help="Only what went wrong.")
@flag("--no-wait", help="Fail if another process writes this index.")
@index_dir_option
@url_option
@device_option
@model_option
def sync(
    paths: tuple[Path, ...],
    ref: tuple[str, ...],
    all_: bool,
    config: Path | None,
    fetch: bool,
    log_format: str,
    quiet: bool,
    no_wait: bool,
    index_dir: Path | None,
    model: Path | None,
) -> int:
    """Bring indexes up to date: every branch, tag and worktree that they follow.

    PATH is any folder of a git repository, by default this one; where nothing is indexed yet, HEAD
    is. One repository that fails does not stop the others; the exit code is 2 then.
    """
    settings = Settings.load(model=model)
    jobs = read_jobs(config, refs=ref, fetch=fetch) if config else []
    if all_:
        known = registered(Home(settings.home))
        jobs += [replace(job, refs=ref, fetch=fetch) for job in known]
    if not (all_ or config):
        paths = paths or (Path(),)
    jobs += [Job(path, ref, fetch, index_dir) for path in paths]
    if index_dir and len(jobs) != 1:
        raise click.UsageError("--index-dir is the folder of one index: name one repository.")
    tell = _teller(log_format, quiet)
    if len(jobs) > 1:
        events = run_apart(jobs, settings, wait=not no_wait)
    else:
        words = log_format == "text" and not quiet
        watch = _bar if words else signs_of_life(tell)
        events = run(jobs, settings, wait=not no_wait, watch=watch)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    last = None
    try:
        with closing(events):
            for last in events:
                tell(last)
    except KeyboardInterrupt:
        print("Interrupted. What was encoded is kept; run it again to go on.", file=sys.stderr)
        raise
    return ERROR if last and last.failed else FOUND


def _teller(log_format: str, quiet: bool) -> Callable[[Event], None]:
    def tell(event: Event) -> None:
        if quiet and event.level == "info":
            return
        if log_format == "json":
            print(event.as_json(), flush=True)
        elif event.event is not Kind.FINISHED or (event.repositories or 0) > 1:
            print(event.as_text(), file=sys.stderr)

    return tell


def _bar(repository: str, ref: str) -> AbstractContextManager[OnProgress]:
    return progress_reporter(sys.stderr)
