"""Our own search, whole and in parts. The one module that reaches behind the public names.

``codesearch`` is ``Index.search`` as users have it. ``dense`` and ``lexical`` are the two lists
of candidates that it starts from, ``hybrid`` is their plain reciprocal-rank fusion: the parts by
which the ranking's own worth is told. All four share one index per repository, which stays in
the cache folder: a run after a change of ranking encodes nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from benchmarks.corpus import Corpus
from benchmarks.errors import BenchmarkError
from benchmarks.scoring import Place
from benchmarks.systems import Options, Search, System
from codesearch import Hit, Index, Settings
from codesearch.encoder import Encoder, query_text
from codesearch.encoder.weights import Weights
from codesearch.lexical import query_terms
from codesearch.store.embedded import EmbeddedReader, EmbeddedStore
from codesearch.sync import Syncer
from codesearch.types import Chunk
from codesearch.writer import chunk_from_payload
from indexers.skip import Rules

PARTS = ("dense", "lexical", "hybrid", "codesearch")
_RRF_K = 60
_CANDIDATES = 100  # of each kind, for the fusion


def make(name: str, options: Options) -> System:
    """One of ``PARTS``."""
    built = built_by(options.model, options.cache)
    describes = {
        "dense": f"our dense candidates alone, {built.model}",
        "lexical": "our lexical candidates alone",
        "hybrid": f"reciprocal-rank fusion of the two, k = {_RRF_K}",
        "codesearch": f"Index.search as it is shipped, {built.model}",
    }
    return Ours(name, name, built, describes[name])


@cache
def built_by(model: Path | None, folder: Path) -> Built:
    """The indexes of one encoder: systems that have it in common share them."""
    return Built(Weights.open(model), model, folder)


class Built:
    """Indexes of pinned repositories made with one encoder, one open at a time."""

    def __init__(self, weights: Weights, model: Path | None, folder: Path) -> None:
        self._weights = weights
        self._settings = Settings(home=folder, model=model)
        self._folder = folder / weights.digest[:12]

    @property
    def model(self) -> str:
        """Name and digest of the encoder."""
        return f"{self._weights.name} {self._weights.digest[:12]}"

    def directory(self, corpus: Corpus) -> Path:
        """Where the index of a corpus stays; another revision of it reuses what it can."""
        root = corpus.pinned.root.replace("/", "+")
        return self._folder / f"{corpus.pinned.name}@{root}"

    @contextmanager
    def open(self, corpus: Corpus) -> Iterator[tuple[Index, EmbeddedReader]]:
        """The index of the corpus, brought to its commit, and what it is made of."""
        directory = self.directory(corpus)
        settings = self._settings
        with Index.open(corpus.mirror, index_dir=directory, settings=settings) as index:
            store = EmbeddedStore(directory)
            syncer = RootedSyncer(
                store,
                index.repository,
                settings,
                self._weights,
                lambda: index.encoder,
                root=corpus.pinned.root,
            )
            syncer.run(corpus.commit, wait=True, rebuild=False, on_progress=None)
            reader = store.reader()
            if reader is None:
                raise BenchmarkError(f"Nothing was published in {directory}")
            with closing(reader):
                yield index, reader


@dataclass(frozen=True, slots=True)
class RootedSyncer(Syncer):
    """A sync that takes in one folder of the repository: what a benchmark's root asks for."""

    root: str = ""

    def _rules(self, commit: str) -> Rules:
        include = (f"/{self.root}/",) if self.root else ()
        return Rules.at(self.repository, commit, include=include)


@dataclass(frozen=True, slots=True)
class Ours:
    """One of ``PARTS`` over the indexes of one encoder."""

    name: str
    part: str
    built: Built
    describes: str

    @contextmanager
    def open(self, corpus: Corpus) -> Iterator[Search]:
        """Index what is not indexed yet."""
        with self.built.open(corpus) as (index, reader):
            yield part_of(self.part, index.search, Candidates(index.encoder, reader))


class Candidates:
    """The two lists that a search starts from, as places."""

    def __init__(self, encoder: Encoder, reader: EmbeddedReader) -> None:
        self._encoder = encoder
        self._reader = reader

    def dense(self, query: str, limit: int) -> list[str]:
        """Point ids by cosine."""
        vector = self._encoder.encode_query(query_text(query))
        return [id_ for id_, _ in self._reader.nearest(vector, limit)]

    def lexical(self, query: str, limit: int) -> list[str]:
        """Point ids by BM25."""
        return [id_ for id_, _ in self._reader.matching(query_terms(query), limit)]

    def places(self, ids: Sequence[str]) -> list[Place]:
        """Where the points lie."""
        return [place_of(chunk_from_payload(p)) for p in self._reader.payloads(ids)]


def part_of(part: str, whole: Callable[..., list[Hit]], candidates: Candidates) -> Search:
    """The search that is one of ``PARTS``."""

    def full(query: str, top_k: int) -> list[Place]:
        return [place_of(h.chunk, str(h.explanation)) for h in whole(query, top_k=top_k)]

    def dense(query: str, top_k: int) -> list[Place]:
        return candidates.places(candidates.dense(query, top_k))

    def lexical(query: str, top_k: int) -> list[Place]:
        return candidates.places(candidates.lexical(query, top_k))

    def hybrid(query: str, top_k: int) -> list[Place]:
        limit = max(_CANDIDATES, top_k)
        lists = candidates.dense(query, limit), candidates.lexical(query, limit)
        return candidates.places(fused(*lists)[:top_k])

    return {"codesearch": full, "dense": dense, "lexical": lexical, "hybrid": hybrid}[part]


def fused(*lists: Sequence[str]) -> list[str]:
    """Reciprocal-rank fusion (Cormack, Clarke & Büttcher, 2009); ties in order of id."""
    scores: dict[str, float] = defaultdict(float)
    for ids in lists:
        for rank, id_ in enumerate(ids, 1):
            scores[id_] += 1 / (_RRF_K + rank)
    return sorted(scores, key=lambda id_: (-scores[id_], id_))


def place_of(chunk: Chunk, why: str = "") -> Place:
    """Where a chunk lies; the note says what it is and why it was found."""
    note = f"{chunk.kind} {chunk.qualified_name or '-'}" + (f" [{why}]" if why else "")
    return Place(chunk.path, chunk.span.start_line, chunk.span.end_line, note)
