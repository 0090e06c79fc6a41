"""Whether shards, model and code belong together, and what tells one run from another."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from codesearch.encoder.text import TEMPLATE_VERSION
from codesearch.errors import ModelError
from codesearch.training.packed import Pairs
from codesearch.training.recipe import Contrastive, Pretrain

WEIGHTS = "model.safetensors"  # in the folder of a model


def tokenizer_rules(tokenizer: Tokenizer) -> bytes:
    """As ``tokenizer.json``, without its habits of cutting and padding, which this ends."""
    tokenizer.no_truncation()
    tokenizer.no_padding()
    rules: str = tokenizer.to_str()
    return rules.encode()


def tokenizer_digest(tokenizer: Tokenizer) -> str:
    """SHA-256 (hex) of its rules."""
    return hashlib.sha256(tokenizer_rules(tokenizer)).hexdigest()


def require_fit(pairs: Pairs, tokenizer: Path, vocabulary: int) -> None:
    """Raise ``ModelError`` unless the shards hold this code's texts in this tokenizer's ids.

    ``vocabulary`` is how many ids the model knows.
    """
    meta = pairs.meta
    if meta.template_version != TEMPLATE_VERSION:
        raise ModelError(
            f"The shards have the text template {meta.template_version}, not {TEMPLATE_VERSION}.",
            "Pack the pairs again.",
        )
    if not tokenizer.exists():
        raise ModelError(f"There is no {tokenizer}.", "It belongs to the model: copy it there.")
    if tokenizer_digest(Tokenizer.from_file(str(tokenizer))) != meta.tokenizer_digest:
        raise ModelError(
            f"The shards were not packed with {tokenizer}.",
            "Pack the pairs again with it, by the same version of `tokenizers`.",
        )
    if vocabulary < meta.vocabulary:
        raise ModelError(
            f"The model knows {vocabulary} tokens and the shards have {meta.vocabulary}.",
            "Give a model with the vocabulary of its own tokenizer.",
        )


def identity(
    stage: str, recipe: Contrastive | Pretrain, pairs: Pairs, start: Path | None, *, bf16: bool
) -> dict[str, Any]:
    """All that must be the same for a run to go on; ``start`` is None from scratch."""
    weights = (start / WEIGHTS).read_bytes() if start is not None else b""
    return {
        "stage": stage,
        "recipe": asdict(recipe),
        "bf16": bf16,
        "tokenizer": pairs.meta.tokenizer_digest,
        "pairs": pairs.digest,
        "start": hashlib.sha256(weights).hexdigest(),
    }
