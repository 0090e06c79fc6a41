"""A store of chunks that come from no repository, searched by the product's own code."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from benchmarks.errors import BenchmarkError
from codesearch.encoder import Encoder
from codesearch.fingerprint import encoder_fingerprint, index_fingerprint
from codesearch.searcher import Searcher
from codesearch.store import Ref, Snapshot
from codesearch.store.embedded import EmbeddedReader, EmbeddedStore
from codesearch.store.vectors import VectorCache
from codesearch.types import Chunk
from codesearch.writer import IndexWriter
from indexers.types import FileVersion

NOWHERE = "none"  # the commit of what is from no repository


def build(directory: Path, files: Sequence[Sequence[Chunk]], encoder: Encoder) -> None:
    """Write ``files`` (the chunks of each) to a store in ``directory``, known vectors reused."""
    store = EmbeddedStore(directory)
    fingerprint = index_fingerprint(encoder.digest)
    writer = store.writer(fingerprint, encoder.dimension, from_scratch=True)
    cache = VectorCache(directory, encoder_fingerprint(encoder.digest), encoder.dimension)
    with closing(cache):
        sink = IndexWriter(writer, cache, lambda: encoder)
        for chunks in files:
            if chunks:
                sink.add(FileVersion(chunks[0].path, chunks[0].blob), chunks)
        sink.finish()
    writer.manifest.follow(Ref(NOWHERE, ""), NOWHERE, Snapshot("", sink.files))
    writer.publish()


@contextmanager
def searching(directory: Path, encoder: Encoder) -> Iterator[tuple[Searcher, EmbeddedReader]]:
    """The product's searcher over the store, and the store's own reader."""
    store = EmbeddedStore(directory)
    searcher = Searcher(store, lambda: encoder, lambda: index_fingerprint(encoder.digest))
    reader = store.reader()
    if reader is None:
        raise BenchmarkError(f"Nothing was published in {directory}")
    with closing(searcher), closing(reader):
        yield searcher, reader
