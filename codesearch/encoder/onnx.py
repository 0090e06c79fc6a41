"""Text → vector on the CPU, through ONNX Runtime in int8.

One text a run, several runs at a time. The index must come out the same whatever was encoded
beside a text, and an int8 graph finds the range of its activations per tensor: batch neighbours
and padding change the vector. Measured on 600 functions (all-MiniLM-L6-v2, two cores, medians):

===========================================  ===========  =======  =============================
how                                          functions/s  query    a text alone against in a batch
===========================================  ===========  =======  =============================
exporter's graph, int8, sorted batches of 16         256   1.3 ms  cosine down to .980
exporter's graph, float32, batches of 16             117   2.1 ms  1e-7
exporter's graph, 8-bit blocks, batches of 16        113   1.9 ms  cosine down to .9996
exporter's graph, int8, one text a run               294   1.4 ms  bit-identical
``training/graph.py``, a scale a row                 291   1.3 ms  bit-identical
``training/graph.py``, int8, one text a run          392   1.0 ms  bit-identical
===========================================  ===========  =======  =============================

So there is nothing to gain from batches: no padding is computed, each core has its own text
(a run uses one thread; two threads within a run give 260/s), and the number of threads cannot
show in a vector. Vectors of two machines with different instruction sets may still differ in
the last bits, and from there by a rounding step of int8.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import onnxruntime

from codesearch.encoder.loaded import LoadedWeights, unit
from codesearch.encoder.weights import GRAPH, sha256
from codesearch.errors import ModelError

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Texts handed to the threads at a time: enough that no core waits at the end of a round for
# long, few enough that a list of any length needs no memory beside its vectors.
_ROUND = 512
_REPORT_EVERY = 32  # texts


class OnnxEncoder(LoadedWeights):
    """The ``Encoder`` that is shipped. May be used from several threads."""

    def __init__(self, folder: Path | None = None, *, threads: int | None = None) -> None:
        """Load and check ``folder`` (None: the packaged weights); raises ``ModelError``."""
        super().__init__(folder)
        self._threads = threads or _cores()
        self._session = self._load_graph()

    def encode_query(self, text: str) -> NDArray[np.float32]:
        """The vector (dimension,) of a ``query_text`` string, of length 1."""
        return unit(self._vector(text))

    def encode_documents(
        self, texts: Sequence[str], *, on_batch: Callable[[int], None] | None = None
    ) -> NDArray[np.float32]:
        """Vectors (n, dimension) of ``document_text`` strings, in their order.

        ``on_batch`` is told how many more texts are done, from the calling thread.
        """
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        with ThreadPoolExecutor(self._threads, thread_name_prefix="encode") as pool:
            done = 0
            for start in range(0, len(texts), _ROUND):
                # A run lets go of the interpreter lock. Cutting into tokens does not, but takes a
                # fortieth of the time; in batches it would, for nothing that can be measured.
                for vector in pool.map(self._vector, texts[start : start + _ROUND]):
                    vectors[done] = vector
                    done += 1
                    if on_batch and (done % _REPORT_EVERY == 0 or done == len(texts)):
                        on_batch((done - 1) % _REPORT_EVERY + 1)
        return vectors

    def _vector(self, text: str) -> NDArray[np.float32]:
        ids = np.array([self._pieces.ids(text)], dtype=np.int64)  # (1, T)
        vector: NDArray[np.float32] = self._session.run(None, {"input_ids": ids})[0][0]
        return vector

    def _load_graph(self) -> onnxruntime.InferenceSession:
        """The checked graph. Its SHA-256 is computed while the session is made of the same bytes.

        Every load is checked whole: of a cold query's 0.24 s it is 10 ms, or 25 ms on one core.
        """
        graph = self._weights.read(GRAPH)
        with ThreadPoolExecutor(1) as aside:
            digest = aside.submit(sha256, graph)
            try:
                session = onnxruntime.InferenceSession(
                    graph, _session_options(), providers=["CPUExecutionProvider"]
                )
            except Exception as error:  # the runtime has no common base class for its errors
                self._weights.require_file(GRAPH, digest.result())
                raise ModelError(
                    f"ONNX Runtime cannot load {self._weights.folder / GRAPH}: {error}",
                    f"onnxruntime is {onnxruntime.__version__}; install 1.32 or later.",
                ) from error
            self._weights.require_file(GRAPH, digest.result())
        found = session.get_outputs()[0].shape[-1]
        self._weights.require("the graph's dimension", found, self.dimension)
        return session


def _session_options() -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # the threads are above: one text each
    options.inter_op_num_threads = 1
    options.use_deterministic_compute = True
    options.enable_mem_pattern = False  # it would keep a plan for each of the lengths it meets
    # The exporter writes fused operators already. Left to itself the runtime would also fuse the
    # residual sum into the layer norm, which in 1.32 is eight times slower than the two apart.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3  # errors only: warnings would land in the user's terminal
    return options


def _cores() -> int:
    """How many cores this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
