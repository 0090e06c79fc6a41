"""Replaced-token detection: a generator fills masked tokens in, the encoder tells which are new.

After ELECTRA (2003.10555): 15% of the tokens are masked, all by [MASK]; the generator's fillings
are sampled at temperature 1, and no gradient passes through the sampling; the encoder's loss
counts fifty times. Embeddings after DeBERTa-v3 (2111.09543): the encoder's word vectors are the
generator's, held fixed, plus a difference of its own, so that the two tasks do not pull one table
in two directions; :meth:`Electra.merged` adds the two up into a plain encoder.

The generator. From scratch it is narrow (a quarter of the width, ELECTRA's choice). From a warm
start there are two: the same narrow one, fresh, which first has to learn what words there are and
in the meantime replaces at random, which is easy to tell; or a copy of the encoder's own first
layers at full width (``generator_hidden = 0``), which fills in plausibly after some hundred steps
and costs half an encoder. Slicing a trained layer to a quarter of its width keeps nothing of what
it computes, so that is not offered.
"""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, nn
from transformers import ElectraConfig, ElectraModel

from codesearch.training import nets
from codesearch.training.recipe import Pretrain


class WordHead(nn.Module):  # type: ignore[misc,unused-ignore]
    """Hidden state → logits over the vocabulary, through the word vectors themselves."""

    def __init__(self, hidden: int, embedding: int, vocabulary: int) -> None:
        super().__init__()
        self.dense = nn.Linear(hidden, embedding)
        self.norm = nn.LayerNorm(embedding)
        self.bias = nn.Parameter(torch.zeros(vocabulary))

    def forward(self, hidden: Tensor, words: Tensor) -> Tensor:
        """Logits (M, V) of hidden states (M, H), with word vectors (V, E)."""
        logits: Tensor = self.norm(nn.functional.gelu(self.dense(hidden))) @ words.T + self.bias
        return logits


class MaskedWords(nn.Module):  # type: ignore[misc,unused-ignore]
    """The encoder alone, predicting what was masked (BERT's objective)."""

    def __init__(self, encoder: Any) -> None:
        super().__init__()
        self.encoder = encoder
        config = encoder.config
        self.word_head = WordHead(config.hidden_size, config.embedding_size, config.vocab_size)

    def forward(
        self, ids: Tensor, real: Tensor, chosen: Tensor, mask: int
    ) -> tuple[Tensor, dict[str, Any]]:
        """Loss and metrics of ids (B, T), of which ``chosen`` (B, T) are masked."""
        hidden = _hidden(self.encoder, real, input_ids=ids.masked_fill(chosen, mask))
        logits = self.word_head(hidden[chosen], self.encoder.get_input_embeddings().weight)
        loss = nn.functional.cross_entropy(logits.float(), ids[chosen])
        right = (logits.argmax(-1) == ids[chosen]).float().mean()
        return loss, {"mlm": loss.detach(), "mlm_accuracy": right}

    def embed(self, ids: Tensor, real: Tensor) -> Tensor:
        """Mean-pooled vectors (B, D)."""
        return nets.embed(self.encoder, ids, real)

    def merged(self) -> Any:
        """The encoder."""
        return self.encoder


