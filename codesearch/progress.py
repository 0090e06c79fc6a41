"""Progress of a sync: a bar with ETA on a terminal, plain lines in a log."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from rich.console import Console
from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

if TYPE_CHECKING:
    from codesearch.sync import OnProgress
    from codesearch.types import Progress

_LOG_EVERY = 10.0  # seconds


@contextmanager
def progress_reporter(stream: TextIO) -> Iterator[OnProgress]:
    """A callback for ``Index.sync`` that shows progress on ``stream``."""
    if not stream.isatty():
        yield _log_lines(stream)
        return
    bar = Bar(
        TextColumn("{task.fields[path]}", justify="left"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[counts]}"),
        TimeRemainingColumn(),
        console=Console(file=stream),
        transient=True,
    )
    with bar:
        task = bar.add_task("", total=None, path="reading the tree", counts="")
        started = time.monotonic()

        def show(progress: Progress) -> None:
            bar.update(
                task,
                total=progress.bytes_total or None,
                completed=progress.bytes_done,
                path=_shortened(progress.path, 32),
                counts=_counts(progress, time.monotonic() - started),
            )

        yield show


def _log_lines(stream: TextIO) -> OnProgress:
    started = last = time.monotonic()

    def log(progress: Progress) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= _LOG_EVERY:
            last = now
            share = progress.bytes_done / max(1, progress.bytes_total)
            left = (now - started) * (1 - share) / max(share, 1e-9)
            print(f"{share:.0%} {_counts(progress, now - started)}, {left:.0f} s left", file=stream)

    return log


def _counts(progress: Progress, seconds: float) -> str:
    speed = f" {progress.encoded / seconds:.0f}/s" if seconds > 1 else ""
    files = f"{progress.files_done:,}/{progress.files_total:,} files"
    return f"{files}, {progress.encoded:,} chunks encoded{speed}"


def _shortened(path: str, width: int) -> str:
    return path if len(path) <= width else "…" + path[-(width - 1) :]
