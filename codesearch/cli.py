"""The command line: parse, call ``Index``, render; nothing else.

Exit codes: 0 found (or done), 1 nothing found, 2 error, 130 interrupted.
"""

from __future__ import annotations

import functools
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import click

from codesearch import __version__, render
from codesearch.errors import CodesearchError, NotIndexedError
from codesearch.home import Home, read_card, remove_index
from codesearch.index import Index
from codesearch.settings import Settings
from codesearch.types import Filter, Freshness, Hit, SyncReport

FOUND, NOTHING_FOUND, ERROR, INTERRUPTED = 0, 1, 2, 130

_path = functools.partial(click.option, type=click.Path(path_type=Path))
repository_argument = click.argument("path", type=click.Path(path_type=Path), default=".")
repository_option = _path(
    "--repo", "-C", default=".", help="Any folder of a git repository, or a bare one."
)
index_dir_option = _path(
    "--index-dir", help="Folder of this index. [default: one under CODESEARCH_HOME]"
)
model_option = _path("--model", help="Encoder folder. [default: the one in the package]")
flag = functools.partial(click.option, is_flag=True)
repeatable = functools.partial(click.option, multiple=True)


def main() -> None:
    """Entry point: run the app, turn errors into one line with a remedy and exit code 2."""
    try:
        sys.exit(app(standalone_mode=False) or FOUND)
    except CodesearchError as error:
        _complain(error)
    except click.ClickException as error:  # unknown option, missing argument
        error.show()
        sys.exit(ERROR)
    except (click.Abort, KeyboardInterrupt):  # Ctrl-C, which click turns into Abort
        sys.exit(INTERRUPTED)
    except BrokenPipeError:  # `codesearch search … | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(FOUND)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="codesearch")
def app() -> None:
    """Semantic code search for git repositories: ask in plain words, get functions."""


@app.command()
@repository_argument
@click.option("--rev", default="HEAD", show_default=True, help="Branch, tag or commit to index.")
@flag("--dry-run", help="Count files by language and reason; write nothing.")
@flag("--rebuild", help="Build anew; known vectors are reused.")
@flag("--no-wait", help="Fail if another process writes this index.")
@index_dir_option
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
    with _open(path, index_dir, model) as opened:
        if dry_run:
            _print_survey(opened, rev)
        else:
            _sync(opened, rev, rebuild=rebuild, wait=not no_wait)


@app.command()
@click.argument("query")
@repeatable("--path", help="Only paths like this, as in .gitignore: 'src/', '*.py', '!tests/'.")
@repeatable("--lang", help="Only this language.")
@repeatable("--kind", help="Only function, method, class, module or text.")
@click.option(
    "--limit", "-n", type=click.IntRange(1), default=10, show_default=True, help="How many hits."
)
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
    as_json: bool,
    context: bool,
    explain: bool,
    repo: Path,
    index_dir: Path | None,
    model: Path | None,
) -> int:
    """Ask QUERY, a question in plain words, or names. Exit code 1 if nothing was found."""
    filter_ = Filter(path=path, language=lang, kind=kind)
    with _open(repo, index_dir, model) as opened:
        try:
            hits = opened.search(query, top_k=limit, filter=filter_)
        except NotIndexedError as error:
            _offer_to_index(opened, error)
            hits = opened.search(query, top_k=limit, filter=filter_)
        freshness = opened.freshness()
    if as_json:
        print(render.hits_as_json(query, hits, freshness))
    elif context:
        print(render.hits_as_markdown(hits), end="")
        _note(freshness, hits)
    else:
        _print_hits(hits, explain)
        _note(freshness, hits)
    return FOUND if hits else NOTHING_FOUND


@app.command()
@repository_argument
@index_dir_option
@model_option
def status(path: Path, index_dir: Path | None, model: Path | None) -> None:
    """Say what is indexed for a repository, and how far HEAD and the files have moved on."""
    with _open(path, index_dir, model) as opened:
        stats, freshness = opened.stats(), opened.freshness(dirty=True)
    rows = {
        "repository": stats.name,
        "index": stats.directory,
        "commit": render.freshness_line(freshness).removeprefix("at commit "),
        "uncommitted": f"{freshness.dirty_files} files changed, not in the index",
        "model": stats.model,
        "files": f"{stats.files:,}",
        "chunks": f"{stats.chunks:,}",
        "size": f"{stats.bytes / 1e6:.1f} MB, {stats.bytes_per_chunk:,.0f} bytes per chunk",
        "languages": f"{_counts(stats.languages)} chunks",
        "skipped": f"{_counts(stats.skipped) or 'no'} files",
    }
    if not freshness.dirty_files:
        del rows["uncommitted"]
    for name, value in rows.items():
        print(f"{name:<12} {value}")


