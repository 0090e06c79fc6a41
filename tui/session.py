"""What the interface knows of the engine: one repository's index, asked in one place."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from codesearch import Chunk, FilterError, Freshness, Hit, IndexedRef, IndexStats, Query
from tui.completion import Known, folders
from tui.document import Document
from tui.indexing import Target

if TYPE_CHECKING:
    from codesearch import Index

DEPTH = 60  # hits of a search: more than anybody scrolls through, enough for the facets
_KEPT_DOCUMENTS = 10  # a parsed file of 100 KB takes some MB


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
    ref: str  # what is searched, as a user calls it; "" for a commit without a name


class Session:
    """One index, at one revision. Everything here may block: call it from a thread."""

    def __init__(self, index: Index, target: Target, at: str | None = None) -> None:
        self.index = index
        self.target = target
        self.at = at
        self._lock = threading.Lock()
        self._ticket = 0
        self._documents: dict[tuple[str, str], Document] = {}  # the last ones, oldest first
        self._documents_lock = threading.Lock()

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
            self.index.search("warm", top_k=1, at=self.at)

    def search(self, query: Query) -> Answer | None:
        """Answer a question; None if a newer one was asked meanwhile."""
        self._ticket += 1
        ticket = self._ticket
        with self._lock:  # questions wait here, so that only the last of them is worked on
            if ticket != self._ticket:
                return None
            self._check_repositories(query)
            started = time.perf_counter()
            hits = self.index.search(
                query.words, top_k=DEPTH, filter=query.filter, at=query.ref or self.at
            )
        return Answer(query, hits, (time.perf_counter() - started) * 1000)

    def _check_repositories(self, query: Query) -> None:
        elsewhere = [name for name in query.repositories if name.lower() != self.name.lower()]
        if elsewhere:
            raise FilterError(
                f"{elsewhere[0]} is not open here", f"This is {self.name}: take repo: out"
            )

    def similar(self, chunk: Chunk, query: Query) -> Answer:
        """What is like ``chunk``, narrowed by the filters of ``query``."""
        started = time.perf_counter()
        hits = self.index.similar(chunk, top_k=DEPTH, filter=query.filter, at=query.ref or self.at)
        return Answer(query, hits, (time.perf_counter() - started) * 1000, like=chunk)

    def document(self, chunk: Chunk) -> Document:
        """The whole file that a chunk is from, at the indexed version, ready to be drawn."""
        key = (chunk.blob, chunk.path)
        with self._documents_lock:
            found = self._documents.pop(key, None)
        if found is None:
            found = Document.of(self.index.source(chunk), chunk.language, chunk.path)
        with self._documents_lock:
            self._documents[key] = found
            while len(self._documents) > _KEPT_DOCUMENTS:
                del self._documents[next(iter(self._documents))]
        return found

    def source(self, chunk: Chunk) -> str:
        """The text of the file, as it was indexed."""
        return self.index.source(chunk)

    def overview(self) -> Overview:
        """Statistics, freshness and refs."""
        stats = self.index.stats(self.at)
        return Overview(stats, self.index.freshness(self.at), self.at or self._branch())

    def freshness(self) -> Freshness:
        """How far the repository has moved on."""
        return self.index.freshness(self.at)

    def refs(self) -> list[IndexedRef]:
        """What the index follows."""
        return self.index.refs()

    def known(self) -> Known:
        """What exists, for completion."""
        stats = self.index.stats(self.at)
        paths = [entry.path for entry in self.index.repository.tree(stats.commit)]
        refs = [ref.name for ref in stats.refs]
        return Known(stats.languages, folders(paths), refs, [stats.name])

    def close(self) -> None:
        """Release files and child processes."""
        self.index.close()

    def _branch(self) -> str:
        return self.index.repository.head().branch or ""


def open_session(target: Target, at: str | None = None) -> Session:
    """Open the index of a repository; raises a ``CodesearchError`` where there is none."""
    # Engine and encoder are loaded behind the first screen, not before it.
    from codesearch import Index  # noqa: PLC0415

    index = Index.open(target.place, index_dir=target.index_dir, url=target.url)
    return Session(index, target, at)
