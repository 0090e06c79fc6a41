"""Published states of an index as directories, switched by one atomic rename.

Qdrant Edge lets one process open a shard that has a write-ahead log, and many open one without,
as long as nobody writes to it. So what readers open is never written again: a sync works in a
copy (``building-…``; of links, where it changes no point), flushes it, renames it to
``generation-N`` and then replaces the file ``current``, which names the generation that counts.
Whoever reads holds a shared lock on its generation; superseded generations are deleted once
nobody holds them. A kill at any moment leaves a ``building-…`` that nobody will look at but the
next writer, who deletes it.

The alternative, one owner process behind a local socket, would give readers the live shard, but
also a daemon to start, supervise, upgrade and time out. The copy costs little: its files are
sparse, and 100,000 chunks (160 MB) are copied in 0.06 s; file systems that share blocks
(btrfs, XFS, APFS) copy nothing.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from codesearch.errors import StoreError
from codesearch.store import Condition, Manifest, State
from codesearch.store.locks import FileLock, same_file, try_lock
from codesearch.store.manifest import refs_from_json, refs_to_json

_POINTER = "current"
_NAME = re.compile(r"generation-(\d+)")
_NUMBERS = itertools.count()
_COPIES = 10  # attempts
_RESERVE = 64 << 20  # bytes of disk that are never used up: see ``require_space``
_EMPTY_SHARD = 128 << 20  # bytes of an empty shard with its holes, which are nearly all of it


class Generation:
    """A directory ``generation-N`` (or one being built): shard, manifest, state, lock."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    @property
    def shard(self) -> Path:
        """The Qdrant Edge shard."""
        return self.directory / "shard"

    def read_state(self) -> State:
        """Read the few words that a query needs."""
        path = self.directory / "state.json"
        with _damage(path):
            values = _read_json(path)
            refs = refs_from_json(values["refs"])
            return State(values["fingerprint"], refs, partial=values["partial"])

    def read_visible(self, commit: str) -> list[Condition]:
        """Read what keeps a query to ``commit``."""
        path = self.directory / "visible" / f"{commit}.json"
        if not path.exists():
            return []
        with _damage(path):
            values = _read_json(path)
            return [Condition("version", tuple(values["keys"]), negated=values["negated"])]

    def read_manifest(self) -> Manifest:
        """Read everything that is remembered."""
        path = self.directory / "manifest.json"
        with _damage(path):
            return Manifest.from_json(_read_json(path))

    def write_manifest(self, manifest: Manifest) -> None:
        """Write manifest, state, and what each commit sees; durably."""
        _write_durably(self.directory / "manifest.json", manifest.to_json())
        state = {
            "fingerprint": manifest.fingerprint,
            "refs": refs_to_json(manifest.refs),
            "partial": manifest.partial,
        }
        _write_durably(self.directory / "state.json", json.dumps(state))
        for commit, conditions in manifest.visible().items():
            for condition in conditions:  # at most one
                values = {"negated": condition.negated, "keys": condition.values}
                path = self.directory / "visible" / f"{commit}.json"
                path.parent.mkdir(exist_ok=True)
                _write_durably(path, json.dumps(values))


