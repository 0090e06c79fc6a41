"""The two files with which a repository says for itself what should stay out of an index.

``.codesearchignore`` has the syntax of ``.gitignore``. Of ``.gitattributes`` only the two
attributes of GitHub's linguist count that speak of other people's and of machines' code. Both may
stand in any folder; a deeper file outranks one above it, and in one file the last match wins.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pathspec import GitIgnoreSpec
from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

IGNORE_FILE = ".codesearchignore"
ATTRIBUTES_FILE = ".gitattributes"
GENERATED = "linguist-generated"
VENDORED = "linguist-vendored"

_STARS = re.compile(r"\*+")
_MAX_STARS = 4  # in one part of a path. More takes a regular expression for ever: a hostile one
_ATTRIBUTES_LINE = re.compile(r'\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>\S+))\s+(?P<rest>.+)')


class IgnoreFiles:
    """All ``.codesearchignore`` files of a tree."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        """``texts``: the file's text by the folder it stands in ("" for the root)."""
        lines = {folder: ignore_lines(text.splitlines()) for folder, text in texts.items()}
        self._specs = {folder: ignore_spec(kept) for folder, kept in lines.items() if kept}
        self.source = sorted((folder, *kept) for folder, kept in lines.items() if kept)

    def leaves_out(self, path: str) -> bool | None:
        """True: ``path`` stays out; False: ``!pattern`` wants it in; None: nothing said."""
        for folder, below in _folders(path, self._specs):
            said = self._specs[folder].check_file(below).include
            if said is not None:
                return said
        return None


@dataclass(frozen=True, slots=True)
class _Attribute:
    pattern: GitIgnoreSpecPattern
    depth: int | None  # matches paths with as many "/" only
    state: bool | None

    def matches(self, path: str) -> bool:
        fits = self.depth is None or self.depth == path.count("/")
        return fits and self.pattern.match_file(path) is not None


class AttributeFiles:
    """What all ``.gitattributes`` files of a tree say about generated and vendored files.

    A pattern that names a folder counts for everything below it, as its author surely meant;
    git would have it ``folder/**``. But ``folder/*`` is what it says: the files in it.
    """

    def __init__(self, texts: Mapping[str, str]) -> None:
        """``texts``: the file's text by the folder it stands in ("" for the root)."""
        self._by_name: dict[str, dict[str, list[_Attribute]]] = {GENERATED: {}, VENDORED: {}}
        self.source: list[tuple[str, ...]] = []
        for folder, text in sorted(texts.items()):
            for pattern, name, state in _linguist(text):
                self.source.append((folder, pattern, name, str(state)))
                rows = self._by_name[name].setdefault(folder, [])
                rows.insert(0, _attribute(pattern, state))  # the last match wins

    def get(self, name: str, path: str) -> bool | None:
        """Attribute ``name`` of ``path``: set, unset, or None where nothing is said."""
        folders = self._by_name[name]
        for folder, below in _folders(path, folders):
            for row in folders[folder]:
                if row.matches(below):
                    return row.state
        return None


def ignore_lines(lines: Iterable[str]) -> tuple[str, ...]:
    """The lines that are patterns."""
    return tuple(line for line in lines if line.strip() and not line.startswith("#"))


def ignore_spec(lines: Sequence[str]) -> GitIgnoreSpec:
    """Compile lines in the syntax of ``.gitignore``."""
    return GitIgnoreSpec(_patterns(lines))


def _patterns(lines: Iterable[str]) -> list[GitIgnoreSpecPattern]:
    return [_pattern(line) for line in lines]


def _pattern(line: str) -> GitIgnoreSpecPattern:
    if any(len(_STARS.findall(part)) > _MAX_STARS for part in line.split("/")):
        return GitIgnoreSpecPattern(None)
    try:
        return GitIgnoreSpecPattern(line)
    except (ValueError, re.error):  # as git does: what cannot be understood matches nothing
        return GitIgnoreSpecPattern(None)


def _folders(path: str, known: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Those folders above ``path`` that are ``known``, deepest first, with the path below them."""
    end = len(path)
    while known and (end := path.rfind("/", 0, end)) >= 0:
        if path[:end] in known:
            yield path[:end], path[end + 1 :]
    if "" in known:
        yield "", path


def _linguist(text: str) -> Iterator[tuple[str, str, bool | None]]:
    """Pattern, name and state of every linguist attribute that counts here."""
    for line in text.splitlines():
        match = _ATTRIBUTES_LINE.match(line)
        if match is None or line.lstrip().startswith(("#", "!", "[attr]")):
            continue
        pattern = match["plain"] or re.sub(r"\\(.)", r"\1", match["quoted"])
        for name, state in filter(None, map(_state, match["rest"].split())):
            yield pattern, name, state


def _attribute(pattern: str, state: bool | None) -> _Attribute:
    children_only = pattern.endswith("/*") and "**" not in pattern
    depth = pattern.strip("/").count("/") if children_only else None
    return _Attribute(_pattern(pattern), depth, state)


def _state(word: str) -> tuple[str, bool | None] | None:
    name, _, value = word.lstrip("-!").partition("=")
    if name not in (GENERATED, VENDORED):
        return None
    if word.startswith("!"):
        return name, None
    return name, not (word.startswith("-") or value.lower() == "false")
