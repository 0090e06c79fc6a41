"""One sync: from the published state to one in which a ref stands at a commit."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codesearch.errors import RepositoryError, StoreError
from codesearch.fingerprint import encoder_fingerprint, index_fingerprint
from codesearch.home import sign_card
from codesearch.refs import ref_of
from codesearch.store import Ref, Snapshot
from codesearch.store.vectors import VectorCache
from codesearch.types import Progress, SkipReason, SyncReport
from codesearch.writer import Counts, IndexWriter, TooMuchError, delete_unheld
from indexers import pipeline
from indexers.skip import Rules, is_rule_file, rule_text, rule_texts

if TYPE_CHECKING:
    from codesearch.encoder import Encoder
    from codesearch.encoder.weights import Weights
    from codesearch.settings import Settings
    from codesearch.store import Store, Writer
    from indexers.repository import Repository

OnProgress = Callable[[Progress], None]
_NO_TEXT = (SkipReason.SYMLINK, SkipReason.SUBMODULE)
_PUBLISH_EVERY = 10.0  # seconds: what of a first build can be searched while it goes on


@dataclass(frozen=True, slots=True)
class Syncer:
    """Brings a store to commits. Readers see nothing of it before all of it is there."""

    store: Store
    directory: Path  # of the index; the vectors known are there, too
    repository: Repository
    settings: Settings
    weights: Weights
    encoder: Callable[[], Encoder]

    def run(
        self,
        revision: str,
        *,
        wait: bool = True,
        rebuild: bool = False,
        on_progress: OnProgress | None = None,
        limit: int | None = None,
    ) -> SyncReport:
        """Follow a revision's ref: write what the published state lacks of it; then publish.

        Where nothing of the published state can be used (another model, or ``rebuild``), the
        other refs that this repository knows are brought along. Interrupted or failed, it leaves
        the published state as it was; the vectors computed so far are kept, and the next run
        finds them. ``limit``: raise ``TooMuchError`` rather than encode more texts than this.
        """
        started = time.perf_counter()
        published = self.published()
        ref, commit = ref_of(self.repository, revision)
        sign_card(self.directory, self.repository)
        writer = self.store.writer(
            self.fingerprint, self.weights.dimension, wait=wait, from_scratch=rebuild
        )
        try:
            if self.published() != published:  # meanwhile: a ref that moved on must not go back
                ref, commit = ref_of(self.repository, revision)
            rebuilt = not writer.manifest.snapshots
            work = _Work(self, writer, on_progress, limit)
            for other, known_commit in self._followed().items() if rebuilt else ():
                if other != ref:
                    # A partial clone has the commits of others, and not their files.
                    with suppress(RepositoryError):
                        work.bring(other, known_commit)
            work.bring(ref, commit)
            work.end(ref)
        except BaseException:
            writer.abandon()
            raise
        snapshot = writer.manifest.snapshots[commit]
        return SyncReport(
            ref=ref.short_name,
            commit=commit,
            files=snapshot.indexed_files,
            chunks=snapshot.chunks,
            encoded=work.counts.encoded,
            reused=work.counts.chunks - work.counts.encoded,
            deleted=work.counts.deleted,
            skipped={SkipReason(reason): n for reason, n in snapshot.skipped().items()},
            seconds=time.perf_counter() - started,
            rebuilt=rebuilt,
        )

    def survey(self, commit: str) -> pipeline.Report:
        """Count what a first sync would take in and leave out; writes nothing."""
        return pipeline.survey(self.repository, commit, rules=self.rules(commit))

    def published(self) -> str | None:
        """What is published, by name; "" where that is damaged, which a rebuild is to mend."""
        try:
            return self.store.current_name()
        except StoreError:
            return ""

    @property
    def fingerprint(self) -> str:
        """Of the indexes that this syncer makes."""
        return index_fingerprint(self.weights.digest)

    def vector_cache(self) -> VectorCache:
        """The vectors that are known; close it."""
        fingerprint = encoder_fingerprint(self.weights.digest)
        return VectorCache(self.directory, fingerprint, self.weights.dimension)

    def rules(self, commit: str) -> Rules:
        """What stays out at ``commit``."""
        return self.rules_of(rule_texts(self.repository, commit))

    def rules_of(self, texts: Mapping[str, str]) -> Rules:
        """What stays out by these rule files (text by path)."""
        settings = self.settings
        return Rules.of(texts, max_file_bytes=settings.max_file_bytes, exclude=settings.exclude)

    def _followed(self) -> dict[Ref, str]:
        """What is published, as far as its commits are here; refs of other clones included."""
        try:
            state = self.store.state()
        except StoreError:  # damaged: that is what a rebuild is for
            return {}
        refs = state.refs if state else {}
        return {ref: commit for ref, commit in refs.items() if self.repository.has_commit(commit)}


def gone_refs(repository: Repository, refs: Collection[Ref]) -> list[Ref]:
    """Those refs of this repository that were deleted in it. Refs of other clones are theirs."""
    there = repository.ref_names() if refs else frozenset()

    def is_there(ref: Ref) -> bool:
        if ref.place not in repository.places:  # another worktree's HEAD
            return Path(ref.place).exists()
        if ref.name == "HEAD":
            return ref.place != str(repository.git_dir) or repository.is_detached()
        return ref.name in there or (ref.is_single_commit and repository.has_commit(ref.name))

    return [ref for ref in refs if repository.knows(ref.place) and not is_there(ref)]


class _Work:
    """What one run does to a writer's state."""

    def __init__(
        self, syncer: Syncer, writer: Writer, on_progress: OnProgress | None, limit: int | None
    ) -> None:
        self.counts = Counts()
        self._syncer = syncer
        self._writer = writer
        self._progress = _ProgressMeter(on_progress)
        self._limit = limit
        self._before = writer.manifest.state
        # Of a first build, readers see as much as there is.
        self._is_first = not writer.manifest.snapshots and syncer.published() is None
        self._published = time.monotonic()
        self._stored = writer.manifest.versions()
        self._wrote = False

    def bring(self, ref: Ref, commit: str) -> None:
        """Let ``ref`` stand at ``commit``, with all that the commit has."""
        manifest = self._writer.manifest
        base = self._base(ref, commit)
        is_known = commit in manifest.snapshots and commit != manifest.partial
        if base and is_known and self._has_same_rules(base):
            manifest.follow(ref, commit, base)
            return
        plan = self._plan(base, commit)
        if base and plan.is_empty and plan.rules_digest == base.rules:
            snapshot = base
        else:
            if self._limit is not None and len(plan.read) + len(plan.check) > self._limit:
                raise TooMuchError(f"more than {self._limit} files", "Index it first")
            snapshot = self._write(ref, plan, base)
            self._wrote = True
        manifest.follow(ref, commit, snapshot)
        if manifest.partial == commit:
            manifest.partial = ""

    def end(self, ref: Ref) -> None:
        """Publish what has changed; forget the refs that are gone and what no commit has.

        ``ref`` has just been looked up.
        """
        manifest = self._writer.manifest
        for other in gone_refs(self._syncer.repository, manifest.refs.keys() - {ref}):
            del manifest.refs[other]
        manifest.drop_unheld()
        if manifest.state == self._before and not self._wrote:
            self._writer.abandon()  # that is what is published already
            return
        self.counts.deleted += delete_unheld(self._writer, self._stored)
        weights = self._syncer.weights
        manifest.model = f"{weights.name} {weights.digest[:12]}"
        self._writer.publish()

    def _base(self, ref: Ref, commit: str) -> Snapshot | None:
        """The commit to start from: this very one, where the ref stood, or the likest."""
        manifest = self._writer.manifest
        if commit in manifest.snapshots:
            return manifest.snapshots[commit]
        if ref in manifest.refs:
            return manifest.snapshots[manifest.refs[ref]]
        blobs = {entry.path: entry.blob for entry in self._syncer.repository.tree(commit)}

        def in_common(snapshot: Snapshot) -> int:
            return sum(blobs.get(path) == entry.blob for path, entry in snapshot.files.items())

        return max(manifest.snapshots.values(), key=in_common, default=None)

    def _has_same_rules(self, snapshot: Snapshot) -> bool:
        """Whether a commit was taken in by the rules that hold now.

        A commit never changes: then it is here as it should be, and its tree need not be listed.
        """
        repository = self._syncer.repository
        texts = {
            path: rule_text(repository.read(entry.blob, path))
            for path, entry in snapshot.files.items()
            if is_rule_file(path) and entry.skipped not in _NO_TEXT
        }
        return self._syncer.rules_of(texts).digest == snapshot.rules

    def _plan(self, base: Snapshot | None, commit: str) -> pipeline.Plan:
        rules = self._syncer.rules(commit)
        return pipeline.make_plan(
            self._syncer.repository,
            commit,
            base.files if base else {},
            rules=rules,
            same_rules=base is not None and rules.digest == base.rules,
        )

    def _write(self, ref: Ref, plan: pipeline.Plan, base: Snapshot | None) -> Snapshot:
        with closing(self._syncer.vector_cache()) as cache:

            def on_counts(counts: Counts) -> None:
                self._progress.on_counts(counts)
                if not counts.batch_share:  # whole files are stored
                    self._publish_so_far(ref, plan, sink)

            sink = IndexWriter(
                self._writer,
                cache,
                self._syncer.encoder,
                on_counts,
                base=base,
                stored=self._stored,
                limit=self._limit,
                counts=self.counts,
            )

            def finished() -> Snapshot:
                sink.finish()
                snapshot = Snapshot(plan.rules_digest, sink.files)
                self._stored |= snapshot.versions
                return snapshot

            repository, on_file = self._syncer.repository, self._progress.on_file
            try:
                pipeline.run(repository, plan, sink, on_progress=on_file)
            except RepositoryError:
                finished()  # what could be read is for another ref to have, or to be taken back
                raise
            snapshot = finished()
            cache.forget_others()
        return snapshot

    def _publish_so_far(self, ref: Ref, plan: pipeline.Plan, sink: IndexWriter) -> None:
        if not self._is_first or time.monotonic() < self._published + _PUBLISH_EVERY:
            return
        manifest = self._writer.manifest
        manifest.follow(ref, plan.commit, Snapshot(plan.rules_digest, dict(sink.files)))
        manifest.partial = plan.commit
        self._writer.publish(go_on=True)
        self._published = time.monotonic()


class _ProgressMeter:
    """Joins what the pipeline and the writer tell into one ``Progress``.

    A file counts as done once its chunks are stored: reading is fast, encoding is not.
    """

    def __init__(self, on_progress: OnProgress | None) -> None:
        self._on_progress = on_progress
        self._now = Progress(0, 0, 0, 0, 0, 0, "")
        self._read = 0  # bytes
        self._stored = 0  # bytes

    def on_file(self, step: pipeline.Step) -> None:
        """A file is about to be read."""
        self._read = step.bytes_done
        self._tell(
            files_done=step.files_done,
            files_total=step.files_total,
            bytes_total=step.bytes_total,
            path=step.path or self._now.path,
        )

    def on_counts(self, counts: Counts) -> None:
        """Chunks were encoded; or, with nothing left of the batch, stored."""
        if not counts.batch_share:
            self._stored = self._read
        done = self._stored + round(counts.batch_share * (self._read - self._stored))
        self._tell(chunks=counts.chunks, encoded=counts.encoded, bytes_done=done)

    def _tell(self, **news: Any) -> None:
        if self._on_progress is not None:
            self._now = replace(self._now, **news)
            self._on_progress(self._now)
