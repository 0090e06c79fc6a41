"""``codesearch status``, ``list``, ``remove``: what there is, and away with it."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from codesearch import render
from codesearch.cli.common import (
    FOUND,
    NOTHING_FOUND,
    counts,
    flag,
    index_dir_option,
    model_option,
    repeatable,
    repository_argument,
    url_option,
)
from codesearch.cli.opening import followed, open_index
from codesearch.errors import NotIndexedError
from codesearch.home import Home, IndexCard, read_card, remove_index
from codesearch.hooks.install import is_active
from codesearch.index import Index
from codesearch.settings import Settings

_SEE_LIST = "See: codesearch list"


@click.command()
@repository_argument
@index_dir_option
@url_option
@model_option
def status(path: Path, index_dir: Path | None, model: Path | None) -> None:
    """Say what is indexed for a repository, and how far HEAD and the files have moved on."""
    with open_index(path, index_dir, model) as opened:
        stats, freshness, refs = opened.stats(), opened.freshness(dirty=True), followed(opened)
    rows = {
        "repository": stats.name,
        "index": stats.directory,
        "commit": render.freshness_line(freshness).removeprefix("at commit "),
        "uncommitted": f"{freshness.dirty_files} files changed, not in the index",
        "model": stats.model,
        "files": f"{stats.files:,}",
        "chunks": f"{stats.chunks:,}",
        "size": f"{stats.bytes / 1e6:.1f} MB, {stats.bytes_per_chunk:,.0f} bytes per chunk",
        "languages": f"{counts(stats.languages)} chunks",
        "skipped": f"{counts(stats.skipped) or 'no'} files",
    }
    if not freshness.dirty_files:
        del rows["uncommitted"]
    for name, value in rows.items():
        print(f"{name:<12} {value}")
    for number, (ref, moved) in enumerate(refs):
        title = "" if number else "follows"
        print(f"{title:<12} {ref.name} at {ref.commit[:10]}, {render.moved_on(moved)}")


@click.command("list")
def list_() -> int:
    """List all indexes."""
    indexes = Home(Settings.load().home).indexes()
    for directory, card in indexes:
        print(f"{card.name}\t{directory}\t{', '.join(card.repositories)}")
    if not indexes:
        print("Nothing is indexed yet. Begin with: codesearch index PATH", file=sys.stderr)
    return FOUND if indexes else NOTHING_FOUND


@click.command()
@repository_argument
@repeatable("--ref", help="Only what this branch, tag or commit had alone; do not follow it.")
@flag("--yes", "-y", help="Do not ask.")
@index_dir_option
@url_option
def remove(path: Path, ref: tuple[str, ...], yes: bool, index_dir: Path | None) -> None:
    """Delete a repository's index. The repository itself is not touched."""
    if not ref and index_dir is None and (card := read_card(path)) is not None:
        # A folder as `list` shows it: its repository may be gone.
        _confirm(card, path.absolute(), yes)
        remove_index(path.absolute())
    else:
        with open_index(path, index_dir, None) as opened:
            if ref:
                _forget(opened, ref)
                return
            card = read_card(opened.directory)
            if card is None:
                raise NotIndexedError(f"There is no index of {path.absolute()}", _SEE_LIST)
            _confirm(card, opened.directory, yes)
            opened.remove(wait=False)
    print(f"Deleted the index of {card.name}", file=sys.stderr)
    for place in filter(is_active, map(Path, card.repositories)):
        print(
            f"The next commit there builds it anew: codesearch hooks uninstall {place}",
            file=sys.stderr,
        )


def _confirm(card: IndexCard, directory: Path, yes: bool) -> None:
    if not yes and not click.confirm(f"Delete the index of {card.name} in {directory}?"):
        raise click.Abort


def _forget(opened: Index, refs: tuple[str, ...]) -> None:
    for name in refs:
        opened.forget(name)
        print(f"{opened.repository.name}: {name} is forgotten", file=sys.stderr)
