from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

import repos
from codesearch.encoder.weights import DEFAULT_FOLDER, TOKENIZER
from codesearch.training import data, mine, packed, sheets
from codesearch.training.__main__ import main

RULES = DEFAULT_FOLDER / TOKENIZER
FUNCTION = """\
def {verb}_{what}(items, limit):{doc}
    kept = [item for item in items if item.{what} > limit]
    for item in kept:
        item.{verb}({number}, note="{what} over {number} is for those who {verb} alone")
    return sorted(kept, key=lambda item: item.{what} - {number})
"""
VERBS = ("sell", "paint", "carry", "melt")
WHATS = ("iron", "butter", "paper")


@pytest.fixture
def mined(tmp_path: Path) -> Path:
    folder = repos.init(tmp_path / "clones" / "me+shop")
    functions = [
        FUNCTION.format(
            verb=verb,
            what=what,
            number=number * 7,
            doc=f'\n    """{verb.title()} all {what} over the limit."""' if number % 2 else "",
        )
        for number, (verb, what) in enumerate((verb, what) for verb in VERBS for what in WHATS)
    ]
    repos.write(folder, {"shop.py": "\n\n".join(functions), "short.py": "def f():\n    return 1\n"})
    repos.commit(folder, "begin")
    sources = [mine.Source("me/shop", "MIT")]
    out = tmp_path / "mined"
    clones = tmp_path / "clones"
    done = mine.mine(sources, clones, out, processes=1, find=mine.find_documented)
    assert done == {"mined": 1}
    return out


def heads(folder: Path) -> list[str]:
    text = "\n".join(path.read_text() for path in sorted(folder.glob("*.txt")))
    return re.findall(r"^### .*$", text, re.MULTILINE)


def test_sheets_show_code_and_the_same_each_time(mined: Path, tmp_path: Path) -> None:
    assert sheets.write(mined, tmp_path / "one", 6) == 1
    assert sheets.write(mined, tmp_path / "two", 6) == 1
    (one,) = (tmp_path / "one").iterdir()
    assert one.read_text() == (tmp_path / "two/000.txt").read_text()
    assert 5 <= len(heads(tmp_path / "one")) <= 7
    assert re.fullmatch(
        r"### 1 \| [0-9a-f]{16} \| python \| function \| me/shop: shop.py \| \w+_\w+",
        heads(tmp_path / "one")[0],
    )
    assert "item." in one.read_text()
    documented = one.read_text().count('"""')
    assert 0 < documented < 6 * 2  # both kinds, in turn


def test_long_code_is_cut_and_many_chunks_fill_several_sheets(
    mined: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheets, "_MOST_LINES", 3)
    monkeypatch.setattr(sheets, "_CHUNKS", 5)
    assert sheets.write(mined, tmp_path / "sheets", 100) == 3
    assert len(heads(tmp_path / "sheets")) == len(VERBS) * len(WHATS)
    assert "\n…\n" in (tmp_path / "sheets/000.txt").read_text()


def test_what_was_written_is_packed_with_its_code_as_served(
    mined: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "sheets"
    sheets.write(mined, folder, 100)
    names = [head.rsplit("| ", 1)[1] for head in heads(folder)]
    written = [
        f"1a who deals with {names[0].replace('_', ' ')}",
        "1b python handle heavy things",
        "2. who takes what is left",
        "",
        "no number",
        "99 of no chunk",
    ]
    (folder / "000.questions.txt").write_text("\n".join(written))
    given = ["--mined", str(mined), "--sheets", str(folder), "--out", str(tmp_path / "asked")]
    assert main(["asked", *given]) == 0
    assert capsys.readouterr().out == "2 not understood, 3 pairs\n"
    assert [
        (pair.text, pair.chunk.symbol, pair.weak)
        for pair in sorted(mine.read(tmp_path / "asked/me+shop.jsonl.gz"), key=lambda one: one.text)
    ] == sorted(
        [
            (written[0][3:], names[0], False),
            ("python handle heavy things", names[0], False),
            ("who takes what is left", names[1], False),
        ]
    )
    job = data.Packing(mined, RULES, tmp_path / "packed", asked=tmp_path / "asked", weak_share=1.0)
    report = data.pack(job)
    assert report.asked == {"python": 3}
    assert report.documented == {"python": 6}
    pairs = packed.load(tmp_path / "packed")
    rules = Tokenizer.from_file(str(RULES))
    told = np.flatnonzero(pairs.told)
    assert {rules.decode(pairs.segment(one, 0).tolist()) for one in told} == {
        *(written[0][3:], "python handle heavy things", "who takes what is left")
    }
    assert len(set(pairs.answer[told])) == 2
    assert set(pairs.answer[told]) <= set(pairs.answer[~pairs.told])


def test_questions_of_an_evaluation_and_questions_written_twice_are_dropped(
    mined: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "sheets"
    sheets.write(mined, folder, 100)
    kept_out = tmp_path / "eval.jsonl"
    kept_out.write_text('{"query": "Who takes what is left"}\n')
    (folder / "000.questions.txt").write_text(
        "1a who takes what is left\n1b who does it\n2a who does it\n"
    )
    assert sheets.read(mined, folder, tmp_path / "asked") == {"pairs": 3}
    job = data.Packing(
        *(mined, RULES, tmp_path / "packed"), asked=tmp_path / "asked", evaluation=(kept_out,)
    )
    report = data.pack(job)
    assert report.asked == {"python": 1}
    assert report.dropped["equal text"] == 2


def test_questions_of_code_that_is_mined_no_more_are_counted(mined: Path, tmp_path: Path) -> None:
    folder = tmp_path / "sheets"
    sheets.write(mined, folder, 100)
    (folder / "000.questions.txt").write_text("1 who takes what is left\n")
    (mined / "me+shop.jsonl.gz").unlink()
    assert sheets.read(mined, folder, tmp_path / "asked") == {"of chunks that are mined no more": 1}
