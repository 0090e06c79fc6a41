"""all-MiniLM-L6-v2, dense alone, over our chunks and our encoded texts.

The model as published, exported unchanged into an encoder folder (``--minilm``). While the
package ships these very weights, the packaged folder will do.
"""

from __future__ import annotations

from benchmarks.errors import UnavailableError
from benchmarks.systems import Options, System, ours
from codesearch.encoder.weights import Weights


def make(name: str, options: Options) -> System:
    """Ours, with that encoder and its dense candidates only."""
    folder = options.minilm
    if folder is None and "minilm" not in Weights.open(None).name:
        raise UnavailableError("name a folder that holds it: --minilm DIR")
    built = ours.built_by(folder, options.cache)
    return ours.Ours(name, "dense", built, f"all-MiniLM-L6-v2 ({built.model}) over our chunks")
