"""Contrastive tuning: a question near the code that answers it, away from the rest of the batch.

Symmetric InfoNCE over cosines (CodeSage, 2402.01935; CoRNStack, 2412.01007), with an anchor to
the model that it starts from: questions are pushed back toward where they were, since tuning on
docstrings alone makes the short questions of people worse (measured: CoSQA .535 → .510).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from codesearch.encoder.weights import TOKENIZER
from codesearch.training import fit, gradcache, history, nets
from codesearch.training.batches import Bystanders, LanguageBatches
from codesearch.training.forms import Batch, Forms
from codesearch.training.loop import Limits, Run
from codesearch.training.negatives import Candidates
from codesearch.training.packed import Ids, Pairs, digest
from codesearch.training.recipe import Contrastive
from codesearch.training.topics import topics


def info_nce(
    questions: Tensor, documents: Tensor, same: Tensor, tau: float
) -> tuple[Tensor, Tensor]:
    """Symmetric loss of questions (B, D) for the first B of documents (B + H, D); accuracy.

    ``same`` (B, B + H) is :class:`Batch`'s. The way back, from code to question, knows no further
    negatives.
    """
    scores = (questions @ documents.T / tau).masked_fill(same, float("-inf"))  # (B, B + H)
    count = len(questions)
    target = torch.arange(count, device=scores.device)
    there = torch.nn.functional.cross_entropy(scores, target)
    back = torch.nn.functional.cross_entropy(scores[:, :count].T, target)
    return (there + back) / 2, (scores.argmax(1) == target).float().mean()


class Objective:
    """Loss and gradients of one batch."""

    def __init__(self, model: Any, start: Any | None, recipe: Contrastive, pad: int, bf16: bool):
        self._model, self._start = model, start
        self._recipe, self._pad, self._bf16 = recipe, pad, bf16
        self._device = next(model.parameters()).device

    def __call__(self, batch: Batch) -> dict[str, Any]:
        """Forward and backward; metrics."""
        ids = [*batch.texts, *batch.short, *batch.documents]
        asked = len(batch.texts) + len(batch.short)
        old = self._old_vectors(ids[:asked], self._recipe.anchor)
        documented = [asked + place for place in batch.documented]
        old_documented = self._old_vectors(
            [ids[place] for place in documented], self._recipe.anchor_documented
        )
        same = torch.from_numpy(batch.same).to(self._device)

        def loss(vectors: Tensor) -> tuple[Tensor, dict[str, Any]]:
            questions, documents = vectors[: len(same)], vectors[asked:]
            value, accuracy = self._contrast(questions, documents, same)
            metrics = {"loss": value.detach(), "accuracy": accuracy}
            if old is not None:
                drift = (1 - (vectors[:asked] * old).sum(1)).mean()
                metrics["drift"] = drift.detach()
                value = value + self._recipe.anchor * drift
            if old_documented is not None:
                drift = (1 - (vectors[documented] * old_documented).sum(1)).mean()
                metrics["drift_documented"] = drift.detach()
                value = value + self._recipe.anchor_documented * drift
            return value, metrics

        chunk, cached = self._recipe.chunk, self._recipe.cached
        return gradcache.backward(self._encode, ids, loss, chunk, cached=cached)

    def _contrast(
        self, questions: Tensor, documents: Tensor, same: Tensor
    ) -> tuple[Tensor, Tensor]:
        """The loss, averaged with that of the vectors' first dimensions where asked for."""
        tau, normalize = self._recipe.tau, torch.nn.functional.normalize
        value, accuracy = info_nce(questions, documents, same, tau)
        for size in self._recipe.truncations:
            short = normalize(questions[:, :size], dim=-1), normalize(documents[:, :size], dim=-1)
            value = value + info_nce(*short, same, tau)[0]
        return value / (1 + len(self._recipe.truncations)), accuracy

    def _encode(self, ids: Sequence[Ids]) -> Tensor:
        with nets.autocast(self._device, self._bf16):
            return nets.embed(self._model, *nets.to_device(ids, self._pad, self._device))

    def _old_vectors(self, ids: Sequence[Ids], weight: float) -> Tensor | None:
        if self._start is None or not weight or not ids:
            return None
        chunk = max(256, self._recipe.chunk)
        vectors = nets.encode_all(self._start, ids, self._pad, chunk=chunk, bf16=self._bf16)
        return torch.from_numpy(vectors).to(self._device)


def train(
    pairs: Pairs,
    start: Path,
    out: Path,
    recipe: Contrastive,
    limits: Limits,
    *,
    device: torch.device,
    bf16: bool = False,
    candidates: Candidates | None = None,
) -> Run:
    """Tune the model in ``start`` and leave the new one in ``out/model``.

    Raises ``ModelError`` where the shards are not of its tokenizer.
    """
    torch.manual_seed(recipe.seed)
    model = nets.load_model(start, recipe.dropout).to(device)
    fit.require_fit(pairs, start / TOKENIZER, model.config.vocab_size)
    is_anchored = recipe.anchor or recipe.anchor_documented
    anchor = nets.load_model(start).to(device).eval() if is_anchored else None
    # Before the run takes over the weights of a checkpoint: what it resumes had the start's groups.
    groups = _groups(pairs, model, recipe)
    identity = fit.identity("contrastive", recipe, pairs, start, bf16=bf16) | {
        "candidates": candidates.digest if candidates else "",
        "groups": "" if groups is None else digest(groups),
    }
    run = Run(model, out, recipe.optimizer, limits, identity)
    objective = Objective(model, anchor, recipe, pairs.meta.specials.pad, bf16)
    run.go(Batches(pairs, recipe, candidates, groups), objective)
    nets.save_model(model, start / TOKENIZER, out / "model")
    history.write(out / "model", [*history.read(start), run.record(pairs, warm=True)])
    return run


def _groups(pairs: Pairs, model: Any, recipe: Contrastive) -> NDArray[np.int32] | None:
    if not recipe.topics:
        return None
    words = model.get_input_embeddings().weight.detach().cpu().numpy()
    return topics(pairs, words, recipe.topics, recipe.seed)


class Batches:
    """The batch of a step, from 0."""

    def __init__(
        self,
        pairs: Pairs,
        recipe: Contrastive,
        candidates: Candidates | None,
        groups: NDArray[np.int32] | None = None,
    ) -> None:
        self._recipe, self._candidates = recipe, candidates
        self._plan = LanguageBatches(
            pairs,
            recipe.batch,
            weak_share=recipe.weak_share,
            told_share=recipe.told_share,
            together=recipe.together,
            groups=groups,
            seed=recipe.seed,
            kept=candidates.kept if candidates else None,
        )
        self._bystanders = Bystanders(pairs, recipe.bystanders, recipe.seed)
        self._forms = Forms(
            pairs, recipe.augment, recipe.seed, recipe.text_tokens, recipe.document_tokens
        )

    def __call__(self, step: int) -> Batch:
        """The same for the same step, recipe and pairs."""
        records = self._plan.at(step)
        negatives = self._bystanders.at(step, records)
        if self._candidates is not None and self._recipe.negatives:
            random = np.random.default_rng((self._recipe.seed, 3, step))
            hard = self._candidates.sample(
                records, self._recipe.negatives, self._recipe.negative_temperature, random
            )
            negatives = np.concatenate([hard, negatives])
        short = int(self._recipe.short_questions * len(records)) if self._recipe.anchor else 0
        return self._forms.batch(step, records, negatives, short)
