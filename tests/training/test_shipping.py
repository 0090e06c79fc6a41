from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from codesearch.encoder import load_encoder
from codesearch.encoder.text import TEMPLATE_VERSION
from codesearch.encoder.weights import DEFAULT_FOLDER, TOKENIZER
from codesearch.errors import ModelError
from codesearch.training import history

pytestmark = pytest.mark.slow
torch = pytest.importorskip("torch", reason="exporting needs the train extra (torch)")
transformers = pytest.importorskip("transformers", reason="exporting needs the train extra")
pytest.importorskip("onnx", reason="exporting needs the train extra (onnx)")

RECORD = {
    "stage": "contrastive",
    "warm": True,
    "recipe": {"batch": 64, "optimizer": {"lr": 5e-5}, "seed": 1},
    "steps": 10,
    "seconds": 600.0,
    "device": "a CPU",
    "records": 1000,
    "repositories": 12,
    "last": {"loss": 0.5},
}


def test_a_run_is_shipped_with_its_history(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from codesearch.training.__main__ import main  # noqa: PLC0415

    torch.manual_seed(1)
    config = transformers.ElectraConfig(
        embedding_size=64,
        hidden_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=128,
    )
    model = tmp_path / "run" / "model"
    transformers.ElectraModel(config).save_pretrained(model)
    shutil.copyfile(DEFAULT_FOLDER / TOKENIZER, model / TOKENIZER)
    history.write(model, [RECORD])
    out = tmp_path / "weights"
    given = ["--run", str(tmp_path / "run"), "--out", str(out), "--name", "tiny"]
    given += ["--license", "MIT"]
    assert main(["export", *given]) == 2
    assert "--origin" in capsys.readouterr().err
    assert main(["export", *given, "--origin", "we/us", "--max-tokens", "32"]) == 0
    assert load_encoder(out).name == "tiny"
    card = (out / "README.md").read_text()
    assert "10 steps of 64; 10 minutes on a CPU; 1,000 pairs of 12 repositories" in card
    assert "The weights of `we/us` (MIT) in the shape" in card
    assert "not trained any further" not in card
    assert "MiniLM" not in card


def test_a_model_of_another_template_is_not_shipped(tmp_path: Path) -> None:
    from codesearch.training import shipping  # noqa: PLC0415

    history.write(tmp_path, [RECORD | {"template": TEMPLATE_VERSION - 1}])
    with pytest.raises(ModelError, match="text template"):
        shipping.ship(tmp_path, tmp_path / "weights", "tiny", origin="we/us", license="MIT")


def test_what_began_from_scratch_is_nobody_elses(tmp_path: Path) -> None:
    from codesearch.training import card, shipping  # noqa: PLC0415
    from codesearch.training.export import Job, Measured  # noqa: PLC0415

    history.write(tmp_path, [RECORD | {"warm": False}])
    with pytest.raises(ModelError, match="from scratch and not with we/us"):
        shipping.ship(tmp_path, tmp_path / "weights", "tiny", origin="we/us", license="MIT")
    trained = history.in_words(history.read(tmp_path))
    job = Job(tmp_path, tmp_path, "tiny", origin="", license="MIT", trained=trained)
    said = card.model_card(job, Measured(1.0, 1.0, 1.0))
    assert "Weights from scratch (MIT) in the shape" in said
    assert "random numbers" in said
