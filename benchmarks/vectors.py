"""``python -m benchmarks vectors``: what smaller vectors would save, and what they would cost.

The vectors of single functions (see ``functions.py``) are made smaller in several ways, and the
questions asked again, of the vectors alone. Fewer dimensions: the first ones, or the main axes of
the functions themselves (which flatters: an index would have to be given fixed axes). Bytes are
those of a vector; the rest of a chunk (its text, terms, the engine's bookkeeping) stays.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.facts import circumstances
from benchmarks.functions import Sets, Task, chunks_of, tasks
from benchmarks.results import Result, rounded
from benchmarks.scoring import mean, reciprocal_rank
from codesearch.encoder import document_text, load_encoder, query_text

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from codesearch.encoder import Encoder

    Array = NDArray[np.float32]

# (vectors of functions, vectors of questions) → their scores (questions, functions)
Scores = Callable[["Array", "Array"], "Array"]


@dataclass(frozen=True, slots=True)
class Form:
    """A way to keep vectors."""

    bytes_each: Callable[[int], float]  # of a vector with so many dimensions
    scores: Scores


def run_vectors(sets: Sets, model: Path | None) -> Result:
    """MRR by the vectors alone, for each form of the vectors, on each task."""
    encoder = load_encoder(model)
    result: Result = {"what": "vectors", **circumstances()}
    result["model"] = f"{encoder.name} {encoder.digest[:12]}"
    result["bytes"] = {name: form.bytes_each(encoder.dimension) for name, form in FORMS.items()}
    result["tasks"] = {}
    for task in tasks(sets):
        result["tasks"][task.name] = _mrr(task, encoder)
        shown = ", ".join(f"{name} {mrr:.3f}" for name, mrr in result["tasks"][task.name].items())
        print(f"{task.name}: {shown}", file=sys.stderr, flush=True)
    answer: Result = rounded(result)
    return answer


def _mrr(task: Task, encoder: Encoder) -> dict[str, float]:
    owners: list[int] = []  # which function a chunk is of
    texts: list[str] = []
    for row, chunks in chunks_of(task):
        owners += [row["id"]] * len(chunks)
        texts += [document_text(chunk) for chunk in chunks]
    documents = encoder.encode_documents(texts)
    questions = np.stack([encoder.encode_query(query_text(row["query"])) for row in task.queries])
    wanted = [row["relevant"] for row in task.queries]
    return {
        name: _of_scores(form.scores(documents, questions), owners, wanted)
        for name, form in FORMS.items()
    }


def _of_scores(scores: Array, owners: Sequence[int], wanted: Sequence[Sequence[int]]) -> float:
    functions, of = np.unique(np.array(owners), return_inverse=True)
    places: Mapping[int, int] = {int(function): n for n, function in enumerate(functions)}
    ranks = []
    for row, targets in zip(scores, wanted, strict=True):
        best = np.full(len(functions), -np.inf, np.float32)
        np.maximum.at(best, of, row)  # a function is as near as its nearest chunk
        aims = [best[places[target]] for target in targets if target in places]
        ranks.append(reciprocal_rank([int((best > aim).sum()) + 1 for aim in aims]))
    return mean(ranks)


def _plain(documents: Array, questions: Array) -> Array:
    scores: Array = questions @ documents.T
    return scores


def _rounded_to_half(documents: Array, questions: Array) -> Array:
    return _plain(documents.astype(np.float16).astype(np.float32), questions)


def _int8(documents: Array, questions: Array) -> Array:
    """Each vector with a scale of its own."""
    scale = np.abs(documents).max(axis=1, keepdims=True) / 127
    return _plain(np.rint(documents / scale) * scale, questions)


def _binary(documents: Array, questions: Array) -> Array:
    return _plain(np.where(documents > 0, 1, -1).astype(np.float32), questions)


def _first(number: int) -> Scores:
    def scores(documents: Array, questions: Array) -> Array:
        return _plain(_cut(documents[:, :number], documents), _unit(questions[:, :number]))

    return scores


def _main_axes(number: int, then: Scores) -> Scores:
    def scores(documents: Array, questions: Array) -> Array:
        _, axes = np.linalg.eigh(documents.T @ documents)  # smallest first
        kept = axes[:, -number:]
        return then(_cut(documents @ kept, documents), _unit(questions @ kept))

    return scores


def _cut(vectors: Array, whole: Array) -> Array:
    """With the lengths that the whole vectors have: the shorter, the less a document counts."""
    cut: Array = _unit(vectors) * np.linalg.norm(whole, axis=1, keepdims=True)
    return cut


def _unit(vectors: Array) -> Array:
    unit: Array = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


FORMS: Mapping[str, Form] = {
    "float32": Form(lambda d: 4 * d, _plain),
    "float16 (ours)": Form(lambda d: 2 * d, _rounded_to_half),
    "int8": Form(lambda d: d + 4, _int8),
    "first 256, float16": Form(lambda _: 512, _first(256)),
    "256 main axes, float16": Form(lambda _: 512, _main_axes(256, _rounded_to_half)),
    "256 main axes, int8": Form(lambda _: 260, _main_axes(256, _int8)),
    "128 main axes, float16": Form(lambda _: 256, _main_axes(128, _rounded_to_half)),
    "binary": Form(lambda d: d / 8, _binary),
}
