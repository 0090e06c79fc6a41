"""BM25 and encoders side by side: mean reciprocal rank on every set, in the served text."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from codesearch.encoder.onnx import OnnxEncoder
from codesearch.encoder.text import document_text, query_text
from codesearch.encoder.tokenizer import WordPieces
from codesearch.encoder.weights import GRAPH, TOKENIZER
from codesearch.errors import ModelError
from codesearch.training.evaluate import document_of
from indexers.types import Chunk, Kind, Span

if TYPE_CHECKING:
    import torch

Scores = NDArray[np.float32]
Table = dict[str, dict[str, float]]  # set → ranker → mean reciprocal rank
_K1, _B = 1.2, 0.75


@dataclass(slots=True)
class Task:
    """Questions and the one corpus that they ask."""

    name: str
    documents: list[str]  # as ``document_text`` gives them
    questions: list[str]  # as ``query_text`` gives them
    relevant: list[list[int]]  # places in ``documents``
    groups: list[str] = field(default_factory=list)  # of the questions: shown one by one, too


class Ranker(Protocol):
    """What is compared."""

    def scores(self, questions: Sequence[str], documents: Sequence[str]) -> Scores:
        """How well each document answers each question (Q, N)."""
        ...


class Bm25:
    """Okapi's formula over lower-case words; identifiers are split in the texts already."""

    def scores(self, questions: Sequence[str], documents: Sequence[str]) -> Scores:
        """Scores (Q, N)."""
        counts = [Counter(_words(text)) for text in documents]
        lengths = np.array([sum(count.values()) for count in counts], np.float32)
        norm = _K1 * (1 - _B + _B * lengths / lengths.mean())
        places: dict[str, list[int]] = {}
        for place, count in enumerate(counts):
            for word in count:
                places.setdefault(word, []).append(place)
        found = np.zeros((len(questions), len(documents)), np.float32)
        for row, question in enumerate(questions):
            for word in set(_words(question)):
                where = places.get(word, [])
                weight = math.log(1 + (len(documents) - len(where) + 0.5) / (len(where) + 0.5))
                often = np.array([counts[place][word] for place in where], np.float32)
                found[row, where] += weight * often * (_K1 + 1) / (often + norm[where])
        return found


class Shipped:
    """A weights folder on ONNX Runtime, int8."""

    def __init__(self, folder: Path | None, threads: int | None = None) -> None:
        self._encoder = OnnxEncoder(folder, threads=threads)

    def scores(self, questions: Sequence[str], documents: Sequence[str]) -> Scores:
        """Cosines (Q, N)."""
        encode = self._encoder.encode_documents
        found: Scores = encode(questions) @ encode(documents).T
        return found


class Torch:
    """A model folder on torch, in batches."""

    def __init__(self, folder: Path, device: torch.device, max_tokens: int, *, bf16: bool) -> None:
        from codesearch.training import nets  # noqa: PLC0415 – BM25 and int8 need no torch

        self._encode_all = nets.encode_all
        self._model = nets.load_model(folder).to(device)
        self._pieces = WordPieces((folder / TOKENIZER).read_bytes(), max_tokens)
        self._bf16 = bf16

    def scores(self, questions: Sequence[str], documents: Sequence[str]) -> Scores:
        """Cosines (Q, N)."""
        return self._encode(questions) @ self._encode(documents).T

    def _encode(self, texts: Sequence[str]) -> Scores:
        ids = [np.array(self._pieces.ids(text), np.uint16) for text in texts]
        pad = self._model.config.pad_token_id
        vectors: Scores = self._encode_all(self._model, ids, pad, chunk=64, bf16=self._bf16)
        return vectors


def open_models(
    folders: Sequence[Path], device: torch.device | None, max_tokens: int, *, bf16: bool
) -> dict[str, Ranker]:
    """Rankers by name: weights folders in int8, model folders and those of runs on torch."""
    rankers: dict[str, Ranker] = {}
    for folder in folders:
        place = folder / "model" if (folder / "model" / "config.json").exists() else folder
        name = folder.name if folder.name not in rankers else str(folder)
        if (place / GRAPH).exists():
            rankers[name] = Shipped(place)
        elif device is not None:
            rankers[name] = Torch(place, device, max_tokens, bf16=bf16)
    return rankers


