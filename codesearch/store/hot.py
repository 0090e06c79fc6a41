"""What a process that syncs again and again need not do again: copy a shard, and load it.

Loading 100,000 chunks takes half a second of computing: the engine inverts all term vectors anew.
So the shard that a writer has published stays open: it is what this process reads next. And the
one that it read before is not thrown away: once nobody else reads that generation, it is a spare.
It lacks no more than what the last sync wrote, so the next writer writes that again and goes on.

The engine flushes to the path that a shard was loaded from. A spare therefore goes back to the
directory that it was made in before anything is written to it. And whoever loads a shard tidies up
its journals, under the feet of who has it open for writing. So readers leave a mark when they load
one, and what was marked is no spare.
"""

from __future__ import annotations

import shutil
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from codesearch.store import Manifest
from codesearch.store.edge import Operation, Shard
from codesearch.store.generations import Generation
from codesearch.store.locks import FileLock, same_file, try_lock

_MARK = "loaded"
_MOST_POINTS = 4096  # that are written twice; after more, a copy is cheaper


@dataclass(frozen=True, slots=True)
class OpenShard:
    """A shard that was opened to be written, and the directory that it was opened in."""

    shard: Shard
    made_in: Path


@dataclass(slots=True)
class Changes:
    """What a writer has done to its shard, in order."""

    are_wanted: bool = True  # else nothing is kept: there is no other shard that could catch up
    operations: list[Operation] = field(default_factory=list)
    points: int = 0

    def add(self, operation: Operation, points: int) -> None:
        """Note what was done to so many points."""
        self.points += points
        if self.is_small:
            self.operations.append(operation)
        else:
            self.operations.clear()

    @property
    def is_small(self) -> bool:
        """Whether they are all here, and worth being written again."""
        return self.are_wanted and self.points <= _MOST_POINTS

    def write(self, shard: Shard) -> None:
        """Do the same to another shard."""
        for operation in self.operations:
            shard.apply(operation)


@dataclass(frozen=True, slots=True)
class _Kept:
    opened: OpenShard
    directory: Path
    lock: FileLock


class HotShards:
    """The open shards of one index in this process. Safe for use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._fresh: _Kept | None = None  # published, and not read yet
        self._spare: _Kept | None = None
        self._step: tuple[str, str, Changes] | None = None  # the last sync: from, to, what
        self._manifest: tuple[str, Manifest] | None = None

    def published(
        self, before: str | None, target: Path, opened: OpenShard | None, changes: Changes
    ) -> None:
        """A writer has published its shard as ``target``. Called while its lock is held.

        ``opened`` is None where the shard is shared with the generation ``before``.
        """
        with self._lock:
            self._drop_spare()
            can_follow = opened is not None and changes.is_small
            self._step = (before, target.name, changes) if before and can_follow else None
            old, self._fresh = self._fresh, None
            if old is not None:
                self.give_back(old.opened, old.directory, old.lock)
            if opened is None:
                return
            lock = try_lock(target / "lock", shared=True)
            if lock is None:  # not to be expected: nobody locks it for himself
                opened.shard.close()
            else:
                self._fresh = _Kept(opened, target, lock)

    def take_fresh(self, directory: Path) -> OpenShard | None:
        """The open shard of a published generation, for a reader who holds a lock on it."""
        with self._lock:
            if self._fresh is None or self._fresh.directory != directory:
                return None
            kept, self._fresh = self._fresh, None
            kept.lock.release()
            return kept.opened

    def give_back(self, opened: OpenShard, directory: Path, lock: FileLock) -> None:
        """A reader is done with a shard: it becomes the spare, or is closed."""
        with self._lock:
            lock.release()
            own = None
            if self._spare is None and self._step and self._step[0] == directory.name:
                own = _lock_alone(directory)
            if own is None:
                opened.shard.close()
                return
            self._spare = _Kept(opened, directory, own)

    def take_spare(self, current: str) -> tuple[Generation, OpenShard, Changes] | None:
        """A shard that equals the published one but for some changes, for its next writer.

        The writer has the lock of all writers; nobody else looks at the directory.
        """
        with self._lock:
            kept, step = self._spare, self._step
            if kept is None or step is None or step[1] != current:
                self._drop_spare()
                return None
            self._spare = None
            kept.lock.release()
            try:
                kept.directory.rename(kept.opened.made_in)
                shutil.rmtree(kept.opened.made_in / "visible", ignore_errors=True)
            except OSError:  # another process took it for a leftover
                kept.opened.shard.close()
                return None
            return Generation(kept.opened.made_in), kept.opened, step[2]

    def keep_manifest(self, name: str, manifest: Manifest) -> None:
        """What was published as ``name``; whoever gives it does not change it any more."""
        with self._lock:
            self._manifest = (name, manifest)

    def take_manifest(self, name: str) -> Manifest | None:
        """The manifest of a published generation, to be changed by who takes it."""
        with self._lock:
            kept, self._manifest = self._manifest, None
            return kept[1] if kept and kept[0] == name else None

    def close(self) -> None:
        """Close what nobody uses, and forget it."""
        with self._lock:
            self._drop_spare()
            self._step = self._manifest = None
            if self._fresh is not None:
                self._fresh.opened.shard.close()
                self._fresh.lock.release()
                self._fresh = None

    def _drop_spare(self) -> None:
        if self._spare is not None:
            self._spare.opened.shard.close()
            shutil.rmtree(self._spare.directory, ignore_errors=True)
            self._spare.lock.release()
            self._spare = None


def mark_loaded(directory: Path) -> None:
    """Say that the shard of a generation is loaded by somebody who did not make it."""
    (directory / _MARK).touch()


def _lock_alone(directory: Path) -> FileLock | None:
    """The lock of a generation that nobody else ever read; None if somebody did, or it is gone."""
    path, lock = directory / "lock", None
    with suppress(FileNotFoundError):
        lock = try_lock(path, shared=False)
        if lock is None or (same_file(lock, path) and not (directory / _MARK).exists()):
            return lock
    if lock:
        lock.release()
    return None
