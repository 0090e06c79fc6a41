"""What every encoder of a weights folder has in common: its names, its sizes, its tokenizer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from codesearch.encoder.tokenizer import WordPieces
from codesearch.encoder.weights import TOKENIZER, Weights, sha256

if TYPE_CHECKING:
    from numpy.typing import NDArray


def unit(vector: NDArray[np.float32]) -> NDArray[np.float32]:
    """The same direction, at length 1: a question is no hub."""
    scaled: NDArray[np.float32] = vector / np.linalg.norm(vector)
    return scaled


class LoadedWeights:
    """A weights folder with its tokenizer, checked against each other; a base of encoders."""

    texts_at_once = 256  # about a second of encoding on a CPU

    def __init__(self, folder: Path | None) -> None:
        """Read ``folder`` (None: the packaged weights); raises ``ModelError``."""
        self._weights = Weights.open(folder)
        rules = self._weights.read(TOKENIZER)
        self._weights.require_file(TOKENIZER, sha256(rules))
        self._pieces = WordPieces(rules, self.max_tokens)
        vocabulary = self._weights.config.vocabulary
        self._weights.require("the tokenizer's vocabulary", self._pieces.vocabulary, vocabulary)

    @property
    def name(self) -> str:
        """What the weights are called, for people."""
        return self._weights.name

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the weights folder: what makes two vectors comparable."""
        return self._weights.digest

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self._weights.dimension

    @property
    def max_tokens(self) -> int:
        """Where a text is cut off, special tokens included."""
        return self._weights.config.max_tokens

    def count_tokens(self, text: str) -> int:
        """How many tokens ``text`` has before it is cut, special tokens included."""
        return self._pieces.count(text)
