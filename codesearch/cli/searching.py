"""``codesearch search``."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from contextlib import ExitStack
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
    url_option,
)
from codesearch.cli.opening import open_index, run_sync
from codesearch.errors import NotIndexedError
from codesearch.index import Index
from codesearch.many import named, open_all, search_many
from codesearch.ranking import score_parts
from codesearch.settings import Settings
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
@repeatable(
    "--repo",
    "-C",
    type=click.Path(path_type=Path),
    help="Any folder of a git repository, or a bare one; several are searched together.",
)
@flag("--all-repos", help="All repositories that are indexed, together.")
@index_dir_option
@url_option
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
    repo: tuple[Path, ...],
    all_repos: bool,
    index_dir: Path | None,
    model: Path | None,
) -> int:
    """Ask QUERY, a question in plain words, or names. Exit code 1 if nothing was found."""
    filter_ = Filter(path=path, language=lang, kind=kind)
    options: dict[str, Any] = {"top_k": limit, "filter": filter_, "overlay": not no_overlay}
    with ExitStack() as stack:
        opened = _opened(repo, all_repos, index_dir, model, at is not None)
        for index in opened.values():
            stack.enter_context(index)
        if len(opened) == 1 and not all_repos:
            (only,) = opened.values()
            command = _index_command(only, rev=at, index_dir=index_dir, model=model)
            hits = _search_one(only, query, at, options, command)
        else:
            hits = search_many(opened, query, **options)
        freshness = {name: index.freshness(at) for name, index in opened.items()}
        folders = {name: str(index.folder) for name, index in opened.items()}
    for name, one in freshness.items():
        if one.uncompared:
            print(f"Without its working tree: {name}: {one.uncompared}", file=sys.stderr)
    if as_json:
        print(render.hits_as_json(query, hits, freshness, folders))
        return FOUND if hits else NOTHING_FOUND
    several = len(freshness) > 1
    if context:
        text = render.hits_as_markdown(hits, repository=several)
        # As it stands, for whom it is handed on to; a terminal would obey what is in it.
        print(render.printable(text) if sys.stdout.isatty() else text, end="")
    else:
        _print_hits(hits, explain, several=several)
    _note(freshness, hits, at)
    return FOUND if hits else NOTHING_FOUND


def _opened(
    repo: tuple[Path, ...],
    all_repos: bool,
    index_dir: Path | None,
    model: Path | None,
    has_ref: bool,
) -> dict[str, Index]:
    """The indexes to be searched, by name; to be closed."""
    several = all_repos or len(repo) > 1
    if several and (index_dir or has_ref):
        raise click.UsageError("--index-dir and --at are for one repository.")
    if all_repos and repo:
        raise click.UsageError("--all-repos leaves nothing for --repo to add.")
    if not all_repos:
        return named(open_index(path, index_dir, model) for path in repo or (Path(),))
    indexes, left_out = open_all(Settings.load(model=model))
    for folder, error in left_out.items():
        print(f"Left out: {folder}: {error}", file=sys.stderr)
    if not indexes:
        raise NotIndexedError("Nothing is indexed yet", "Begin with: codesearch index PATH")
    return indexes


def _search_one(
    opened: Index, query: str, at: str | None, options: dict[str, Any], command: str
) -> list[Hit]:
    """Ask; ``command`` is what would index it, where that is wanting."""
    try:
        return opened.search(query, at=at, **options)
    except NotIndexedError as error:
        _offer_to_index(opened, error, at, command)
        return opened.search(query, at=at, **options)


def _print_hits(hits: list[Hit], explain: bool, *, several: bool) -> None:
    if not hits:
        return
    color = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 200
    style = render.Style(color=color, width=width, explain=explain, repository=several)
    print(render.hits_as_text(hits, style))
    if explain:
        seen = {part for hit in hits for part in hit.explanation.parts}
        told = [f"{part}: {words}" for part, words in score_parts().items() if part in seen]
        print("", *told, sep="\n")


def _note(freshness: dict[str, Freshness], hits: list[Hit], at: str | None) -> None:
    # Not part of the answer: on stderr, so that a pipe gets the hits alone.
    found = render.count(len(hits), "hit") if hits else "Nothing found"
    if len(freshness) == 1:
        (only,) = freshness.values()
        print(f"{found} {render.freshness_line(only, at)}", file=sys.stderr)
        return
    print(f"{found} in {len(freshness)} repositories", file=sys.stderr)
    for name, one in freshness.items():
        if not one.is_current:
            print(f"  {name}: {render.freshness_line(one)}", file=sys.stderr)


def _index_command(opened: Index, **options: str | Path | None) -> str:
    words = ["codesearch", "index", str(opened.folder)]
    for name, value in options.items():
        words += [f"--{name.replace('_', '-')}", str(value)] if value else []
    return shlex.join(words)


def _offer_to_index(opened: Index, error: NotIndexedError, at: str | None, command: str) -> None:
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise NotIndexedError(str(error), f"Run: {command}") from error
    what = f"{opened.repository.name} at {at}" if at else opened.repository.name
    if not click.confirm(f"{error}. Index {what} now?", default=True, err=True):
        raise NotIndexedError(str(error), f"Run: {command}") from error
    run_sync(opened, at or "HEAD")
