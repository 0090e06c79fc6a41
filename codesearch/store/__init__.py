"""The store: points in, candidates out. The only folder that knows Qdrant.

A store holds one index. Readers see the last published commit, whole; one writer at a time
prepares the next one and publishes it last.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Condition", "Manifest", "ManifestEntry", "Point", "Reader", "Store", "Writer"]


@dataclass(frozen=True, slots=True)
class Point:
    """What is stored of a chunk: UUID, vector (dimension,), term weights, payload (JSON)."""

    id: str
    vector: NDArray[np.float16]
    terms: Mapping[int, float]
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Condition:
    """The payload field has one of the values (or, negated, none of them)."""

    field: str
    values: tuple[str, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class ManifestEntry:
    """What an index remembers of a path: its blob, and either chunks or why it was skipped."""

    blob: str
    chunks: int = 0
    language: str = ""
    skipped: str | None = None


@dataclass(slots=True)
class Manifest:
    """What a published index is about: beside the points, all that a reader or a sync needs."""

    fingerprint: str
    commit: str = ""
    model: str = ""  # name and digest of the encoder, for people
    rules: str = ""  # digest of the skip rules
    files: dict[str, ManifestEntry] = field(default_factory=dict)

    @property
    def chunks(self) -> int:
        """Number of points."""
        return sum(entry.chunks for entry in self.files.values())

    @property
    def indexed_files(self) -> int:
        """Number of files that were not skipped."""
        return sum(entry.skipped is None for entry in self.files.values())

    def languages(self) -> dict[str, int]:
        """Chunks by language, most first."""
        counts: Counter[str] = Counter()
        for entry in self.files.values():
            counts[entry.language] += entry.chunks
        return {language: count for language, count in counts.most_common() if count}

    def skipped(self) -> dict[str, int]:
        """Files that stay out, by reason, most first."""
        reasons = (entry.skipped for entry in self.files.values() if entry.skipped)
        return dict(Counter(reasons).most_common())


class Reader(Protocol):
    """One published state, unchanging until closed."""

    @property
    def fingerprint(self) -> str:
        """Under which the points were made."""
        ...

    @property
    def commit(self) -> str:
        """The commit that the points are about."""
        ...

    def manifest(self) -> Manifest:
        """All that is remembered about the state; read on demand."""
        ...

    def nearest(
        self, vector: NDArray[np.float32], limit: int, where: Sequence[Condition] = ()
    ) -> list[tuple[str, float]]:
        """(point id, cosine), best first."""
        ...

    def matching(
        self, terms: Mapping[int, float], limit: int, where: Sequence[Condition] = ()
    ) -> list[tuple[str, float]]:
        """(point id, BM25), best first."""
        ...

    def payloads(self, ids: Sequence[str]) -> list[dict[str, Any]]:
        """Payloads in the order of ``ids``; ids that do not exist are an error."""
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

    def publish(self) -> None:
        """Make everything durable, then visible, atomically."""
        ...

    def abandon(self) -> None:
        """Throw the work away; what is published stays as it is."""
        ...


class Store(Protocol):
    """One index: at most one writer, any number of readers."""

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
