"""Hubs: documents that are near to every question, and so stand before those that answer it.

In many dimensions some vectors are among the nearest of nearly all others (Radovanović et al.,
"Hubs in Space", 2010). CSLS (Conneau et al., 1710.04087) takes from a cosine the mean cosine of
the document to its nearest questions; QB-Norm (2112.12777) does it with a fixed bank of training
questions. So here, with two changes. The bank is the centres of clusters of the questions: a few
numbers that were learned, and no question by itself. And a document is not given an offset but a
shorter vector, so that the store goes on comparing by plain dot products: one of a question and
of all documents, whatever else is indexed.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from codesearch.encoder.weights import TOKENIZER
from codesearch.training import fit
from codesearch.training.topics import spherical_kmeans

if TYPE_CHECKING:
    from codesearch.training.packed import Pairs

Array = NDArray[np.float32]

# Flat where they stand: half and twice as many of each measure the same (LOG.md, section 23).
CENTRES = 1024
NEAREST = 3
WEIGHT = 0.4
_QUESTIONS = 1 << 16  # a quarter of them cost .003 of CoSQA
_EACH = 8  # questions to a centre, where there are few
_TOKENS = 64  # of a question
_SEED = 1


def question_centres(model: Path, pairs: Pairs) -> Array:
    """Centres (C, D) of what the model folder makes of questions drawn from ``pairs``.

    Raises ``ModelError`` where the shards are not of the model's tokenizer.
    """
    from codesearch.training import nets  # noqa: PLC0415 – the arithmetic below needs no torch

    loaded = nets.load_model(model)
    fit.require_fit(pairs, model / TOKENIZER, loaded.config.vocab_size)
    random = np.random.default_rng(_SEED)
    asked = np.flatnonzero(pairs.asked & ~pairs.weak)
    records = random.permutation(asked)[:_QUESTIONS]
    texts = [pairs.text(record, _TOKENS) for record in records]
    bf16 = nets.gains_by_bf16(next(loaded.parameters()).device)
    vectors = nets.encode_all(loaded, texts, pairs.meta.specials.pad, bf16=bf16)
    count = max(NEAREST, min(CENTRES, len(vectors) // _EACH))
    return spherical_kmeans(vectors, count, random)[0]


def shortened(vectors: Array, centres: Array) -> Array:
    """Vectors (n, D) of length 1, the shorter the nearer they are to their nearest centres."""
    near = np.sort(vectors @ centres.T, axis=1)[:, -NEAREST:].mean(axis=1, keepdims=True)
    changed: Array = vectors * (1 - WEIGHT * near)
    return changed
