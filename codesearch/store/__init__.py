"""The store: points in, candidates out. The only folder that knows Qdrant.

A store holds one index: any number of commits, and the refs that stand at them. Readers see the
last published state, whole; one writer at a time prepares the next one and publishes it last.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from codesearch.store.manifest import (
    Condition,
    Manifest,
    ManifestEntry,
    Ref,
    Snapshot,
    State,
    version_key,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "Condition",
    "Manifest",
    "ManifestEntry",
    "Point",
    "Reader",
    "Ref",
    "Snapshot",
    "State",
    "Store",
    "Writer",
    "version_key",
]


@dataclass(frozen=True, slots=True)
class Point:
    """What is stored of a chunk: UUID, vector (dimension,), term weights, payload (JSON)."""

    id: str
    vector: NDArray[np.float16]
    terms: Mapping[int, float]
    payload: Mapping[str, Any]


class Reader(Protocol):
    """One published state, unchanging until closed."""

    @property
    def name(self) -> str:
        """Which state this is: see ``Store.current_name``."""
        ...

    @property
    def state(self) -> State:
        """Fingerprint, refs and commits."""
        ...

    def visible(self, commit: str) -> list[Condition]:
        """What keeps a query to the files of ``commit``, which is one of the state's."""
        ...

    def manifest(self) -> Manifest:
        """All that is remembered about the state; read on demand."""
        ...

    def nearest(
        self, vector: NDArray[np.float32], limit: int, where: Sequence[Condition] = ()
    ) -> list[tuple[str, float]]:
        """(point id, dot product), best first."""
        ...

    def matching(
        self, terms: Mapping[int, float], limit: int, where: Sequence[Condition] = ()
    ) -> list[tuple[str, float]]:
        """(point id, BM25), best first."""
        ...

    def payloads(self, ids: Sequence[str]) -> list[dict[str, Any]]:
        """Payloads in the order of ``ids``; ids that do not exist are an error."""
        ...

    def points(self) -> Iterator[Point]:
        """Everything that is stored, in any order; for verification."""
        ...

    def close(self) -> None:
        """Give the state back; it may then be deleted once a newer one is published."""
        ...


class Writer(Protocol):
    """The next state in the making. Nothing is visible before ``publish``."""

    manifest: Manifest  # of the state it started from; the caller keeps it up to date

    def upsert(self, points: Sequence[Point]) -> None:
        """Add or replace points."""
        ...

    def delete(self, ids: Sequence[str]) -> None:
        """Remove points."""
        ...

    def publish(self, *, go_on: bool = False) -> None:
        """Make everything durable, then visible, atomically. ``go_on``: more is to be written."""
        ...

    def abandon(self) -> None:
        """Throw the work away; what is published stays as it is."""
        ...


class Store(Protocol):
    """One index: at most one writer, any number of readers."""

    def current_name(self) -> str | None:
        """Which state is published: a reader of another name is old. None if nothing is."""
        ...

    def state(self) -> State | None:
        """What is published, in a few words; None if nothing is."""
        ...

    def reader(self) -> Reader | None:
        """The last published state; None if there is none yet."""
        ...

    def writer(
        self,
        fingerprint: str,
        dimension: int,
        *,
        wait: bool = True,
        from_scratch: bool = False,
    ) -> Writer:
        """Begin the next state: from the published one if its fingerprint is the same, else empty.

        ``from_scratch`` begins empty in any case, whatever state the published one is in.

        Raises ``IndexLockedError`` if another process writes and ``wait`` is False.
        """
        ...

    def compact(self, fingerprint: str, dimension: int) -> None:
        """Give back the space of points that were deleted; nothing else changes."""
        ...

    def remove(self, *, wait: bool = True) -> None:
        """Delete what the store keeps outside the index's folder.

        Raises ``IndexLockedError`` if another process writes and ``wait`` is False.
        """
        ...

    def close(self) -> None:
        """Release what the store itself holds open."""
        ...
