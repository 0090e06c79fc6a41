from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from codesearch.training.__main__ import main

safetensors = pytest.importorskip("safetensors.numpy", reason="needs the train extra")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    random = np.random.default_rng(1)
    state = {
        "words": random.normal(0, 0.05, (300, 64)).astype(np.float32),
        "bias": np.array([1.0, -2.5, 0.0, 3e-5], np.float32),
    }
    safetensors.save_file(state, folder / "model.safetensors")
    (folder / "config.json").write_text("{}")
    return folder


def test_a_model_comes_back_from_its_pieces(model: Path, tmp_path: Path) -> None:
    assert main(["carry", str(model), str(tmp_path / "pieces"), "--mebibytes", "1"]) == 0
    pieces = list((tmp_path / "pieces").glob("piece-*"))
    assert sum(piece.stat().st_size for piece in pieces) < 0.45 * 300 * 64 * 4
    assert main(["join", str(tmp_path / "pieces"), str(tmp_path / "back")]) == 0
    before = safetensors.load_file(model / "model.safetensors")
    after = safetensors.load_file(tmp_path / "back" / "model.safetensors")
    assert after["words"].dtype == np.float32
    for name, one in before.items():
        np.testing.assert_allclose(after[name], one, rtol=2**-8)
    assert after["bias"][:3].tolist() == [1.0, -2.5, 0.0]
    assert sorted(file.name for file in (tmp_path / "back").iterdir()) == [
        "config.json",
        "model.safetensors",
    ]


def test_small_pieces_and_what_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from codesearch.training import carry  # noqa: PLC0415 – needs safetensors

    file = tmp_path / "some.bin"
    file.write_bytes(np.random.default_rng(1).bytes(5000))
    pieces = carry.split(file, tmp_path / "pieces", 2000)
    assert len(pieces) == 3
    assert all(piece.stat().st_size <= 2000 for piece in pieces)
    carry.join(tmp_path / "pieces", tmp_path / "back")
    assert (tmp_path / "back" / "some.bin").read_bytes() == file.read_bytes()
    pieces[1].write_bytes(b"other")
    assert main(["join", str(tmp_path / "pieces"), str(tmp_path / "worse")]) == 2
    pieces[1].unlink()
    assert main(["join", str(tmp_path / "pieces"), str(tmp_path / "worse")]) == 2
    assert "lacks piece-01.bin" in capsys.readouterr().err
