"""All files of a commit; of the next commit only what differs is asked for."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from indexers import git
from indexers.errors import RepositoryError
from indexers.types import TreeEntry

# A tree that git itself would refuse to check out; no path of ours may leave the repository.
_UNSAFE_PATH = re.compile(r"(?:^|/)(?:\.{0,2}|\.git)(?:/|\Z)", re.IGNORECASE)
_SUBMODULE = b"160000"
_NOTHING = b"000000"  # the mode of what is not there
# The user's configuration may hide submodules from a difference, or fold it to a folder.
_DIFFERENCES = ("diff-tree", "-r", "-z", "--raw", "--no-renames", "--ignore-submodules=none")


class _Row(NamedTuple):  # of which a large tree makes many: a dataclass takes thrice as long
    """A row as git wrote it."""

    name: bytes
    mode: bytes
    blob: bytes


@dataclass(frozen=True)
class _Tree:
    commit: str
    root: str
    entries: Mapping[bytes, TreeEntry | None]  # by name, in git's order; None: unsafe
    is_base: bool  # whether the tree of another commit may be made from it

    @cached_property
    def files(self) -> tuple[TreeEntry, ...]:
        """By path, for odd bytes of two names may be written alike."""
        return tuple({entry.path: entry for entry in self.entries.values() if entry}.values())


class TreeLists:
    """Lists the trees of one repository, and keeps the last one."""

    def __init__(self, git_dir: Path) -> None:
        self._here = f"--git-dir={git_dir}"
        self._last: _Tree | None = None

    def at(self, commit: str, root: str) -> list[TreeEntry]:
        """See ``Repository.tree``."""
        tree = self._last  # may be asked for in several threads at once
        if tree is None or (tree.commit, tree.root) != (commit, root):
            changed = self._changed(tree, commit) if tree and tree.is_base and not root else None
            self._last = tree = changed or self._whole(commit, root)
        return list(tree.files)

    def _whole(self, commit: str, root: str) -> _Tree:
        paths = ["--", root.strip("/")] if root.strip("/") else []
        done = git.run([self._here, "ls-tree", "-r", "-z", "--full-tree", commit, *paths])
        if done.returncode != 0:
            words = git.last_words(done.stderr)
            raise RepositoryError(f"cannot list the files of {commit[:12]}: {words}", git.FSCK)
        rows = []
        for line in filter(None, done.stdout.split(b"\0")):
            info, _, name = line.partition(b"\t")
            mode, _, blob = info.split()
            rows.append(_Row(name, mode, blob))
        entries, is_sized = self._entries(rows)
        # A hostile tree may name a path twice; the last one counts.
        is_base = is_sized and not paths and len(entries) == len(rows)
        return _Tree(commit, root, entries, is_base)

    def _changed(self, base: _Tree, commit: str) -> _Tree | None:
        """The tree at ``commit`` as ``base`` and a difference; None where that does not say it.

        Of 6,400 files git lists the difference in 2 ms and the whole in 12, which then want 20 to
        be taken apart.
        """
        done = git.run([self._here, *_DIFFERENCES, base.commit, commit])
        if done.returncode != 0:  # the other commit is gone, say after a force push
            return None
        fields = done.stdout.split(b"\0")
        entries, rows = dict(base.entries), {}
        for info, name in zip(fields[:-1:2], fields[1::2], strict=True):
            old_mode, mode, _, blob, _ = info.removeprefix(b":").split()
            if name in rows or (name in base.entries) != (old_mode != _NOTHING):
                return None  # a hostile tree, which names a path twice
            rows[name] = _Row(name, mode, blob)
        there, is_sized = self._entries([row for row in rows.values() if row.mode != _NOTHING])
        entries |= there
        for name in rows.keys() - there.keys():
            del entries[name]
        if not there.keys() <= base.entries.keys():
            entries = dict(sorted(entries.items()))
        return _Tree(commit, "", entries, is_sized)

    def _entries(self, rows: Sequence[_Row]) -> tuple[dict[bytes, TreeEntry | None], bool]:
        """What rows say, and whether all of it is known: in a partial clone, sizes come later."""
        sizes = self._sizes([row for row in rows if row.mode != _SUBMODULE])
        entries = {row.name: _entry(row, sizes.get(row.blob, -1)) for row in rows}
        return entries, all(row.blob in sizes or row.mode == _SUBMODULE for row in rows)

    def _sizes(self, rows: Sequence[_Row]) -> dict[bytes, int]:
        """Bytes of the blobs, as far as they are here. ``ls-tree --long`` takes twice as long."""
        if not rows:
            return {}
        command = ["cat-file", "--batch-check=%(objectname) %(objecttype) %(objectsize)"]
        given = b"".join(row.blob + b"\n" for row in rows)
        done = git.run([self._here, *command, "--buffer"], given=given)
        answers = [line.split() for line in done.stdout.splitlines()]
        return {one[0]: int(one[2]) for one in answers if len(one) == 3 and one[1] == b"blob"}


def _entry(row: _Row, size: int) -> TreeEntry | None:
    """None for a path that no checkout would write."""
    path = git.as_text(row.name)
    if _UNSAFE_PATH.search(path):
        return None
    return TreeEntry(path, row.blob.decode("ascii"), int(row.mode, 8), size)
