"""The encoder on a torch device: here the CPU, which shows that both read the weights alike."""

from __future__ import annotations

import numpy as np
import pytest

from codesearch.encoder import load_encoder
from codesearch.errors import ModelError

TEXTS = [
    "",
    "x",
    "parse the header of an http request",
    "add add shop cart py def add self name price put an article into the cart " * 3,
    "größe ändern, 日本語, привет, \U0001f600, \x00",
    "for item in items: total = total + item.price * item.count " * 40,
    "open the file and read every line",
]


def test_vectors_are_nearly_those_of_the_cpu_path() -> None:
    pytest.importorskip("torch", reason="needs the gpu extra")
    pytest.importorskip("onnx", reason="needs the gpu extra")
    reference = load_encoder(threads=1)
    ours = load_encoder(None, device="cpu:0")
    seen: list[int] = []
    vectors = ours.encode_documents(TEXTS, on_batch=seen.append)
    assert sum(seen) == len(TEXTS)
    cosines = (vectors * reference.encode_documents(TEXTS)).sum(axis=1)
    assert cosines.min() > 0.99
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert (ours.digest, ours.dimension) == (reference.digest, reference.dimension)
    assert np.abs(ours.encode_query(TEXTS[2]) - vectors[2]).max() < 1e-5


def test_a_device_that_cannot_be_used_says_what_can() -> None:
    with pytest.raises(ModelError) as caught:
        load_encoder(device="cuda")
    assert "--device cpu" in caught.value.remedy
