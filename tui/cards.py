"""What stands in the middle where there are no hits: welcome, nothing found, no index, trouble."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import itemgetter

from textual.content import Content

from codesearch import CodesearchError, Query
from tui.indexing import Moment
from tui.lines import bar, cut, cut_left, one_line
from tui.session import Overview

_WIDTH = 64


def welcome(overview: Overview | None, recent: Sequence[str]) -> Content:
    """Before the first letter: what is indexed, what was asked lately, how to begin."""
    lines: list[Content] = []
    if overview is not None:
        lines += [
            _markup(
                "[b]$files[/] files   [b]$chunks[/] functions, classes and passages",
                files=f"{overview.files:,}",
                chunks=f"{overview.chunks:,}",
            ),
            Content(""),
            *_bars(overview.repositories or overview.languages),
            Content(""),
        ]
    if recent:
        lines.append(_heading("Asked lately"))
        for number, query in enumerate(recent[:5]):
            lines.append(
                _markup(
                    f"  [@click=screen.ask_recent({number})]$query[/]",
                    query=cut(one_line(query), _WIDTH - 4),
                )
            )
        lines.append(Content(""))
    language = next(iter(overview.languages), "python") if overview else "python"
    lines.append(_heading("Try"))
    for words, note in (
        ("where is the input validated", "plain words, as a question"),
        ("parseHTTPHeader", "a name, or half of one"),
        (f"retry lang:{language} -path:tests/", "narrowed by filters"),
    ):
        lines.append(_markup("  $words  [$quiet]$note[/]", words=f"{words:<32}", note=note))
    lines += [Content(""), _keys(("F1", "all keys"), ("ctrl+r", "history"), ("ctrl+p", "commands"))]
    return _stack(lines)


def nothing_found(query: Query) -> Content:
    """No hits, and what to try."""
    lines = [
        _markup("[b]Nothing found[/]"),
        _markup("[$quiet]for[/] $words", words=cut(one_line(query.text), _WIDTH - 4)),
        Content(""),
    ]
    if any(term.key for term in query.terms):
        lines += [
            _markup("The filters leave nothing over."),
            _markup("  [@click=screen.drop_filters][b]Search without them[/][/]"),
            Content(""),
        ]
    lines += [
        _heading("What is left out of an index"),
        _markup("  [$quiet]Generated, vendored, minified, binary and very large files,[/]"),
        _markup("  [$quiet]and what .codesearchignore names. To see it counted:[/]"),
        _markup("  codesearch index --dry-run"),
    ]
    return _stack(lines)


def not_indexed(name: str, place: str, error: CodesearchError) -> Content:
    """There is a repository, but nothing to search yet."""
    return _stack(
        [
            _markup("[b]$name[/] is not indexed yet", name=one_line(name)),
            _markup("[$quiet]$place[/]", place=cut_left(one_line(place), _WIDTH)),
            Content(""),
            *_reason(error),
            _markup("Indexing reads the last commit, on this machine alone:"),
            _markup("[$quiet]some 200 functions a second, once; then only what changes.[/]"),
            Content(""),
            _markup("  [@click=screen.sync][b]▸ Index it now[/][/]   [$quiet]enter[/]"),
            _markup("  [@click=app.quit]  Leave[/]          [$quiet]ctrl+q[/]"),
        ]
    )


def _reason(error: CodesearchError) -> list[Content]:
    said = one_line(str(error))
    if said.startswith("Nothing is indexed"):
        return []
    return [_markup("$said.", said=said), Content("")]


def building(name: str, moment: Moment | None) -> Content:
    """A first index grows."""
    lines = [_markup("Indexing [b]$name[/]", name=one_line(name)), Content("")]
    if moment is None or not moment.progress.files_total:
        return _stack([*lines, _markup("[$quiet]Reading the tree …[/]")])
    progress = moment.progress
    full, rest = bar(moment.share, _WIDTH - 6)
    lines += [
        _markup(
            "[$accent]$full[/][$line]$rest[/] $share",
            full=full,
            rest=rest,
            share=f"{moment.share:>4.0%}",
        ),
        Content(""),
        _row("files", f"{progress.files_done:,} of {progress.files_total:,}"),
        _row("chunks", f"{progress.chunks:,}   {moment.per_second:,.0f} a second"),
        _row("left", duration(moment.left)),
        _row("reading", cut_left(one_line(progress.path), _WIDTH - 12)),
        Content(""),
        _markup(
            "[$quiet]You can type the question meanwhile; it is answered when this is done.[/]"
        ),
        _keys(("ctrl+s", "stop; what is done is kept")),
    ]
    return _stack(lines)


def trouble(error: CodesearchError, *, retry: bool = True) -> Content:
    """Something is wrong, and what to do about it."""
    lines = [_markup("[b $error]$what[/]", what=one_line(str(error))), Content("")]
    if error.remedy:
        lines += [_markup("$remedy", remedy=one_line(error.remedy)), Content("")]
    if retry:
        lines.append(_markup("  [@click=screen.retry][b]▸ Try again[/][/]   [$quiet]enter[/]"))
    lines.append(_markup("  [@click=app.quit]  Leave[/]       [$quiet]ctrl+q[/]"))
    return _stack(lines)


def duration(seconds: float | None) -> str:
    """Seconds as people say them."""
    if seconds is None:
        return "…"
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} min"


def _bars(chunks: Mapping[str, int]) -> list[Content]:
    """How many chunks of each, drawn; the first six."""
    ordered = sorted(chunks.items(), key=itemgetter(1), reverse=True)
    most = max(chunks.values(), default=1)
    wide = max(12, *(len(name) for name, _ in ordered[:6])) if ordered else 12
    lines = []
    for name, count in ordered[:6]:
        full, rest = bar(count / most, 24)
        lines.append(
            _markup(
                "[$quiet]$name[/] [$primary]$full[/][$line]$rest[/] [$quiet]$count[/]",
                name=f"{cut(one_line(name), 24):<{min(wide, 24)}}",
                full=full,
                rest=rest,
                count=f"{count:>8,}",
            )
        )
    if len(ordered) > 6:
        lines.append(_markup("[$quiet]$more[/]", more=f"and {len(ordered) - 6} more"))
    return lines


def _row(name: str, value: str) -> Content:
    return _markup("[$quiet]$name[/] $value", name=f"{name:<9}", value=value)


def _heading(text: str) -> Content:
    return _markup("[b $quiet]$text[/]", text=text)


def _keys(*pairs: tuple[str, str]) -> Content:
    return Content("   ").join(
        [_markup("[$accent]$key[/] [$quiet]$does[/]", key=key, does=does) for key, does in pairs]
    )


def _markup(markup: str, **values: object) -> Content:
    return Content.from_markup(markup, **values)


def _stack(lines: Sequence[Content]) -> Content:
    return Content("\n").join(lines)
