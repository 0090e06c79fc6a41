"""One sync: from the published state to the one that a commit asks for."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from codesearch.fingerprint import encoder_fingerprint, index_fingerprint
from codesearch.store.vectors import VectorCache
from codesearch.types import Progress, SkipReason, SyncReport
from codesearch.writer import Counts, IndexWriter
from indexers import pipeline
from indexers.skip import Rules

if TYPE_CHECKING:
    from codesearch.encoder import Encoder
    from codesearch.encoder.weights import Weights
    from codesearch.settings import Settings
    from codesearch.store import Manifest
    from codesearch.store.embedded import EmbeddedStore, EmbeddedWriter
    from indexers.repository import Repository

OnProgress = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Syncer:
    """Brings a store to a commit. Readers see nothing of it before all of it is there."""

    store: EmbeddedStore
    repository: Repository
    settings: Settings
    weights: Weights
    encoder: Callable[[], Encoder]

    def run(
        self, commit: str, *, wait: bool, rebuild: bool, on_progress: OnProgress | None
    ) -> SyncReport:
        """Write what ``commit`` has and the published state lacks; then publish.

        Interrupted or failed, it leaves the published state as it was; the vectors computed so
        far are kept, and the next run finds them.
        """
        started = time.perf_counter()
        fingerprint = index_fingerprint(self.weights.digest)
        writer = self.store.writer(
            fingerprint, self.weights.dimension, wait=wait, from_scratch=rebuild
        )
        try:
            rebuilt = not writer.manifest.commit
            plan = self._plan(writer.manifest, commit)
            counts = self._write(writer, plan, on_progress)
            if (commit, plan.rules_digest) == (writer.manifest.commit, writer.manifest.rules):
                writer.abandon()  # that is what is published already
            else:
                writer.manifest.commit, writer.manifest.rules = commit, plan.rules_digest
                writer.publish()
        except BaseException:
            writer.abandon()
            raise
        manifest = writer.manifest
        return SyncReport(
            commit=commit,
            files=manifest.indexed_files,
            chunks=manifest.chunks,
            encoded=counts.encoded,
            reused=counts.chunks - counts.encoded,
            deleted=counts.deleted,
            skipped={SkipReason(reason): n for reason, n in manifest.skipped().items()},
            seconds=time.perf_counter() - started,
            rebuilt=rebuilt,
        )

    def survey(self, commit: str) -> pipeline.Report:
        """Count what a first sync would take in and leave out; writes nothing."""
        return pipeline.survey(self.repository, commit, rules=self._rules(commit))

    def _rules(self, commit: str) -> Rules:
        return Rules.at(
            self.repository,
            commit,
            max_file_bytes=self.settings.max_file_bytes,
            exclude=self.settings.exclude,
        )

    def _plan(self, manifest: Manifest, commit: str) -> pipeline.Plan:
        rules = self._rules(commit)
        known = {
            path: pipeline.Known(entry.blob, SkipReason(entry.skipped) if entry.skipped else None)
            for path, entry in manifest.files.items()
        }
        same_rules = rules.digest == manifest.rules
        return pipeline.make_plan(
            self.repository, commit, known, rules=rules, same_rules=same_rules
        )

    def _write(
        self, writer: EmbeddedWriter, plan: pipeline.Plan, on_progress: OnProgress | None
    ) -> Counts:
        progress = _ProgressMeter(on_progress)
        fingerprint = encoder_fingerprint(self.weights.digest)
        cache = VectorCache(self.store.directory, fingerprint, self.weights.dimension)
        with closing(cache):
            sink = IndexWriter(writer, cache, self.encoder, progress.on_counts)
            pipeline.run(self.repository, plan, sink, on_progress=progress.on_file)
            sink.finish()
            cache.forget_others()
        writer.manifest.model = f"{self.weights.name} {self.weights.digest[:12]}"
        return sink.counts


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
