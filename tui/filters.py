"""What is typed for a value. Pure functions; ``Query.parse`` and ``.gitignore`` read it back."""

from __future__ import annotations

import re

from codesearch import printable

_MEANS = re.compile(r"[\\*?\[]")  # something else, in a pattern
_UNTYPED = re.compile(r'[^\S ]|["·]')  # cannot be typed, or not be seen (``printable``)
_PARTS = re.compile(r"[\s,]")  # values from one another


def written(key: str, value: str) -> str:
    """A value of a filter as it is typed: of ``path`` a pattern that means this path alone."""
    return quoted(path_pattern(value) if key == "path" else value)


def path_pattern(path: str) -> str:
    """A pattern for a file, or for a folder (with a slash behind it), and for no other."""
    pattern = _UNTYPED.sub("?", printable(_MEANS.sub(r"\\\g<0>", path)))  # any one will do there
    end = len(pattern.rstrip())
    return "/" + pattern[:end] + "?" * len(pattern[end:])  # a pattern's last spaces do not count


def path_meant(pattern: str) -> str:
    """The path, or its beginning, that a pattern of this kind was written for."""
    return re.sub(r"\\(.)", r"\1", pattern.removeprefix("/"))


def quoted(value: str) -> str:
    """One value, whatever is in it."""
    return f'"{value}"' if _PARTS.search(value) else value
