"""The process that a git hook starts: one sync of HEAD, its news in a small log."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from codesearch.hooks.log import note
from codesearch.index import Index
from codesearch.jobs import Job, run
from codesearch.store.locks import try_lock

if TYPE_CHECKING:
    from codesearch.settings import Settings

_POLL = 0.2  # seconds


def sync_in_background(
    git_dir: Path, marker: Path | None, settings: Settings, index_dir: Path | None = None
) -> None:
    """Bring the index to HEAD of the worktree ``git_dir``, after those that came before.

    ``marker`` is the file that says that a process waits, and keeps others from being started. It
    goes when our turn has come, before HEAD is looked at: so whoever finds it need not start.
    """
    with suppress(OSError):  # already a leader
        os.setsid()  # the terminal may close
    with Index.open(git_dir, index_dir=index_dir, settings=settings) as index:
        directory = index.directory
    directory.mkdir(parents=True, exist_ok=True)
    with _turn(directory / "hooks.lock", marker):
        for event in run([Job(git_dir, ("HEAD",), index_dir=directory)], settings):
            note(directory, event)


@contextmanager
def _turn(path: Path, marker: Path | None) -> Iterator[None]:
    while (lock := try_lock(path, shared=False, create=True)) is None:
        with suppress(OSError):
            if marker:
                os.utime(marker)  # still waiting
        time.sleep(_POLL)
    with suppress(OSError):
        if marker:
            marker.unlink()
    try:
        yield
    finally:
        lock.release()
