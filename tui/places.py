"""Where a hit is on disk: in the working tree, or in a copy of the indexed version."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from codesearch import Hit, RepositoryError
from tui.session import Session


@dataclass(frozen=True, slots=True)
class Place:
    """A file, a line (from 1), the folder to start the editor in, and what to know about it."""

    path: Path
    line: int
    folder: Path
    note: str = ""


def place_of(session: Session, hit: Hit) -> Place:
    """The file in the working tree if it is there, with the line that the code is at now."""
    chunk = hit.chunk
    root = session.folder(hit)
    path = root / chunk.path if root is not None else None
    if root is None or path is None or not path.is_file():
        return _copy(hit, session.source(hit))
    try:
        now = path.read_bytes().decode(errors="replace")
    except OSError:
        return _copy(hit, session.source(hit))
    line = chunk.span.start_line
    try:
        then = session.source(hit)
    except RepositoryError:  # never committed, and edited since: only the chunk is known
        then = "\n" * (line - 1) + chunk.text
    return Place(path, moved_line(then, now, line), root)


def moved_line(old: str, new: str, line: int) -> int:
    """Where a line of ``old`` stands in ``new``: the nearest one that reads the same."""
    if old == new:
        return line
    before, after = _lines(old), _lines(new)
    wanted = before[line - 1] if line <= len(before) else ""
    same = [number for number, text in enumerate(after, 1) if text == wanted and text.strip()]
    return min(same, key=lambda number: abs(number - line), default=min(line, len(after)))


def _lines(text: str) -> list[str]:
    """As editors and chunks count them: a form feed ends none."""
    return [line.rstrip("\r") for line in text.removesuffix("\n").split("\n")]


def _copy(hit: Hit, source: str) -> Place:
    folder = Path(tempfile.mkdtemp(prefix="codesearch-"))
    path = folder / PurePosixPath(hit.chunk.path).name
    path.write_text(source, encoding="utf-8")
    path.chmod(0o444)
    note = "The file is not in the working tree: this is a copy of what is indexed."
    return Place(path, hit.chunk.span.start_line, folder, note)
