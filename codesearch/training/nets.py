"""The encoder as torch sees it: made, loaded, saved, and its mean-pooled vectors."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers import ElectraConfig, ElectraModel

from codesearch.encoder.weights import TOKENIZER
from codesearch.training.batches import length_sorted, padded
from codesearch.training.packed import Ids
from codesearch.training.recipe import Sizes
from codesearch.training.warmstart import load_electra


def pick_device(name: str = "") -> torch.device:
    """The device of that name, or CUDA where there is one. Raises ``ValueError`` for others."""
    if name.split(":")[0] not in ("", "cpu", "cuda"):
        raise ValueError(f"--device must be cpu or cuda, not {name}: nothing else was tried")
    return torch.device(name or ("cuda" if torch.cuda.is_available() else "cpu"))


def from_scratch(sizes: Sizes, vocabulary: int, pad: int) -> Any:
    """A fresh ``ElectraModel`` with embeddings as wide as its layers."""
    config = ElectraConfig(
        vocab_size=vocabulary,
        embedding_size=sizes.hidden,
        hidden_size=sizes.hidden,
        num_hidden_layers=sizes.layers,
        num_attention_heads=sizes.heads,
        intermediate_size=sizes.ffn,
        max_position_embeddings=sizes.positions,
        pad_token_id=pad,
    )
    return ElectraModel(config)


def load_model(folder: Path, dropout: float = 0.0) -> Any:
    """The ``ElectraModel`` in a folder, to be trained."""
    model: Any = load_electra(folder)
    if not torch.cuda.is_available():
        # The fused attention is slow backward on a CPU: 3.1 s a step with it, 2.1 s without.
        model.set_attn_implementation("eager")
    set_dropout(model, dropout)
    return model


def set_dropout(model: Any, share: float) -> None:
    """The same dropout everywhere in a model."""
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = share
        if hasattr(module, "dropout_prob"):
            module.dropout_prob = share
    model.config.hidden_dropout_prob = model.config.attention_probs_dropout_prob = share


def save_model(model: Any, tokenizer: Path, out: Path) -> None:
    """Weights, config and tokenizer as a folder that ``export`` and a next stage can read."""
    partial = out.with_name(out.name + ".part")
    shutil.rmtree(partial, ignore_errors=True)
    model.save_pretrained(partial)
    shutil.copyfile(tokenizer, partial / TOKENIZER)
    shutil.rmtree(out, ignore_errors=True)
    partial.replace(out)


def gains_by_bf16(device: torch.device) -> bool:
    """Whether bfloat16 is the faster there: on processors without AVX-512 it is 80 times slower."""
    capability: str = torch.backends.cpu.get_cpu_capability()
    return device.type != "cpu" or capability.startswith("AVX512")


def autocast(device: torch.device, on: bool) -> AbstractContextManager[Any]:
    """Bfloat16 matrix products, where asked for."""
    return torch.autocast(device.type, torch.bfloat16) if on else nullcontext()


def to_device(ids: Sequence[Ids], pad: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Ids (B, T) and where they are real (B, T)."""
    filled, real = (torch.from_numpy(array) for array in padded(ids, pad))
    if device.type == "cuda":
        return (
            filled.pin_memory().to(device, non_blocking=True),
            real.pin_memory().to(device, non_blocking=True),
        )
    return filled, real


def pooled(hidden: Tensor, real: Tensor) -> Tensor:
    """Mean over the real tokens of (B, T, D), scaled to length 1, in float32: (B, D)."""
    weight = real.unsqueeze(-1).float()
    mean = (hidden.float() * weight).sum(1) / weight.sum(1)
    return torch.nn.functional.normalize(mean, dim=-1)


def embed(model: Any, ids: Tensor, real: Tensor) -> Tensor:
    """Vectors (B, D) of length 1 from ids (B, T)."""
    hidden = model(input_ids=ids, attention_mask=real.long()).last_hidden_state  # (B, T, D)
    return pooled(hidden, real)


def encode_all(
    model: Any, ids: Sequence[Ids], pad: int, *, chunk: int = 256, bf16: bool = False
) -> NDArray[np.float32]:
    """Vectors (n, D) in the order of ``ids``, made in batches of similar length."""
    device = next(model.parameters()).device
    was_training = model.training
    model.eval()
    vectors = np.empty((len(ids), model.config.hidden_size), np.float32)
    with torch.inference_mode(), autocast(device, bf16):
        for places in length_sorted(ids, chunk):
            made = embed(model, *to_device([ids[place] for place in places], pad, device))
            vectors[places] = made.float().cpu().numpy()
    model.train(was_training)
    return vectors
