"""Text → unit vector on a GPU, through torch; for indexing, where many texts come at once.

The weights are those of the shipped int8 graph, turned back into numbers with a fraction: one
artefact serves both. Activations are not rounded to int8 here, so vectors differ a little from
``onnx.py``'s (cosine above .99, which a test holds); questions are always encoded by ``onnx.py``.
On a GPU, batches are padded and computed in 16 bits (bfloat16 moves a vector by 1e-4 of a cosine,
a tenth of what int8 does), and a vector may depend on its neighbours in the last bits: an index
made on a GPU equals another one closely, not bit by bit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from codesearch.encoder.loaded import LoadedWeights, unit
from codesearch.encoder.weights import GRAPH, sha256
from codesearch.errors import ModelError

try:
    import onnx
    import torch
    from onnx import numpy_helper
    from torch.nn import functional
except ImportError as error:
    raise ModelError(
        f"Encoding on a GPU needs {error.name}",
        "In the checkout of codesearch: pip install -c constraints.txt '.[gpu]'; "
        "or index with --device cpu",
    ) from error

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

T = TypeVar("T")
R = TypeVar("R")

_REMEDY = "Index with --device cpu, or set CODESEARCH_DEVICE"
_WINDOW = 2048  # texts cut into tokens, and sorted by length, together
_BATCH_TOKENS = 64 * 1024  # of a batch, padding included: enough to fill a large GPU


class TorchEncoder(LoadedWeights):
    """The ``Encoder`` of a weights folder on a torch device."""

    texts_at_once = 4 * _WINDOW  # so that all windows but the first are cut while others compute

    def __init__(self, folder: Path | None = None, *, device: str = "cuda") -> None:
        """Load and check ``folder`` (None: the packaged weights).

        Raises ``ModelError``: an unusable folder, or no such device.
        """
        super().__init__(folder)
        try:
            self._device = torch.device(device)
            self._net = _Net(self._constants(), self._device)
        except (RuntimeError, AssertionError) as error:  # no driver, no memory, no such device
            raise ModelError(f"Cannot use the device {device!r}: {error}", _REMEDY) from error

    def encode_query(self, text: str) -> NDArray[np.float32]:
        """The vector (dimension,) of a ``query_text`` string, of length 1."""
        return unit(self.encode_documents([text])[0])

    def encode_documents(
        self, texts: Sequence[str], *, on_batch: Callable[[int], None] | None = None
    ) -> NDArray[np.float32]:
        """Vectors (n, dimension) of ``document_text`` strings, in their order.

        While the device computes one window of texts, the next is cut into tokens. ``on_batch``
        is told how many more texts are done, from the calling thread.
        """
        vectors = np.empty((len(texts), self.dimension), np.float32)
        windows = [texts[start : start + _WINDOW] for start in range(0, len(texts), _WINDOW)]
        done = 0
        for ids in _one_ahead(self._pieces.many, windows):
            vectors[done : done + len(ids)] = self._encode(ids)
            done += len(ids)
            if on_batch:
                on_batch(len(ids))
        return vectors

    def _encode(self, ids: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        """Vectors (n, dimension) of one window; the device is waited for once, at its end."""
        places, parts = [], []
        for batch in _batches([len(row) for row in ids]):
            places += batch
            parts.append(self._net.vectors(*self._padded([ids[place] for place in batch])))
        vectors = np.empty((len(ids), self.dimension), np.float32)
        vectors[places] = torch.cat(parts).float().cpu().numpy()
        return vectors

    def _padded(self, rows: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
        """Ids (B, T) and which of them are real (B, T), on the device."""
        lengths = np.array([len(row) for row in rows])
        places = np.arange(lengths.max()) < lengths[:, None]
        numbers = np.zeros(places.shape, np.int64)
        numbers[places] = np.fromiter(chain.from_iterable(rows), np.int64, lengths.sum())
        ids, real = torch.from_numpy(numbers), torch.from_numpy(places)
        if self._device.type == "cuda":
            ids, real = ids.pin_memory(), real.pin_memory()
        return ids.to(self._device, non_blocking=True), real.to(self._device, non_blocking=True)

    def _constants(self) -> dict[str, Any]:
        data = self._weights.read(GRAPH)
        self._weights.require_file(GRAPH, sha256(data))
        graph = onnx.load_from_string(data).graph
        found: dict[str, Any] = {c.name: numpy_helper.to_array(c) for c in graph.initializer}
        for node in graph.node:
            for attribute in node.attribute:
                if attribute.name in ("num_heads", "epsilon"):
                    found[attribute.name] = attribute.i or attribute.f
        return found


class _Net:
    """The graph of ``training/graph.py`` over padded batches."""

    def __init__(self, constants: dict[str, Any], device: torch.device) -> None:
        self._heads: int = constants["num_heads"]
        self._epsilon: float = constants["epsilon"]
        self._dtype = _number_type(device)
        self._device = device
        words = constants["words"].astype(np.float32) * constants["word_scales"]
        self._words = self._put(words)
        self._places = self._put(constants["places"])
        self._constants = constants
        self._layers = sum(name.endswith("attention.self.query.weight") for name in constants)
        self._linears = {
            name.removesuffix(".scale"): self._linear(name.removesuffix(".scale"))
            for name in constants
            if name.endswith(".scale")
        }
        self._norms = {
            name.removesuffix(".weight"): (
                self._put(constants[name]),
                self._put(constants[name.removesuffix("weight") + "bias"]),
            )
            for name in constants
            if name.endswith("LayerNorm.weight")
        }
        self._hubs_nearest = int(constants.get("hubs_nearest", [0])[0])
        self._hubs_weight = float(constants.get("hubs_weight", [0])[0])
        self._constants = {}

    def vectors(self, ids: Tensor, real: Tensor) -> Tensor:
        """Ids (B, T), of which ``real`` (B, T) count → mean-pooled vectors (B, D)."""
        with torch.inference_mode():
            hidden = self._words[ids] + self._places[: ids.shape[1]]
            hidden = self._norm(hidden, "embeddings.LayerNorm")
            if "embeddings_project" in self._linears:
                hidden = self._apply(hidden, "embeddings_project")
            mask = real[:, None, None, :]  # (B, 1, 1, T)
            for layer in range(self._layers):
                hidden = self._layer(hidden, mask, f"encoder.layer.{layer}")
            weight = real.unsqueeze(-1).float()
            mean = (hidden.float() * weight).sum(1) / weight.sum(1)
            return self._shortened(functional.normalize(mean, dim=-1))

    def _shortened(self, vectors: Tensor) -> Tensor:
        """What is near to every question, made shorter (``training/hubness.py``): (B, D)."""
        if "questions" not in self._linears:
            return vectors
        near = self._apply(vectors.to(self._dtype), "questions").float()  # (B, C)
        mean = near.topk(self._hubs_nearest).values.mean(dim=-1, keepdim=True)
        return vectors * (1 - self._hubs_weight * mean)

    def _layer(self, hidden: Tensor, mask: Tensor, name: str) -> Tensor:
        batch, length, _ = hidden.shape
        joint = self._apply(hidden, f"{name}.attention.self.query")  # query, key, value: (B, T, 3D)
        query, key, value = (
            part.view(batch, length, self._heads, -1).transpose(1, 2)
            for part in joint.chunk(3, dim=-1)
        )  # (B, H, T, D/H)
        mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        mixed = mixed.transpose(1, 2).reshape(batch, length, -1)
        hidden = self._norm(
            self._apply(mixed, f"{name}.attention.output.dense") + hidden,
            f"{name}.attention.output.LayerNorm",
        )
        wide = functional.gelu(self._apply(hidden, f"{name}.intermediate.dense"))
        return self._norm(
            self._apply(wide, f"{name}.output.dense") + hidden, f"{name}.output.LayerNorm"
        )

    def _apply(self, hidden: Tensor, name: str) -> Tensor:
        matrix, bias = self._linears[name]
        return functional.linear(hidden, matrix, bias)

    def _norm(self, hidden: Tensor, name: str) -> Tensor:
        gain, bias = self._norms[name]
        return functional.layer_norm(hidden, gain.shape, gain, bias, eps=self._epsilon)

    def _linear(self, name: str) -> tuple[Tensor, Tensor]:
        """Matrix (out, in) and bias (out,), the smoothing of the inputs folded back in."""
        constants = self._constants
        matrix = constants[f"{name}.weight"].astype(np.float32) * constants[f"{name}.scale"]
        if f"{name}.smooth" in constants:
            matrix = matrix * constants[f"{name}.smooth"][:, None]
        return self._put(np.ascontiguousarray(matrix.T)), self._put(constants[f"{name}.bias"])

    def _put(self, values: NDArray[np.float32]) -> Tensor:
        return torch.tensor(values).to(self._device, self._dtype)


def _number_type(device: torch.device) -> torch.dtype:
    """What the device computes in: 16 bits on a GPU, bfloat16 where it has that (since Ampere)."""
    if device.type != "cuda":
        return torch.float32
    return torch.bfloat16 if torch.cuda.get_device_capability(device)[0] >= 8 else torch.float16


def _one_ahead(function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """``map``, with the next result made by a thread while this one is used, and no more."""
    with ThreadPoolExecutor(1) as ahead:
        coming: Future[R] | None = None
        for item in items:
            last, coming = coming, ahead.submit(function, item)
            if last:
                yield last.result()
        if coming:
            yield coming.result()


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Places in ``lengths``, longest first, in batches of about ``_BATCH_TOKENS`` with padding."""
    batch: list[int] = []
    for place in sorted(range(len(lengths)), key=lambda place: -lengths[place]):
        if batch and (len(batch) + 1) * lengths[batch[0]] > _BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(place)
    if batch:
        yield batch
