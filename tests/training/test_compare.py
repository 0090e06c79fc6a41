from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import repos
from codesearch.errors import ModelError
from codesearch.training import history, mine, tasks, vocabulary
from codesearch.training.__main__ import main
from codesearch.training.compare import Bm25, reciprocal_ranks
from codesearch.training.tasks import document_of

ROWS = [
    {"id": 7, "language": "python", "code": "def open_file(path):\n    return path.open()"},
    {"id": 8, "language": "python", "code": "def close_door(door):\n    door.shut = True"},
    {"id": 9, "language": "go", "code": "func Add(a int, b int) int {\n\treturn a + b\n}"},
]
QUESTIONS = [
    {"query": "close the door", "language": "python", "relevant": [8]},
    {"query": "openFile by its path", "language": "python", "relevant": [7]},
    {"query": "add two numbers", "language": "go", "relevant": [9]},
]
FILES = {
    "lib/tools.py": "\n\n".join(
        f'def {name}(value, other):\n    """{text}"""\n    first = value.{name}_one\n'
        f"    second = other.{name}_two(first)\n    third = [second, {number}]\n    return third\n"
        for number, (name, text) in enumerate(
            [
                ("paint_fence", "Paint the whole fence in one colour."),
                ("mow_lawn", "Mow the lawn as short as possible."),
                ("cut_hedge", "Cut the hedge into a straight line."),
            ]
        )
    )
}


@pytest.fixture
def evaluation(tmp_path: Path) -> Path:
    for name in ("cosqa", "humaneval_x"):
        folder = tmp_path / "eval" / name
        folder.mkdir(parents=True)
        corpus = [row | {"code_nodoc": row["code"]} for row in ROWS]
        (folder / "corpus.jsonl").write_text("\n".join(map(json.dumps, corpus)))
        (folder / "queries.jsonl").write_text("\n".join(map(json.dumps, QUESTIONS)))
    return tmp_path / "eval"


@pytest.fixture
def clones(tmp_path: Path) -> Path:
    folder = repos.init(tmp_path / "clones" / "me" / "garden")
    repos.write(folder, FILES)
    repos.commit(folder, "begin")
    (tmp_path / "list.tsv").write_text("me/garden\tpython\tMIT\nme/absent\tgo\n")
    return tmp_path / "clones"


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("const addUp = (a, b) => {\n  return sum(a, b)\n}", "add Up"),
        ("func (b *Box) AddUp(a int) int {", "Add Up"),
        ("function addUp(a) {", "add Up"),
        ("class Solution {\n    public int addUp(int a) {", "add Up"),
    ],
    ids=["arrow", "receiver", "keyword", "bracket"],
)
def test_names_of_functions_that_stand_alone(code: str, name: str) -> None:
    assert document_of({"language": "any", "code": code}, "code").split("\n")[0] == name


def test_bm25_by_hand() -> None:
    scores = Bm25().scores(["a b", "z"], ["a a c", "b", "c c c"])
    weight = np.log(1 + 2.5 / 1.5)  # one of three documents has the word
    mean = 7 / 3
    first = weight * 2 * 2.2 / (2 + 1.2 * (0.25 + 0.75 * 3 / mean))
    second = weight * 2.2 / (1 + 1.2 * (0.25 + 0.75 * 1 / mean))
    np.testing.assert_allclose(scores, [[first, second, 0], [0, 0, 0]], rtol=1e-5)


def test_equal_scores_share_their_ranks() -> None:
    scores = np.array([[1.0, 3.0, 2.0], [0.0, 0.0, 0.0], [2.0, 2.0, 1.0]], np.float32)
    assert reciprocal_ranks(scores, [[2], [0], [0, 2]]).tolist() == [1 / 2, 1 / 2, 1 / 1.5]


def test_what_is_no_number_has_no_rank() -> None:
    with pytest.raises(ModelError, match="not all numbers"):
        reciprocal_ranks(np.array([[1.0, np.nan]], np.float32), [[1]])


