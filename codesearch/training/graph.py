"""An encoder's weights → the int8 graph that ``encoder/onnx.py`` runs.

The graph is written operator by operator rather than by ``torch.onnx.export`` and a quantizer.
Both were tried: the exporter's graph gives the same vectors and 294 functions a second instead
of 392, for it knows neither the fused attention nor the fused dynamic matrix product, and the
runtime's own fusions slow it down. Here it is also plain to see that

* a graph takes one text, without padding and so without a mask (the reason: ``onnx.py``);
* weights are int8 with a scale for each output channel, word vectors with one for each word;
* activations are quantised as they come, over one text, after each channel was divided by what
  its magnitude on sample texts asks for (SmoothQuant, arXiv 2211.10438: the weights take the
  factor in). Without that a few outlier channels cost the others their precision;
* no two neighbouring int8 weights of one output channel sum to more than 128. A processor
  without VNNI instructions adds two products in 16 bits, which would then overflow: emulated on
  real texts with each weight up to 127, in 0.007% of the sums, which is an error of up to 15% of
  a layer's output. As it is none can, and the integers are the same on every processor.

Cosine to float32 on all-MiniLM-L6-v2, mean and least over functions: .994 and .988 without
smoothing, .998 and .997 with it and with weights up to 127 each, .998 and .997 with the pairs
bounded, .997 and .995 with every weight bounded by 63 instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from codesearch.training.hubness import NEAREST, WEIGHT

Array = NDArray[np.float32]

_FUSED = "com.microsoft"  # operators of ONNX Runtime that every CPU build has
_ALPHA = 0.8
_SMOOTHEST = 50.0  # no channel is scaled by more: a channel silent on the samples may yet speak
_TINY = 1e-3


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes that the weights do not tell by themselves."""

    layers: int
    heads: int
    max_tokens: int
    epsilon: float  # of the layer norms


def encoder_graph(
    state: Mapping[str, Array],
    shape: Shape,
    peaks: Mapping[str, Array],
    *,
    centres: Array | None = None,
    weight_steps: int = 127,
) -> onnx.ModelProto:
    """The graph ``input_ids`` (1, T) int64 → ``vector`` (1, D) float32, mean-pooled, length 1.

    With ``centres`` (C, D) of questions it is shorter, as ``hubness.py`` says.

    ``state`` are the weights of transformers' ``ElectraModel`` by their names there. ``peaks``
    maps the module names of linear layers to the largest magnitude (in,) of each input channel
    on sample texts. ``weight_steps`` bounds a
    sum of two neighbouring int8 weights; 127 is what 8 bits allow.
    """
    writer = _Writer(state, peaks, weight_steps)
    hidden = _embed(writer, shape)
    for layer in range(shape.layers):
        hidden = _layer(writer, hidden, f"encoder.layer.{layer}", shape)
    mean = writer.node("ReduceMean", [hidden, writer.integers("axis", [1])], keepdims=0)
    vector = writer.node("LpNormalization", [mean], axis=-1, p=2)
    dimension = state["encoder.layer.0.output.dense.bias"].shape[0]
    if centres is not None:
        vector = _shortened(writer, vector, centres)
    return writer.model(vector, dimension)


def _embed(writer: _Writer, shape: Shape) -> str:
    """Word + position + type vectors, normalised: (1, T, E), then projected to (1, T, D)."""
    words = writer.weight("embeddings.word_embeddings")
    scales = np.maximum(np.abs(words).max(axis=1, keepdims=True), _TINY**3) / 127
    table = writer.constant("words", np.rint(words / scales).astype(np.int8))
    rows = writer.node("Cast", [writer.node("Gather", [table, "input_ids"])], to=TensorProto.FLOAT)
    scale = writer.node("Gather", [writer.constant("word_scales", scales), "input_ids"])
    # All tokens are of the first type.
    places = writer.weight("embeddings.position_embeddings")[: shape.max_tokens]
    places = places + writer.weight("embeddings.token_type_embeddings")[:1]
    length = writer.node("Shape", ["input_ids"], start=1, end=2)
    place = writer.node(
        "Slice", [writer.constant("places", places), writer.integers("start", [0]), length]
    )
    summed = writer.node("Add", [writer.node("Mul", [rows, scale]), place])
    hidden = writer.norm(summed, "embeddings.LayerNorm", shape.epsilon)
    if writer.has("embeddings_project"):
        hidden = writer.linear(hidden, ["embeddings_project"])
    return hidden


def _layer(writer: _Writer, hidden: str, name: str, shape: Shape) -> str:
    """One transformer layer with the norm after the sum: (1, T, D) → (1, T, D)."""
    own = f"{name}.attention.self"
    joint = writer.linear(hidden, [f"{own}.query", f"{own}.key", f"{own}.value"])
    parts = writer.nodes("Split", [joint], 3, axis=-1, num_outputs=3)
    mixed = writer.node("MultiHeadAttention", parts, domain=_FUSED, num_heads=shape.heads)
    mixed = writer.linear(mixed, [f"{name}.attention.output.dense"])
    hidden = writer.node("Add", [mixed, hidden])
    hidden = writer.norm(hidden, f"{name}.attention.output.LayerNorm", shape.epsilon)
    wide = writer.linear(hidden, [f"{name}.intermediate.dense"])
    wide = writer.node("Gelu", [wide], domain=_FUSED)
    wide = writer.linear(wide, [f"{name}.output.dense"])
    hidden = writer.node("Add", [wide, hidden])
    return writer.norm(hidden, f"{name}.output.LayerNorm", shape.epsilon)


