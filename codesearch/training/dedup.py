"""Exact and near duplicates, and what equals an evaluation item.

Near duplicates by MinHash (Broder 1997) over shingles of five tokens: 32 minima, of which bands
of four find candidates (two codes that share .8 of their shingles meet with probability .98), and
the share of equal minima decides.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from indexers.summaries import summary

Signature = NDArray[np.uint64]

_SHINGLE, _MINIMA, _BAND = 5, 32, 4
_NEAR = 0.8
_PRIME = np.uint64(0x9E3779B97F4A7C15)
_random = np.random.default_rng(20)
_FACTORS = _random.integers(1, 2**63, _MINIMA, dtype=np.uint64) | np.uint64(1)
_WEIGHTS = _random.integers(1, 2**63, _SHINGLE, dtype=np.uint64) | np.uint64(1)
_SPACE = re.compile(r"\s+")
_FIRST_WORD = re.compile(r"^\S+[\s:–-]*")
_CODE_FIELDS, _TEXT_FIELDS = ("code", "code_nodoc"), ("query", "doc")


class Seen:
    """What was kept so far. Ask about each item once, in a fixed order."""

    def __init__(self) -> None:
        self._codes: set[bytes] = set()
        self._texts: set[bytes] = set()
        self._bands: list[dict[bytes, list[int]]] = [{} for _ in range(_MINIMA // _BAND)]
        self._signatures: list[Signature] = []

    def add_evaluation(self, path: Path) -> None:
        """Take in the items of a JSON-lines file (fields code, code_nodoc, query, doc)."""
        with path.open(encoding="utf-8") as lines:
            for row in map(json.loads, lines):
                for code in filter(None, map(row.get, _CODE_FIELDS)):
                    self.is_new_code(code)
                    self.is_new_shape(shape(code))
                for text in filter(None, map(row.get, _TEXT_FIELDS)):
                    for form in _mined_forms(text):
                        self.is_new_text(form)

    def is_new_code(self, code: str) -> bool:
        """Whether this code, white space removed, was never seen before."""
        return _is_new(_SPACE.sub("", code), self._codes)

    def is_new_text(self, text: str) -> bool:
        """Whether this text, in lower case, was never seen before."""
        return _is_new(_SPACE.sub(" ", text.strip().lower()), self._texts)

    def is_new_shape(self, words: Iterable[int]) -> bool:
        """Whether no code seen before shares four fifths of its shingles with these."""
        signature = minima(np.fromiter(words, np.uint64))
        if signature is None:
            return True
        keys = [signature[i : i + _BAND].tobytes() for i in range(0, _MINIMA, _BAND)]
        met = {
            one for key, band in zip(keys, self._bands, strict=True) for one in band.get(key, ())
        }
        if any((self._signatures[one] == signature).mean() >= _NEAR for one in met):
            return False
        for key, band in zip(keys, self._bands, strict=True):
            known = band.setdefault(key, [])
            if len(known) < 8:  # more would only make boilerplate slow
                known.append(len(self._signatures))
        self._signatures.append(signature)
        return True


def shape(code: str) -> list[int]:
    """Numbers that stand for the words and signs of a code."""
    return [hash_word(word) for word in re.findall(r"\w+|[^\w\s]", code)]


def minima(words: NDArray[np.uint64]) -> Signature | None:
    """MinHash signature (32,) of a sequence of numbers; None where it is too short to tell."""
    if len(words) < 3 * _SHINGLE:
        return None
    windows = np.lib.stride_tricks.sliding_window_view(words, _SHINGLE)  # (n, 5)
    with np.errstate(over="ignore"):
        shingles = np.unique((windows * _WEIGHTS).sum(axis=1) * _PRIME)
        mixed = shingles ^ (shingles >> np.uint64(29))
        hashed = mixed[None, :] * _FACTORS[:, None]  # (32, n)
    lowest: Signature = (hashed ^ (hashed >> np.uint64(32))).min(axis=1)
    return lowest


def _mined_forms(text: str) -> Iterator[str]:
    """A text, and what mining would make of it: its first paragraph, without its own name."""
    yield text
    yield (first := summary(text))
    yield _FIRST_WORD.sub("", first)  # whatever the name is


def hash_word(word: str) -> int:
    """The same on every machine, unlike ``hash``."""
    return int.from_bytes(hashlib.blake2b(word.encode("utf-8", "replace"), digest_size=8).digest())


def _is_new(text: str, seen: set[bytes]) -> bool:
    digest = hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=12).digest()
    if digest in seen:
        return False
    seen.add(digest)
    return True