class Electra(nn.Module):  # type: ignore[misc,unused-ignore]
    """Generator and encoder, which is the discriminator."""

    def __init__(self, encoder: Any, recipe: Pretrain, *, warm: bool) -> None:
        super().__init__()
        self.generator = make_generator(encoder, recipe, warm=warm)
        own = self.generator.config
        self.word_head = WordHead(own.hidden_size, own.embedding_size, own.vocab_size)
        self.encoder = encoder
        hidden = encoder.config.hidden_size
        self.head = nn.Sequential(nn.Linear(hidden, hidden), nn.GELU(), nn.Linear(hidden, 1))
        words = encoder.get_input_embeddings().weight
        words.requires_grad_(False)  # not used: see ``_words``
        self.difference = nn.Parameter(torch.zeros_like(words))  # (V, E)
        self._detection = recipe.detection

    def forward(
        self, ids: Tensor, real: Tensor, chosen: Tensor, mask: int
    ) -> tuple[Tensor, dict[str, Any]]:
        """Loss and metrics of ids (B, T), of which ``chosen`` (B, T) are masked."""
        hidden = _hidden(self.generator, real, input_ids=ids.masked_fill(chosen, mask))
        words = self.generator.get_input_embeddings().weight
        logits = self.word_head(hidden[chosen], words).float()  # (M, V)
        mlm = nn.functional.cross_entropy(logits, ids[chosen])
        filled = ids.clone()
        filled[chosen] = sample(logits)
        new = filled != ids  # a filling that hits the original is none
        told = self._tell(filled, real)
        losses = nn.functional.binary_cross_entropy_with_logits(told, new.float(), reduction="none")
        detection = losses[real].mean()
        metrics = {"mlm": mlm.detach(), "rtd": detection.detach(), **_counts(told, new, real)}
        return mlm + self._detection * detection, metrics

    def _tell(self, ids: Tensor, real: Tensor) -> Tensor:
        """Logits (B, T): how likely each token is a filling."""
        embedded = nn.functional.embedding(ids, self._words())
        hidden = _hidden(self.encoder, real, inputs_embeds=embedded)
        told: Tensor = self.head(hidden).squeeze(-1).float()
        return told

    def embed(self, ids: Tensor, real: Tensor) -> Tensor:
        """Mean-pooled vectors (B, D) of the encoder."""
        embedded = nn.functional.embedding(ids, self._words())
        return nets.pooled(_hidden(self.encoder, real, inputs_embeds=embedded), real)

    def merged(self) -> Any:
        """A plain encoder with the word vectors added up."""
        encoder = copy.deepcopy(self.encoder)
        with torch.no_grad():
            encoder.get_input_embeddings().weight.copy_(self._words())
        return encoder

    def _words(self) -> Tensor:
        """The encoder's word vectors (V, E): the generator's, held fixed, plus the difference."""
        words: Tensor = self.generator.get_input_embeddings().weight.detach() + self.difference
        return words


def make_generator(encoder: Any, recipe: Pretrain, *, warm: bool) -> Any:
    """A generator whose embeddings are as wide as the encoder's (they share them)."""
    sizes = encoder.config.to_dict()
    sizes["num_hidden_layers"] = recipe.generator_layers
    if recipe.generator_hidden:
        sizes["hidden_size"] = recipe.generator_hidden
        sizes["intermediate_size"] = 4 * recipe.generator_hidden
        sizes["num_attention_heads"] = recipe.generator_heads
    generator: Any = ElectraModel(ElectraConfig(**sizes))
    nets.set_dropout(generator, recipe.dropout)
    if warm:
        state = encoder.state_dict()
        if recipe.generator_hidden:
            state = {name: state[name] for name in state if name.startswith("embeddings.")}
        generator.load_state_dict(state, strict=False)
    return generator


def sample(logits: Tensor) -> Tensor:
    """One id (M,) for each row of logits (M, V), drawn at temperature 1 (Gumbel's trick)."""
    with torch.no_grad():
        noise = torch.empty_like(logits).exponential_().log_().neg_()
        return (logits + noise).argmax(-1)


def _hidden(model: Any, real: Tensor, **inputs: Tensor) -> Tensor:
    hidden: Tensor = model(attention_mask=real.long(), **inputs).last_hidden_state
    return hidden


def _counts(told: Tensor, new: Tensor, real: Tensor) -> dict[str, Tensor]:
    """Share of replaced tokens; precision and recall at a half."""
    said = (told.detach() > 0) & real
    hits = (said & new).sum()
    return {
        "replaced": new.sum() / real.sum(),
        "precision": hits / said.sum().clamp(min=1),
        "recall": hits / new.sum().clamp(min=1),
    }