class Generations:
    """The folder of one index."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def current_name(self) -> str | None:
        """Name of the published generation; None if nothing was ever published."""
        try:
            name = (self.directory / _POINTER).read_text(encoding="ascii").strip()
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise _corrupt(self.directory / _POINTER) from error
        if not _NAME.fullmatch(name):
            raise _corrupt(self.directory / _POINTER)
        return name

    def hold_current(self) -> tuple[Generation, FileLock] | None:
        """The published generation, protected from deletion until the lock is released."""
        while (name := self.current_name()) is not None:
            generation = Generation(self.directory / name)
            lock_path, lock = generation.directory / "lock", None
            try:
                lock = try_lock(lock_path, shared=True)
                if lock and same_file(lock, lock_path):
                    _require_space_to_read(generation.shard)
                    held, lock = lock, None
                    return generation, held
            except FileNotFoundError:
                is_whole = lock_path.exists() and generation.shard.exists()
                if self.current_name() == name and not is_whole:
                    raise _corrupt(generation.directory) from None  # named as current, yet gone
            finally:
                if lock:
                    lock.release()
        return None

    def begin(self, source: Generation | None, *, beside: bool = False) -> Generation:
        """A new directory to build in: a copy of ``source``, or empty.

        Old attempts go, unless it is to be built ``beside`` one that goes on.
        """
        if not beside:
            self._remove_leftovers()
        require_space(self.directory, sizes(source.directory)[0] if source else _EMPTY_SHARD)
        building = self._make_building()
        if source:
            copy_tree(source.shard, building.shard)
        else:
            building.shard.mkdir()
        return building

    def begin_sharing(self, source: Generation) -> Generation:
        """A new directory that has the files of a shard which is never written again."""
        self._remove_leftovers()
        building = self._make_building()
        try:
            shutil.copytree(source.shard, building.shard, copy_function=os.link)
        except (OSError, shutil.Error):  # no links on this file system, or a reader tidied up
            building = self.begin(source)
            for path in building.shard.rglob("*"):  # what is linked is on disk
                _sync(path)
        for folder, _, _ in os.walk(building.shard):
            _sync(Path(folder))
        return building

    def _make_building(self) -> Generation:
        # A name of its own: the engine remembers the path that a shard was opened at.
        name = f"building-{os.getpid()}-{next(_NUMBERS)}"
        building = Generation(self.directory / name)
        building.directory.mkdir()
        return building

    def _remove_leftovers(self) -> None:
        for leftover in self.directory.glob("building-*"):
            shutil.rmtree(leftover, ignore_errors=True)

    def publish(self, building: Generation) -> Path:
        """Make ``building`` the current generation and delete those that nobody reads.

        Returns where it is now.
        """
        # Not counted on from ``current``, which may be what a rebuild has to mend.
        taken = (path.name for path in self.directory.glob("generation-*"))
        found = [int(match[1]) for name in taken if (match := _NAME.fullmatch(name))]
        number = max(found, default=0) + 1
        target = self.directory / f"generation-{number:06d}"
        (building.directory / "lock").touch()
        building.directory.rename(target)
        _sync(self.directory)
        _write_durably(self.directory / _POINTER, target.name + "\n")
        self._sweep(target.name)
        return target

    def _sweep(self, keep: str) -> None:
        for directory in self.directory.glob("generation-*"):
            if directory.name == keep:
                continue
            try:
                lock = try_lock(directory / "lock", shared=False)
            except FileNotFoundError:  # what a killed sweep has left: nobody can read it
                shutil.rmtree(directory, ignore_errors=True)
                continue
            if lock is None:
                continue  # somebody still reads it: the next sync will try again
            shutil.rmtree(directory, ignore_errors=True)
            lock.release()


def require_space(directory: Path, needed: int) -> None:
    """Raise ``StoreError`` unless ``needed`` bytes and a reserve are free.

    The engine writes through memory maps of sparse files: where the disk is full, the kernel
    can only kill the process (SIGBUS). So the space is asked for before, with room to spare.
    """
    free = shutil.disk_usage(directory).free
    if free < needed + _RESERVE:
        raise StoreError(
            f"Not enough disk space in {directory}: {free >> 20} MiB free, "
            f"{(needed + _RESERVE) >> 20} MiB needed",
            "Free some space, or choose another place with CODESEARCH_HOME or --index-dir; "
            "what was indexed so far is kept",
        )


def sizes(directory: Path) -> tuple[int, int]:
    """Bytes that the files of a directory span, and those that they occupy (without holes)."""
    spanned = occupied = 0
    for folder, _, names in os.walk(directory):
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                status = Path(folder, name).stat()
                spanned += status.st_size
                occupied += status.st_blocks * 512
    return spanned, occupied


def _require_space_to_read(shard: Path) -> None:
    """On a file system in memory, reading a hole of a mapped file fills it: see above."""
    spanned, occupied = sizes(shard)
    if shutil.disk_usage(shard).free < spanned - occupied and _is_in_memory(shard):
        require_space(shard, spanned - occupied)


def _is_in_memory(path: Path) -> bool:
    device = path.stat().st_dev
    number = f"{os.major(device)}:{os.minor(device)}"
    try:
        mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:  # not Linux
        return False
    rows = (line.split() for line in mounts.splitlines())
    return any(row[2] == number and "tmpfs" in row[row.index("-") :] for row in rows)


def copy_tree(source: Path, target: Path) -> None:
    """Copy a directory, sharing blocks where the file system can, and keeping holes."""
    if sys.platform == "darwin":
        command = ["cp", "-Rc", str(source), str(target)]
    else:
        command = ["cp", "-R", "--reflink=auto", "--sparse=auto", str(source), str(target)]
    for _ in range(_COPIES):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if not done.returncode:
            return
        # Who loads a shard replaces its configuration and drops its journals, which hold nothing
        # that is not flushed: a file can go while it is being copied.
        shutil.rmtree(target, ignore_errors=True)
    raise StoreError(f"Cannot copy {source}: {done.stderr.strip()}", "Check the disk")


@contextlib.contextmanager
def writing(directory: Path) -> Iterator[None]:
    """Turn the operating system's refusals into ``StoreError``."""
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"Cannot write the index in {directory}: {error.strerror or error}",
            "Make the folder writable, or choose another with CODESEARCH_HOME or --index-dir",
        ) from error


def _read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


@contextlib.contextmanager
def _damage(path: Path) -> Iterator[None]:
    """Whatever goes wrong with the file's content: the index is damaged."""
    try:
        yield
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise _corrupt(path) from error


def _write_durably(path: Path, text: str) -> None:
    temporary = path.with_name(path.name + ".new")
    with temporary.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    _sync(path.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _corrupt(path: Path) -> StoreError:
    return StoreError(
        f"The index is damaged: {path} cannot be read",
        "Build it anew: codesearch index --rebuild (vectors already computed are reused)",
    )
