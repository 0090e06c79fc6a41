"""How a working tree differs from a commit, in chunks: read, parsed, and remembered by content."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from indexers.chunker import chunk_text
from indexers.repository import Repository
from indexers.skip import RULE_FILE_BYTES, Rules, Source, is_rule_file, rule_text, rule_texts
from indexers.types import Chunk, TreeEntry
from indexers.worktree import UNTRACKED, Change, Stamp, WorkingTree, blob_id

_ANY_MODE = 0o100755  # for a file that was not looked at: what stays out with it stays out


@dataclass(frozen=True, slots=True)
class Difference:
    """A path of which a commit does not, or may not, say what there is now."""

    path: str
    name: bytes  # as the file system has it
    old: TreeEntry | None  # what an index of the commit may have of it
    now: TreeEntry | None  # None: it is gone, or stays out. Its blob is "" where git knows none
    stamp: Stamp | None = None  # of the file, where it has to be read
    moved: bool = False  # changed rule files say something else about it
    only_moved: bool = False  # and its content has not changed


@dataclass(frozen=True, slots=True)
class FileNow:
    """A file as it is now."""

    blob: str = ""
    chunks: tuple[Chunk, ...] = ()  # none where it is gone or stays out


@dataclass(frozen=True, slots=True)
class _Remembered:
    stamp: Stamp | None  # a file of this stamp has this content; None: it may have another
    old: str | None  # blob at the commit
    rules: str  # digest of those that decided
    blob: str
    file: FileNow | None  # None: it does not differ


class Differences:
    """The differences of one working tree from commits. Not for several threads at once.

    Asked again, it reads only files whose stamps have changed and parses only new content.
    """

    def __init__(
        self,
        repository: Repository,
        tree: WorkingTree,
        *,
        max_file_bytes: int,
        exclude: Sequence[str],
    ) -> None:
        self._repository = repository
        self._tree = tree
        self._max_file_bytes = max_file_bytes
        self._exclude = tuple(exclude)
        self._remembered: dict[str, _Remembered] = {}
        self._committed: tuple[str, dict[str, str]] | None = None  # a commit, and its rule files
        self._texts: dict[str, str] | None = None  # the rule files as they are now
        self._rules = self._old_rules = self._rules_of({})
        self._outside: set[str] = set()  # what stays out by its path

    def survey(self, commit: str, changes: Sequence[Change]) -> list[Difference]:
        """What may differ from ``commit``, by the tree's ``changes`` from it.

        What is gone comes first, then the rest, the latest change first.
        Last comes what only changed rule files say something else about. Nothing is read yet but
        the rule files. Raises ``RepositoryError``.
        """
        self._take_rules(commit, changes)
        found = [d for d in map(self._placed, changes) if d is not None]
        found += self._moved(commit, {change.path for change in changes})
        paths = {difference.path for difference in found}
        self._remembered = {p: file for p, file in self._remembered.items() if p in paths}
        return sorted(found, key=_latest_first)

    def read(self, difference: Difference) -> FileNow | None:
        """The file as it is now; None where that is, after all, what the commit has.

        Raises ``OSError`` or ``RepositoryError`` where it cannot be read.
        """
        if difference.now is None:
            return FileNow()
        known = self._remembered.get(difference.path)
        if known is None or not self._still_true(known, difference):
            known = self._read(difference, difference.now, known)
            self._remembered[difference.path] = known
        return known.file

    def knows(self, difference: Difference) -> bool:
        """Whether ``read`` will neither read nor parse."""
        known = self._remembered.get(difference.path)
        if difference.now is None:
            return True
        return known is not None and self._still_true(known, difference)

    def _read(
        self, difference: Difference, now: TreeEntry, known: _Remembered | None
    ) -> _Remembered:
        stamp: Stamp | None = None
        if now.blob:
            data = self._repository.read(now.blob, now.path)
            blob = now.blob
        else:
            content = self._tree.read(difference.name, self._max_file_bytes)
            if content is None:  # it has vanished since
                return self._memory(difference, None, "", FileNow())
            stamp, data = content
            blob = blob_id(data, self._tree_id)
        if _is_old(difference, blob, data):
            return self._memory(difference, stamp, blob, None)
        if known and known.file and (known.blob, known.rules) == (blob, self._rules.digest):
            return self._memory(difference, stamp, blob, known.file)
        return self._memory(difference, stamp, blob, FileNow(blob, self._cut(now.path, blob, data)))

    def _memory(
        self, difference: Difference, stamp: Stamp | None, blob: str, file: FileNow | None
    ) -> _Remembered:
        old = difference.old.blob if difference.old else None
        return _Remembered(stamp, old, self._rules.digest, blob, file)

    def _still_true(self, known: _Remembered, difference: Difference) -> bool:
        old = difference.old.blob if difference.old else None
        if (known.old, known.rules) != (old, self._rules.digest) or difference.now is None:
            return False
        if difference.now.blob:
            return difference.now.blob == known.blob
        return known.stamp is not None and known.stamp == difference.stamp

    def _cut(self, path: str, blob: str, data: bytes) -> tuple[Chunk, ...]:
        found = self._rules.examine(path, data)
        if not isinstance(found, Source):
            return ()
        return tuple(chunk_text(found.text, path=path, language=found.language, blob=blob))

    def _placed(self, change: Change) -> Difference | None:
        """What to do about a change; None: nothing, for an index has and takes nothing of it."""
        moved = self._has_moved(change.path)
        old = change.old
        if old is not None and not moved and self._rules.by_entry(old) is not None:
            old = None
        now, stamp = self._as_it_is(change)
        if old is None and now is None:
            return None
        return Difference(change.path, change.name, old, now, stamp, moved)

    def _as_it_is(self, change: Change) -> tuple[TreeEntry | None, Stamp | None]:
        """The row that a tree would have for the file; None if it is gone or stays out."""
        path = change.path
        if change.mode == 0 or path in self._outside:
            return None, None
        if self._rules.by_entry(TreeEntry(path, "", _ANY_MODE)) is not None:
            self._outside.add(path)
            return None, None
        now, stamp = TreeEntry(path, change.blob or "", change.mode), None
        if change.blob is None:
            seen = self._tree.look(change.name)
            if seen is None or not stat.S_ISREG(seen[1]):
                return None, None
            stamp, mode = seen
            if change.mode == UNTRACKED:
                now = TreeEntry(path, "", 0o100755 if mode & stat.S_IXUSR else 0o100644)
            now = TreeEntry(path, "", now.mode, size=stamp[2])
        return (now, stamp) if self._rules.by_entry(now) is None else (None, None)

    def _take_rules(self, commit: str, changes: Sequence[Change]) -> None:
        """Let ``_rules`` be those of the working tree, and ``_old_rules`` those of the commit."""
        if self._committed is None or self._committed[0] != commit:
            self._committed = (commit, rule_texts(self._repository, commit))
            self._texts = None
        texts = dict(self._committed[1])
        for change in changes:
            if is_rule_file(change.path):
                texts.pop(change.path, None)
                texts |= self._rule_file(change)
        if texts != self._texts:
            self._texts = texts
            self._old_rules = self._rules_of(self._committed[1])
            self._rules = self._rules_of(texts)
            self._outside.clear()

    def _rule_file(self, change: Change) -> dict[str, str]:
        if change.mode == 0 or not stat.S_ISREG(change.mode):
            return {}
        if change.blob is not None:
            return {change.path: rule_text(self._repository.read(change.blob, change.path))}
        try:
            content = self._tree.read(change.name, RULE_FILE_BYTES)
        except OSError:
            return {}
        return {change.path: rule_text(content[1])} if content else {}

    def _rules_of(self, texts: dict[str, str]) -> Rules:
        return Rules.of(texts, max_file_bytes=self._max_file_bytes, exclude=self._exclude)

    def _has_moved(self, path: str) -> bool:
        if self._rules.digest == self._old_rules.digest:
            return False
        return self._rules.stance(path) != self._old_rules.stance(path)

    def _moved(self, commit: str, changed: set[str]) -> Iterator[Difference]:
        """Unchanged files about which the changed rule files say something else."""
        if self._rules.digest == self._old_rules.digest:
            return
        for entry in self._repository.tree(commit):
            if entry.path not in changed and self._has_moved(entry.path):
                now = entry if self._rules.by_entry(entry) is None else None
                yield Difference(entry.path, os.fsencode(entry.path), entry, now, None, True, True)

    @property
    def _tree_id(self) -> str:
        assert self._committed is not None
        return self._committed[0]


def _is_old(difference: Difference, blob: str, data: bytes) -> bool:
    """Whether this is the content that an index of the commit has, under the same rules."""
    old = difference.old
    if old is None or difference.moved:
        return False
    if blob == old.blob:
        return True
    # As git checks it out where line ends are converted; chunks are the same.
    return b"\r\n" in data and blob_id(data.replace(b"\r\n", b"\n"), blob) == old.blob


def _latest_first(difference: Difference) -> tuple[bool, bool, int, str]:
    changed = difference.stamp[3] if difference.stamp else 0
    return difference.now is not None, difference.only_moved, -changed, difference.path
