"""Hits → text, JSON, Markdown. Pure functions from values to strings."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from unicodedata import east_asian_width

from codesearch.types import Chunk, Freshness, Hit

JSON_VERSION = 1

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
_ODD_BYTE = re.compile("[\udc80-\udcff]")  # as Python has it from the operating system
_FENCES = {"csharp": "cs", "bash": "sh", "text": ""}


@dataclass(frozen=True, slots=True)
class Style:
    """How hits are written for people."""

    color: bool = False
    width: int = 200  # columns
    explain: bool = False  # why each hit is there
    repository: bool = False  # name it: there are several


def hits_as_text(hits: Sequence[Hit], style: Style) -> str:
    """One block a hit: where, what, signature, first line of the documentation."""
    return "\n".join(_block(number, hit, style) for number, hit in enumerate(hits, 1))


def hits_as_json(
    query: str,
    hits: Sequence[Hit],
    freshness: Mapping[str, Freshness],
    folders: Mapping[str, str],
) -> str:
    """The documented schema (README, «JSON»): one object, ``version`` 1.

    ``freshness`` and ``folders`` by repository; of one both are said at the top as well.
    """
    states = {
        name: {"folder": folders[name], **_json_freshness(one)} for name, one in freshness.items()
    }
    only = next(iter(states.values())) if len(states) == 1 else {}
    document = {
        "version": JSON_VERSION,
        "query": query,
        **only,
        "repositories": states,
        "hits": [_json_hit(hit) for hit in hits],
    }
    return as_json(document, indent=2)


def as_json(document: Any, indent: int | None = None) -> str:
    """JSON that can be written, and read by everybody.

    Bytes that are not UTF-8 (of a folder's name, of what was typed) are ``\\xNN``, as in a path.
    """
    text = json.dumps(document, ensure_ascii=False, indent=indent)
    return _ODD_BYTE.sub(lambda found: rf"\\x{ord(found[0]) - 0xDC00:02x}", text)


def _json_freshness(freshness: Freshness) -> dict[str, Any]:
    return {
        "commit": freshness.commit,
        "head": freshness.head,
        "commits_behind": freshness.commits_behind,
        "partial": freshness.partial,
        "overlaid_files": freshness.overlaid_files,
        "uncovered_files": freshness.uncovered_files,
    }


def hits_as_markdown(hits: Sequence[Hit], *, repository: bool = False) -> str:
    """The code of every hit under its location: context to read, paste, or feed to a model.

    ``repository``: name it, there are several.
    """
    return "\n".join(_markdown(hit, _where(hit, repository)) for hit in hits)


def freshness_line(freshness: Freshness, at: str | None = None) -> str:
    """Which commit the answer speaks about, whether HEAD has moved on, which files lie over it.

    ``at``: the revision that was asked for.
    """
    return _commit_words(freshness, at) + _overlay_words(freshness)


def _commit_words(freshness: Freshness, at: str | None) -> str:
    commit = freshness.commit[:10]
    if freshness.partial:
        return f"in the part of commit {commit} that is indexed so far"
    if at:
        return f"at {at} (commit {commit})"
    if freshness.is_current:
        return f"at commit {commit} (HEAD)"
    if freshness.head is None:
        return f"at commit {commit}; HEAD is at no commit yet"
    if freshness.commits_behind is None:
        return f"at commit {commit}, which this clone does not have; HEAD is elsewhere"
    if freshness.commits_behind == 0:
        return f"at commit {commit}, which is ahead of HEAD"
    return f"at commit {commit}; HEAD is {count(freshness.commits_behind, 'commit')} further on"


def _overlay_words(freshness: Freshness) -> str:
    words = ""
    if freshness.overlaid_files and freshness.is_current:
        words = f", with {count(freshness.overlaid_files, 'uncommitted file')}"
    elif freshness.overlaid_files:  # what HEAD is ahead is in them too
        words = f", with {count(freshness.overlaid_files, 'file')} as in the working tree"
    if freshness.uncovered_files:
        words += f"; {count(freshness.uncovered_files, 'changed file')} not taken in"
    return words


def count(number: int, what: str) -> str:
    """``1 hit``, ``1,200 hits``."""
    return f"{number:,} {what}{'s' if number > 1 else ''}"


def moved_on(freshness: Freshness | None) -> str:
    """How far a ref has moved on since it was indexed; None: it is no longer there."""
    if freshness is None:
        return "deleted in git"
    if freshness.is_current:
        return "up to date"
    if freshness.commits_behind is None:
        return "was indexed at a commit that is no longer here"
    if freshness.commits_behind == 0:
        return "was set back since"
    return f"{count(freshness.commits_behind, 'commit')} further on"


def _block(number: int, hit: Hit, style: Style) -> str:
    chunk = hit.chunk
    paint = _styled if style.color else _plain
    where, name = printable(_where(hit, style.repository)), printable(title(chunk))
    lines = [
        f"{number:>2}. {paint(where, 'cyan')}  {paint(name, 'bold')}  "
        f"{paint(f'{chunk.kind.value} · {chunk.language} · {hit.score:.4f}', 'dim')}"
    ]
    details = [chunk.signature, first_line(chunk.docstring)]
    if not chunk.signature and not chunk.docstring:
        details = [first_line(chunk.text)]
    width = max(20, style.width - 4)
    lines += ["    " + shortened(detail, width) for detail in details if detail]
    if style.explain:
        lines.append("    " + paint(f"why: {hit.explanation}", "dim"))
    return "\n".join(lines)


def _where(hit: Hit, repository: bool) -> str:
    return f"{hit.repository}:{hit.location}" if repository else hit.location


def printable(text: str) -> str:
    """The same length, with what would steer a terminal or turn the writing round made visible.

    Code and file names are other people's: an escape sequence in them could clear the screen, or
    put words on the clipboard.
    """
    return _CONTROL.sub("·", text)


def shortened(text: str, width: int) -> str:
    """``text`` on one line of at most ``width`` cells, white space folded, printable."""
    text = printable(" ".join(text.split()))
    cells = fits = 0
    for place, letter in enumerate(text):
        cells += 2 if east_asian_width(letter) in "WF" else 1
        fits = place + 1 if cells <= width - 2 else fits
        if cells > width:
            return text[:fits].rstrip() + " …"
    return text


def title(chunk: Chunk) -> str:
    """What a hit is called: its qualified name, with the part of a long function."""
    name = chunk.qualified_name or f"lines {chunk.span.start_line}-{chunk.span.end_line}"
    return f"{name} [{chunk.part}/{chunk.parts}]" if chunk.parts > 1 else name


def first_line(text: str) -> str:
    """The first line that says something; "" if none does."""
    return next((line.strip() for line in text.split("\n") if line.strip()), "")


def _json_hit(hit: Hit) -> dict[str, Any]:
    chunk, why = hit.chunk, hit.explanation
    return {
        "score": hit.score,
        "repository": hit.repository,
        "path": chunk.path,
        "start_line": chunk.span.start_line,
        "end_line": chunk.span.end_line,
        "language": chunk.language,
        "kind": chunk.kind.value,
        "symbol": chunk.symbol,
        "class_path": chunk.class_path,
        "signature": chunk.signature,
        "docstring": chunk.docstring,
        "part": chunk.part,
        "parts": chunk.parts,
        "blob": chunk.blob,
        "text": chunk.text,
        "explanation": {
            "dense_rank": why.dense_rank,
            "dense_score": why.dense_score,
            "lexical_rank": why.lexical_rank,
            "lexical_score": why.lexical_score,
            "parts": dict(why.parts),
        },
    }


def _markdown(hit: Hit, where: str) -> str:
    chunk = hit.chunk
    fence = "```"
    while fence in chunk.text:
        fence += "`"
    language = _FENCES.get(chunk.language, chunk.language)
    lines = f"{where}-{chunk.span.end_line}"
    text = chunk.text.replace("\r\n", "\n")
    return f"### {lines} {title(chunk)}\n\n{fence}{language}\n{text}\n{fence}\n"


_CODES = {"bold": "1", "dim": "2", "cyan": "36"}


def _styled(text: str, style: str) -> str:
    return f"\x1b[{_CODES[style]}m{text}\x1b[0m"


def _plain(text: str, style: str) -> str:
    return text
