"""A question in, hits out: encode, candidates, fuse, fetch."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from codesearch import ranking
from codesearch.encoder.text import document_text, query_text
from codesearch.errors import NotIndexedError
from codesearch.filters import conditions
from codesearch.lexical import query_terms
from codesearch.overlay import OverlaidReader, Overlay
from codesearch.question import Question
from codesearch.rules import Candidate
from codesearch.types import Chunk, Explanation, Filter, Hit
from codesearch.writer import chunk_from_payload

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from codesearch.encoder import Encoder
    from codesearch.store import Reader, State, Store

# What is published → the commit that a question is about; None: by now something newer is.
Locate = Callable[["State"], str | None]
Lay = Callable[[str], Overlay]  # that commit → what lies over it
_Id = TypeVar("_Id", str, int)
_MOST_HITS = 100_000  # whoever asks for more gets so many: the engine counts in 64 bits


class Searcher:
    """Answers from the last published state; follows newer ones by itself. Thread-safe."""

    def __init__(
        self,
        store: Store,
        encoder: Callable[[], Encoder],
        fingerprint: Callable[[], str],
        repository: str = "",
    ) -> None:
        self._store = store
        self._repository = repository  # its name, for the hits
        self._encoder = encoder
        self._fingerprint = fingerprint
        self._reader: Reader | None = None
        self._lock = threading.RLock()  # a reader must not be swapped between two of its calls

    def search(
        self,
        query: str,
        top_k: int,
        filter_: Filter | None,
        locate: Locate,
        lay: Lay = Overlay,
    ) -> list[Hit]:
        """The best ``top_k`` hits, best first; fewer if fewer match."""
        query = sound(query)
        if not query or top_k < 1:
            return []
        vector = self._encoder().encode_query(query_text(query))
        candidates = self.candidates(query, vector, list_length(top_k), filter_, locate, lay)
        return ranked_hits(query, candidates, top_k)

    def candidates(
        self,
        query: str,
        vector: NDArray[np.float32],
        limit: int,
        filter_: Filter | None,
        locate: Locate,
        lay: Lay = Overlay,
    ) -> list[Candidate]:
        """The nearest to ``vector`` (dimension,) and the best by words, each at most ``limit``."""
        with self._laid(locate, lay) as reader:
            where = [*reader.visible(), *conditions(filter_, reader.paths)]
            dense = placed(reader.nearest(vector, limit, where))
            lexical = placed(reader.matching(query_terms(query), limit, where))
            ids = sorted(dense.keys() | lexical.keys())
            payloads = reader.payloads(ids)
        return [
            Candidate(id_, payload, dense.get(id_), lexical.get(id_), self._repository)
            for id_, payload in zip(ids, payloads, strict=True)
        ]

    def similar(
        self,
        chunk: Chunk,
        top_k: int,
        filter_: Filter | None,
        locate: Locate,
        lay: Lay = Overlay,
    ) -> list[Hit]:
        """Chunks whose meaning is nearest to that of ``chunk``; itself left out."""
        if top_k < 1:
            return []
        # As a question, so that its vector has length 1.
        vector = self._encoder().encode_query(document_text(chunk))
        with self._laid(locate, lay) as reader:
            where = [*reader.visible(), *conditions(filter_, reader.paths)]
            found = reader.nearest(vector, min(top_k, _MOST_HITS) + 1, where)
            payloads = reader.payloads([id_ for id_, _ in found])
        hits = []
        for rank, ((_, score), payload) in enumerate(zip(found, payloads, strict=True), 1):
            explanation = Explanation(dense_rank=rank, dense_score=score)
            chunk_ = chunk_from_payload(payload)
            hits.append(Hit(score, chunk_, explanation, self._repository))
        return [hit for hit in hits if not _is_same(hit.chunk, chunk)][:top_k]

    def reader(self) -> Reader:
        """The last published state, opened if a newer one was published since.

        Raises:
            NotIndexedError: nothing is published, or only what another model made.
        """
        with self._lock:
            current = self._store.current_name()
            if self._reader is None or self._reader.name != current:
                self.close()
                self._reader = self._store.reader()
            if self._reader is None:
                raise NotIndexedError(
                    "Nothing is indexed yet for this repository", "Index it: codesearch index"
                )
            if self._reader.state.fingerprint != self._fingerprint():
                raise NotIndexedError(
                    "The index was made by another model or version and cannot be compared with",
                    "Index again (the old index stays until the new one is ready): "
                    "codesearch index",
                )
            return self._reader

    def located(self, locate: Locate) -> tuple[Reader, str]:
        """The last published state, and the commit in it that ``locate`` finds."""
        while True:
            reader = self.reader()
            commit = locate(reader.state)
            if commit is not None:
                return reader, commit

    def close(self) -> None:
        """Give the state back."""
        with self._lock:
            if self._reader is not None:
                self._reader.close()
                self._reader = None

    @contextmanager
    def _laid(self, locate: Locate, lay: Lay) -> Iterator[OverlaidReader]:
        """What answers, with what lies over it. Nobody waits while ``lay`` looks at files."""
        while True:
            reader, commit = self.located(locate)
            overlay = lay(commit)
            with self._lock:
                if self._reader is reader:  # else another thread has seen something newer
                    yield OverlaidReader(reader, overlay)
                    return


def sound(query: str) -> str:
    """The question without what cannot be encoded: a terminal can deliver half characters."""
    return query.encode(errors="replace").decode().strip()


def list_length(top_k: int) -> int:
    """How many candidates by meaning, and how many by words, are asked for so many hits."""
    return min(max(ranking.CANDIDATES, top_k), _MOST_HITS)


def ranked_hits(query: str, candidates: Sequence[Candidate], top_k: int) -> list[Hit]:
    """The best ``top_k`` of the candidates, as hits."""
    question, limit = Question.of(query), list_length(top_k)
    ranked = ranking.rank(question, candidates, limit=limit)[:top_k]
    return [
        Hit(
            best.score,
            chunk_from_payload(best.candidate.payload),
            best.explanation,
            best.candidate.repository,
        )
        for best in ranked
    ]


def placed(found: Sequence[tuple[_Id, float]]) -> dict[_Id, tuple[int, float]]:
    """Ids with their scores, best first → rank (from 1) and score by id."""
    return {id_: (rank, score) for rank, (id_, score) in enumerate(found, 1)}


def _is_same(one: Chunk, other: Chunk) -> bool:
    names = one.qualified_name, other.qualified_name  # of another repository's, the rest may agree
    return (one.path, one.span, names[0]) == (other.path, other.span, names[1])
