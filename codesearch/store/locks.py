"""Advisory file locks (flock): freed by the kernel when their process dies, however it dies."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

from codesearch.errors import IndexLockedError


class FileLock:
    """A held lock on a file; ``release`` or the end of the process frees it."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor

    @property
    def descriptor(self) -> int:
        """The open file that carries the lock."""
        assert self._descriptor is not None, "the lock was released"
        return self._descriptor

    def release(self) -> None:
        """Free the lock; doing it twice is fine."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def try_lock(path: Path, *, shared: bool, create: bool = False) -> FileLock | None:
    """Take the lock now, or return None if somebody holds it. FileNotFoundError if no file."""
    flags = os.O_CLOEXEC | (os.O_RDWR | os.O_CREAT if create else os.O_RDONLY)
    descriptor = os.open(path, flags, 0o644)
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except BaseException:
        os.close(descriptor)
        raise
    return FileLock(descriptor)


def same_file(lock: FileLock, path: Path) -> bool:
    """Whether a lock is on the file that now stands at ``path``. FileNotFoundError if none."""
    return os.path.samestat(os.fstat(lock.descriptor), path.stat())


def writer_lock(path: Path, *, wait: bool) -> FileLock:
    """The one writer's lock; the file holds its process id, for the others' message.

    Raises:
        IndexLockedError: another process holds it and ``wait`` is False.
    """
    while (lock := try_lock(path, shared=False, create=True)) is None:
        if not wait:
            holder = path.read_text(encoding="ascii", errors="replace").strip() or "unknown"
            raise IndexLockedError(
                f"Another process (pid {holder}) is writing this index",
                "Wait until it is done, or leave out --no-wait to have this done for you",
            )
        time.sleep(0.1)
    os.ftruncate(lock.descriptor, 0)
    os.pwrite(lock.descriptor, str(os.getpid()).encode(), 0)
    return lock
