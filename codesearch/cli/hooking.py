"""``codesearch hooks``: git hooks that keep an index up to date."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from codesearch.cli.common import FOUND, NOTHING_FOUND, index_dir_option, repository_argument
from codesearch.errors import RepositoryError
from codesearch.hooks.install import HOOKS, Installation
from codesearch.hooks.install import install as install_hooks
from codesearch.hooks.install import status as hooks_status
from codesearch.hooks.install import uninstall as uninstall_hooks
from indexers.repository import Repository


@click.group()
def hooks() -> None:
    """Git hooks that sync in the background: install, uninstall, status.

    After a commit, merge, checkout or rebase the branch you are on is brought up to date, by a
    process of low priority. git does not wait for it. Hooks of your own are kept and run too.
    """


@hooks.command()
@repository_argument
@index_dir_option
def install(path: Path, index_dir: Path | None) -> None:
    """Let git's hooks start a sync in the background."""
    with Repository.open(path) as repository:
        done = install_hooks(repository, index_dir)
    print(f"Installed in {done.folder}: {', '.join(done.hooks)}", file=sys.stderr)
    if done.kept:
        print(f"Yours are kept and run too: {', '.join(done.kept)}", file=sys.stderr)


@hooks.command()
@repository_argument
def uninstall(path: Path) -> None:
    """Take the hooks out again; yours are as they were."""
    with Repository.open(path) as repository:
        left = uninstall_hooks(repository)
    print(f"Nothing is started any more from {left.folder}", file=sys.stderr)
    if left.hooks:
        print("The lines stay there: other repositories share that folder.", file=sys.stderr)


@hooks.command()
@repository_argument
def status(path: Path) -> int:
    """Say what is installed, and what the last sync said. Exit code 1 if nothing is."""
    with Repository.open(path) as repository:
        found = hooks_status(repository)
        log, last = _log(repository, found.index_dir)
    shared = " (shared with other repositories)" if found.is_shared else ""
    rows = {"folder": f"{found.folder}{shared}", **{name: _state(found, name) for name in HOOKS}}
    if found.python and not found.python.exists():
        rows["program"] = f"{found.python} is gone; codesearch on the PATH is used, if it is there"
    if last:
        rows |= {"log": log, "last": last}
    for name, value in rows.items():
        print(f"{name:<14} {value}")
    return FOUND if found.is_active and found.hooks else NOTHING_FOUND


@hooks.command(hidden=True)
@click.argument("git_dir", type=click.Path(path_type=Path))
@click.option("--marker", type=click.Path(path_type=Path))
@index_dir_option
def run(git_dir: Path, marker: Path | None, index_dir: Path | None) -> None:
    """What the hooks start."""
    # The engine and the encoder, which the other commands do not need.
    from codesearch.hooks.background import sync_in_background  # noqa: PLC0415
    from codesearch.settings import Settings  # noqa: PLC0415

    sync_in_background(git_dir, marker, Settings.load(), index_dir)


def _state(found: Installation, name: str) -> str:
    if name not in found.hooks:
        return "not installed"
    also = ", and runs yours" if name in found.kept else ""
    return ("installed" if found.is_active else "installed for other repositories") + also


def _log(repository: Repository, index_dir: Path | None) -> tuple[str, str]:
    """Where the log is, and the last that it says."""
    # As above.
    from codesearch.home import Home  # noqa: PLC0415
    from codesearch.hooks.log import NAME, last_words  # noqa: PLC0415
    from codesearch.settings import Settings  # noqa: PLC0415

    try:
        directory = index_dir or Home(Settings.load().home).find(repository)
    except RepositoryError:  # no commits yet, so no index either
        return "", ""
    return str(directory / NAME), last_words(directory)
