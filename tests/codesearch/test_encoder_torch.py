"""The encoder on a torch device: here the CPU, which shows that both read the weights alike."""

from __future__ import annotations

import threading

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
    theirs = reference.encode_documents(TEXTS)
    lengths = np.linalg.norm(vectors, axis=1)
    np.testing.assert_allclose(lengths, np.linalg.norm(theirs, axis=1), atol=0.01)
    cosines = (vectors * theirs).sum(axis=1) / lengths / np.linalg.norm(theirs, axis=1)
    assert cosines.min() > 0.99
    assert (ours.digest, ours.dimension) == (reference.digest, reference.dimension)
    assert np.abs(ours.encode_query(TEXTS[2]) - vectors[2] / lengths[2]).max() < 1e-5


def test_texts_of_many_windows_keep_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch", reason="needs the gpu extra")
    pytest.importorskip("onnx", reason="needs the gpu extra")
    ours = load_encoder(None, device="cpu:0")
    at_once = ours.encode_documents(TEXTS)
    monkeypatch.setattr("codesearch.encoder.torch._WINDOW", 2)
    seen: list[int] = []
    assert np.abs(ours.encode_documents(TEXTS, on_batch=seen.append) - at_once).max() < 1e-5
    assert seen == [2, 2, 2, 1]
    assert ours.encode_documents([]).shape == (0, ours.dimension)


def test_one_window_is_made_ahead_and_no_more() -> None:
    pytest.importorskip("torch", reason="needs the gpu extra")
    pytest.importorskip("onnx", reason="needs the gpu extra")
    from codesearch.encoder.torch import _one_ahead  # noqa: PLC0415

    made = [threading.Event() for _ in range(4)]
    results = _one_ahead(lambda number: made[number].set(), range(4))
    next(results)
    assert made[1].wait(5)
    assert not made[2].wait(0.05)
    assert len(list(results)) == 3


def test_a_device_that_cannot_be_used_says_what_can() -> None:
    with pytest.raises(ModelError) as caught:
        load_encoder(device="cuda")
    assert "--device cpu" in caught.value.remedy
