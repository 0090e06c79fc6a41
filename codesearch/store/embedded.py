"""The embedded store: Qdrant Edge shards, published as generations."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codesearch.store import Condition, Manifest, Point
from codesearch.store.edge import Shard
from codesearch.store.generations import Generation, Generations, require_space, writing
from codesearch.store.locks import FileLock, writer_lock

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class EmbeddedReader:
    """A published generation, open. See ``store.Reader``."""

    def __init__(self, generation: Generation, lock: FileLock) -> None:
        self._generation = generation
        self._lock = lock
        try:
            state = generation.state()
            self.fingerprint, self.commit = state["fingerprint"], state["commit"]
            self._shard = Shard.load(generation.shard)
        except BaseException:
            lock.release()
            raise

    @property
    def name(self) -> str:
        """Which generation this is."""
        return self._generation.directory.name

    def manifest(self) -> Manifest:
        """Read the manifest from disk."""
        return self._generation.read_manifest()

    def nearest(
        self, vector: NDArray[np.float32], limit: int, where: Sequence[Condition] = ()
    ) -> list[tuple[str, float]]:
        """(point id, cosine), best first."""
        return self._shard.nearest(vector, limit, where)

    def matching(
        self, terms: Mapping[int, float], limit: int, where: Sequence[Condition] = ()
    ) -> list[tuple[str, float]]:
        """(point id, BM25), best first."""
        return self._shard.matching(terms, limit, where)

    def payloads(self, ids: Sequence[str]) -> list[dict[str, Any]]:
        """Payloads in the order of ``ids``."""
        return self._shard.payloads(ids)

    def points(self) -> list[tuple[str, list[float], dict[int, float], dict[str, Any]]]:
        """Everything that is stored, ordered by id; for verification."""
        return list(self._shard.scroll())

    def close(self) -> None:
        """Close the shard and let the generation go."""
        self._shard.close()
        self._lock.release()


class EmbeddedWriter:
    """The next generation in the making. See ``store.Writer``."""

    def __init__(
        self,
        generations: Generations,
        lock: FileLock,
        fingerprint: str,
        dimension: int,
        from_scratch: bool,
    ) -> None:
        self._generations = generations
        self._lock = lock
        # A rebuild must not even look: what is published may be damaged.
        held = None if from_scratch else generations.hold_current()
        try:
            source = held[0] if held and held[0].state()["fingerprint"] == fingerprint else None
            self.manifest = source.read_manifest() if source else Manifest(fingerprint)
            self._building = generations.begin(source)
        finally:
            if held:
                held[1].release()  # the writer's lock keeps the source from being deleted
        shard = self._building.shard
        self._shard = Shard.load(shard) if source else Shard.create(shard, dimension)

    def upsert(self, points: Sequence[Point]) -> None:
        """Add or replace points. StoreError before the disk is full, never after."""
        require_space(self._building.directory, len(points) * 16384)
        self._shard.upsert(points)

    def delete(self, ids: Sequence[str]) -> None:
        """Remove points."""
        self._shard.delete(ids)

    def publish(self) -> None:
        """Make everything durable, then visible."""
        with writing(self._generations.directory):
            self._shard.flush()
            self._shard.close()
            self._building.write_manifest(self.manifest)
            self._generations.publish(self._building)
        self._lock.release()

    def abandon(self) -> None:
        """Throw the work away."""
        self._shard.close()
        shutil.rmtree(self._building.directory, ignore_errors=True)
        self._lock.release()


class EmbeddedStore:
    """The index in one folder. See ``store.Store``."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._generations = Generations(directory)

    def current_name(self) -> str | None:
        """Which generation is published: compare it with a reader's to see whether it is old."""
        return self._generations.current_name()

    def reader(self) -> EmbeddedReader | None:
        """Open the published generation; None if there is none."""
        held = self._generations.hold_current()
        return EmbeddedReader(*held) if held else None

    def writer(
        self,
        fingerprint: str,
        dimension: int,
        *,
        wait: bool = True,
        from_scratch: bool = False,
    ) -> EmbeddedWriter:
        """Begin the next generation."""
        with writing(self.directory):
            self.directory.mkdir(parents=True, exist_ok=True)
            lock = writer_lock(self.directory / "writer.lock", wait=wait)
            try:
                return EmbeddedWriter(self._generations, lock, fingerprint, dimension, from_scratch)
            except BaseException:
                lock.release()
                raise
