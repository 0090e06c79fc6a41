"""A blob → chunks on symbol borders; by headings or paragraphs where no grammar serves.

The reading order: ``definitions`` asks the grammar's queries what a file defines, ``outline``
nests that, ``code`` decides what gets a chunk, ``pieces`` and ``splitting`` keep to the budget;
``prose`` serves files without a grammar, ``documentation`` and ``naming`` clean words.
"""

from __future__ import annotations

from collections.abc import Callable

from indexers import languages
from indexers.chunker.code import chunk_code
from indexers.chunker.pieces import Maker
from indexers.chunker.prose import chunk_headings, chunk_lines
from indexers.chunker.source import Source
from indexers.languages import Form
from indexers.types import Chunk, Kind

__all__ = ["DEFAULT_BUDGET", "chunk_text"]

DEFAULT_BUDGET = 2000
"""Characters of a chunk: nine of ten functions are shorter; the encoder reads about half of it,
lexical search and the reader all of it."""


def chunk_text(
    text: str,
    *,
    path: str,
    language: str,
    blob: str,
    budget: int = DEFAULT_BUDGET,
    measure: Callable[[str], int] = len,
) -> list[Chunk]:
    """Cut a file's text into chunks: definitions in the order of their first lines, outer first.

    Every line that is not blank is inside the span of at least one chunk. No chunk's text
    measures more than ``budget`` (in the units of ``measure``; at least 1). Any text is taken:
    broken code, other languages, none at all; the same arguments give the same chunks.
    """
    source = Source(text)
    maker = Maker(path, language, blob, max(1, budget), measure)
    row = languages.get(language)
    grammar = languages.grammar_of(language, path)
    if grammar is not None:
        return list(chunk_code(source, grammar, maker))
    if row.form is Form.HEADINGS:
        return list(chunk_headings(source, language, maker))
    kind = Kind.MODULE if row.form is Form.CODE_LINES else Kind.TEXT
    return list(chunk_lines(source, kind, maker))
