"""``codesearch search``."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Any

import click

from codesearch import render
from codesearch.cli.common import (
    FOUND,
    NOTHING_FOUND,
    flag,
    index_dir_option,
    model_option,
    repeatable,
    repository_option,
)
from codesearch.cli.opening import open_index, run_sync
from codesearch.errors import NotIndexedError
from codesearch.index import Index
from codesearch.types import Filter, Freshness, Hit


@click.command()
@click.argument("query")
@repeatable("--path", help="Only paths like this, as in .gitignore: 'src/', '*.py', '!tests/'.")
@repeatable("--lang", help="Only this language.")
@repeatable("--kind", help="Only function, method, class, module or text.")
@click.option(
    "--limit", "-n", type=click.IntRange(1), default=10, show_default=True, help="How many hits."
)
@click.option("--at", metavar="REF", help="In this branch, tag or commit. [default: HEAD]")
@flag("--no-overlay", help="Leave uncommitted changes out.")
@flag("--json", "as_json", help="As JSON (see the README).")
@flag("--context", help="The code, as Markdown.")
@flag("--explain", help="Why each hit is there.")
@repository_option
@index_dir_option
@model_option
def search(
    query: str,
    path: tuple[str, ...],
    lang: tuple[str, ...],
    kind: tuple[str, ...],
    limit: int,
    at: str | None,
    no_overlay: bool,
    as_json: bool,
    context: bool,
    explain: bool,
    repo: Path,
    index_dir: Path | None,
    model: Path | None,
) -> int:
    """Ask QUERY, a question in plain words, or names. Exit code 1 if nothing was found."""
    filter_ = Filter(path=path, language=lang, kind=kind)
    options: dict[str, Any] = {"top_k": limit, "filter": filter_, "at": at}
    options["overlay"] = not no_overlay
    with open_index(repo, index_dir, model) as opened:
        try:
            hits = opened.search(query, **options)
        except NotIndexedError as error:
            _offer_to_index(opened, error, at)
            hits = opened.search(query, **options)
        freshness = opened.freshness(at)
    if as_json:
        print(render.hits_as_json(query, hits, freshness))
    elif context:
        print(render.hits_as_markdown(hits), end="")
        _note(freshness, hits, at)
    else:
        _print_hits(hits, explain)
        _note(freshness, hits, at)
    return FOUND if hits else NOTHING_FOUND


def _print_hits(hits: list[Hit], explain: bool) -> None:
    color = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 200
    if hits:
        print(render.hits_as_text(hits, color=color, width=width, explain=explain))


def _note(freshness: Freshness, hits: list[Hit], at: str | None) -> None:
    # Not part of the answer: on stderr, so that a pipe gets the hits alone.
    found = f"{len(hits)} hits" if hits else "Nothing found"
    print(f"{found} {render.freshness_line(freshness, at)}", file=sys.stderr)


def _offer_to_index(opened: Index, error: NotIndexedError, at: str | None) -> None:
    rev = f" --rev {at}" if at else ""
    command = f"codesearch index {opened.repository.root or opened.repository.git_dir}{rev}"
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise NotIndexedError(str(error), f"Run: {command}") from error
    what = f"{opened.repository.name} at {at}" if at else opened.repository.name
    if not click.confirm(f"{error}. Index {what} now?", default=True, err=True):
        raise NotIndexedError(str(error), f"Run: {command}") from error
    run_sync(opened, at or "HEAD")
