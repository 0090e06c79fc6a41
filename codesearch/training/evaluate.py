"""Mean reciprocal rank of an encoder alone on the two public sets that have code texts only.

``humaneval_x``: task → solution within a language. ``cosqa``: web question → Python function,
with its docstring (the official protocol) and without. How the folders look: see the benchmarks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from codesearch.encoder.text import document_text, query_text
from indexers.types import Chunk, Kind, Span

Array = NDArray[np.float32]
Row = dict[str, Any]

# Good enough for functions that stand alone: the name behind the keyword, else before a bracket.
_NAME = re.compile(
    r"(?:\bdef|\bfn|\bfunc|\bfunction)\s+(?:\([^)]*\)\s*)?([A-Za-z_]\w*)"
    r"|\b(?:const|let|var)\s+([A-Za-z_$][\w$]*)\s*=|([A-Za-z_]\w*)\s*\("
)


class Encodes(Protocol):
    """What is measured."""

    def encode_documents(self, texts: Sequence[str]) -> Array:
        """Vectors (n, D)."""
        ...


def humaneval_x(encoder: Encodes, folder: Path) -> dict[str, float]:
    """MRR by language, and their ``mean``."""
    corpus, queries = _rows(folder / "corpus.jsonl"), _rows(folder / "queries.jsonl")
    scores = {}
    for language in sorted({row["language"] for row in corpus}):
        documents = [row for row in corpus if row["language"] == language]
        asked = [row for row in queries if row["language"] == language]
        scores[language] = _mrr(encoder, documents, asked, "code")
    scores["mean"] = float(np.mean(list(scores.values())))
    return scores


def cosqa(encoder: Encodes, folder: Path) -> dict[str, float]:
    """MRR with the docstring in the function (``code``) and without (``code_nodoc``)."""
    corpus, queries = _rows(folder / "corpus.jsonl"), _rows(folder / "queries.jsonl")
    return {field: _mrr(encoder, corpus, queries, field) for field in ("code", "code_nodoc")}


def _mrr(encoder: Encodes, corpus: list[Row], queries: list[Row], field: str) -> float:
    place = {row["id"]: number for number, row in enumerate(corpus)}
    documents = encoder.encode_documents([document_of(row, field) for row in corpus])
    questions = encoder.encode_documents([query_text(row["query"]) for row in queries])
    scores = questions @ documents.T  # (Q, N)
    ranks = []
    for row, found in zip(queries, scores, strict=True):
        best = max(found[place[number]] for number in row["relevant"])
        ranks.append(1 + int((found > best).sum()))
    return float(np.mean([1 / rank for rank in ranks]))


def document_of(row: Row, field: str) -> str:
    """The served text of a row whose code stands in ``field``."""
    code: str = row[field]
    found = _NAME.search(code)
    chunk = Chunk(
        path="",
        language=row["language"],
        kind=Kind.FUNCTION,
        symbol=(found[1] or found[2] or found[3]) if found else "",
        class_path="",
        signature="",
        docstring=(row.get("doc") or "") if field == "code" else "",
        span=Span(1, code.count("\n") + 1),
        blob="",
        text=code,
    )
    return document_text(chunk)


def _rows(path: Path) -> list[Row]:
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]
