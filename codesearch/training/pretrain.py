"""Pre-training on code: replaced-token detection or masked words, with InfoNCE in between.

Detection alone leaves an encoder whose last layers know tokens and not sentences (2402.13130), so
every few steps may also be contrastive, on the same pairs, as in COCO-LM (2102.08473).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from codesearch.encoder.weights import TOKENIZER
from codesearch.training import fit, gradcache, history, nets
from codesearch.training.batches import AnyBatches, LanguageBatches, length_sorted, padded
from codesearch.training.contrastive import info_nce
from codesearch.training.electra import Electra, MaskedWords
from codesearch.training.forms import Batch, Forms, random_view
from codesearch.training.loop import Limits, Run
from codesearch.training.packed import Ids, Pairs
from codesearch.training.recipe import Pretrain


@dataclass(slots=True)
class Masked:
    """One chunk: ids (B, T), where they are real, where they are masked."""

    ids: NDArray[np.int64]
    real: NDArray[np.bool_]
    chosen: NDArray[np.bool_]


@dataclass(slots=True)
class Step:
    """What one step sees."""

    chunks: list[Masked]
    contrast: Batch | None


class Batches:
    """The batch of a step, from 0."""

    def __init__(self, pairs: Pairs, recipe: Pretrain) -> None:
        self._pairs, self._recipe = pairs, recipe
        self._plan = AnyBatches(pairs, recipe.batch, weak_share=recipe.weak_share, seed=recipe.seed)
        self._contrast = LanguageBatches(
            pairs,
            recipe.contrast_batch,
            weak_share=recipe.contrast_weak_share,
            seed=recipe.seed,
        )
        self._forms = Forms(
            pairs, recipe.contrast_augment, recipe.seed, recipe.text_tokens, recipe.tokens
        )

    def __call__(self, step: int) -> Step:
        """The same for the same step, recipe and pairs."""
        random = np.random.default_rng((self._recipe.seed, 4, step))
        ids = [self._document(record, random) for record in self._plan.at(step)]
        chunks = [
            self._masked([ids[place] for place in places], random)
            for places in length_sorted(ids, self._recipe.chunk)
        ]
        every, contrast = self._recipe.contrast_every, None
        if every and step % every == 0:
            turn = step // every
            contrast = self._forms.batch(turn, self._contrast.at(turn))
        return Step(chunks, contrast)

    def _document(self, record: int, random: np.random.Generator) -> Ids:
        view = random_view(random, self._recipe.augment, weak=False)
        return self._pairs.document(record, self._recipe.tokens, view)

    def _masked(self, ids: list[Ids], random: np.random.Generator) -> Masked:
        specials = self._pairs.meta.specials
        filled, real = padded(ids, specials.pad)
        free = real & ~np.isin(filled, (specials.cls, specials.sep, specials.mask))
        chosen = free & (random.random(filled.shape) < self._recipe.mask)
        chosen[0, 1] |= not chosen.any()  # a loss over nothing is not a number
        return Masked(filled, real, chosen)


class Objective:
    """Loss and gradients of one step."""

    def __init__(self, module: Any, recipe: Pretrain, pairs: Pairs, bf16: bool) -> None:
        self._module, self._recipe, self._bf16 = module, recipe, bf16
        self._specials = pairs.meta.specials
        self._device = next(module.parameters()).device

    def __call__(self, step: Step) -> dict[str, Any]:
        """Forward and backward; metrics."""
        metrics: dict[str, Any] = {}
        total = sum(int(chunk.real.sum()) for chunk in step.chunks)
        for chunk in step.chunks:
            share = int(chunk.real.sum()) / total
            arrays = (chunk.ids, chunk.real, chunk.chosen)
            tensors = [torch.from_numpy(array).to(self._device) for array in arrays]
            with nets.autocast(self._device, self._bf16):
                loss, said = self._module(*tensors, self._specials.mask)
            torch.autograd.backward(share * loss)
            for name, value in said.items():
                metrics[name] = metrics.get(name, 0) + share * value
        if step.contrast is not None:
            metrics |= self._add_contrast(step.contrast)
        return metrics

    def _add_contrast(self, batch: Batch) -> dict[str, Any]:
        same = torch.from_numpy(batch.same).to(self._device)

        def loss(vectors: Tensor) -> tuple[Tensor, dict[str, Any]]:
            questions, documents = vectors[: len(same)], vectors[len(same) :]
            value, accuracy = info_nce(questions, documents, same, self._recipe.tau)
            weighted = self._recipe.contrast_weight * value
            return weighted, {"contrast": value.detach(), "accuracy": accuracy}

        ids = [*batch.texts, *batch.documents]
        return gradcache.backward(self._encode, ids, loss, self._recipe.chunk)

    def _encode(self, ids: Any) -> Tensor:
        with nets.autocast(self._device, self._bf16):
            tensors = nets.to_device(ids, self._specials.pad, self._device)
            vectors: Tensor = self._module.embed(*tensors)
        return vectors


def train(
    pairs: Pairs,
    start: Path | None,
    out: Path,
    recipe: Pretrain,
    limits: Limits,
    *,
    device: torch.device,
    bf16: bool = False,
    tokenizer: Path | None = None,
) -> Run:
    """Pre-train the model in ``start`` (None: a fresh one), and leave it in ``out/model``.

    ``tokenizer`` is copied along where there is no ``start`` to copy it from. Raises ``ModelError``
    where the shards are not of that tokenizer.
    """
    rules = start / TOKENIZER if start is not None else tokenizer
    if rules is None:
        raise ValueError("from scratch the model needs the shards' tokenizer: give --tokenizer")
    torch.manual_seed(recipe.seed)
    if start is not None:
        encoder = nets.load_model(start, recipe.dropout)
    else:
        encoder = nets.from_scratch(recipe.sizes, pairs.meta.vocabulary, pairs.meta.specials.pad)
        nets.set_dropout(encoder, recipe.dropout)
    fit.require_fit(pairs, rules, encoder.config.vocab_size)
    module = make_module(encoder, recipe, warm=start is not None)
    with torch.no_grad():  # what is frequent need not be learnt
        module.word_head.bias.copy_(log_frequencies(pairs))
    module = module.to(device)
    identity = fit.identity("pretrain", recipe, pairs, start, bf16=bf16)
    run = Run(module, out, recipe.optimizer, limits, identity)
    run.go(Batches(pairs, recipe), Objective(module, recipe, pairs, bf16))
    nets.save_model(module.merged(), rules, out / "model")
    before = history.read(start) if start is not None else []
    history.write(out / "model", [*before, run.record(pairs, warm=start is not None)])
    return run


def log_frequencies(pairs: Pairs) -> Tensor:
    """The logarithm of each token's share (V,); one never seen counts as seen once."""
    counts = torch.from_numpy(np.bincount(pairs.ids, minlength=pairs.meta.vocabulary) + 1)
    return (counts / counts.sum()).log()


def make_module(encoder: Any, recipe: Pretrain, *, warm: bool) -> Any:
    """The objective's networks around an encoder; ``ValueError`` for an unknown objective."""
    if recipe.objective == "mlm":
        return MaskedWords(encoder)
    if recipe.objective == "rtd":
        return Electra(encoder, recipe, warm=warm)
    raise ValueError(f"objective must be rtd or mlm, not {recipe.objective!r}")
