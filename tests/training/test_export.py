from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from codesearch.encoder import load_encoder
from codesearch.encoder.tokenizer import WordPieces
from codesearch.encoder.weights import DEFAULT_FOLDER, TOKENIZER
from codesearch.errors import ModelError
from codesearch.training.packed import Pairs

pytestmark = pytest.mark.slow
torch = pytest.importorskip("torch", reason="exporting needs the train extra (torch)")
transformers = pytest.importorskip("transformers", reason="exporting needs the train extra")
pytest.importorskip("onnx", reason="exporting needs the train extra (onnx)")

VOCABULARY = 30522
TEXTS = ["", "read a file", "def add(a, b): return a + b", "a long text of many words " * 50, "x"]


def write_model(folder: Path, **sizes: float) -> Path:
    """A small random ELECTRA with the packaged tokenizer."""
    known: dict[str, float] = {
        "vocab_size": VOCABULARY,
        "embedding_size": 64,
        "hidden_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "intermediate_size": 128,
    }
    torch.manual_seed(1)
    model = transformers.ElectraModel(transformers.ElectraConfig(**(known | sizes)))
    model.save_pretrained(folder)
    shutil.copyfile(DEFAULT_FOLDER / TOKENIZER, folder / TOKENIZER)
    return folder


def run(model: Path, out: Path, **more: Any) -> None:
    from codesearch.training.export import Job, export  # noqa: PLC0415 – needs torch

    known = {"name": "tiny", "origin": "nobody/nothing", "license": "Apache-2.0"}
    export(Job(warm_start=model, out=out, **(known | more)))


@pytest.mark.parametrize("embedding", [64, 32], ids=["like BERT", "projected"])
def test_the_folder_says_what_the_model_says(tmp_path: Path, embedding: int) -> None:
    from codesearch.training.warmstart import TorchReference, load_electra  # noqa: PLC0415

    source = write_model(tmp_path / "model", embedding_size=embedding)
    run(source, tmp_path / "out", max_tokens=32)
    encoder = load_encoder(tmp_path / "out")
    assert (encoder.name, encoder.dimension, encoder.max_tokens) == ("tiny", 64, 32)
    rules = (tmp_path / "out" / TOKENIZER).read_bytes()
    reference = TorchReference(load_electra(source), WordPieces(rules, 32))
    texts = ["", "read a file", "def add(a, b): return a + b", "a long text of many words " * 50]
    cosines = (encoder.encode_documents(texts) * reference.encode_documents(texts)).sum(axis=1)
    assert np.min(cosines) > 0.99


def test_what_is_near_to_many_questions_is_made_shorter(tmp_path: Path) -> None:
    from codesearch.training.hubness import shortened  # noqa: PLC0415

    source = write_model(tmp_path / "model")
    run(source, tmp_path / "plain", max_tokens=32)
    plain = load_encoder(tmp_path / "plain").encode_documents(TEXTS)
    np.testing.assert_allclose(np.linalg.norm(plain, axis=1), 1, atol=1e-5)
    run(source, tmp_path / "out", max_tokens=32, centres=plain[:4])
    vectors = load_encoder(tmp_path / "out").encode_documents(TEXTS)
    np.testing.assert_allclose(vectors, shortened(plain, plain[:4]), atol=0.005)
    lengths = np.linalg.norm(vectors, axis=1)
    assert lengths.max() < 1
    assert "made shorter" in (tmp_path / "out" / "README.md").read_text()
    assert "made shorter" not in (tmp_path / "plain" / "README.md").read_text()
    on_torch = load_encoder(tmp_path / "out", device="cpu:0").encode_documents(TEXTS)
    np.testing.assert_allclose(np.linalg.norm(on_torch, axis=1), lengths, atol=0.005)


