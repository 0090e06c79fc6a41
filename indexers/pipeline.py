"""A commit goes in, files and chunks come out: first a plan, then its run.

What is to be done follows from comparing the new tree with what the index remembers of each path,
not from ``git diff`` of two commits. That stays exact where a diff does not: after a force push,
when the old commit is gone or was never here, when the last run was killed half way, when the
rules changed in between. And it is cheap: git lists 1,700 files in 20 ms.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from stat import S_ISREG
from typing import Any, Protocol

from indexers.chunker import chunk_text
from indexers.repository import Repository
from indexers.skip import Rules, Source, by_mode
from indexers.types import Chunk, FileVersion, Sink, SkipReason, TreeEntry


@dataclass(frozen=True, slots=True)
class Step:
    """How far a run is: told before each file it reads, and once at its end (path "")."""

    files_done: int
    files_total: int  # of those that are read; what is unchanged or skipped unread is not in it
    bytes_done: int
    bytes_total: int  # less than the truth where git does not know sizes
    path: str


OnProgress = Callable[[Step], None]


class Known(Protocol):
    """What an index remembers of a path."""

    @property
    def blob(self) -> str:
        """The object that it was."""
        ...

    @property
    def skipped(self) -> str | None:
        """A ``SkipReason``; None: it is in the index."""
        ...


@dataclass(frozen=True, slots=True)
class Plan:
    """What there is to do to bring an index to ``commit``."""

    commit: str
    rules: Rules
    remove: tuple[FileVersion, ...]  # known (indexed or skipped) and no longer true
    skip: tuple[tuple[FileVersion, SkipReason], ...]  # decided without reading
    read: tuple[TreeEntry, ...]  # to be read, and chunked unless the content speaks against it
    # Decided by content under other rules, with the decision: read, and touched if it changes.
    check: tuple[tuple[TreeEntry, str | None], ...]
    unchanged: int  # indexed before and still so; not touched
    still_skipped: Mapping[str, int]  # skipped before and still so; not touched

    @property
    def rules_digest(self) -> str:
        """What an index keeps, to know the next time whether the rules are the same."""
        return self.rules.digest

    @property
    def is_empty(self) -> bool:
        """True if the index is at this commit already."""
        return not (self.remove or self.skip or self.read or self.check)


@dataclass(slots=True)
class Report:
    """What a run did."""

    commit: str
    files: int = 0  # given to the sink with their chunks
    chunks: int = 0
    removed: int = 0  # file versions forgotten, those that were skipped included
    unchanged: int = 0  # files that were in the index already
    bytes_read: int = 0
    languages: Counter[str] = field(default_factory=Counter)  # files by language, of ``files``
    skipped: Counter[str] = field(default_factory=Counter)  # of the whole tree, by SkipReason
    complete: bool = True  # False: stopped before the end


def make_plan(
    repository: Repository,
    commit: str,
    known: Mapping[str, Known],
    *,
    rules: Rules,
    same_rules: bool,
    root: str = "",
) -> Plan:
    """Compare the tree at ``commit`` (below the folder ``root``) with what is ``known`` by path.

    ``same_rules``: whether ``known`` was made under rules of the same digest. If not, every
    decision is made again. Raises ``RepositoryError``.
    """
    entries = repository.tree(commit, root)
    draft = _Draft(rules, same_rules)
    for entry in entries:
        was = known.get(entry.path)
        is_in = was is not None and not was.skipped and was.blob == entry.blob
        if is_in and same_rules and S_ISREG(entry.mode):
            draft.unchanged += 1  # nearly all of them, and a call for each is 10 ms
        else:
            draft.place(entry, was)
    there = {entry.path for entry in entries}
    gone = [FileVersion(path, was.blob) for path, was in known.items() if path not in there]
    return Plan(
        commit=commit,
        rules=rules,
        remove=(*gone, *draft.remove),
        skip=tuple(draft.skip),
        read=tuple(draft.read),
        check=tuple(draft.check),
        unchanged=draft.unchanged,
        still_skipped=draft.still_skipped,
    )


class _Draft:
    def __init__(self, rules: Rules, same_rules: bool) -> None:
        self._rules = rules
        self._same_rules = same_rules
        self.remove: list[FileVersion] = []
        self.skip: list[tuple[FileVersion, SkipReason]] = []
        self.read: list[TreeEntry] = []
        self.check: list[tuple[TreeEntry, str | None]] = []
        self.unchanged = 0
        self.still_skipped: Counter[str] = Counter()

    def place(self, entry: TreeEntry, was: Known | None) -> None:
        """Put one file where it belongs."""
        same = was is not None and was.blob == entry.blob and _same_mode(entry, was)
        if was is not None and same and self._same_rules:
            self._leave(was.skipped)
            return
        file = FileVersion(entry.path, entry.blob)
        reason = self._rules.by_entry(entry)
        if was is not None and same and reason is None:
            self.check.append((entry, was.skipped))
            return
        if was is not None and same and reason == was.skipped:
            self._leave(reason)
            return
        if was is not None:
            self.remove.append(FileVersion(entry.path, was.blob))
        if reason is not None:
            self.skip.append((file, reason))
        else:
            self.read.append(entry)

    def _leave(self, skipped: str | None) -> None:
        if skipped is None:
            self.unchanged += 1
        else:
            self.still_skipped[skipped] += 1


def _same_mode(entry: TreeEntry, was: Known) -> bool:
    # A file that becomes a symbolic link may keep its blob; other modes make no difference.
    irregular = was.skipped if was.skipped in (SkipReason.SYMLINK, SkipReason.SUBMODULE) else None
    return by_mode(entry) == irregular


def run(
    repository: Repository,
    plan: Plan,
    sink: Sink,
    *,
    on_progress: OnProgress | None = None,
    should_stop: Callable[[], bool] | None = None,
    budget: int | None = None,
    measure: Callable[[str], int] | None = None,
) -> Report:
    """Carry out ``plan``: removals first, then what is skipped unread, then file by file.

    ``budget`` and ``measure`` go to the chunker, whose own they replace. One file's text is held
    at a time. ``should_stop`` is asked before every file. Raises ``RepositoryError`` naming the
    path where git cannot read a file: the sink then has all files before it, and nothing of it.
    """
    return _Run(repository, plan, sink, budget, measure).whole(on_progress, should_stop)


def survey(
    repository: Repository,
    commit: str,
    *,
    rules: Rules,
    root: str = "",
    on_progress: OnProgress | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Report:
    """What a first index of ``commit`` would hold and leave out: reads and cuts, stores nothing.

    Raises ``RepositoryError`` as :func:`run` does.
    """
    plan = make_plan(repository, commit, {}, rules=rules, same_rules=True, root=root)
    return run(repository, plan, _Nowhere(), on_progress=on_progress, should_stop=should_stop)


class _New(Enum):
    NEW = auto()


_NEW = _New.NEW  # no decision was made before


class _Run:
    def __init__(
        self,
        repository: Repository,
        plan: Plan,
        sink: Sink,
        budget: int | None,
        measure: Callable[[str], int] | None,
    ) -> None:
        self._repository = repository
        self._plan = plan
        self._sink = sink
        given = {"budget": budget, "measure": measure}
        self._options: dict[str, Any] = {k: v for k, v in given.items() if v is not None}
        self._report = Report(plan.commit)

    def whole(
        self, on_progress: OnProgress | None, should_stop: Callable[[], bool] | None
    ) -> Report:
        plan, report = self._plan, self._report
        report.unchanged = plan.unchanged
        report.skipped.update(plan.still_skipped)
        for gone in plan.remove:
            self._remove(gone)
        for file, reason in plan.skip:
            self._skip(file, reason)
        work = [*plan.check, *((entry, _NEW) for entry in plan.read)]
        total = sum(max(entry.size, 0) for entry, _ in work)
        for done, (entry, before) in enumerate(work):
            if should_stop is not None and should_stop():
                report.complete = False
                return report
            if on_progress is not None:
                on_progress(Step(done, len(work), report.bytes_read, total, entry.path))
            self._read(entry, before)
        if on_progress is not None:
            on_progress(Step(len(work), len(work), report.bytes_read, total, ""))
        return report

    def _read(self, entry: TreeEntry, before: str | _New | None) -> None:
        data = self._repository.read(entry.blob, entry.path)
        self._report.bytes_read += len(data)
        found = self._plan.rules.examine(entry.path, data)
        file = FileVersion(entry.path, entry.blob)
        now = found if isinstance(found, SkipReason) else None
        if now == before:
            self._leave(now)
            return
        # Cut before anything is removed: what fails leaves the sink as it was.
        chunks = self._cut(entry, found) if isinstance(found, Source) else []
        if before is not _NEW:
            self._remove(file)
        if now is not None:
            self._skip(file, now)
            return
        self._sink.add(file, chunks)
        self._report.files += 1
        self._report.chunks += len(chunks)

    def _cut(self, entry: TreeEntry, source: Source) -> list[Chunk]:
        self._report.languages[source.language] += 1
        return chunk_text(
            source.text,
            path=entry.path,
            language=source.language,
            blob=entry.blob,
            **self._options,
        )

    def _leave(self, skipped: str | None) -> None:
        if skipped is None:
            self._report.unchanged += 1
        else:
            self._report.skipped[skipped] += 1

    def _remove(self, file: FileVersion) -> None:
        self._sink.remove(file)
        self._report.removed += 1

    def _skip(self, file: FileVersion, reason: SkipReason) -> None:
        self._sink.skip(file, reason)
        self._report.skipped[reason] += 1


class _Nowhere:
    """A sink that keeps nothing: the report counts."""

    def remove(self, file: FileVersion) -> None: ...
    def add(self, file: FileVersion, chunks: Sequence[Chunk]) -> None: ...
    def skip(self, file: FileVersion, reason: SkipReason) -> None: ...
