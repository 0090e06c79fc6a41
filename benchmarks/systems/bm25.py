"""BM25 by ``bm25s``, over whole files or over our chunks.

Terms are those of our own lexical search (identifiers split, plurals folded, words of the question
that say nothing about code left out), so that what is compared is the ranking and not the
tokenizer; path and text count alike, fields are not weighted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version

import bm25s  # type: ignore[import-not-found,import-untyped,unused-ignore]
import numpy as np

from benchmarks.corpus import Corpus
from benchmarks.scoring import Place
from benchmarks.systems import Options, Search, System
from codesearch.lexical import question_words, terms


def make(name: str, options: Options) -> System:
    """``bm25-files`` or ``bm25-chunks``."""
    return Bm25(name, over_chunks=name.endswith("chunks"))


@dataclass(frozen=True, slots=True)
class Bm25:
    """BM25 (Lucene's variant, k1 1.5, b 0.75: the library's defaults)."""

    name: str
    over_chunks: bool

    @property
    def describes(self) -> str:
        """With the library's version."""
        over = "our chunks" if self.over_chunks else "files"
        return f"bm25s {version('bm25s')} over {over}, terms and stop words as ours"

    @contextmanager
    def open(self, corpus: Corpus) -> Iterator[Search]:
        """Index in memory."""
        if self.over_chunks:
            places = [Place(c.path, c.span.start_line, c.span.end_line) for c in corpus.chunks]
            texts = [f"{chunk.path}\n{chunk.text}" for chunk in corpus.chunks]
        else:
            places = [Place(path) for path in corpus.texts]
            texts = [f"{path}\n{text}" for path, text in corpus.texts.items()]
        yield make_search(texts, places)


def make_search(texts: Sequence[str], places: Sequence[Place]) -> Search:
    """Index ``texts``; the search gives the place of each."""
    index = bm25s.BM25()
    index.index([list(terms(text)) for text in texts], show_progress=False)

    def search(query: str, top_k: int) -> list[Place]:
        words = [word for word in sorted(question_words(query)) if word in index.vocab_dict]
        if not words:
            return []
        scores = index.get_scores(words)
        best = np.argsort(-scores, kind="stable")[:top_k]
        return [places[number] for number in best if scores[number] > 0]

    return search
