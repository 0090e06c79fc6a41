from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from codesearch.encoder import load_encoder
from codesearch.encoder.text import TEMPLATE_VERSION
from codesearch.encoder.weights import (
    CARD,
    CONFIG,
    DEFAULT_FOLDER,
    GRAPH,
    TOKENIZER,
    Config,
    Weights,
    sha256,
    write_config,
)
from codesearch.errors import ModelError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(DEFAULT_FOLDER, tmp_path / "weights"))


def amend(folder: Path, **fields: object) -> None:
    """Change the config so that its own digest still agrees."""
    config: Config = Weights.open(folder).config
    write_config(folder, replace(config, **fields))  # type: ignore[arg-type]


def remove(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def flip_a_byte(name: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        data = bytearray((folder / name).read_bytes())
        data[len(data) // 2] ^= 1
        (folder / name).write_bytes(data)

    return change


def truncate(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:1000])


def edit_config(folder: Path) -> None:
    fields = json.loads((folder / CONFIG).read_text())
    (folder / CONFIG).write_text(json.dumps(fields | {"max_tokens": 64}))


def drop_field(folder: Path) -> None:
    fields = json.loads((folder / CONFIG).read_text())
    del fields["pooling"]
    (folder / CONFIG).write_text(json.dumps(fields))


def not_json(folder: Path) -> None:
    (folder / CONFIG).write_text("[]")


def not_a_graph(folder: Path) -> None:
    (folder / GRAPH).write_bytes(b"not a graph")
    files = Weights.open(folder).config.files | {GRAPH: sha256(b"not a graph")}
    amend(folder, files=files)


def other_tokenizer(folder: Path) -> None:
    rules = json.loads((folder / TOKENIZER).read_text())
    rules["model"]["vocab"].pop("##！", None)
    rules["model"]["vocab"].popitem()
    data = json.dumps(rules).encode()
    (folder / TOKENIZER).write_bytes(data)
    amend(folder, files=Weights.open(folder).config.files | {TOKENIZER: sha256(data)})


CASES: list[tuple[str, Callable[[Path], None], str]] = [
    ("config missing", remove(CONFIG), "config.json cannot be read"),
    ("graph missing", remove(GRAPH), "model.onnx cannot be read"),
    ("tokenizer missing", remove(TOKENIZER), "tokenizer.json cannot be read"),
    ("graph altered", flip_a_byte(GRAPH), "model.onnx is not the file"),
    ("graph cut short", truncate(GRAPH), "model.onnx is not the file"),
    ("tokenizer altered", flip_a_byte(TOKENIZER), "tokenizer.json is not the file"),
    ("config altered", edit_config, "altered"),
    ("config incomplete", drop_field, "cannot be understood"),
    ("config not an object", not_json, "cannot be understood"),
    ("no graph at all", not_a_graph, "cannot load"),
    ("tokenizer of another model", other_tokenizer, "vocabulary is"),
    ("wrong dimension", lambda folder: amend(folder, dimension=256), "dimension is 384"),
    ("wrong vocabulary", lambda folder: amend(folder, vocabulary=7), "config.json says 7"),
    ("other format", lambda folder: amend(folder, format=99), "format is 99"),
    (
        "other template",
        lambda folder: amend(folder, template_version=TEMPLATE_VERSION + 1),
        "text template",
    ),
]


@pytest.mark.parametrize(("spoil", "says"), [case[1:] for case in CASES], ids=[c[0] for c in CASES])
def test_a_spoilt_folder_is_refused(folder: Path, spoil: Callable[[Path], None], says: str) -> None:
    spoil(folder)
    with pytest.raises(ModelError, match=says) as caught:
        load_encoder(folder)
    assert caught.value.remedy


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="nowhere"):
        load_encoder(tmp_path / "nowhere")


def test_a_copy_is_the_same_encoder(folder: Path) -> None:
    (folder / CARD).write_text("another word in the card changes no vector")
    assert load_encoder(folder).digest == load_encoder().digest


def test_the_digest_covers_what_changes_a_vector(folder: Path) -> None:
    before = Weights.open(folder).digest
    amend(folder, max_tokens=64)
    assert Weights.open(folder).digest != before
