"""Chunks in, points out: reuse the vectors that are known, encode the rest, store both."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from codesearch.encoder.text import document_text
from codesearch.errors import CodesearchError
from codesearch.lexical import chunk_terms
from codesearch.store import ManifestEntry, Point, Snapshot, version_key
from codesearch.store.vectors import VectorCache
from indexers.types import Chunk, FileVersion, Kind, SkipReason, Span

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from codesearch.encoder import Encoder
    from codesearch.store import Writer

# A batch is what a kill can cost: the texts that the encoder likes to have at once, which are about
# a second of work, or so many chunks. Smaller ones would only make more transactions.
_BATCH_CHUNKS = 2048


@dataclass(slots=True)
class Counts:
    """What a writer has done so far, in chunks (``encoded``: in texts)."""

    chunks: int = 0
    encoded: int = 0
    deleted: int = 0
    batch_share: float = 0.0  # of the batch that is being encoded: how much of it is done


class TooMuchError(CodesearchError):
    """More is to be encoded than the caller wants to wait for."""


@dataclass(frozen=True, slots=True)
class _QueuedFile:
    version: FileVersion
    chunks: Sequence[Chunk]
    keys: Sequence[bytes]  # of the chunks' texts in the cache


class IndexWriter:
    """A ``Sink`` that turns one commit's files into another's, and stores the points they lack.

    Files are written whole: a batch ends at the end of a file. ``finish`` writes the last one.
    File versions that the commit no longer has stay in the store: other commits may have them.
    """

    def __init__(
        self,
        store: Writer,
        cache: VectorCache,
        encoder: Callable[[], Encoder],
        on_progress: Callable[[Counts], None] | None = None,
        *,
        base: Snapshot | None = None,
        stored: Collection[int] = (),
        limit: int | None = None,
        counts: Counts | None = None,
    ) -> None:
        """Begin with the files of ``base``; ``stored`` are keys of versions that have points.

        ``limit``: raise ``TooMuchError`` rather than encode more texts than this.
        """
        self.counts = counts or Counts()
        self.files: dict[str, ManifestEntry] = dict(base.files) if base else {}
        self._stored = set(stored)
        self._limit = limit
        self._store = store
        self._cache = cache
        self._encoder = encoder  # a function: a sync that encodes nothing loads no encoder
        self._on_progress = on_progress or (lambda counts: None)
        self._clear_queue()

    def remove(self, file: FileVersion) -> None:
        """Take the file version out of the commit."""
        del self.files[file.path]

    def skip(self, file: FileVersion, reason: SkipReason) -> None:
        """Remember that the file stays out, so that it is not read again."""
        self.files[file.path] = ManifestEntry(file.blob, skipped=reason.value)

    def add(self, file: FileVersion, chunks: Sequence[Chunk]) -> None:
        """Queue a file; the queue is written when enough has come together."""
        language = chunks[0].language if chunks else ""
        self.files[file.path] = ManifestEntry(file.blob, len(chunks), language)
        key = version_key(file.path, file.blob)
        if key in self._stored:
            return
        self._stored.add(key)
        texts = [document_text(chunk) for chunk in chunks]
        keys = [VectorCache.key(text) for text in texts]
        unseen = {
            key: text
            for key, text in zip(keys, texts, strict=True)
            if key not in self._vectors and key not in self._new_texts
        }
        known = self._cache.get(list(unseen))
        self._vectors |= known
        self._new_texts |= {key: text for key, text in unseen.items() if key not in known}
        self._files.append(_QueuedFile(file, chunks, keys))
        self._queued_chunks += len(chunks)
        if self._is_full():
            self.finish()

    def finish(self) -> None:
        """Encode what is new, remember it, and store all that is queued."""
        self._encode_new()
        points = []
        for file in self._files:
            for ordinal, (chunk, key) in enumerate(zip(file.chunks, file.keys, strict=True)):
                points.append(make_point(file.version, ordinal, chunk, self._vectors[key]))
        if points:
            self._store.upsert(points)
        self.counts.chunks += len(points)
        self.counts.batch_share = 0.0
        self._clear_queue()
        self._on_progress(self.counts)

    def _is_full(self) -> bool:
        if not self._new_texts:
            return self._queued_chunks >= _BATCH_CHUNKS
        texts = self._encoder().texts_at_once
        return len(self._new_texts) >= texts or self._queued_chunks >= max(_BATCH_CHUNKS, texts)

    def _encode_new(self) -> None:
        if not self._new_texts:
            return
        keys = list(self._new_texts)
        if self._limit is not None and self.counts.encoded + len(keys) > self._limit:
            raise TooMuchError(f"more than {self._limit} new texts", "Index it first")

        def on_batch(done: int) -> None:
            self.counts.encoded += done
            self.counts.batch_share += done / len(keys)
            self._on_progress(self.counts)

        texts = list(self._new_texts.values())
        vectors = self._encoder().encode_documents(texts, on_batch=on_batch).astype(np.float16)
        self._cache.put(keys, vectors)
        self._vectors |= dict(zip(keys, vectors, strict=True))

    def _clear_queue(self) -> None:
        self._files: list[_QueuedFile] = []
        self._queued_chunks = 0
        self._new_texts: dict[bytes, str] = {}  # by cache key: not known, to be encoded
        self._vectors: dict[bytes, NDArray[np.float16]] = {}  # by cache key: known


def point_id(file: FileVersion, ordinal: int) -> str:
    """The id of a file version's n-th chunk: the same in every index of the same content."""
    name = f"{file.path}\0{file.blob}\0{ordinal}".encode()
    return str(uuid.UUID(bytes=hashlib.blake2b(name, digest_size=16).digest()))


def delete_unheld(writer: Writer, stored: Mapping[int, tuple[str, ManifestEntry]]) -> int:
    """Delete the points of ``stored`` file versions that no commit has; how many those were."""
    held = writer.manifest.versions()
    points = [
        point_id(FileVersion(path, entry.blob), ordinal)
        for key, (path, entry) in stored.items()
        if key not in held
        for ordinal in range(entry.chunks)
    ]
    if points:
        writer.delete(points)
    return len(points)


def chunk_from_payload(payload: Mapping[str, Any]) -> Chunk:
    """The chunk that a payload was made from."""
    values = dict(payload)
    del values["version"]
    span = Span(values.pop("start_line"), values.pop("end_line"))
    return Chunk(kind=Kind(values.pop("kind")), span=span, **values)


def make_point(file: FileVersion, ordinal: int, chunk: Chunk, vector: NDArray[np.float16]) -> Point:
    """The point of a file version's n-th chunk; ``vector`` is (dimension,)."""
    payload = {
        "version": version_key(file.path, file.blob),
        "path": chunk.path,
        "language": chunk.language,
        "kind": chunk.kind.value,
        "symbol": chunk.symbol,
        "class_path": chunk.class_path,
        "signature": chunk.signature,
        "docstring": chunk.docstring,
        "start_line": chunk.span.start_line,
        "end_line": chunk.span.end_line,
        "blob": chunk.blob,
        "text": chunk.text,
        "part": chunk.part,
        "parts": chunk.parts,
    }
    return Point(point_id(file, ordinal), vector, chunk_terms(chunk), payload)
