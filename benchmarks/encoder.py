"""``python -m benchmarks encoder``: BM25 and encoders alone, side by side, on single functions.

What ``python -m codesearch.training evaluate`` prints, kept as a result: of weights folders alone,
which need no torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.errors import BenchmarkError
from benchmarks.facts import circumstances
from benchmarks.results import Result, rounded
from codesearch.encoder.onnx import OnnxEncoder
from codesearch.encoder.weights import Weights
from codesearch.training import compare
from codesearch.training.tasks import load_tasks

_BM25 = "Okapi, k1 1.2, b 0.75, over the lower-case words of the encoded texts, none left out"


def run_encoder(folders: Sequence[Path], evaluation: Path | None, heldout: Path | None) -> Result:
    """The mean reciprocal rank of BM25, of the weights in ``folders`` and of ours as shipped.

    ``evaluation`` holds ``cosqa`` and ``humaneval_x``, ``heldout`` is what the stage of that name
    wrote.
    """
    if not (evaluation or heldout):
        raise BenchmarkError("Nothing to ask", "Name sets: --eval DIR, --heldout FILE")
    try:
        tasks = load_tasks(evaluation, heldout)
    except (OSError, ValueError, KeyError) as error:
        raise BenchmarkError(f"Cannot read the sets: {error}") from error
    rankers: dict[str, compare.Ranker] = {"BM25": compare.Bm25()}
    described = {"BM25": _BM25}
    for folder in (*folders, None):
        weights = Weights.open(folder)
        name = (
            weights.name if weights.name not in rankers else f"{weights.name} {weights.digest[:6]}"
        )
        rankers[name] = compare.Cosine(OnnxEncoder(folder).encode_documents)
        described[name] = f"weights {weights.digest[:12]}"
    result: Result = {"what": "encoder", **circumstances(), "rankers": described}
    result["questions"] = {task.name: len(task.questions) for task in tasks}
    result["tasks"] = compare.compare(rankers, tasks)
    answer: Result = rounded(result)
    return answer