def test_the_command_compares(
    evaluation: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    numbers = tmp_path / "numbers.json"
    assert main(["evaluate", "--eval", str(evaluation), "--out", str(numbers)]) == 0
    table = json.loads(numbers.read_text())
    assert table["CoSQA dev, docstring removed"]["BM25"] == 1.0
    assert table["HumanEval-X, mean"]["BM25"] == 1.0
    assert "| CoSQA dev, docstring in the code | 1.000 |" in capsys.readouterr().out


def test_the_held_out_set(clones: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "heldout.jsonl"
    listed = ["--list", str(tmp_path / "list.tsv"), "--clones", str(clones), "--out", str(out)]
    assert main(["heldout", *listed]) == 0
    assert "3 functions (python 3); absent: ['me/absent']" in capsys.readouterr().out
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert {row["symbol"] for row in rows} == {"paint_fence", "mow_lawn", "cut_hedge"}
    assert all(row["query"] not in row["code"] for row in rows)
    (task,) = tasks.load_tasks(None, out)
    assert task.documents[0].startswith(rows[0]["symbol"].replace("_", " ") + "\nlib tools\ndef")
    before = out.read_text()
    main(["heldout", *listed])
    assert out.read_text() == before


def test_the_command_mines_and_packs(
    clones: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mined, packed = tmp_path / "mined", tmp_path / "packed"
    rules = tmp_path / "own" / "tokenizer.json"
    listed = ["--list", str(tmp_path / "list.tsv"), "--clones", str(clones), "--out", str(mined)]
    assert main(["mine", *listed, "--processes", "1"]) == 0
    assert main(["vocabulary", "--mined", str(mined), "--out", str(rules), "--size", "300"]) == 0
    heldout = tmp_path / "heldout.tsv"
    heldout.write_text("someone/else\n")
    paths = ["--mined", str(mined), "--tokenizer", str(rules), "--out", str(packed)]
    assert main(["pack", *paths, "--heldout", str(heldout)]) == 0
    report = json.loads((packed / "report.json").read_text())
    assert report["documented"] == {"python": 3}
    assert main(["pack", *paths, "--heldout", str(tmp_path / "list.tsv")]) == 0
    assert json.loads((packed / "report.json").read_text())["documented"] == {}


def test_our_vocabulary_parts_words_as_the_packed_form_needs(clones: Path, tmp_path: Path) -> None:
    from tokenizers import Tokenizer  # noqa: PLC0415

    source = mine.Source("me/garden", "MIT")
    mine.mine([source], clones, tmp_path / "mined", processes=1, find=mine.find_documented)
    rules = tmp_path / "tokenizer.json"
    vocabulary.train(tmp_path / "mined", rules, 300)
    tokenizer = Tokenizer.from_file(str(rules))
    one, two = "Paint the fence(", ") \n = lawn.cut"
    ids = [tokenizer.encode(text, add_special_tokens=False).ids for text in (one, two)]
    whole = tokenizer.encode(f"{one} {two}")
    assert whole.ids[1:-1] == ids[0] + ids[1]
    assert (whole.tokens[0], whole.tokens[-1]) == ("[CLS]", "[SEP]")
    assert tokenizer.encode("fence", add_special_tokens=False).tokens == ["fence"]


def test_errors_are_said_in_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nothing = ["--data", str(tmp_path), "--out", str(tmp_path / "out"), "--max-steps", "1"]
    pytest.importorskip("torch")
    assert main(["pretrain", *nothing]) == 2
    assert "holds no shards" in capsys.readouterr().err
    for name in ("batsch", "optimiser.lr", "optimizer.lr.x", "optimizer"):
        assert main(["pretrain", *nothing, "--set", f"{name}=3"]) == 2
        assert f"no such setting: {name}\n" in capsys.readouterr().err
    assert main(["pretrain", *nothing, "--set", "batsch=3", "--set", "seed=2"]) == 2
    assert "no such setting: batsch\n" in capsys.readouterr().err


def test_a_blend_alone_is_a_history(tmp_path: Path) -> None:
    blend = {"stage": "blend", "share": 0.7, "runs_before": 0, "beside": []}
    assert not history.is_from_scratch([blend])
    assert not history.is_from_scratch([])
    assert history.is_from_scratch([{"stage": "pretrain", "warm": False}, blend])


def test_a_history_in_words(tmp_path: Path) -> None:
    record = {
        "stage": "pretrain",
        "warm": True,
        "recipe": {"batch": 1024, "objective": "rtd", "optimizer": {"lr": 2e-4}, "seed": 1},
        "steps": 1500,
        "seconds": 600.0,
        "device": "a CPU",
        "records": 157000,
        "repositories": 117,
        "last": {"rtd": 0.123456},
    }
    history.write(tmp_path, [record, {"stage": "blend", "share": 0.7, "runs_before": 0}])
    words = history.in_words(history.read(tmp_path))
    for part in ("1. **pretrain**; replaced-token", "1,500 steps of 1,024", "10 minutes", "0.123"):
        assert part in words
    assert "2. **blend**; each weight is 70% of what it was by then, and 30%" in words
    mean = {"stage": "blend", "share": 0.5, "runs_before": 0, "beside": [record]}
    assert "made of it beside runs 1 ff. (**pretrain**; " in history.in_words([record, mean])
    assert words.endswith("before run 1.")
