"""Our own search, whole and in parts. With ``stores``, what reaches behind the public names.

``codesearch`` is ``Index.search`` as users have it. ``dense`` and ``lexical`` are the two lists
of candidates that it starts from, ``hybrid`` is their plain reciprocal-rank fusion. ``… + rules``
gives the ranking one of the lists alone: what the other one is worth on top of everything else.
``without:RULE`` is all but one rule of the ranking. All share one index per repository, which
stays in the cache folder: a run after a change of ranking encodes nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

from benchmarks.corpus import Corpus
from benchmarks.errors import BenchmarkError
from benchmarks.results import WITHOUT
from benchmarks.scoring import Place
from benchmarks.systems import Options, Search, System, stamp
from codesearch import Hit, Index, Settings, ranking
from codesearch.encoder import Encoder, query_text
from codesearch.encoder.weights import Weights
from codesearch.fingerprint import index_fingerprint
from codesearch.lexical import query_terms
from codesearch.question import Question
from codesearch.rules import RULES, Candidate
from codesearch.searcher import list_length, placed
from codesearch.store.embedded import EmbeddedReader, EmbeddedStore
from codesearch.sync import Syncer
from codesearch.types import Chunk
from codesearch.writer import chunk_from_payload
from indexers.skip import Rules

PARTS = {
    "dense": "our dense candidates alone",
    "lexical": "our lexical candidates alone",
    "hybrid": "reciprocal-rank fusion of the two, k = 60",
    "dense + rules": "our ranking without the lexical candidates",
    "lexical + rules": "our ranking without the dense candidates",
    "codesearch": "Index.search as it is shipped",
}
_LEFT_OUT = {"lexical + rules": ranking.MEANING, "dense + rules": ranking.WORDS}
_RRF_K = 60


def ablations() -> list[str]:
    """The names of systems that each lack one rule."""
    rules = (*RULES, ranking.SUPPORT, ranking.REPEAT)
    return [f"{WITHOUT}{rule}" for rule in rules]


def make(name: str, options: Options) -> System:
    """One of ``PARTS`` or of ``ablations()``."""
    built = built_by(options.model, options.cache)
    if name not in PARTS and name not in ablations():
        raise BenchmarkError(f"No rule {name.removeprefix(WITHOUT)!r} in the ranking")
    describes = PARTS.get(name, "our ranking, one rule left out")
    return Ours(name, name, built, f"{describes}; {built.model}")


@cache
def built_by(model: Path | None, folder: Path) -> Built:
    """The indexes of one encoder: systems that have it in common share them."""
    return Built(Weights.open(model), model, folder)


class Built:
    """Indexes of pinned repositories made with one encoder."""

    def __init__(self, weights: Weights, model: Path | None, folder: Path) -> None:
        self._weights = weights
        self._settings = Settings(home=folder, model=model)
        self._folder = stamp.folder(folder, weights.digest)

    @property
    def model(self) -> str:
        """Name and digest of the encoder."""
        return f"{self._weights.name} {self._weights.digest[:12]}"

    @contextmanager
    def open(self, corpus: Corpus) -> Iterator[tuple[Index, EmbeddedReader]]:
        """The index of the corpus, brought to its commit, and what it is made of."""
        where = [corpus.commit[:12], *corpus.pinned.root.split("/")]
        directory = self._folder / f"{corpus.pinned.name}@{'+'.join(filter(None, where))}"
        settings = self._settings
        with Index.open(corpus.mirror, index_dir=directory, settings=settings) as index:
            if not self._is_built(directory, corpus.commit):
                self._build(index, corpus)
            reader = EmbeddedStore(directory).reader()
            if reader is None:
                raise BenchmarkError(f"Nothing was published in {directory}")
            with closing(reader):
                yield index, reader

    def _is_built(self, directory: Path, commit: str) -> bool:
        reader = EmbeddedStore(directory).reader() if stamp.is_current(directory) else None
        if reader is None:
            return False
        with closing(reader):
            fingerprint = index_fingerprint(self._weights.digest)
            return reader.state.commits == {commit} and reader.state.fingerprint == fingerprint

    def _build(self, index: Index, corpus: Corpus) -> None:
        """Build anew where the code has changed; known texts are not encoded again."""
        rebuild = not stamp.is_current(index.directory)
        syncer = RootedSyncer(
            EmbeddedStore(index.directory),
            index.directory,
            index.repository,
            self._settings,
            self._weights,
            lambda: index.encoder,
            root=corpus.pinned.root,
        )
        syncer.run(corpus.commit, rebuild=rebuild)
        stamp.sign(index.directory)


@dataclass(frozen=True, slots=True)
class RootedSyncer(Syncer):
    """A sync that takes in one folder of the repository: what a benchmark's root asks for."""

    root: str = ""

    def rules(self, commit: str) -> Rules:
        """Nothing but the folder comes in."""
        include = (f"/{self.root}/",) if self.root else ()
        return Rules.at(self.repository, commit, include=include)


