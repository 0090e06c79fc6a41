"""What an index holds, to be compared with what it should hold."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from codesearch import Index
from codesearch.store import Point
from codesearch.store.embedded import EmbeddedStore

Plain = tuple[bytes, dict[int, float], dict[str, object]]  # vector, terms, payload


def stored(directory: Path) -> dict[str, Plain]:
    """All points of the index in a folder, by id."""
    reader = EmbeddedStore(directory).reader()
    assert reader is not None
    with closing(reader):
        return {point.id: plain(point) for point in reader.points()}


def stored_at(directory: Path, commit: str) -> dict[str, Plain]:
    """The points of one commit, by id."""
    reader = EmbeddedStore(directory).reader()
    assert reader is not None
    with closing(reader):
        versions = reader.manifest().snapshots[commit].versions
    points = stored(directory)
    return {id_: row for id_, row in points.items() if row[2]["version"] in versions}


def from_scratch(index: Index, commit: str, folder: Path) -> dict[str, Plain]:
    """The points of an index, built in ``folder``, that was never about any other commit."""
    place = index.repository.root or index.repository.git_dir
    with Index.open(place, index_dir=folder) as fresh:
        fresh.sync(commit)
    return stored(folder)


def plain(point: Point) -> Plain:
    """A point as values that can be compared."""
    return point.vector.tobytes(), dict(point.terms), dict(point.payload)
