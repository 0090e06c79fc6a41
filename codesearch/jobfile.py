"""The file of repositories that ``codesearch sync --config`` reads.

[[repository]]
path = "~/src/flask"          # as seen from the folder of this file
refs = ["main", "v*"]         # default: what its index follows, or HEAD
fetch = true                  # default: as the command says
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from codesearch.errors import CodesearchError
from codesearch.jobs import Job

_KEYS = {"path", "refs", "fetch"}


def read_jobs(file: Path, *, refs: tuple[str, ...] = (), fetch: bool = False) -> list[Job]:
    """The jobs that a file asks for; ``refs`` and ``fetch`` where it does not say.

    Raises:
        CodesearchError: unreadable, an unknown key, a value of another type, or no repository.
    """
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CodesearchError(f"Cannot read jobs from {file}: {error}", "Mend it") from error
    rows = values.pop("repository", [])
    if values or not isinstance(rows, list) or not rows:
        known = "[[repository]] with path, refs, fetch"
        told = f"unknown key {next(iter(values))!r}" if values else "it names no repository"
        raise CodesearchError(f"Cannot use {file}: {told}", f"Known is: {known}")
    return [_job(file, row, refs, fetch) for row in rows]


def _job(file: Path, row: Any, refs: tuple[str, ...], fetch: bool) -> Job:
    told = _fault(row)
    if told:
        raise CodesearchError(f"Cannot use {file}: {told}", "See docs/nightly.md")
    path = file.absolute().parent / Path(row["path"]).expanduser()
    return Job(path, tuple(row.get("refs", ())) or refs, row.get("fetch", fetch))


def _fault(row: Any) -> str:
    """What is wrong with a row; nothing if it is right."""
    if not isinstance(row, dict):
        return "repository is not a table; write [[repository]]"
    if unknown := sorted(row.keys() - _KEYS):
        return f"unknown key {unknown[0]!r} of a repository"
    if not isinstance(row.get("path"), str):
        return "a repository without a path"
    refs = row.get("refs", [])
    if not isinstance(refs, list) or not all(isinstance(ref, str) for ref in refs):
        return f"refs of {row['path']} are not a list of names"
    if not isinstance(row.get("fetch", False), bool):
        return f"fetch of {row['path']} is neither true nor false"
    return ""
