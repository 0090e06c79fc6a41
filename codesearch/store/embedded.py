"""The embedded store: Qdrant Edge shards, published as generations."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codesearch.store import Condition, Manifest, Point, State
from codesearch.store.edge import Shard
from codesearch.store.generations import Generation, Generations, require_space, writing
from codesearch.store.hot import Changes, HotShards, OpenShard, mark_loaded
from codesearch.store.locks import FileLock, writer_lock

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class EmbeddedReader:
    """A published generation, open. See ``store.Reader``."""

    def __init__(self, generation: Generation, lock: FileLock, hot: HotShards) -> None:
        self._generation = generation
        self._lock = lock
        self._hot = hot
        self._manifest: Manifest | None = None
        self._visible: dict[str, list[Condition]] = {}
        try:
            self.state: State = generation.read_state()
            self._opened = hot.take_fresh(generation.directory)
            self._shard = self._opened.shard if self._opened else _load(generation)
        except BaseException:
            lock.release()
            raise

    @property
    def name(self) -> str:
        """Which generation this is."""
        return self._generation.directory.name

    def manifest(self) -> Manifest:
        """All that is remembered about the state; read from disk once."""
        if self._manifest is None:
            self._manifest = self._generation.read_manifest()
        return self._manifest

    def visible(self, commit: str) -> list[Condition]:
        """What keeps a query to the files of ``commit``; read from disk once."""
        if commit not in self._visible:
            self._visible[commit] = self._generation.read_visible(commit)
        return self._visible[commit]

    def nearest(
        self, vector: NDArray[np.float32], limit: int, where: Sequence[Condition] = ()
    ) -> list[tuple[str, float]]:
        """(point id, dot product), best first."""
        return self._shard.nearest(vector, limit, where)

    def matching(
        self, terms: Mapping[int, float], limit: int, where: Sequence[Condition] = ()
    ) -> list[tuple[str, float]]:
        """(point id, BM25), best first."""
        return self._shard.matching(terms, limit, where)

    def payloads(self, ids: Sequence[str]) -> list[dict[str, Any]]:
        """Payloads in the order of ``ids``."""
        return self._shard.payloads(ids)

    def points(self) -> Iterator[Point]:
        """Everything that is stored, ordered by id; for verification."""
        return self._shard.scroll()

    def close(self) -> None:
        """Close the shard, unless it is of further use, and let the generation go."""
        if self._opened:
            self._hot.give_back(self._opened, self._generation.directory, self._lock)
        else:
            self._shard.close()
            self._lock.release()


def _load(generation: Generation) -> Shard:
    with writing(generation.directory):
        mark_loaded(generation.directory)
    return Shard.load(generation.shard)


class EmbeddedWriter:
    """The next generation in the making. See ``store.Writer``.

    The copy it works in is made by the first write: who finds nothing to do has copied nothing.
    """

    def __init__(
        self,
        generations: Generations,
        hot: HotShards,
        lock: FileLock,
        fingerprint: str,
        dimension: int,
        from_scratch: bool,
    ) -> None:
        self._generations = generations
        self._hot = hot
        self._lock = lock
        self._dimension = dimension
        self._source: Generation | None = None
        self._work: tuple[Generation, OpenShard] | None = None
        # A rebuild must not even look: what is published may be damaged.
        held = None if from_scratch else generations.hold_current()
        if held:
            generation, reading = held
            reading.release()  # the writer's lock keeps the source from being deleted
            if generation.read_state().fingerprint == fingerprint:
                self._source = generation
        self._changes = Changes(are_wanted=self._source is not None)
        self.manifest = self._read_manifest() or Manifest(fingerprint)

    def upsert(self, points: Sequence[Point]) -> None:
        """Add or replace points. StoreError before the disk is full, never after."""
        building, opened = self._begun()
        require_space(building.directory, len(points) * 16384)
        operation = Shard.to_upsert(points)
        opened.shard.apply(operation)
        self._changes.add(operation, len(points))

    def delete(self, ids: Sequence[str]) -> None:
        """Remove points."""
        operation = Shard.to_delete(ids)
        self._begun()[1].shard.apply(operation)
        self._changes.add(operation, len(ids))

    def publish(self, *, go_on: bool = False) -> None:
        """Make everything durable, then visible. ``go_on``: a copy of it; more is written."""
        source = self._source
        with writing(self._generations.directory):
            if source and not go_on and not self._work and not self._take_spare():
                # No point has changed: the shard need be neither copied nor loaded, it is shared.
                mark_loaded(source.directory)  # nobody may write to it any more
                building, opened = self._generations.begin_sharing(source), None
            else:
                building, opened = self._begun()
                opened.shard.flush()
            if go_on:
                building = self._generations.begin(building, beside=True)
            building.write_manifest(self.manifest)
            target = self._generations.publish(building)
        if not go_on:
            self._hot.published(
                source.directory.name if source else None, target, opened, self._changes
            )
            self._hot.keep_manifest(target.name, self.manifest)
            self._lock.release()

    def abandon(self) -> None:
        """Throw the work away."""
        if self._work:
            building, opened = self._work
            opened.shard.close()
            shutil.rmtree(building.directory, ignore_errors=True)
        self._lock.release()

    def _begun(self) -> tuple[Generation, OpenShard]:
        if self._work is None and not self._take_spare():
            self._work = self._copied()
        assert self._work is not None
        return self._work

    def _take_spare(self) -> bool:
        """Go on in a shard that this process has open, if there is one."""
        spare = self._hot.take_spare(self._source.directory.name) if self._source else None
        if spare is None:
            return False
        building, opened, lacking = spare
        self._work = building, opened
        lacking.write(opened.shard)
        return True

    def _copied(self) -> tuple[Generation, OpenShard]:
        with writing(self._generations.directory):
            building = self._generations.begin(self._source)
        if self._source:
            shard = Shard.load(building.shard)
        else:
            shard = Shard.create(building.shard, self._dimension)
        return building, OpenShard(shard, building.directory)

    def _read_manifest(self) -> Manifest | None:
        if self._source is None:
            return None
        kept = self._hot.take_manifest(self._source.directory.name)
        return kept or self._source.read_manifest()


class EmbeddedStore:
    """The index in one folder. See ``store.Store``."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._generations = Generations(directory)
        self._hot = HotShards()

    def current_name(self) -> str | None:
        """Which generation is published: compare it with a reader's to see whether it is old."""
        return self._generations.current_name()

    def state(self) -> State | None:
        """What is published, in a few words; None if nothing is."""
        held = self._generations.hold_current()
        if held is None:
            return None
        generation, lock = held
        try:
            return generation.read_state()
        finally:
            lock.release()

    def reader(self) -> EmbeddedReader | None:
        """Open the published generation; None if there is none."""
        held = self._generations.hold_current()
        return EmbeddedReader(*held, self._hot) if held else None

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
                return EmbeddedWriter(
                    self._generations, self._hot, lock, fingerprint, dimension, from_scratch
                )
            except BaseException:
                lock.release()
                raise

    def compact(self, fingerprint: str, dimension: int) -> None:
        """Write all points into a new shard: the engine keeps the space of deleted ones."""
        writer = self.writer(fingerprint, dimension, from_scratch=True)
        try:
            reader = self.reader()  # after the lock was taken: nobody publishes in between
            if reader is None or reader.state.fingerprint != fingerprint:
                writer.abandon()
                return
            with closing(reader):
                writer.manifest = reader.manifest()
                points = reader.points()
                while batch := list(islice(points, 1000)):
                    writer.upsert(batch)
            writer.publish()
        except BaseException:
            writer.abandon()
            raise

    def remove(self, *, wait: bool = True) -> None:
        """Nothing is outside the folder."""

    def close(self) -> None:
        """Let go of the shards that are kept open for the next sync."""
        self._hot.close()
