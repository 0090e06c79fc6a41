"""``Index``: the way in for everybody. A façade: the work is done in the rooms behind it."""

from __future__ import annotations

import threading
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

from codesearch.encoder import load_encoder
from codesearch.encoder.weights import Weights
from codesearch.fingerprint import index_fingerprint
from codesearch.home import Home, sign_card
from codesearch.searcher import Searcher
from codesearch.settings import Settings
from codesearch.store.embedded import EmbeddedStore
from codesearch.store.generations import sizes
from codesearch.types import Chunk, Filter, Freshness, Hit, IndexStats, SkipReason, SyncReport
from indexers.repository import Repository

if TYPE_CHECKING:
    from codesearch.encoder import Encoder
    from codesearch.sync import OnProgress, Syncer
    from indexers.pipeline import Report


class Index:
    """The index of one repository. Made by ``Index.open``; close it, or use ``with``.

    Safe for use from several threads: searches run beside each other and beside a sync.
    """

    def __init__(self, repository: Repository, directory: Path, settings: Settings) -> None:
        self.repository = repository
        self.directory = directory
        self.settings = settings
        self._store = EmbeddedStore(directory)
        self._searcher = Searcher(self._store, lambda: self.encoder, lambda: self._fingerprint)
        self._encoder_lock = threading.Lock()
        self._encoder: Encoder | None = None

    @classmethod
    def open(
        cls,
        path: str | Path = ".",
        *,
        index_dir: str | Path | None = None,
        settings: Settings | None = None,
    ) -> Self:
        """Open the index of the repository that ``path`` is in; it need not be built yet.

        Args:
            path: any folder of a working tree, or a bare repository.
            index_dir: folder of this index; by default one under ``settings.home`` that all
                worktrees and clones of the repository share.
            settings: by default ``Settings.load()``: file and environment.

        Raises:
            RepositoryError: no repository there, or one without commits.
        """
        settings = settings or Settings.load()
        repository = Repository.open(path)
        try:
            directory = Path(index_dir) if index_dir else Home(settings.home).find(repository)
        except BaseException:
            repository.close()
            raise
        return cls(repository, directory.expanduser().absolute(), settings)

    @property
    def is_built(self) -> bool:
        """Whether anything is published here yet."""
        return self._store.current_name() is not None

    @property
    def encoder(self) -> Encoder:
        """The encoder of the settings, loaded at first use (0.2 s)."""
        with self._encoder_lock:
            if self._encoder is None:
                threads = self.settings.threads or None
                self._encoder = load_encoder(self.settings.model, threads=threads)
            return self._encoder

    def sync(
        self,
        revision: str = "HEAD",
        *,
        wait: bool = True,
        rebuild: bool = False,
        on_progress: OnProgress | None = None,
    ) -> SyncReport:
        """Bring the index to a revision; encodes only texts that were never seen before.

        Args:
            revision: what ``git rev-parse`` understands.
            wait: wait for another process that writes this index, instead of raising.
            rebuild: do not start from the published index (known vectors are reused).
            on_progress: called often, from this thread.

        Raises:
            RepositoryError: no such revision, or an object that git cannot read.
            IndexLockedError: another process writes and ``wait`` is False.
            StoreError: disk full, folder not writable, damaged index.
            ModelError: the encoder's folder is unusable.
        """
        commit = self.repository.resolve(revision)
        sign_card(self.directory, self.repository)
        return self._syncer.run(commit, wait=wait, rebuild=rebuild, on_progress=on_progress)

    def survey(self, revision: str = "HEAD") -> Report:
        """Count what a first sync would take in and leave out; writes nothing."""
        return self._syncer.survey(self.repository.resolve(revision))

    def search(self, query: str, *, top_k: int = 10, filter: Filter | None = None) -> list[Hit]:
        """Find the functions that answer a question in plain words, or by name; best first.

        Raises:
            NotIndexedError: nothing is indexed yet, or only by another model.
            FilterError: the filter names a language or kind that does not exist.
        """
        return self._searcher.search(query, top_k, filter)

    def similar(self, chunk: Chunk, *, top_k: int = 10, filter: Filter | None = None) -> list[Hit]:
        """Find the chunks whose meaning is nearest to that of ``chunk``, itself left out."""
        return self._searcher.similar(chunk, top_k, filter)

    def freshness(self, *, dirty: bool = False) -> Freshness:
        """Say which commit is indexed and how far HEAD (and, if asked, the files) moved on."""
        commit = self._searcher.reader().commit
        head = self.repository.head().commit
        behind = 0 if head == commit else self.repository.commits_between(commit, head)
        return Freshness(commit, head, behind, self.repository.is_dirty() if dirty else None)

    def stats(self) -> IndexStats:
        """The index in numbers."""
        manifest = self._searcher.reader().manifest()
        return IndexStats(
            name=self.repository.name,
            directory=str(self.directory),
            commit=manifest.commit,
            files=manifest.indexed_files,
            chunks=manifest.chunks,
            languages=manifest.languages(),
            skipped={SkipReason(reason): n for reason, n in manifest.skipped().items()},
            bytes=sizes(self.directory)[1],
            model=manifest.model,
        )

    def close(self) -> None:
        """Release files and child processes. The index can be opened again."""
        self._searcher.close()
        self.repository.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def _syncer(self) -> Syncer:
        # The indexing half of the house (grammars, pipeline) is loaded by those who index.
        from codesearch.sync import Syncer  # noqa: PLC0415

        return Syncer(
            self._store, self.repository, self.settings, self._weights, lambda: self.encoder
        )

    @cached_property
    def _weights(self) -> Weights:
        return Weights.open(self.settings.model)

    @cached_property
    def _fingerprint(self) -> str:
        return index_fingerprint(self._weights.digest)
