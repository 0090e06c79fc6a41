"""Someone else's BERT or ELECTRA folder → transformers' ``ElectraModel``, nothing missing.

An ELECTRA discriminator whose embedding size equals its hidden size has BERT's parameters
exactly, under the same names, so a MiniLM loads into it as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from transformers import AutoConfig, ElectraConfig, ElectraModel

from codesearch.encoder.tokenizer import WordPieces
from codesearch.errors import ModelError
from codesearch.training.fit import WEIGHTS

Array = NDArray[np.float32]
_UNUSED = ("pooler.", "embeddings.position_ids")  # of BERT; mean pooling has no use for them


def load_electra(folder: Path) -> ElectraModel:
    """The float32 model in ``folder`` (``config.json``, ``model.safetensors``).

    Raises ``ModelError`` where a weight is missing or one is left over.
    """
    theirs = AutoConfig.from_pretrained(folder)
    names = (
        "vocab_size hidden_size num_hidden_layers num_attention_heads intermediate_size hidden_act "
        "max_position_embeddings type_vocab_size layer_norm_eps pad_token_id"
    )
    sizes = {name: getattr(theirs, name) for name in names.split()}
    embedding = getattr(theirs, "embedding_size", theirs.hidden_size)
    model = ElectraModel(ElectraConfig(embedding_size=embedding, **sizes))
    state = load_file(folder / WEIGHTS)
    state = {key.removeprefix("bert.").removeprefix("electra."): state[key] for key in state}
    report = model.load_state_dict(state, strict=False)
    left = [key for key in report.unexpected_keys if not key.startswith(_UNUSED)]
    missing = [key for key in report.missing_keys if not key.startswith(_UNUSED)]
    if missing or left:
        raise ModelError(
            f"{folder} is not a BERT or ELECTRA encoder: missing {missing[:3]}, left {left[:3]}.",
            "Give a folder whose weights carry the names of transformers' BertModel.",
        )
    return model.eval().float()


@dataclass(frozen=True, slots=True)
class TorchReference:
    """What the graph must equal: the model in float32, mean-pooled, length 1."""

    model: ElectraModel
    pieces: WordPieces

    def encode_documents(
        self, texts: Sequence[str], *, on_batch: Callable[[int], None] | None = None
    ) -> Array:
        """Vectors (n, D), one text at a time."""
        vectors = []
        for text in texts:
            vectors.append(self.encode_query(text))
            if on_batch:
                on_batch(1)
        return np.stack(vectors)

    def encode_query(self, text: str) -> Array:
        """The vector (D,) of one text."""
        with torch.inference_mode():
            hidden = self.model(
                torch.tensor([self.pieces.ids(text)])
            ).last_hidden_state  # (1, T, D)
            vector: Array = torch.nn.functional.normalize(hidden.mean(1), dim=-1)[0].numpy()
        return vector


def activation_peaks(reference: TorchReference, texts: Iterable[str]) -> dict[str, Array]:
    """The largest magnitude (in,) of each input channel of the layers worth smoothing.

    Those are the joint query, key and value, and both layers of the feed-forward; what goes into
    the attention's output has no outliers.
    """
    peaks: dict[str, Array] = {}

    def watch(name: str) -> Callable[[torch.nn.Module, tuple[torch.Tensor, ...]], None]:
        def note(_module: torch.nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
            now = inputs[0].abs().amax(dim=(0, 1)).numpy()
            peaks[name] = np.maximum(peaks[name], now) if name in peaks else now

        return note

    hooks = [
        module.register_forward_pre_hook(watch(name))
        for name, module in reference.model.named_modules()
        if isinstance(module, torch.nn.Linear)
        and name.endswith(("self.query", "intermediate.dense", "output.dense"))
        and not name.endswith("attention.output.dense")
    ]
    for text in texts:
        reference.encode_query(text)
    for hook in hooks:
        hook.remove()
    return peaks
