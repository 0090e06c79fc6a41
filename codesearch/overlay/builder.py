"""Differences in, an overlay out, as far as the time allows."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from codesearch.encoder.text import document_text
from codesearch.errors import RepositoryError
from codesearch.overlay.view import Overlay
from codesearch.store import Point, version_key
from codesearch.store.vectors import VectorCache
from codesearch.writer import make_point
from indexers.differences import Difference, Differences, FileNow
from indexers.types import FileVersion

if TYPE_CHECKING:
    from codesearch.overlay.vectors import OverlayVectors
    from indexers.worktree import Change

_TOGETHER = 32  # files whose vectors are looked up at once


@dataclass(slots=True)
class _File:
    """A file as it is now, and what was made of it so far."""

    now: FileNow
    keys: Sequence[bytes]  # of its chunks' texts, in their order
    texts: dict[bytes, str]  # by key; empty once the points are made
    points: tuple[Point, ...] | None = None

    @classmethod
    def of(cls, now: FileNow) -> _File:
        texts = [document_text(chunk) for chunk in now.chunks]
        keys = [VectorCache.key(text) for text in texts]
        return cls(now, keys, dict(zip(keys, texts, strict=True)))


@dataclass(slots=True)
class _Draft:
    """An overlay in the making."""

    commit: str
    hidden: list[int] = field(default_factory=list)
    points: list[Point] = field(default_factory=list)
    names: dict[str, bytes] = field(default_factory=dict)
    files: int = 0
    uncovered: int = 0

    def lay(self, difference: Difference, points: Sequence[Point]) -> None:
        if difference.old is not None:
            self.hidden.append(version_key(difference.path, difference.old.blob))
        if points:
            self.names[difference.path] = difference.name
            self.points.extend(points)
        # What only the rules changed about is not counted: the rule file is the change.
        if (points or difference.old is not None) and not difference.only_moved:
            self.files += 1

    def done(self) -> Overlay:
        hidden, points = tuple(sorted(self.hidden)), tuple(self.points)
        return Overlay(self.commit, hidden, points, self.files, self.uncovered, self.names)


class Builder:
    """Makes the overlays of one working tree. Not for several threads at once.

    What was read, parsed and encoded for one overlay is there for the next one.
    """

    def __init__(self, differences: Differences, vectors: OverlayVectors, seconds: float) -> None:
        self._differences = differences
        self._vectors = vectors
        self._seconds = seconds
        self._files: dict[str, _File] = {}  # by path; also those for which time was short

    def build(self, commit: str, changes: Sequence[Change]) -> Overlay:
        """Lay over ``commit`` what ``changes`` name. Raises ``RepositoryError``."""
        deadline = time.monotonic() + self._seconds
        survey = iter(self._differences.survey(commit, changes))
        draft = _Draft(commit)
        seen: dict[str, _File] = {}
        while batch := list(islice(survey, _TOGETHER)):
            read = self._read(batch, draft, deadline)
            self._vectors.look_up(key for _, file in read for key in file.texts)
            for difference, file in read:
                seen[difference.path] = file
                if self._finish(difference.path, file, deadline):
                    draft.lay(difference, file.points or ())
                else:
                    draft.uncovered += 1
        self._files = seen
        self._vectors.settle({key for file in seen.values() for key in file.keys})
        return draft.done()

    def _read(
        self, batch: Iterable[Difference], draft: _Draft, deadline: float
    ) -> list[tuple[Difference, _File]]:
        """Those of the batch that differ indeed, read and parsed; the others are counted."""
        found = []
        for difference in batch:
            late = time.monotonic() >= deadline and not self._differences.knows(difference)
            try:
                now = None if late else self._differences.read(difference)
            except (OSError, RepositoryError):  # not readable, or git lacks the object
                late, now = True, None
            if late:
                draft.uncovered += 1
            elif now is not None:
                kept = self._files.get(difference.path)
                same = kept is not None and kept.now is now
                found.append((difference, kept if kept and same else _File.of(now)))
        return found

    def _finish(self, path: str, file: _File, deadline: float) -> bool:
        """Make the file's points, unless the deadline comes before."""
        if file.points is None:
            if not self._vectors.encode(file.texts, deadline):
                return False
            version = FileVersion(path, file.now.blob)
            chunks = enumerate(zip(file.now.chunks, file.keys, strict=True))
            file.points = tuple(
                make_point(version, ordinal, chunk, self._vectors[key])
                for ordinal, (chunk, key) in chunks
            )
            file.texts.clear()
        return True
