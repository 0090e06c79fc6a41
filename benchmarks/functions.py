"""``python -m benchmarks functions``: questions about single functions, without a repository.

CoSQA: web questions against 6,267 Python functions, with their docstrings (the official
protocol) and without. HumanEval-X: task descriptions against the solutions in one language.
The code is the product's, untouched: each function is a file that is cut by the chunker, encoded
by ``document_text``, kept in a Qdrant Edge store, and asked for through the searcher.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.errors import BenchmarkError
from benchmarks.facts import circumstances
from benchmarks.results import Result, rounded
from benchmarks.scoring import Place, mean, reciprocal_rank
from benchmarks.systems import Options, Search, stamp
from benchmarks.systems.ours import PARTS, Parts, ablations, part_of
from benchmarks.systems.stores import NOWHERE, build, searching
from codesearch import Hit
from codesearch.encoder import Encoder, load_encoder
from indexers.chunker import chunk_text
from indexers.types import Chunk

_DEPTH = 1000  # of results looked at; a function below that counts 0 instead of under .001

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sets:
    """Folders with ``corpus.jsonl`` and ``queries.jsonl``."""

    cosqa: Path | None = None
    humaneval: Path | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """Questions against a store of functions."""

    name: str
    field: str  # of the corpus rows, that holds the code
    corpus: Sequence[Row]
    queries: Sequence[Row]


def run_functions(sets: Sets, options: Options, *, ablate: bool = False) -> Result:
    """The mean reciprocal rank of each part of our search on each task.

    ``ablate``: of our ranking less a rule, each, too.
    """
    if not (sets.cosqa or sets.humaneval):
        raise BenchmarkError("Name a set: --cosqa DIR, --humaneval DIR")
    encoder = load_encoder(options.model)
    result: Result = {"what": "functions", **circumstances()}
    result["model"] = f"{encoder.name} {encoder.digest[:12]}"
    result["tasks"] = {}
    for task in tasks(sets):
        directory = stamp.folder(options.cache, encoder.digest) / f"functions-{task.name}"
        names = [*PARTS, *(ablations() if ablate else [])]
        scores = _mrr(task, directory, encoder, names)
        result["tasks"][task.name] = {
            "functions": len(task.corpus),
            "questions": len(task.queries),
            "mrr": scores,
        }
        shown = ", ".join(f"{part} {score:.3f}" for part, score in scores.items())
        print(f"{task.name}: {shown}", file=sys.stderr, flush=True)
    answer: Result = rounded(result)
    return answer


def tasks(sets: Sets) -> Iterator[Task]:
    """The tasks of the sets that are named."""
    if sets.cosqa:
        corpus, queries = _rows(sets.cosqa / "corpus.jsonl"), _rows(sets.cosqa / "queries.jsonl")
        yield Task("cosqa", "code", corpus, queries)
        yield Task("cosqa-no-docstrings", "code_nodoc", corpus, queries)
    if sets.humaneval:
        folder = sets.humaneval
        corpus, queries = _rows(folder / "corpus.jsonl"), _rows(folder / "queries.jsonl")
        for language in sorted({row["language"] for row in corpus}):
            yield Task(
                f"humaneval-x-{language}",
                "code",
                [row for row in corpus if row["language"] == language],
                [row for row in queries if row["language"] == language],
            )


def _mrr(task: Task, directory: Path, encoder: Encoder, names: Sequence[str]) -> dict[str, float]:
    cut = list(chunks_of(task))
    paths = {row["id"]: _wordless(number) for number, (row, _) in enumerate(cut)}
    build(directory, [chunks for _, chunks in cut], encoder)
    scores = {}
    with searching(directory, encoder) as (searcher, reader):
        parts = Parts(encoder, reader, NOWHERE)

        def everywhere(query: str, top_k: int) -> list[Hit]:
            return searcher.search(query, top_k, None, lambda _: NOWHERE)

        for part in names:
            search = part_of(part, everywhere, parts)
            scores[part] = mean(_score(search, row, paths) for row in task.queries)
    return scores


def _score(search: Search, row: Row, paths: dict[int, str]) -> float:
    order = list(dict.fromkeys(place.path for place in search(row["query"], _DEPTH)))
    places = [Place(path) for path in order]  # the chunks of one function are one answer
    ranks = {place.path: rank for rank, place in enumerate(places, 1)}
    return reciprocal_rank([ranks.get(paths[wanted], 0) for wanted in row["relevant"]])


def chunks_of(task: Task) -> Iterator[tuple[Row, list[Chunk]]]:
    """Each function of the task, cut as a file of its own."""
    for number, row in enumerate(task.corpus):
        path, blob = _wordless(number), str(row["id"])
        yield row, chunk_text(row[task.field], path=path, language=row["language"], blob=blob)


def _wordless(number: int) -> str:
    """A path of its own for each function, in which there is no word: these have no names."""
    return f"{number:b}".replace("0", "-").replace("1", "~")


def _rows(path: Path) -> list[Row]:
    try:
        with path.open(encoding="utf-8") as lines:
            return [json.loads(line) for line in lines]
    except (OSError, ValueError) as error:
        raise BenchmarkError(f"Cannot read {path}: {error}") from error
