"""What the interface knows of the engine: one repository's index, asked in one place."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from codesearch import Chunk, Freshness, Hit, Index, IndexStats, Query

DEPTH = 60  # hits of a search: more than anybody scrolls through, enough for the facets


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for a question."""

    query: Query
    hits: Sequence[Hit]
    milliseconds: float
    like: Chunk | None = None  # set: these are «more like this», and ``query`` only filters


@dataclass(frozen=True, slots=True)
class Overview:
    """The index as the header and the empty screen show it."""

    stats: IndexStats
    freshness: Freshness


class Session:
    """One index, at one revision. Everything here may block: call it from a thread."""

    def __init__(self, index: Index, at: str | None = None) -> None:
        self.index = index
        self.at = at
        self._lock = threading.Lock()
        self._ticket = 0

    @property
    def name(self) -> str:
        """Of the repository."""
        return self.index.repository.name

    @property
    def place(self) -> Path:
        """The folder that names this repository to other programs."""
        return self.index.repository.root or self.index.repository.git_dir

    def warm(self) -> None:
        """Load what the first question would wait for: the encoder, then the index."""
        _ = self.index.encoder
        if self.index.is_built:
            self.index.search("warm", top_k=1)

    def search(self, query: Query) -> Answer | None:
        """Answer a question; None if a newer one was asked meanwhile."""
        self._ticket += 1
        ticket = self._ticket
        with self._lock:  # questions wait here, so that only the last of them is worked on
            if ticket != self._ticket:
                return None
            started = time.perf_counter()
            hits = self.index.search(query.words, top_k=DEPTH, filter=query.filter)
        return Answer(query, hits, (time.perf_counter() - started) * 1000)

    def similar(self, chunk: Chunk, query: Query) -> Answer:
        """What is like ``chunk``, narrowed by the filters of ``query``."""
        started = time.perf_counter()
        hits = self.index.similar(chunk, top_k=DEPTH, filter=query.filter)
        return Answer(query, hits, (time.perf_counter() - started) * 1000, like=chunk)

    def source(self, chunk: Chunk) -> str:
        """The whole file that a chunk is from, at the indexed version."""
        data = self.index.repository.read(chunk.blob, chunk.path)
        return data.decode("utf-8-sig", errors="replace").replace("\r\n", "\n").replace("\r", "\n")

    def overview(self) -> Overview:
        """Statistics and freshness."""
        freshness = self.index.freshness()
        return Overview(self.index.stats(), freshness)

    def freshness(self) -> Freshness:
        """How far the repository has moved on."""
        return self.index.freshness()

    def branch(self) -> str:
        """What HEAD is called: a branch, or ""."""
        return self.index.repository.head().branch or ""

    def paths(self) -> list[str]:
        """The files of the indexed commit, for completion."""
        commit = self.index.freshness().commit
        return [entry.path for entry in self.index.repository.tree(commit)]

    def close(self) -> None:
        """Release files and child processes."""
        self.index.close()


def open_session(path: Path, at: str | None = None, index_dir: Path | None = None) -> Session:
    """Open the repository at ``path``; raises a ``CodesearchError`` if there is none."""
    return Session(Index.open(path, index_dir=index_dir), at)


def without_filters(query: Query) -> Query:
    """The same words, unfiltered."""
    return replace(query, filter=None)
