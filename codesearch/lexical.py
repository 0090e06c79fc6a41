"""Chunk and question → sparse term vectors, for BM25 inside the engine.

Terms are the stemmed words of identifiers (``parseHTTPHeader`` → parse, http, header) and,
where an identifier has several words, the whole of it as well, so that who knows the name finds
the name. The engine multiplies each query term by its inverse document frequency; the saturation
of term frequency and the normalisation by length are in the stored weights (BM25: Robertson &
Zaragoza, "The Probabilistic Relevance Framework", 2009; fields weighted before saturation as in
BM25F). The average length is a constant, so a stored vector depends on its chunk alone: an index
that grew commit by commit equals one built from scratch.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import lru_cache

import Stemmer

from codesearch.encoder.text import identifier_words
from indexers.types import Chunk

LEXICAL_VERSION = 2

_K1 = 1.2
_B = 0.5
_AVERAGE_LENGTH = 120.0  # terms of a chunk, fields weighted; the mean over real repositories
_SYMBOL_WEIGHT = 3.0
_PATH_WEIGHT = 2.0
_MAX_TERM = 64  # longer runs of letters are data, not words

_STEMMER = Stemmer.Stemmer("english")
_IDENTIFIER = re.compile(r"[^\W_]\w*|(?<!_)_+[^\W_]\w*")

SparseVector = dict[int, float]


def chunk_terms(chunk: Chunk) -> SparseVector:
    """The sparse vector of a chunk: term id → BM25 weight (without IDF)."""
    counts: defaultdict[str, float] = defaultdict(float)
    for text, weight in (
        (chunk.text, 1.0),
        (chunk.qualified_name, _SYMBOL_WEIGHT),
        (chunk.path, _PATH_WEIGHT),
    ):
        # An identifier stands there several times, and in many chunks.
        for identifier, times in Counter(_IDENTIFIER.findall(text)).items():
            for term in _terms_of(identifier):
                counts[term] += times * weight
    length = sum(counts.values())
    norm = _K1 * (1 - _B + _B * length / _AVERAGE_LENGTH)
    vector: SparseVector = {}
    for term, count in counts.items():
        vector[term_id(term)] = count * (_K1 + 1) / (count + norm)
    return vector


def query_terms(query: str) -> SparseVector:
    """The sparse vector of a question: each distinct term once; IDF is the engine's."""
    return {term_id(term): 1.0 for term in question_words(query)}


def question_words(query: str) -> frozenset[str]:
    """The terms of a question, less the words that say nothing about code."""
    words = [word for word in query.split() if word.lower().strip("?!.,") not in _STOP_WORDS]
    return frozenset(terms(" ".join(words)))


def terms(text: str) -> Iterator[str]:
    """The terms of a text in order, repetitions included."""
    for identifier in _IDENTIFIER.findall(text):
        yield from _terms_of(identifier)


@lru_cache(maxsize=1 << 14)  # some 6 MB
def _terms_of(identifier: str) -> tuple[str, ...]:
    words = identifier_words(identifier)
    found = [stem(word.lower()) for word in words if len(word) <= _MAX_TERM]
    if len(words) > 1 and len(identifier) <= _MAX_TERM:
        found.append(identifier.strip("_").lower())
    return tuple(found)


def term_id(term: str) -> int:
    """A 32-bit id. CRC-32: stable everywhere, fast, and collisions are rare enough to ignore."""
    return zlib.crc32(term.encode(errors="replace"))


def stem(word: str) -> str:
    """Fold forms of one word: "cookies" and "cookie", "signed" and "sign" (Snowball, English)."""
    stemmed: str = _STEMMER.stemWord(word)
    return stemmed


# Words of questions that say nothing about code. Kept short: "for", "if", "in" are code too,
# but as words of a question they match everything, and IDF alone does not silence them in
# small repositories.
_STOP_WORDS = frozenset(
    """a an and are as at be by can do does for from has have how i if in is it its of on or
    that the their this to was we what when where which who why will with you""".split()
)
