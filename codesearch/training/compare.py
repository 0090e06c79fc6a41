"""BM25 and encoders side by side: mean reciprocal rank on every set, in the served text."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from codesearch.encoder.tokenizer import WordPieces
from codesearch.encoder.weights import GRAPH, TOKENIZER
from codesearch.errors import ModelError
from codesearch.training.tasks import HUMANEVAL, MEAN, Task

if TYPE_CHECKING:
    import torch

Scores = NDArray[np.float32]
Encode = Callable[[Sequence[str]], Scores]  # texts → vectors (n, D)
Table = dict[str, dict[str, float]]  # set → ranker → mean reciprocal rank
_K1, _B = 1.2, 0.75


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


class Cosine:
    """An encoder alone."""

    def __init__(self, encode: Encode) -> None:
        self._encode = encode

    def scores(self, questions: Sequence[str], documents: Sequence[str]) -> Scores:
        """Dot products (Q, N): cosines, where hubs are not made shorter."""
        return self._encode(questions) @ self._encode(documents).T


def torch_encode(folder: Path, device: torch.device, max_tokens: int) -> Encode:
    """The float32 model of a folder, in batches."""
    from codesearch.training import nets  # noqa: PLC0415 – BM25 and int8 need no torch

    model = nets.load_model(folder).to(device)
    pieces = WordPieces((folder / TOKENIZER).read_bytes(), max_tokens)

    def encode(texts: Sequence[str]) -> Scores:
        ids = [np.array(pieces.ids(text), np.uint16) for text in texts]
        return nets.encode_all(model, ids, model.config.pad_token_id, chunk=64)

    return encode


def open_models(
    folders: Sequence[Path], device: torch.device | None, max_tokens: int
) -> dict[str, Ranker]:
    """Rankers by name: weights folders in int8, model folders and those of runs in float32."""
    rankers: dict[str, Ranker] = {}
    for folder in folders:
        place = folder / "model" if (folder / "model" / "config.json").exists() else folder
        name = folder.name if folder.name not in rankers else str(folder)
        if (place / GRAPH).exists():
            # A machine that only trains has no ONNX Runtime.
            from codesearch.encoder.onnx import OnnxEncoder  # noqa: PLC0415

            rankers[name] = Cosine(OnnxEncoder(place).encode_documents)
        elif device is not None:
            rankers[name] = Cosine(torch_encode(place, device, max_tokens))
    return rankers


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
    tasks_of = [row for name, row in table.items() if name.startswith(HUMANEVAL)]
    if tasks_of:
        table[MEAN] = {name: float(np.mean([row[name] for row in tasks_of])) for name in rankers}
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


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())
