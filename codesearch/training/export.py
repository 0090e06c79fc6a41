"""Weights of a trained or borrowed encoder → the folder that ``load_encoder`` reads.

Nothing is written unless the int8 graph passes: cosine to the float32 model at least .99 on every
sample text, and with evaluation sets a mean reciprocal rank that fell by no more than
``_MOST_LOST``. A single language has 164 questions: the card shows them, the gate does not ask.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnx
from tokenizers import Tokenizer

from codesearch.encoder.onnx import OnnxEncoder
from codesearch.encoder.text import TEMPLATE_VERSION
from codesearch.encoder.tokenizer import WordPieces
from codesearch.encoder.weights import (
    CARD,
    CONFIG,
    FORMAT,
    GRAPH,
    TOKENIZER,
    Config,
    sha256,
    write_config,
)
from codesearch.errors import ModelError
from codesearch.training.card import model_card
from codesearch.training.compare import Cosine, compare
from codesearch.training.fit import tokenizer_rules
from codesearch.training.graph import Shape, encoder_graph
from codesearch.training.hubness import Array, shortened
from codesearch.training.samples import sample_texts
from codesearch.training.tasks import KEPT, MEAN, REMOVED, load_tasks
from codesearch.training.warmstart import TorchReference, activation_peaks, load_electra

_LEAST_COSINE = 0.99
# CoSQA has 500 questions among near duplicates: there the 95% interval of a paired difference is
# .009 to either side, on HumanEval-X (984 questions) less.
_MOST_LOST = {MEAN: 0.005, KEPT: 0.015, REMOVED: 0.015}
_LARGEST = 32 << 20  # bytes: the package carries it
_CALIBRATION, _GATE = 128, 256  # sample texts, apart from each other


@dataclass(frozen=True, slots=True)
class Job:
    """One export."""

    warm_start: Path  # BERT or ELECTRA folder
    out: Path
    name: str
    origin: str
    license: str  # SPDX
    max_tokens: int = 128
    weight_steps: int = 127  # bound of the sum of two neighbouring int8 weights
    evaluation: Path | None = None  # humaneval_x/ and cosqa/
    trained: str = ""  # the runs since, in words; "" where there were none
    centres: Array | None = None  # (C, D) of questions; None: hubs are left as they are


@dataclass(slots=True)
class Measured:
    """What the gate saw; goes into the model card."""

    megabytes: float  # MiB, the whole folder
    cosine_mean: float
    cosine_least: float
    mrr: dict[str, tuple[float, float]] = field(default_factory=dict)  # set → float32, int8


def export(job: Job) -> Measured:
    """Write the weights folder ``job.out``; raises ``ModelError`` where it fails the gate."""
    rules = tokenizer_rules(Tokenizer.from_file(str(job.warm_start / TOKENIZER)))
    model = load_electra(job.warm_start)
    reference = TorchReference(model, WordPieces(rules, job.max_tokens))
    texts = sample_texts(_CALIBRATION + _GATE)
    peaks = activation_peaks(reference, texts[:_CALIBRATION])
    state = {name: value.numpy() for name, value in model.state_dict().items()}
    sizes = model.config
    shape = Shape(
        sizes.num_hidden_layers, sizes.num_attention_heads, job.max_tokens, sizes.layer_norm_eps
    )
    graph = encoder_graph(state, shape, peaks, centres=job.centres, weight_steps=job.weight_steps)
    onnx.checker.check_model(graph)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write(folder, job, graph.SerializeToString(), rules, reference)
        measured = _gate(job, folder, reference, texts[_CALIBRATION:])
        (folder / CARD).write_text(model_card(job, measured), encoding="utf-8")
        job.out.mkdir(parents=True, exist_ok=True)
        for file in (GRAPH, TOKENIZER, CONFIG, CARD):
            shutil.copyfile(folder / file, job.out / file)
    return measured


def _write(folder: Path, job: Job, graph: bytes, rules: bytes, reference: TorchReference) -> None:
    (folder / GRAPH).write_bytes(graph)
    (folder / TOKENIZER).write_bytes(rules)
    pieces = reference.pieces
    config = Config(
        format=FORMAT,
        name=job.name,
        dimension=reference.model.config.hidden_size,
        max_tokens=job.max_tokens,
        vocabulary=pieces.vocabulary,
        pooling="mean",
        lower_case=pieces.ids("Word") == pieces.ids("word"),
        template_version=TEMPLATE_VERSION,
        license=job.license,
        files={GRAPH: sha256(graph), TOKENIZER: sha256(rules)},
    )
    write_config(folder, config)


def _gate(job: Job, folder: Path, reference: TorchReference, texts: list[str]) -> Measured:
    size = sum(file.stat().st_size for file in folder.iterdir())
    if size > _LARGEST:
        raise ModelError(f"The folder has {size >> 20} MiB, more than {_LARGEST >> 20}.")
    shipped = OnnxEncoder(folder)
    vectors = shipped.encode_documents(texts)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    cosines = (vectors * reference.encode_documents(texts)).sum(axis=1)
    measured = Measured(size / 2**20, float(np.mean(cosines)), float(np.min(cosines)))
    if not measured.cosine_least >= _LEAST_COSINE:  # so that NaN fails, too
        raise ModelError(
            f"int8 costs too much: cosine to float32 {measured.cosine_least:.4f} at worst.",
            "Look for outlier channels; see the notes on smoothing in training/graph.py.",
        )
    if job.evaluation:
        measured.mrr = _compare(job, job.evaluation, reference, shipped)
        for what, (before, after) in measured.mrr.items():
            if not before - after <= _MOST_LOST.get(what, 1):
                raise ModelError(f"int8 costs too much: MRR {before:.3f} → {after:.3f} ({what}).")
    return measured


def _compare(
    job: Job, folder: Path, reference: TorchReference, shipped: OnnxEncoder
) -> dict[str, tuple[float, float]]:
    """Set → MRR of the float32 model and of the int8 graph."""

    def exact(texts: Sequence[str]) -> Array:
        vectors = reference.encode_documents(texts)
        return vectors if job.centres is None else shortened(vectors, job.centres)

    rankers = {
        "float32": Cosine(exact),
        "int8": Cosine(shipped.encode_documents),
    }
    table = compare(rankers, load_tasks(folder, None))
    return {name: (row["float32"], row["int8"]) for name, row in table.items()}
