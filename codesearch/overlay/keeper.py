"""When the working tree is looked at: at the first search, then as often as that stays cheap."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codesearch.errors import RepositoryError
from codesearch.fingerprint import encoder_fingerprint
from codesearch.overlay.view import Overlay

if TYPE_CHECKING:
    from pathlib import Path

    from codesearch.encoder import Encoder
    from codesearch.encoder.weights import Weights
    from codesearch.overlay.builder import Builder
    from codesearch.settings import Settings
    from indexers.differences import Difference
    from indexers.repository import Repository
    from indexers.types import Chunk

# git takes 10 ms for a small tree and 100 ms for a large one. Looking may cost a twentieth of the
# time: so who edits and asks again finds what he wrote, and who types a question waits seldom.
_SHARE = 20
_LEAST, _MOST = 0.2, 2.0  # seconds between two looks


@dataclass(frozen=True, slots=True)
class _Look:
    overlay: Overlay
    due: float  # when to look again (monotonic)


class Keeper:
    """Keeps the overlay of one working tree up to date. Thread-safe; threads do not wait for one
    that looks, where an overlay of the same commit is there.
    """

    def __init__(
        self,
        repository: Repository,
        settings: Settings,
        directory: Path,
        encoder: Callable[[], Encoder],
        weights: Callable[[], Weights],
    ) -> None:
        """``directory`` is the index's, and never written."""
        self._repository = repository
        self._settings = settings
        self._directory = directory
        self._encoder = encoder
        self._weights = weights
        self._lock = threading.Lock()
        self._last: _Look | None = None
        self._builder: Builder | None = None

    @property
    def last(self) -> Overlay | None:
        """What was laid over last."""
        return self._last.overlay if self._last else None

    def at(self, commit: str) -> Overlay:
        """What there is to lay over ``commit``.

        Raises ``RepositoryError`` where git cannot compare the working tree.
        """
        overlay = self._at(commit)
        if overlay.failure:
            raise RepositoryError(str(overlay.failure), overlay.failure.remedy)
        return overlay

    def _at(self, commit: str) -> Overlay:
        last = self._last
        usable = last is not None and last.overlay.commit == commit
        if last is not None and usable and time.monotonic() < last.due:
            return last.overlay
        if not self._lock.acquire(blocking=not usable):
            assert last is not None
            return last.overlay  # another thread is looking
        try:
            last = self._last
            if last is None or last.overlay.commit != commit or time.monotonic() >= last.due:
                last = self._last = self._look(commit)
            return last.overlay
        finally:
            self._lock.release()

    def content(self, chunk: Chunk) -> bytes:
        """The file that a chunk is from: as git has it, or as the working tree still has it.

        Raises ``RepositoryError`` where neither does.
        """
        try:
            return self._repository.read(chunk.blob, chunk.path)
        except RepositoryError as error:
            data = self._uncommitted(chunk)
            if data is not None:
                return data
            if self._repository.worktree is None:
                raise
            raise RepositoryError(
                str(error),
                f"if it was not committed, it has changed since: search again; else {error.remedy}",
            ) from None

    def _uncommitted(self, chunk: Chunk) -> bytes | None:
        from indexers.worktree import blob_id  # noqa: PLC0415

        tree = self._repository.worktree
        if tree is None:
            return None
        names = self.last.names if self.last else {}
        try:
            found = tree.read(
                names.get(chunk.path, os.fsencode(chunk.path)), self._settings.max_file_bytes
            )
        except OSError:
            return None
        return found[1] if found and blob_id(found[1], chunk.blob) == chunk.blob else None

    def _look(self, commit: str) -> _Look:
        tree = self._repository.worktree
        if tree is None or not self._settings.overlay_seconds:
            return _Look(Overlay(commit), due=float("inf"))
        started = time.monotonic()
        survey: list[Difference] = []
        overlay = Overlay(commit)
        try:
            changes = tree.changes(commit)
            survey = self._made().survey(commit, changes) if changes else []
        except RepositoryError as error:
            if self._repository.has_commit(commit):  # else another clone's: nothing to compare with
                overlay = Overlay(commit, failure=error)
        pause = min(max(_LEAST, _SHARE * (time.monotonic() - started)), _MOST)
        if survey:
            overlay = self._made().build(commit, survey)
        return _Look(overlay, due=time.monotonic() + pause)

    def _made(self) -> Builder:
        if self._builder is None:
            # Grammars and rules are loaded where there is something to parse.
            from codesearch.overlay.builder import Builder  # noqa: PLC0415
            from codesearch.overlay.vectors import OverlayVectors  # noqa: PLC0415
            from indexers.differences import Differences  # noqa: PLC0415

            repository, settings, weights = self._repository, self._settings, self._weights()
            assert repository.worktree is not None
            differences = Differences(
                repository,
                repository.worktree,
                max_file_bytes=settings.max_file_bytes,
                exclude=settings.exclude,
            )
            vectors = OverlayVectors(
                self._directory,
                settings.home,
                repository.git_dir,
                encoder_fingerprint(weights.digest),
                weights.dimension,
                self._encoder,
            )
            self._builder = Builder(differences, vectors, settings.overlay_seconds)
        return self._builder
