"""Which code an index was built by.

The product tells by version numbers whether an index is out of date; they are raised with a
release, not with every edit. A benchmark is run between edits, so it looks at the code itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import codesearch
import indexers

_BUILDING = ("encoder/text.py", "lexical.py", "writer.py", "sync.py", "store")  # of codesearch
_NAME = "built-by"


def is_current(directory: Path) -> bool:
    """Whether the index in ``directory`` was built by the code as it is now."""
    try:
        return (directory / _NAME).read_text(encoding="ascii") == _digest()
    except OSError:
        return False


def sign(directory: Path) -> None:
    """Note that the index in ``directory`` was built by the code as it is now."""
    (directory / _NAME).write_text(_digest(), encoding="ascii")


def _digest() -> str:
    found = hashlib.sha256()
    for path in _files():
        found.update(path.name.encode() + path.read_bytes())
    return found.hexdigest()


def _files() -> Iterator[Path]:
    """All that decides which points a commit turns into, whatever the versions say."""
    house = Path(str(indexers.__path__[0]))
    yield from sorted(path for path in house.rglob("*") if path.suffix in (".py", ".scm"))
    room = Path(str(codesearch.__path__[0]))
    for name in _BUILDING:
        place = room / name
        yield from sorted(place.rglob("*.py")) if place.is_dir() else [place]
