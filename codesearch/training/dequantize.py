"""The weights folder that is shipped → a float32 model to train on from: ``export`` undone.

So a run on one's own repositories starts where the shipped one ended, with nothing to download.
What int8 rounded off stays off: vectors of the model are within .995 of those of the run that
was exported. What made hubs shorter is left out, for ``export`` finds it anew from the pairs. The
graph's constants carry the names of the layers (``graph.py``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from tokenizers import Tokenizer
from transformers import ElectraConfig, ElectraModel

from codesearch.encoder.weights import CARD, GRAPH, TOKENIZER, Weights, sha256
from codesearch.errors import ModelError
from codesearch.training import history, nets

_JOINT = "attention.self.query", "attention.self.key", "attention.self.value"
_RUN = re.compile(r"^\d+\. (.+)$", re.MULTILINE)  # as ``history.in_words`` writes them


def dequantize(folder: Path | None, out: Path) -> None:
    """Write the model folder ``out`` from a weights folder (None: the packaged one).

    It has as many positions as the graph, ``max_tokens``. Raises ``ModelError`` where the folder
    does not fit together or its graph was not written by ``graph.py``.
    """
    weights = Weights.open(folder)
    data = weights.read(GRAPH)
    weights.require_file(GRAPH, sha256(data))
    weights.require_file(TOKENIZER, sha256(weights.read(TOKENIZER)))
    graph = onnx.load_from_string(data).graph
    try:
        model = _model(graph, weights)
    except (KeyError, StopIteration, RuntimeError) as error:
        raise ModelError(
            f"The graph in {weights.folder} is not one of ours ({error}).",
            "Train on from a model folder of its makers instead.",
        ) from error
    nets.save_model(model, weights.folder / TOKENIZER, out)
    card = weights.folder / CARD
    runs = _RUN.findall(card.read_text(encoding="utf-8")) if card.exists() else []
    history.write(out, [history.dequantized(weights.name, weights.digest, runs)])


def _model(graph: onnx.GraphProto, weights: Weights) -> Any:
    values = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
    attention = [node for node in graph.node if node.op_type == "MultiHeadAttention"]
    norm = next(node for node in graph.node if node.op_type == "LayerNormalization")
    words, places = values["words"] * values["word_scales"], values["places"]
    config = ElectraConfig(
        vocab_size=len(words),
        embedding_size=words.shape[1],
        hidden_size=weights.dimension,
        num_hidden_layers=len(attention),
        num_attention_heads=_attribute(attention[0], "num_heads"),
        intermediate_size=len(values["encoder.layer.0.intermediate.dense.bias"]),
        max_position_embeddings=len(places),
        type_vocab_size=2,
        layer_norm_eps=_attribute(norm, "epsilon"),
        pad_token_id=Tokenizer.from_buffer(weights.read(TOKENIZER)).token_to_id("[PAD]"),
    )
    model = ElectraModel(config)
    state = {
        "embeddings.word_embeddings.weight": words,
        "embeddings.position_embeddings.weight": places,  # with the first type's vector in them
        "embeddings.token_type_embeddings.weight": np.zeros(
            (config.type_vocab_size, words.shape[1])
        ),
    }
    for name, module in model.named_modules():
        if isinstance(module, torch.nn.LayerNorm):
            state |= {f"{name}.{part}": values[f"{name}.{part}"] for part in ("weight", "bias")}
        elif isinstance(module, torch.nn.Linear):
            matrix, bias = _linear(values, name)
            state |= {f"{name}.weight": matrix, f"{name}.bias": bias}
    model.load_state_dict(
        {name: torch.tensor(value, dtype=torch.float32) for name, value in state.items()}
    )
    return model


def _linear(
    values: Mapping[str, NDArray[Any]], name: str
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Weights (out, in) and bias (out,) of one layer, cut out of the product that it is in."""
    part, parts, stored = 0, 1, name
    for number, own in enumerate(_JOINT):
        if name.endswith(own):
            part, parts, stored = number, len(_JOINT), name.removesuffix(own) + _JOINT[0]
    matrix = values[f"{stored}.weight"] * values[f"{stored}.scale"]  # (in, out)
    if f"{stored}.smooth" in values:
        matrix = matrix * values[f"{stored}.smooth"][:, None]
    columns = np.split(matrix, parts, axis=1)[part]
    return columns.T, np.split(values[f"{stored}.bias"], parts)[part]


def _attribute(node: onnx.NodeProto, name: str) -> Any:
    return next(onnx.helper.get_attribute_value(one) for one in node.attribute if one.name == name)