def load_tasks(evaluation: Path | None, heldout: Path | None) -> list[Task]:
    """CoSQA in both forms, HumanEval-X by language, docstring → function."""
    tasks = []
    if evaluation:
        for code, words in (("code", "docstring in the code"), ("code_nodoc", "docstring removed")):
            tasks.append(_public(f"CoSQA dev, {words}", evaluation / "cosqa", code))
        folder = evaluation / "humaneval_x"
        languages = sorted({row["language"] for row in _rows(folder / "corpus.jsonl")})
        tasks += [_public(f"HumanEval-X, {name}", folder, "code", name) for name in languages]
    if heldout:
        tasks.append(_functions(_rows(heldout)))
    return tasks


def compare(rankers: Mapping[str, Ranker], tasks: Sequence[Task]) -> Table:
    """Set → ranker → mean reciprocal rank; means of a set's languages are sets of their own."""
    table: Table = {}
    for task in tasks:
        for name, ranker in rankers.items():
            found = reciprocal_ranks(ranker.scores(task.questions, task.documents), task.relevant)
            table.setdefault(task.name, {})[name] = float(found.mean())
            for group in sorted(set(task.groups)):
                own = [one == group for one in task.groups]
                table.setdefault(f"{task.name}, {group}", {})[name] = float(found[own].mean())
    tasks_of = [row for name, row in table.items() if name.startswith("HumanEval-X, ")]
    if tasks_of:
        mean = {name: float(np.mean([row[name] for row in tasks_of])) for name in rankers}
        table["HumanEval-X, mean"] = mean
    return table


def reciprocal_ranks(scores: Scores, relevant: Sequence[Sequence[int]]) -> NDArray[np.float64]:
    """1 / rank (Q,) of the best relevant document; of equal scores, half stand before it.

    Raises ``ModelError`` where a score is not a number: no rank would say so.
    """
    if not np.isfinite(scores).all():
        raise ModelError("The model's vectors are not all numbers.", "Its training has diverged.")
    ranks = []
    for found, places in zip(scores, relevant, strict=True):
        best = found[list(places)].max()
        others = int((found == best).sum()) - 1
        ranks.append(1 + int((found > best).sum()) + others / 2)
    return 1 / np.array(ranks)


def as_markdown(table: Table) -> str:
    """A row for each set, a column for each ranker."""
    names = list(next(iter(table.values()), {}))
    lines = [f"| MRR | {' | '.join(names)} |", "|---" * (len(names) + 1) + "|"]
    for task, row in table.items():
        lines.append(f"| {task} | {' | '.join(f'{row[name]:.3f}' for name in names)} |")
    return "\n".join(lines)


def save(table: Table, path: Path) -> None:
    """The numbers as JSON."""
    path.write_text(json.dumps(table, indent=2) + "\n", encoding="utf-8")


def _public(name: str, folder: Path, code: str, language: str = "") -> Task:
    corpus, queries = _rows(folder / "corpus.jsonl"), _rows(folder / "queries.jsonl")
    if language:
        corpus = [row for row in corpus if row["language"] == language]
        queries = [row for row in queries if row["language"] == language]
    place = {row["id"]: number for number, row in enumerate(corpus)}
    return Task(
        name,
        [document_of(row, code) for row in corpus],
        [query_text(row["query"]) for row in queries],
        [[place[number] for number in row["relevant"]] for row in queries],
    )


def _functions(rows: list[dict[str, Any]]) -> Task:
    name = "docstring → function"
    texts = [document_text(_chunk(row)) for row in rows]
    questions = [query_text(row["query"]) for row in rows]
    groups = [row["language"] for row in rows]
    return Task(name, texts, questions, [[number] for number in range(len(rows))], groups)


def _chunk(row: dict[str, Any]) -> Chunk:
    return Chunk(
        path=row["path"],
        language=row["language"],
        kind=Kind.FUNCTION,
        symbol=row["symbol"],
        class_path=row["class_path"],
        signature=row["signature"],
        docstring="",
        span=Span(1, row["code"].count("\n") + 1),
        blob="",
        text=row["code"],
    )


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def _rows(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]