@dataclass(frozen=True, slots=True)
class Ours:
    """One part of our search over the indexes of one encoder."""

    name: str
    part: str
    built: Built
    describes: str

    @contextmanager
    def open(self, corpus: Corpus) -> Iterator[Search]:
        """Index what is not indexed yet."""
        with self.built.open(corpus) as (index, reader):
            # No other commit is in it: ``at`` would only add git's time to each question.
            whole = partial(index.search, overlay=False)
            yield part_of(self.part, whole, Parts(index.encoder, reader, corpus.commit))


class Parts:
    """What a search is made of, over one commit in a store."""

    def __init__(self, encoder: Encoder, reader: EmbeddedReader, commit: str) -> None:
        self._encoder = encoder
        self._reader = reader
        self._visible = reader.visible(commit)

    def dense(self, query: str, limit: int) -> list[tuple[str, float]]:
        """Point ids by cosine."""
        vector = self._encoder.encode_query(query_text(query))
        return self._reader.nearest(vector, limit, self._visible)

    def lexical(self, query: str, limit: int) -> list[tuple[str, float]]:
        """Point ids by BM25."""
        return self._reader.matching(query_terms(query), limit, self._visible)

    def hybrid(self, query: str, limit: int) -> list[tuple[str, float]]:
        """Point ids by reciprocal-rank fusion (Cormack, Clarke & Büttcher, 2009)."""
        scores: defaultdict[str, float] = defaultdict(float)
        depth = list_length(limit)
        for found in (self.dense(query, depth), self.lexical(query, depth)):
            for rank, (id_, _) in enumerate(found, 1):
                scores[id_] += 1 / (_RRF_K + rank)
        return sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))[:limit]

    def ranked(self, query: str, limit: int, part: str) -> list[Place]:
        """The ranking with one list of candidates, or without one rule."""
        depth = list_length(limit)
        left_out = _LEFT_OUT.get(part, part.removeprefix(WITHOUT))
        ranked = ranking.rank(
            Question.of(query),
            self._candidates(
                [] if left_out == ranking.MEANING else self.dense(query, depth),
                [] if left_out == ranking.WORDS else self.lexical(query, depth),
            ),
            limit=depth,
            without=(left_out,),
        )
        return [place_of(row.candidate.payload, str(row.explanation)) for row in ranked[:limit]]

    def places(self, found: Sequence[tuple[str, float]]) -> list[Place]:
        """Where the points lie."""
        return [place_of(payload) for payload in self._reader.payloads([id_ for id_, _ in found])]

    def _candidates(
        self, dense: Sequence[tuple[str, float]], lexical: Sequence[tuple[str, float]]
    ) -> list[Candidate]:
        by_meaning, by_words = placed(dense), placed(lexical)
        ids = sorted(by_meaning.keys() | by_words.keys())
        return [
            Candidate(id_, payload, by_meaning.get(id_), by_words.get(id_))
            for id_, payload in zip(ids, self._reader.payloads(ids), strict=True)
        ]


def part_of(part: str, whole: Callable[..., list[Hit]], parts: Parts) -> Search:
    """The search that goes by that name; ``whole`` is the product's own."""
    if part == "codesearch":
        return lambda query, top_k: [
            _place(hit.chunk, str(hit.explanation)) for hit in whole(query, top_k=top_k)
        ]
    lists = {"dense": parts.dense, "lexical": parts.lexical, "hybrid": parts.hybrid}
    if part in lists:
        return lambda query, top_k: parts.places(lists[part](query, top_k))
    return lambda query, top_k: parts.ranked(query, top_k, part)


def place_of(payload: Any, why: str = "") -> Place:
    """Where a stored chunk lies."""
    return _place(chunk_from_payload(payload), why)


def _place(chunk: Chunk, why: str) -> Place:
    note = f"{chunk.kind} {chunk.qualified_name or '-'}" + (f" [{why}]" if why else "")
    return Place(chunk.path, chunk.span.start_line, chunk.span.end_line, note)
