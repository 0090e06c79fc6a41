"""What could stand at the cursor: the values of a filter. Pure functions."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from codesearch import Kind, Query
from tui.filters import path_meant, written

_SHOWN = 8
_KINDS = tuple(kind.value for kind in Kind)
_PIECE = re.compile(r"""(?:^|,)((?:"[^"]*(?:"|$)|[^",])*)""")  # a value; in quotes with commas


@dataclass(frozen=True, slots=True)
class Known:
    """The values that exist in what is searched, most frequent first."""

    languages: Mapping[str, int] = field(default_factory=dict)  # name → chunks
    paths: Sequence[str] = ()  # files, and folders with a slash behind them
    refs: Sequence[str] = ()
    repositories: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Completion:
    """One value, and the piece of the text that it replaces."""

    value: str
    note: str
    text: str  # the value as it is typed
    start: int
    end: int

    def apply(self, text: str) -> tuple[str, int]:
        """The text with the value in place, and where the cursor goes then."""
        opens = self.value.endswith("/")  # a folder: more may follow
        after = text[self.end :]
        gap = "" if opens or after.startswith(" ") else " "
        before = text[: self.start] + self.text + gap
        return before + after, len(before) + (0 if gap or opens else 1)


def complete(text: str, cursor: int, known: Known) -> list[Completion]:
    """Values for the filter that the cursor stands at the end of, best first."""
    term = next((t for t in Query.scan(text) if t.start < cursor <= t.end and t.key), None)
    if term is None or cursor != term.end:
        return []
    begin = text.index(":", term.start) + 1
    *_, piece = _PIECE.finditer(text[begin:cursor])
    last = piece[1].replace('"', "")
    last = path_meant(last) if term.key == "path" else last
    values = _values(term.key, known)
    found = [(value, note) for value, note in values if _fits(term.key, value, last)]
    if any(value == last for value, _ in found):
        if not last.endswith("/"):
            return []  # complete already
        found = [(value, note) for value, note in found if value != last]
    start = begin + piece.start(1)
    return [
        Completion(value, note, written(term.key, value), start, cursor)
        for value, note in found[:_SHOWN]
    ]


def folders(paths: Iterable[str]) -> list[str]:
    """Files and the folders above them: folders by what they hold, then files by name."""
    files = sorted(paths)
    counts: Counter[str] = Counter()
    for path in files:
        parts = path.split("/")[:-1]
        counts.update("/".join(parts[: depth + 1]) + "/" for depth in range(len(parts)))
    return [folder for folder, _ in counts.most_common()] + files


def _values(key: str, known: Known) -> list[tuple[str, str]]:
    if key == "lang":
        return [(name, f"{chunks:,}") for name, chunks in known.languages.items()]
    if key == "kind":
        return [(kind, "") for kind in _KINDS]
    names = {"path": known.paths, "ref": known.refs, "repo": known.repositories}[key]
    return [(name, "") for name in names]


def _fits(key: str, value: str, typed: str) -> bool:
    if key != "path":
        return value.lower().startswith(typed.lower())
    if value.lower().startswith(typed.lower()):
        # Folder by folder: what lies deeper comes when its folder is chosen.
        return "/" not in value[len(typed) :].rstrip("/")
    return len(typed) > 2 and typed.lower() in value.lower().rstrip("/").rpartition("/")[2]
