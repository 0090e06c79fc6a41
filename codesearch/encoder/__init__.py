"""Text in, vector out. Light to import: the runtime comes with ``load_encoder``."""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from weakref import WeakValueDictionary

from codesearch.encoder.text import TEMPLATE_VERSION, document_text, query_text
from codesearch.encoder.weights import Weights

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "TEMPLATE_VERSION",
    "Encoder",
    "chosen_device",
    "document_text",
    "load_encoder",
    "query_text",
]


class Encoder(Protocol):
    """Turns strings into vectors, to be compared by their dot product.

    A question's has length 1. A document's is up to 1 long, the shorter the more questions it is
    near to: what is near to all of them answers none (``training/hubness.py``).

    A text's vector depends on the text and the weights alone: never on the texts beside it,
    their order, or the number of threads.
    """

    @property
    def name(self) -> str:
        """What the weights are called, for people."""
        ...

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the weights folder: what makes two vectors comparable."""
        ...

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        ...

    @property
    def max_tokens(self) -> int:
        """Where a text is cut off, special tokens included."""
        ...

    @property
    def texts_at_once(self) -> int:
        """How many texts one call of ``encode_documents`` should have where there are many."""
        ...

    def count_tokens(self, text: str) -> int:
        """How many tokens ``text`` has before it is cut, special tokens included."""
        ...

    def encode_documents(
        self, texts: Sequence[str], *, on_batch: Callable[[int], None] | None = None
    ) -> NDArray[np.float32]:
        """Vectors (n, dimension) of ``document_text`` strings, in their order.

        ``on_batch`` is told how many more texts are done, from the calling thread.
        """
        ...

    def encode_query(self, text: str) -> NDArray[np.float32]:
        """The vector (dimension,) of a ``query_text`` string, of length 1."""
        ...


_loaded: WeakValueDictionary[tuple[Path, str, int | None, str], Encoder] = WeakValueDictionary()
_loading = threading.Lock()


def load_encoder(
    folder: Path | None = None, *, threads: int | None = None, device: str = "cpu"
) -> Encoder:
    """The encoder in ``folder``; None is the one shipped with the package.

    ``threads`` is how many cores it may use, None for all. ``device``: ``"cpu"``; a torch device
    such as ``"cuda"``; or ``"auto"``, the GPU if there is one. Raises ``ModelError`` where the
    folder is incomplete, altered, or does not fit together, or where the device cannot be used.

    The same weights are loaded once, for as long as anybody holds them: several indexes that are
    searched together would otherwise take their memory (100 MB) several times.
    """
    weights, device = Weights.open(folder), chosen_device(device)
    key = (weights.folder, weights.digest, threads, device)
    with _loading:
        encoder = _loaded.get(key)
        if encoder is None:
            encoder = _loaded[key] = _load(weights.folder, threads, device)
        return encoder


def _load(folder: Path, threads: int | None, device: str) -> Encoder:
    if device == "cpu":
        # Imported here and not above, so that who only needs names or texts loads no onnxruntime.
        from codesearch.encoder.onnx import OnnxEncoder  # noqa: PLC0415

        return OnnxEncoder(folder, threads=threads)
    from codesearch.encoder.torch import TorchEncoder  # noqa: PLC0415  (4 s)

    return TorchEncoder(folder, device=device)


def chosen_device(device: str) -> str:
    """What ``"auto"`` stands for here: ``"cuda"`` or ``"cpu"``. Other devices stay themselves."""
    if device != "auto":
        return device
    return "cuda" if _has_gpu() else "cpu"


def _has_gpu() -> bool:
    """Whether there is a CUDA device and what it takes to use it; asked without loading torch."""
    if not Path("/dev/nvidiactl").exists():
        return False
    return all(importlib.util.find_spec(name) for name in ("torch", "onnx"))