def _shortened(writer: _Writer, vector: str, centres: Array) -> str:
    """What ``hubness.shortened`` does: (1, D) → (1, D)."""
    near = writer.product("questions", vector, centres.T, np.zeros(len(centres), np.float32))
    count = writer.integers("hubs_nearest", [NEAREST])
    top = writer.nodes("TopK", [near, count], 2, axis=-1)[0]
    mean = writer.node("ReduceMean", [top, writer.integers("axis", [1])])
    weight = writer.constant("hubs_weight", np.array([WEIGHT], np.float32))
    one = writer.constant("one", np.array([1], np.float32))
    length = writer.node("Sub", [one, writer.node("Mul", [mean, weight])])
    return writer.node("Mul", [vector, length])


class _Writer:
    """Collects operators and constants; knows how a linear layer is quantised."""

    def __init__(
        self, state: Mapping[str, Array], peaks: Mapping[str, Array], weight_steps: int
    ) -> None:
        self._state = state
        self._peaks = peaks
        self._steps = weight_steps
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[str, onnx.TensorProto] = {}

    def has(self, module: str) -> bool:
        return f"{module}.weight" in self._state

    def weight(self, module: str) -> Array:
        return self._state[f"{module}.weight"]

    def constant(self, name: str, values: NDArray[np.generic]) -> str:
        self._constants[name] = numpy_helper.from_array(np.ascontiguousarray(values), name)
        return name

    def integers(self, name: str, values: list[int]) -> str:
        return self.constant(name, np.array(values, dtype=np.int64))

    def node(self, operator: str, inputs: list[str], domain: str = "", **attributes: object) -> str:
        return self.nodes(operator, inputs, 1, domain, **attributes)[0]

    def nodes(
        self, operator: str, inputs: list[str], outputs: int, domain: str = "", **attributes: object
    ) -> list[str]:
        names = [f"{operator}_{len(self._nodes)}_{number}" for number in range(outputs)]
        made = helper.make_node(operator, inputs, names, domain=domain, **attributes)
        self._nodes.append(made)
        return names

    def norm(self, hidden: str, module: str, epsilon: float) -> str:
        gain = self.constant(f"{module}.weight", self.weight(module))
        bias = self.constant(f"{module}.bias", self._state[f"{module}.bias"])
        return self.node("LayerNormalization", [hidden, gain, bias], axis=-1, epsilon=epsilon)

    def linear(self, hidden: str, modules: list[str]) -> str:
        """Linear layers of one input, side by side as one int8 product: (1, T, sum of out)."""
        name = modules[0]
        matrix = np.concatenate([self.weight(module) for module in modules]).T  # (in, out)
        bias = np.concatenate([self._state[f"{module}.bias"] for module in modules])
        if name in self._peaks:
            factors = _smoothing(self._peaks[name], matrix)  # (in,)
            matrix = matrix * factors[:, None]
            hidden = self.node("Mul", [hidden, self.constant(f"{name}.smooth", 1 / factors)])
        return self.product(name, hidden, matrix, bias)

    def product(self, name: str, hidden: str, matrix: Array, bias: Array) -> str:
        """(1, …, in) times (in, out) in int8."""
        scales = np.maximum(_loudest_pair(matrix), _TINY**3) / self._steps  # (out,)
        inputs = [
            hidden,
            self.constant(f"{name}.weight", np.rint(matrix / scales).astype(np.int8)),
            self.constant(f"{name}.scale", scales.astype(np.float32)),
            "",  # the zero point: weights are symmetric
            self.constant(f"{name}.bias", bias),
        ]
        return self.node("DynamicQuantizeMatMul", inputs, domain=_FUSED)

    def model(self, vector: str, dimension: int) -> onnx.ModelProto:
        self._nodes[-1].output[0] = "vector"
        ids = helper.make_tensor_value_info("input_ids", TensorProto.INT64, [1, "tokens"])
        out = helper.make_tensor_value_info("vector", TensorProto.FLOAT, [1, dimension])
        constants = list(self._constants.values())
        graph = helper.make_graph(self._nodes, "encoder", [ids], [out], constants)
        versions = [helper.make_opsetid("", 20), helper.make_opsetid(_FUSED, 1)]
        model = helper.make_model(graph, opset_imports=versions, producer_name="codesearch")
        model.ir_version = 10
        return model


def _loudest_pair(matrix: Array) -> Array:
    """The largest sum (out,) of two neighbouring rows of ``matrix`` (in, out), sign by sign."""
    pairs = matrix.reshape(-1, 2, matrix.shape[1])
    sums = [np.clip(sign * pairs, 0, None).sum(axis=1).max(axis=0) for sign in (1, -1)]
    loudest: Array = np.maximum(*sums)
    return loudest


def _smoothing(peaks: Array, matrix: Array) -> Array:
    """What each input channel (in,) is divided by and its row of ``matrix`` multiplied by."""
    loud = np.maximum(peaks, _TINY) ** _ALPHA
    heavy = np.maximum(np.abs(matrix).max(axis=1), _TINY) ** (1 - _ALPHA)
    factors = loud / heavy
    factors = factors / np.median(factors)
    clipped: Array = np.clip(factors, 1 / _SMOOTHEST, _SMOOTHEST).astype(np.float32)
    return clipped