@app.command("list")
def list_() -> int:
    """List all indexes."""
    indexes = Home(Settings.load().home).indexes()
    for directory, card in indexes:
        print(f"{card.name}\t{directory}\t{', '.join(card.repositories)}")
    if not indexes:
        print("Nothing is indexed yet. Begin with: codesearch index PATH", file=sys.stderr)
    return FOUND if indexes else NOTHING_FOUND


@app.command()
@repository_argument
@flag("--yes", "-y", help="Do not ask.")
@index_dir_option
def remove(path: Path, yes: bool, index_dir: Path | None) -> None:
    """Delete a repository's index. The repository itself is not touched."""
    if index_dir is None and read_card(path) is not None:
        directory = path.absolute()  # a folder as `list` shows it: its repository may be gone
    else:
        with _open(path, index_dir, None) as opened:
            directory = opened.directory
    card = read_card(directory)
    if card is None:
        raise NotIndexedError(f"There is no index of {path.absolute()}", "See: codesearch list")
    if not yes and not click.confirm(f"Delete the index of {card.name} in {directory}?"):
        raise click.Abort
    remove_index(directory)
    print(f"Deleted the index of {card.name}", file=sys.stderr)


def _open(path: Path, index_dir: Path | None, model: Path | None) -> Index:
    return Index.open(path, index_dir=index_dir, settings=Settings.load(model=model))


def _sync(opened: Index, revision: str, **options: Any) -> SyncReport:
    # rich is for those who wait, not for those who search.
    from codesearch.progress import progress_reporter  # noqa: PLC0415

    try:
        with progress_reporter(sys.stderr) as on_progress:
            report = opened.sync(revision, on_progress=on_progress, **options)
    except KeyboardInterrupt:
        print("Interrupted. What was encoded is kept; run it again to go on.", file=sys.stderr)
        raise
    _print_report(opened.repository.name, report)
    return report


def _print_report(name: str, report: SyncReport) -> None:
    speed = f", {report.encoded / report.seconds:.0f} per second" if report.encoded else ""
    print(
        f"Indexed {name} at {report.commit[:10]}: {report.files:,} files, "
        f"{report.chunks:,} chunks in {report.seconds:.1f} s "
        f"({report.encoded:,} encoded{speed}; {report.reused:,} reused; "
        f"{report.deleted:,} deleted)",
        file=sys.stderr,
    )
    if report.skipped:
        print(f"Skipped: {_counts(report.skipped)}", file=sys.stderr)


def _print_survey(opened: Index, revision: str) -> None:
    report = opened.survey(revision)
    print(f"{report.files:,} files to index as {report.chunks:,} chunks")
    for language, files in report.languages.most_common():
        print(f"  {language:<20}{files:>8,}")
    print(f"{sum(report.skipped.values()):,} files left out")
    for reason, files in report.skipped.most_common():
        print(f"  {reason:<20}{files:>8,}")


def _print_hits(hits: list[Hit], explain: bool) -> None:
    color = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 200
    if hits:
        print(render.hits_as_text(hits, color=color, width=width, explain=explain))


def _note(freshness: Freshness, hits: list[Hit]) -> None:
    # Not part of the answer: on stderr, so that a pipe gets the hits alone.
    found = f"{len(hits)} hits" if hits else "Nothing found"
    print(f"{found} {render.freshness_line(freshness)}", file=sys.stderr)


def _offer_to_index(opened: Index, error: NotIndexedError) -> None:
    command = f"codesearch index {opened.repository.root or opened.repository.git_dir}"
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise NotIndexedError(str(error), f"Run: {command}") from error
    if not click.confirm(f"{error}. Index {opened.repository.name} now?", default=True, err=True):
        raise NotIndexedError(str(error), f"Run: {command}") from error
    _sync(opened, "HEAD")


def _counts(counts: Any) -> str:
    return ", ".join(f"{name} {number:,}" for name, number in counts.items())


def _complain(error: CodesearchError) -> None:
    print(f"codesearch: {error}", file=sys.stderr)
    if error.remedy:
        print(f"  → {error.remedy}", file=sys.stderr)
    sys.exit(ERROR)
