"""``Index``: the way in for everybody. A façade: the work is done in the rooms behind it."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

from codesearch.encoder import chosen_device, load_encoder
from codesearch.encoder.weights import Weights
from codesearch.errors import IndexLockedError, NotIndexedError, RepositoryError, StoreError
from codesearch.fingerprint import index_fingerprint
from codesearch.home import Home, read_card, remove_index, sign_card
from codesearch.overlay import Keeper, Overlay
from codesearch.refs import at_head, own_refs
from codesearch.searcher import Lay, Locate, Searcher
from codesearch.settings import Settings
from codesearch.store.generations import sizes
from codesearch.store.opening import open_store
from codesearch.types import (
    Chunk,
    Damage,
    Filter,
    Freshness,
    GcReport,
    Hit,
    IndexedRef,
    IndexStats,
    SkipReason,
    SyncReport,
    VerifyReport,
)
from codesearch.writer import TooMuchError
from indexers.repository import Repository

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from codesearch.encoder import Encoder
    from codesearch.rules import Candidate
    from codesearch.store import State
    from codesearch.sync import OnProgress, Syncer
    from indexers.pipeline import Report


_ON_THE_SPOT = 256  # new texts (about a second) or files that a search at a revision may index


class Index:
    """The index of one repository, at any number of commits. Made by ``Index.open``.

    Close it, or use ``with``. Safe for use from several threads: searches run beside each other
    and beside a sync.
    """

    def __init__(self, repository: Repository, directory: Path, settings: Settings) -> None:
        self.repository = repository
        self.directory = directory
        self.settings = settings
        self._store = open_store(settings, directory, self._identity)
        self._searcher = Searcher(
            self._store, lambda: self.encoder, lambda: self._fingerprint, repository.name
        )
        self._overlays = Keeper(
            repository, settings, directory, lambda: self.encoder, lambda: self._weights
        )
        self._encoder_lock = threading.Lock()
        self._encoder: Encoder | None = None
        self._gpu_encoder: Encoder | None = None

    @classmethod
    def open(
        cls,
        path: str | Path = ".",
        *,
        index_dir: str | Path | None = None,
        settings: Settings | None = None,
        url: str | None = None,
    ) -> Self:
        """Open the index of the repository that ``path`` is in; it need not be built yet.

        Args:
            path: any folder of a working tree, or a bare repository.
            index_dir: folder of this index; by default one under ``settings.home`` that all
                worktrees and clones of the repository share.
            settings: by default ``Settings.load()``: file and environment.
            url: of a Qdrant server that keeps the index (docs/server.md); an API key for it is
                taken from ``CODESEARCH_API_KEY``. By default that of the settings, or none.

        Raises:
            RepositoryError: no repository there, or one without commits.
            StoreError: ``url`` is not one, or the package's extra ``server`` is not installed.
        """
        settings = settings or Settings.load()
        if url is not None:
            settings = replace(settings, url=url)
        repository = Repository.open(path)
        try:
            directory = Path(index_dir) if index_dir else Home(settings.home).find(repository)
            return cls(repository, directory.expanduser().absolute(), settings)
        except BaseException:
            repository.close()
            raise

    @property
    def folder(self) -> Path:
        """Where the repository is: its working tree, or the bare repository."""
        return self.repository.root or self.repository.common_dir

    @property
    def is_built(self) -> bool:
        """Whether anything is published here yet."""
        return self._store.current_name() is not None

    @property
    def encoder(self) -> Encoder:
        """The encoder of questions, loaded at first use (0.2 s)."""
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
        """Follow a revision's ref, and bring it up to date; encodes only texts never seen before.

        Refs that were followed before stay as they are, unless git has deleted them: those go.

        Args:
            revision: what ``git rev-parse`` understands. A branch or tag is followed by its name
                (of both of one name the tag, as git has it; ``heads/main`` is the branch), HEAD as
                the branch it is on; anything else as that one commit.
            wait: wait for another process that writes this index, instead of raising.
            rebuild: do not start from the published index (known vectors are reused).
            on_progress: called often, from this thread.

        Raises:
            RepositoryError: no such revision, or an object that git cannot read.
            IndexLockedError: another process writes and ``wait`` is False.
            StoreError: disk full, folder not writable, damaged index.
            ModelError: the encoder's folder is unusable.
        """
        return self._syncer.run(revision, wait=wait, rebuild=rebuild, on_progress=on_progress)

    def survey(self, revision: str = "HEAD") -> Report:
        """Count what a first sync would take in and leave out; writes nothing."""
        return self._syncer.survey(self.repository.resolve(revision))

    def refs(self) -> list[IndexedRef]:
        """The refs of this repository that the index follows, by name; none if nothing is built."""
        state = self._store.state()
        return own_refs(self.repository, state) if state else []

    def forget(self, ref: str, *, wait: bool = True) -> None:
        """Stop following a ref; what only it had leaves the index.

        Raises:
            RepositoryError: the index follows no such ref of this repository.
            IndexLockedError, StoreError: as for ``sync``.
        """
        from codesearch.upkeep import forget  # noqa: PLC0415  (as the syncer: not for queries)

        forget(self._syncer, ref, wait=wait)

    def gc(self, *, wait: bool = True) -> GcReport:
        """Forget refs that git has deleted, clones that are gone, and vectors of no chunk.

        Raises:
            IndexLockedError, StoreError: as for ``sync``.
        """
        from codesearch.upkeep import gc  # noqa: PLC0415

        return gc(self._syncer, wait=wait)

    def remove(self, *, wait: bool = True) -> None:
        """Delete the index: its folder, and all that a server has of this repository.

        Raises:
            IndexLockedError: another process writes it.
            StoreError: there is none, or it cannot be deleted.
        """
        self._searcher.close()
        self._store.remove(wait=wait)
        remove_index(self.directory)

    def verify(
        self,
        at: str | None = None,
        *,
        repair: bool = False,
        on_progress: OnProgress | None = None,
    ) -> VerifyReport:
        """Compare the index with git, chunk for chunk: all refs of this repository, or one.

        Args:
            at: only this revision.
            repair: build the index anew where it is damaged (known vectors are reused).
            on_progress: called often, from this thread.

        Raises:
            NotIndexedError, RepositoryError, StoreError: as for ``search`` and ``sync``.
        """
        from codesearch.verify import verify  # noqa: PLC0415

        try:
            if at:
                reader, commit = self._searcher.located(self._locator(at))
                commits = [commit]
            else:
                reader = self._searcher.reader()
                commits = sorted({ref.commit for ref in own_refs(self.repository, reader.state)})
            report = verify(self._syncer, reader, commits, on_progress=on_progress)
        except StoreError as error:
            if not repair:
                raise
            report = VerifyReport(0, 0, (Damage("", str(error)),))
        if report.damage and repair:
            self.sync(at or "HEAD", rebuild=True, on_progress=on_progress)
            report = replace(report, repaired=True)
        return report

    def search(
        self,
        query: str,
        *,
        top_k: int = 10,
        filter: Filter | None = None,
        at: str | None = None,
        overlay: bool = True,
    ) -> list[Hit]:
        """Find the functions that answer a question in plain words, or by name; best first.

        Args:
            query: a question, or names.
            top_k: how many hits at most.
            filter: applied inside the engine, before any candidate is cut off.
            at: answer for this revision alone; what it adds is indexed on the spot where that is
                little. By default for HEAD, as far as it is indexed (see ``freshness``).
            overlay: without ``at``, answer for the files of the working tree as they are now,
                uncommitted ones included, as far as that takes no longer than
                ``settings.overlay_seconds``. What was changed within the last two seconds may be
                missing in a process that keeps searching.

        Raises:
            NotIndexedError: nothing is indexed yet, or only by another model; or ``at`` is not
                indexed and adds too much for the spot.
            IndexLockedError: ``at`` is not indexed, and another process writes.
            RepositoryError: no such revision.
            FilterError: the filter names a language or kind that does not exist.
        """
        lay = self._lay(at, overlay)
        return self._searcher.search(query, top_k, filter, self._locator(at), lay)

    def candidates(
        self,
        query: str,
        vector: NDArray[np.float32],
        limit: int,
        filter: Filter | None = None,
        *,
        overlay: bool = False,
    ) -> list[Candidate]:
        """What a ranking over several indexes begins with (see ``search_many``)."""
        locate, lay = self._locator(None), self._lay(None, overlay)
        return self._searcher.candidates(query, vector, limit, filter, locate, lay)

    def similar(
        self,
        chunk: Chunk,
        *,
        top_k: int = 10,
        filter: Filter | None = None,
        at: str | None = None,
        overlay: bool = True,
    ) -> list[Hit]:
        """Find the chunks whose meaning is nearest to that of ``chunk``, itself left out."""
        lay = self._lay(at, overlay)
        return self._searcher.similar(chunk, top_k, filter, self._locator(at), lay)

    def source(self, chunk: Chunk) -> str:
        """The whole text of the file that a chunk is from, as it was found.

        Raises:
            RepositoryError: git has lost the file's content; or it was never committed, and the
                file has changed since.
        """
        from indexers.skip import decode  # noqa: PLC0415  (of the indexing half, not for queries)

        return decode(self._overlays.content(chunk)) or ""

    def freshness(self, at: str | None = None, *, dirty: bool = False) -> Freshness:
        """Say which commit answers, and how far HEAD (and, if asked, the files) moved on.

        What of the working tree was laid over is what the last search found.
        """
        reader, commit = self._searcher.located(self._locator(at))
        state = reader.state
        head: str | None = commit  # ``at`` is answered exactly
        if not at:
            try:
                head = self.repository.head().commit
            except RepositoryError:  # a branch without commits yet, a mirror's HEAD that is nowhere
                head = None
        behind = 0 if head == commit else None
        if head is not None and head != commit:
            behind = self.repository.commits_between(commit, head)
        dirty_files = self.repository.is_dirty() if dirty else None
        freshness = Freshness(commit, head, behind, dirty_files, state.partial == commit)
        overlay = self._overlays.last
        if at or overlay is None or overlay.commit != commit:
            return freshness
        return replace(
            freshness,
            overlaid_files=overlay.files,
            uncovered_files=overlay.uncovered,
            uncompared=str(overlay.failure or ""),
        )

    def stats(self, at: str | None = None) -> IndexStats:
        """The index in numbers."""
        reader, commit = self._searcher.located(self._locator(at))
        manifest = reader.manifest()
        snapshot = manifest.snapshots[commit]
        return IndexStats(
            name=self.repository.name,
            directory=str(self.directory),
            commit=commit,
            refs=tuple(own_refs(self.repository, reader.state)),
            files=snapshot.indexed_files,
            chunks=snapshot.chunks,
            points=sum(entry.chunks for _, entry in manifest.versions().values()),
            languages=snapshot.languages(),
            skipped={SkipReason(reason): n for reason, n in snapshot.skipped().items()},
            bytes=sizes(self.directory)[1],
            model=manifest.model,
        )

    def close(self) -> None:
        """Release files, child processes and the encoder. The index can be opened again."""
        self._searcher.close()
        self._store.close()
        self.repository.close()
        with self._encoder_lock:
            self._encoder = self._gpu_encoder = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _lay(self, at: str | None, overlay: bool) -> Lay:
        """How to find what lies over the commit that answers: nothing, if it was asked for."""
        return self._overlays.at if at is None and overlay else Overlay

    def _locator(self, at: str | None) -> Locate:
        """How to find the commit that answers. Indexes ``at`` on the spot where that is cheap."""
        if at is None:
            return lambda state: at_head(self.repository, state)
        self.repository.resolve(at)  # who mistypes need not wait for the encoder

        def locate(state: State) -> str | None:
            commit = self.repository.resolve(at)
            if commit in state.commits:
                return commit
            self._index_on_the_spot(at, commit)
            return None

        return locate

    def _index_on_the_spot(self, at: str, commit: str) -> None:
        try:
            self._syncer.run(at, wait=False, limit=_ON_THE_SPOT)
        except TooMuchError as error:
            raise NotIndexedError(
                f"{at} ({commit[:10]}) is not indexed, and is too much for the spot: {error}",
                f"Index it: codesearch index --rev {at}",
            ) from None
        except IndexLockedError as error:
            raise IndexLockedError(
                f"{at} ({commit[:10]}) is not indexed, and cannot be now: {error}",
                "Ask again when that is done",
            ) from None

    def _identity(self) -> str:
        """What a server knows the repository by. Noted on the card: git walks the history."""
        card = read_card(self.directory)
        if card is None:
            with suppress(StoreError):  # a home that cannot be written costs the walk each time
                sign_card(self.directory, self.repository)
            card = read_card(self.directory)
        return card.identity if card else self.repository.identity()

    @property
    def _syncer(self) -> Syncer:
        # The indexing half of the house (grammars, pipeline) is loaded by those who index.
        from codesearch.sync import Syncer  # noqa: PLC0415

        return Syncer(
            self._store,
            self.directory,
            self.repository,
            self.settings,
            self._weights,
            self._document_encoder,
        )

    def _document_encoder(self) -> Encoder:
        """The encoder of chunks: on a GPU, if the settings allow and there is one."""
        device = chosen_device(self.settings.device)
        if device == "cpu":
            return self.encoder
        with self._encoder_lock:
            if self._gpu_encoder is None:
                self._gpu_encoder = load_encoder(self.settings.model, device=device)
            return self._gpu_encoder

    @cached_property
    def _weights(self) -> Weights:
        return Weights.open(self.settings.model)

    @cached_property
    def _fingerprint(self) -> str:
        return index_fingerprint(self._weights.digest)
