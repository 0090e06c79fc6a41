"""Bring many repositories up to date, unattended: what ``codesearch sync`` and the git hooks run.

One repository after the other, each index closed before the next is opened, so memory is bounded
by the largest. A repository that fails is told and left; the others go on. Whatever is killed goes
on where it was at the next run: that is the index's own property, nothing is remembered here.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from codesearch.errors import CodesearchError, RepositoryError
from codesearch.events import Event, Kind
from codesearch.home import is_in
from codesearch.index import Index
from indexers import git
from indexers.fetch import fetch
from indexers.repository import Repository, is_object_id

if TYPE_CHECKING:
    from codesearch.home import Home
    from codesearch.settings import Settings
    from codesearch.sync import OnProgress
    from codesearch.types import IndexedRef, Progress, SyncReport

Events = Generator[Event, None, None]
# Given the repository's folder and the ref: around the sync of that ref, for a progress bar.
Watch = Callable[[str, str], "AbstractContextManager[OnProgress | None]"]

_SIGN_OF_LIFE = 30.0  # seconds


@dataclass(frozen=True, slots=True)
class Job:
    """A repository to bring up to date."""

    path: Path
    refs: tuple[str, ...] = ()  # names, or patterns over branches and tags; none: those followed
    fetch: bool = False  # from its remotes, before anything else
    index_dir: Path | None = None  # None: where ``Index.open`` finds it
    required: bool = True  # whether it is a failure that there is no such folder


def registered(home: Home) -> list[Job]:
    """A job for every repository that ever used an index of this home."""
    folders = {folder for _, card in home.indexes() for folder in card.folders}
    return [Job(folder, required=False) for folder in sorted(folders)]


def run(
    jobs: Iterable[Job],
    settings: Settings,
    *,
    wait: bool = True,
    watch: Watch | None = None,
) -> Events:
    """Bring the index of every job's repository up to date; tell what happens as it happens.

    Without ``refs`` all that an index follows is brought to where git has it (detached HEADs of
    other worktrees, too), or HEAD is indexed where nothing is yet. Refs that are named are
    followed from then on.

    Args:
        jobs: done one after the other.
        settings: as for ``Index.open``.
        wait: wait for another process that writes an index; otherwise that is a failure.
        watch: called around the sync of each ref; what it yields is called often meanwhile.

    Yields:
        Events; the last is ``Kind.FINISHED``, whose ``failed`` names the repositories with errors.
        Errors are events: only an interrupt (``KeyboardInterrupt``) is raised.
    """
    return summed_up(jobs, lambda job: bring(job, settings, wait, watch or _nobody))


def summed_up(jobs: Iterable[Job], do: Callable[[Job], Events]) -> Events:
    """The events of all jobs, done one after the other, and how it ended."""
    started = time.perf_counter()
    failed: dict[str, None] = {}
    number = 0
    for job in jobs:
        number += 1
        with closing(do(job)) as events:
            for event in events:
                if event.level == "error":
                    failed[event.repository or str(job.path)] = None
                yield event
        gc.collect()  # an index and its encoder hold each other; one after the other is the promise
    seconds = time.perf_counter() - started
    yield Event(Kind.FINISHED, repositories=number, failed=tuple(failed), seconds=seconds)


def signs_of_life(tell: Callable[[Event], None]) -> Watch:
    """Tells of a long sync twice a minute."""

    @contextmanager
    def watch(repository: str, ref: str) -> Iterator[OnProgress]:
        last = time.monotonic()

        def on_progress(now: Progress) -> None:
            nonlocal last
            if time.monotonic() - last < _SIGN_OF_LIFE:
                return
            last = time.monotonic()
            done = (now.files_done, now.chunks, now.encoded)
            tell(Event(Kind.PROGRESS, repository, ref, None, *done))

        yield on_progress

    return watch


def _nobody(repository: str, ref: str) -> AbstractContextManager[None]:
    return nullcontext()


def bring(job: Job, settings: Settings, wait: bool, watch: Watch) -> Events:
    """The events of one job; whatever goes wrong is one of them."""
    where = str(job.path.expanduser().absolute())
    remedy = "if it is gone for good: codesearch list, then codesearch remove FOLDER"
    missing = Event(Kind.MISSING, where, remedy=remedy)
    if not job.required and not job.path.is_dir():
        yield missing
        return
    try:
        with Index.open(job.path, index_dir=job.index_dir, settings=settings) as index:
            if not job.required and not is_in(job.path, index.repository):
                yield missing
                return
            where = str(index.repository.root or where.removesuffix("/.git"))
            if job.fetch:
                yield _fetched(index.repository, where)
            yield from _Run(index, job, where, wait, watch).events()
            others = [] if job.refs else _detached(index)
        for other in others:
            yield from bring(other, settings, wait, watch)
    except (KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except CodesearchError as error:
        yield _failure(where, error)
    except BaseException as error:
        remedy = "this is a fault of codesearch: please report it"
        yield Event(Kind.FAILED, where, error=f"{type(error).__name__}: {error}", remedy=remedy)


def _detached(index: Index) -> list[Job]:
    """Jobs for those detached HEADs of other worktrees that the index follows."""
    jobs = []
    for folder in index.repository.detached_worktrees():
        with Index.open(folder, index_dir=index.directory, settings=index.settings) as other:
            if any(ref.full_name == "HEAD" for ref in other.refs()):
                jobs.append(Job(folder, ("HEAD",), index_dir=index.directory))
    return jobs


def _fetched(repository: Repository, where: str) -> Event:
    started = time.perf_counter()
    try:
        fetch(repository)
    except RepositoryError as error:  # without network, what is here can still be indexed
        return _failure(where, error)
    return Event(Kind.FETCHED, where, seconds=time.perf_counter() - started)


@dataclass(slots=True)
class _Run:
    """The syncs of one repository."""

    index: Index
    job: Job
    where: str
    wait: bool
    watch: Watch

    def events(self) -> Iterator[Event]:
        before = {ref.full_name: ref for ref in self.index.refs()}
        lost: dict[str, RepositoryError] = {}
        synced = False
        for name in self._wanted(before):
            if isinstance(name, Event):
                yield name
                continue
            try:
                yield self._sync(name, before.values())
                synced = True
            except RepositoryError as error:
                lost[name] = error
        if not synced and not self.job.refs:  # whatever was followed is gone, or nothing was yet
            yield self._sync("HEAD", before.values())
        yield from self._told(before, lost)

    def _wanted(self, before: Collection[str]) -> Iterator[str | Event]:
        if not self.job.refs:  # a single commit does not move
            yield from (name for name in before if not is_object_id(name))
        for pattern in self.job.refs:
            names = _like(self.index.repository, pattern)
            yield from names
            if not names:
                yield Event(Kind.UNMATCHED, self.where, pattern)

    def _sync(self, name: str, before: Iterable[IndexedRef]) -> Event:
        short = name.split("/", 2)[2] if name.startswith("refs/") else name
        with self.watch(self.where, short) as on_progress:
            report = self.index.sync(name, wait=self.wait, on_progress=on_progress)
        stood_there = (report.ref, report.commit) in {(ref.name, ref.commit) for ref in before}
        return _synced(self.where, report, stood_there)

    def _told(
        self, before: Mapping[str, IndexedRef], lost: Mapping[str, RepositoryError]
    ) -> Iterator[Event]:
        """What became of refs that could not be synced: a deleted one is dropped by any sync."""
        after = {ref.full_name for ref in self.index.refs()}
        for name in before.keys() - after:
            if not is_object_id(name):
                yield Event(Kind.FORGOTTEN, self.where, before[name].name)
        for name, error in lost.items():
            if name in after or name not in before:
                yield _failure(self.where, error, before[name].name if name in before else name)


def _like(repository: Repository, pattern: str) -> list[str]:
    """Branches and tags like a pattern, in full; a name without ``*``, ``?``, ``[`` is itself.

    ``*`` stands for ``/`` too. Branches of a remote are only meant where it is named: ``origin/*``.
    """
    if not any(sign in pattern for sign in "*?["):
        return [pattern]
    form = "--format=%(refname)%00%(objecttype)%(*objecttype)"
    kinds = ("refs/heads", "refs/tags", "refs/remotes")
    done = git.run([f"--git-dir={repository.git_dir}", "for-each-ref", form, *kinds])
    if done.returncode:
        raise RepositoryError(f"cannot list refs: {git.last_words(done.stderr)}", "see `git fsck`")
    names = []
    for line in git.as_text(done.stdout).split("\n")[:-1]:
        full, _, type_ = line.partition("\0")
        _, kind, short = full.split("/", 2)
        meant = kind != "remotes" or short.split("/")[0] == pattern.split("/")[0]
        is_symbolic = kind == "remotes" and short.endswith("/HEAD")
        if type_.endswith("commit") and meant and not is_symbolic and fnmatchcase(short, pattern):
            names.append(full)
    return names


def _synced(where: str, report: SyncReport, stood_there: bool) -> Event:
    nothing_new = not (report.rebuilt or report.encoded or report.reused or report.deleted)
    kind = Kind.UNCHANGED if nothing_new and stood_there else Kind.SYNCED
    return Event(
        kind,
        where,
        report.ref,
        report.commit,
        files=report.files,
        chunks=report.chunks,
        encoded=report.encoded,
        reused=report.reused,
        deleted=report.deleted,
        seconds=report.seconds,
    )


def _failure(where: str, error: CodesearchError, ref: str | None = None) -> Event:
    return Event(Kind.FAILED, where, ref, error=str(error), remedy=error.remedy)
