"""A working tree: what differs from a commit, and a file's content as it is at this moment.

git compares (``diff-index``, ``ls-files``: plumbing that trusts the stat cache and writes
nothing, every filter disarmed); the files it names are read by us. What counts is the content as
it stands in the working tree: no clean filter is run, so a file under one (Git LFS, git-crypt)
that git's stat cache vouches for is what the commit has, and one that was touched is what the disk
has. Line ends need no filter: chunks have none but ``\\n``. Links are never followed, neither at a
path's end nor on the way to it, so nothing outside of the tree is read.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from indexers import git
from indexers.errors import RepositoryError
from indexers.types import TreeEntry

Stamp = tuple[int, int, int, int, int]  # device, inode, size, times of change of content and inode

UNTRACKED = 0o100000  # mode of a file that git's index does not have
_RACY_NS = 2_000_000_000  # a file may change twice within a tick of its clock (FAT: 2 s)
_GONE = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EISDIR, errno.ENXIO}
_REMEDY = "see `git status`; or leave the working tree out (search --no-overlay)"
_STATUS = ("status", "--porcelain", "-z", "--untracked-files=no", "--no-renames")
_DIFF = ("diff-index", "--raw", "-z", "--no-abbrev", "--no-renames")
_NO_SUBMODULES = "--ignore-submodules=all"
_OTHERS = ("ls-files", "-z", "--others", "--exclude-standard")


@dataclass(frozen=True, slots=True)
class Change:
    """A file that is not, or may not be, in the working tree as it is in a commit."""

    path: str  # as ``Repository.tree`` writes it
    name: bytes  # as the file system has it
    old: TreeEntry | None  # as the commit has it; None where it has none
    mode: int  # as git sees it in the working tree; 0 where it is gone, or ``UNTRACKED``
    blob: str | None = None  # its content, where git's index knows it; None: to be read


class WorkingTree:
    """The files under ``root``. Raises ``RepositoryError`` where git fails."""

    def __init__(self, git_dir: Path, root: Path) -> None:
        self.git_dir = git_dir
        self.root = root

    def changes(self, commit: str) -> list[Change]:
        """What differs from ``commit``, by path: changed, gone, or new and not ignored.

        A file whose time stamp alone has changed may be among them. Submodules are not looked
        into. Costs two git processes beside each other, and one before.
        """
        with ThreadPoolExecutor(1) as beside:
            others = beside.submit(self._git, _OTHERS)
            rows = self._git((*_DIFF, _NO_SUBMODULES, commit, "--"), self._filters_off())
            found = {change.path: change for change in _changed(rows)}
            names = [name for name in others.result().split(b"\0") if name]
        for name in names:
            if not name.endswith(b"/"):  # a repository in the repository
                path = git.as_text(name)
                old = found[path].old if path in found else None  # `git rm --cached`
                found[path] = Change(path, name, old, UNTRACKED)
        return sorted(found.values(), key=lambda change: change.path)

    def dirty_files(self) -> int:
        """How many tracked files differ from HEAD, staged or not.

        A file under a clean filter (Git LFS) whose time stamp changed may be counted although its
        content did not.
        """
        return self._git((*_STATUS, _NO_SUBMODULES), self._filters_off()).count(b"\0")

    def look(self, name: bytes) -> tuple[Stamp, int] | None:
        """Stamp and mode of a file, without opening it; None where there is none."""
        try:
            status = os.lstat(os.path.join(os.fsencode(self.root), name))  # noqa: PTH118  bytes
        except OSError:
            return None
        return _stamp(status), status.st_mode

    def read(self, name: bytes, limit: int) -> tuple[Stamp | None, bytes] | None:
        """Content of a regular file, at most ``limit`` bytes and one; None where there is none.

        The stamp is None where the file may change without changing it: it is too new.
        Raises ``PermissionError`` or another ``OSError`` where it is there and cannot be read.
        """
        try:
            with self._opened(name) as file:
                before = os.fstat(file)
                if not stat.S_ISREG(before.st_mode):
                    return None
                data = b"".join(_read(file, limit + 1))
                after = os.fstat(file)
        except OSError as error:
            if error.errno in _GONE:
                return None
            raise
        settled = time.time_ns() - after.st_mtime_ns > _RACY_NS
        same = _stamp(before) == _stamp(after)
        return (_stamp(after) if settled and same else None), data

    @contextmanager
    def _opened(self, name: bytes) -> Iterator[int]:
        """The file as a descriptor, found without following any link below the root."""
        *folders, last = name.split(b"/")
        opened = [os.open(self.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)]
        try:
            for folder in folders:
                if folder in (b"", b".", b".."):
                    raise FileNotFoundError(errno.ENOENT, "not a path of git", name)
                flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
                opened.append(os.open(folder, flags, dir_fd=opened[-1]))
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # not wait for pipes
            opened.append(os.open(last, flags, dir_fd=opened[-1]))
            yield opened[-1]
        finally:
            for descriptor in opened:
                os.close(descriptor)

    def _git(
        self, arguments: tuple[str, ...], overrides: list[tuple[str, str]] | None = None
    ) -> bytes:
        if not self.root.is_dir():
            raise RepositoryError(f"the working tree {self.root} is gone", _REMEDY)
        done = git.run(
            [f"--git-dir={self.git_dir}", f"--work-tree={self.root}", *arguments],
            cwd=self.root,
            overrides=overrides or (),
        )
        if done.returncode != 0:
            words = git.last_words(done.stderr)
            raise RepositoryError(f"cannot look through {self.root}: {words}", _REMEDY)
        return done.stdout

    def _filters_off(self) -> list[tuple[str, str]]:
        """Overrides that disarm every filter: a repository's own configuration names programs."""
        listing = ["config", "--name-only", "-z", "--get-regexp", r"^filter\."]
        done = git.run([f"--git-dir={self.git_dir}", *listing])
        keys = done.stdout.decode(errors="surrogateescape").split("\0")
        drivers = sorted({key.rpartition(".")[0] for key in keys if key})
        wanted = (("clean", ""), ("smudge", ""), ("process", ""), ("required", "false"))
        return [(f"{driver}.{key}", value) for driver in drivers for key, value in wanted]


def blob_id(data: bytes, like: str) -> str:
    """The id that git gives to a blob of this content, where ids look ``like`` this one."""
    digest = hashlib.sha1 if len(like) == 40 else hashlib.sha256
    return digest(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def _changed(rows: bytes) -> Iterator[Change]:
    fields = iter(rows.split(b"\0"))
    for info in fields:
        name = next(fields, b"")
        if not info.startswith(b":") or not name:
            continue
        old_mode, mode, old_blob, blob, _ = info[1:].decode("ascii").split()
        path = git.as_text(name)
        old = TreeEntry(path, old_blob, int(old_mode, 8)) if int(old_mode, 8) else None
        yield Change(path, name, old, int(mode, 8), blob if blob.strip("0") else None)


def _stamp(status: os.stat_result) -> Stamp:
    times = status.st_mtime_ns, status.st_ctime_ns
    return (status.st_dev, status.st_ino, status.st_size, *times)


def _read(descriptor: int, most: int) -> Iterator[bytes]:
    with suppress(BlockingIOError):
        while most > 0 and (data := os.read(descriptor, min(most, 1 << 20))):
            most -= len(data)
            yield data