def test_centres_are_of_the_questions_that_pairs_ask(
    pairs: Pairs, start: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from codesearch.training import hubness, nets  # noqa: PLC0415

    monkeypatch.setattr(hubness, "CENTRES", 4)
    centres = hubness.question_centres(start, pairs)
    assert centres.shape == (4, 16)
    np.testing.assert_allclose(np.linalg.norm(centres, axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(centres, hubness.question_centres(start, pairs))
    asked = np.flatnonzero(pairs.asked & ~pairs.weak)
    texts = [pairs.text(record, 64) for record in asked]
    vectors = nets.encode_all(nets.load_model(start), texts, pairs.meta.specials.pad, bf16=True)
    near = (vectors @ centres.T).max(axis=1)
    others = np.random.default_rng(1).permuted(vectors, axis=1)
    assert near.mean() > (others @ centres.T).max(axis=1).mean()


@pytest.mark.parametrize("embedding", [64, 32], ids=["like BERT", "projected"])
def test_what_was_exported_can_be_trained_on(tmp_path: Path, embedding: int) -> None:
    from codesearch.training import history  # noqa: PLC0415
    from codesearch.training.dequantize import dequantize  # noqa: PLC0415
    from codesearch.training.warmstart import TorchReference, load_electra  # noqa: PLC0415

    source = write_model(tmp_path / "model", embedding_size=embedding)
    run(source, tmp_path / "out", max_tokens=32, trained="1. **contrastive**; once\n2. **blend**")
    dequantize(tmp_path / "out", tmp_path / "again")
    rules = (tmp_path / "out" / TOKENIZER).read_bytes()
    one, other = (
        TorchReference(load_electra(folder), WordPieces(rules, 32))
        for folder in (source, tmp_path / "again")
    )
    texts = ["", "read a file", "def add(a, b): return a + b", "a long text of many words " * 50]
    cosines = (one.encode_documents(texts) * other.encode_documents(texts)).sum(axis=1)
    assert np.min(cosines) > 0.995
    told = history.in_words(history.read(tmp_path / "again")).split("\n")
    assert told[:2] == ["1. **contrastive**; once", "2. **blend**"]
    assert told[2].startswith("3. **dequantize**")
    damaged = bytearray((tmp_path / "out" / "model.onnx").read_bytes())
    damaged[-1] ^= 1
    (tmp_path / "out" / "model.onnx").write_bytes(damaged)
    with pytest.raises(ModelError, match="SHA-256"):
        dequantize(tmp_path / "out", tmp_path / "third")


def test_the_card_and_the_licence_travel_along(tmp_path: Path) -> None:
    run(write_model(tmp_path / "model"), tmp_path / "out")
    card = (tmp_path / "out" / "README.md").read_text()
    assert "nobody/nothing" in card
    assert "Apache-2.0" in card


def test_a_missing_weight_is_named(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file  # noqa: PLC0415

    source = write_model(tmp_path / "model")
    state = load_file(source / "model.safetensors")
    state.pop("encoder.layer.1.output.dense.bias")
    save_file(state, source / "model.safetensors")
    with pytest.raises(ModelError, match=r"layer\.1\.output\.dense\.bias"):
        run(source, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_diverged_model_fails_the_gate(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file  # noqa: PLC0415

    source = write_model(tmp_path / "model")
    state = load_file(source / "model.safetensors")
    state["encoder.layer.1.output.dense.bias"][0] = float("nan")
    save_file(state, source / "model.safetensors")
    with pytest.raises(ModelError, match="nan at worst"):
        run(source, tmp_path / "out")


def test_what_fails_the_gate_is_not_written(tmp_path: Path) -> None:
    # Weights so large that the layers decide the vector, then rounded to -1, 0 and 1.
    source = write_model(tmp_path / "model", initializer_range=0.5)
    with pytest.raises(ModelError):
        run(source, tmp_path / "out", weight_steps=1)
    assert not (tmp_path / "out").exists()
    with pytest.raises(ModelError):
        load_encoder(tmp_path / "out")
