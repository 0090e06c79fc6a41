"""A process that follows a history: ``python -m benchmarks.replay REPOSITORY INDEX COMMITS``.

Commit by commit, oldest first, the branch moves on, is synced, and asked about. Prints what each
cost as JSON. A process of its own, so that its memory is that of an index, and of nothing else.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from codesearch import Index, Settings

BRANCH = "refs/heads/main"
QUESTION = "where is a value read from the configuration?"


def replay(repository: Path, directory: Path, commits: list[str]) -> list[dict[str, Any]]:
    """Milliseconds and counts of each commit. What is there before must be indexed."""
    settings = Settings(home=directory)
    rows = []
    with Index.open(repository, index_dir=directory, settings=settings) as index:
        index.search(QUESTION)  # the encoder is loaded before the clock starts
        for commit in commits:
            move_branch(repository, commit)
            rows.append(_follow(index, commit))
    return rows


def second_worktree(repository: Path, directory: Path) -> dict[str, Any]:
    """Add a worktree on a branch of its own; from opening it to its first answer."""
    tree = directory / "second-worktree"
    _git(repository, "worktree", "add", "--quiet", "-b", "second", str(tree))
    started = time.perf_counter()
    with Index.open(tree, index_dir=directory, settings=Settings(home=directory)) as index:
        report = index.sync()
        index.search(QUESTION)
        milliseconds = (time.perf_counter() - started) * 1000
    _git(repository, "worktree", "remove", "--force", str(tree))
    return {"ms": milliseconds, "encoded": report.encoded, "chunks": report.chunks}


def move_branch(repository: Path, commit: str) -> None:
    """What a fetch does to the branch that HEAD is on."""
    _git(repository, "update-ref", BRANCH, commit)


def _follow(index: Index, commit: str) -> dict[str, Any]:
    started = time.perf_counter()
    report = index.sync()
    synced = time.perf_counter()
    index.search(QUESTION)
    answered = time.perf_counter()
    if index.freshness().commit != commit:
        raise RuntimeError(f"{commit} was synced, but did not answer")
    return {
        "sync_ms": (synced - started) * 1000,
        "searchable_ms": (answered - started) * 1000,
        "encoded": report.encoded,
        "written": report.encoded + report.reused,
        "deleted": report.deleted,
    }


def _git(repository: Path, *arguments: str) -> None:
    command = ["git", f"--git-dir={repository}", *arguments]
    subprocess.run(command, check=True, capture_output=True)


if __name__ == "__main__":
    place, index_dir = Path(sys.argv[1]), Path(sys.argv[2])
    found = replay(place, index_dir, sys.argv[3].split(","))
    print(json.dumps({"commits": found, "second_worktree": second_worktree(place, index_dir)}))
