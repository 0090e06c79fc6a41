"""Which questions are alike: batches of them hold harder negatives, for nothing.

Topic-aware sampling (TAS-Balanced, Hofstätter et al., 2104.06967): questions are gathered into
clusters once, and a batch is made of runs from single clusters. What tells the code of similar
questions apart is what is left to learn; random batches are soon solved.

The vectors of questions are means of the start model's word vectors, rare words counting more: no
encoder need run, and half a million questions take a minute.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from codesearch.training.packed import Pairs

Array = NDArray[np.float32]
_ROUNDS = 8


def topics(pairs: Pairs, words: Array, size: int, seed: int) -> NDArray[np.int32]:
    """The cluster of each record's question (N,): within its language, of about ``size`` questions.

    ``words`` are word vectors (V, E). The same for the same arguments.
    """
    random = np.random.default_rng(seed)
    vectors = _question_vectors(pairs, words)
    labels = np.zeros(len(pairs), np.int32)
    first = 0
    for language in np.unique(pairs.language[pairs.asked]):
        own = np.flatnonzero(pairs.asked & (pairs.language == language))
        count = max(1, len(own) // size)
        labels[own] = first + spherical_kmeans(vectors[own], count, random)[1]
        first += count
    return labels


def _question_vectors(pairs: Pairs, words: Array) -> Array:
    texts = [pairs.segment(record, 0) for record in range(len(pairs))]
    often = np.zeros(len(words))
    for text in texts:
        often[np.unique(text)] += 1
    weight = np.log(len(texts) / (1 + often)).clip(0)
    weight[list(pairs.meta.stop_words)] = 0
    vectors = np.zeros((len(texts), words.shape[1]), np.float32)
    centred = words - words.mean(0)
    for row, text in enumerate(texts):
        if len(text):
            vectors[row] = weight[text] @ centred[text]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True).clip(1e-6)
    return vectors


def spherical_kmeans(
    vectors: Array, count: int, random: np.random.Generator
) -> tuple[Array, NDArray[np.int32]]:
    """``count`` centres (C, D) of ``vectors`` (N, D), all of length 1; the nearest of each (N,)."""
    centres = vectors[random.choice(len(vectors), count, replace=False)]
    nearest = np.zeros(len(vectors), np.int32)
    for _ in range(_ROUNDS):
        for start in range(0, len(vectors), 4096):
            block = vectors[start : start + 4096]
            nearest[start : start + 4096] = (block @ centres.T).argmax(1)
        sums = np.zeros_like(centres)
        np.add.at(sums, nearest, vectors)
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        centres = np.where(lengths > 0, sums / lengths.clip(1e-6), centres)
    return centres, nearest
