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
_HURRY = 0.1  # how much of the time there is for what was left over


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
    late: bool = False

    def lay(self, difference: Difference, points: Sequence[Point]) -> None:
        if difference.old is not None:
            self.hidden.append(version_key(difference.path, difference.old.blob))
        if points:
            self.names[difference.path] = difference.name
            self.points.extend(points)
        # What only the rules changed about is not counted: the rule file is the change.
        if (points or difference.old is not None) and not difference.only_moved:
            self.files += 1

    def leave(self, *, late: bool) -> None:
        self.uncovered += 1
        self.late |= late

    def done(self) -> Overlay:
        hidden, points = tuple(sorted(self.hidden)), tuple(self.points)
        counts = self.files, self.uncovered, self.late
        return Overlay(self.commit, hidden, points, self.names, *counts)


class Builder:
    """Makes the overlays of one working tree. Not for several threads at once.

    What was read, parsed and encoded for one overlay is there for the next one.
    """

    def __init__(self, differences: Differences, vectors: OverlayVectors, seconds: float) -> None:
        self._differences = differences
        self._vectors = vectors
        self._seconds = seconds
        self._files: dict[str, _File] = {}  # by path; also those for which time was short
        self._last = Overlay("")

    def survey(self, commit: str, changes: Sequence[Change]) -> list[Difference]:
        """What there is to lay over ``commit``, by ``changes``. Raises ``RepositoryError``."""
        return self._differences.survey(commit, changes)

    def build(self, commit: str, survey: Sequence[Difference]) -> Overlay:
        """Lay a survey of ``commit`` over it, in its order, until the time is over.

        The first time may take as long as the settings say. Where that was too short, later times
        take a tenth, so that who types a question is not kept waiting at each letter.
        """
        hurry = _HURRY if self._last.late else 1.0
        deadline = time.monotonic() + self._seconds * hurry
        draft = _Draft(commit)
        seen: dict[str, _File] = {}
        rest = iter(survey)
        while batch := list(islice(rest, _TOGETHER)):
            read = self._read(batch, draft, deadline)
            self._vectors.look_up(key for _, file in read for key in file.texts)
            for difference, file in read:
                seen[difference.path] = file
                if self._finish(difference.path, file, deadline):
                    draft.lay(difference, file.points or ())
                else:
                    draft.leave(late=True)
        if seen or self._files:
            self._vectors.settle({key for file in seen.values() for key in file.keys})
        self._files = seen
        overlay = draft.done()
        if not overlay.is_same(self._last):
            self._last = overlay
        return self._last

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
                draft.leave(late=False)
                continue
            if late:
                draft.leave(late=True)
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
