from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

import repos
from codesearch.encoder.text import document_text, query_text
from codesearch.encoder.tokenizer import WordPieces
from codesearch.encoder.weights import DEFAULT_FOLDER, TOKENIZER
from codesearch.training import data, mine
from codesearch.training import packed as packed_form
from codesearch.training.dedup import Seen, shape
from codesearch.training.packed import BARE, SERVED, Pairs, View, replaced
from indexers.pairs import Pair

MAX_TOKENS = 48
RULES = DEFAULT_FOLDER / TOKENIZER
BODY = """
    total = 0
    for item in {name}_items:
        total += item.{name}_weight * {number}
    if total > {number}:
        raise TooHeavy("{name}", total)
    return round(total, {number}), {name}_limit({number}, "{name}")
"""
NAMES = ("apple_pie", "brickWall", "HTTPCookie", "door", "engineOil")


def function(name: str, number: int, text: str) -> str:
    body = BODY.format(name=name, number=number)
    return f'def weigh_{name}(items):\n    """{text}"""' + body


FILES = {
    "src/kitchen/scale_tools.py": "\n\n".join(
        function(name, number, f"Sum up what each {name} weighs, number {number}.")
        for number, name in enumerate(NAMES)
    ),
    "src/kitchen/bare.py": "def open_front_gate(key):" + BODY.format(name="gate", number=77),
    "tests/test_scale.py": function("tested", 9, "Sum up what each tested thing weighs."),
    "vendor/other.py": function("bought", 8, "Sum up what each bought thing weighs."),
    "LICENSE": "MIT License\n\nPermission is hereby granted, free of charge, to any person",
}


def mine_all(sources: list[mine.Source], clones: Path, out: Path) -> dict[str, int]:
    return mine.mine(sources, clones, out, processes=1, find=mine.find_documented)


@pytest.fixture
def mined(tmp_path: Path) -> Path:
    folder = repos.init(tmp_path / "clones" / "me+kitchen")
    repos.write(folder, FILES)
    repos.commit(folder, "begin")
    listed = tmp_path / "list.tsv"
    listed.write_text("# comment\nme/kitchen\tpython\tMIT\nme/absent\tgo\tMIT\n")
    sources = mine.read_list(listed)
    outcome = mine_all(sources, tmp_path / "clones", tmp_path / "mined")
    assert outcome == {"mined": 1, "not there": 1}
    return tmp_path / "mined"


def packing(mined: Path, **more: object) -> data.Packing:
    job = data.Packing(mined, RULES, mined.parent / "packed", max_tokens=MAX_TOKENS)
    return replace(job, **more)  # type: ignore[arg-type]


def all_pairs(mined: Path) -> list[Pair]:
    return list(mine.read(mined / "me+kitchen.jsonl.gz"))


def test_mining_says_where_pairs_come_from(mined: Path) -> None:
    header = mine.read_header(mined / "me+kitchen.jsonl.gz")
    assert (header.repository, header.licence_found, header.licence_said) == (
        "me/kitchen",
        "MIT",
        "MIT",
    )
    assert (header.pairs, header.weak, header.languages) == (len(NAMES), 1, {"python": len(NAMES)})
    assert all("vendor" not in pair.chunk.path for pair in all_pairs(mined))


def test_mining_again_does_nothing(mined: Path, tmp_path: Path) -> None:
    before = (mined / "me+kitchen.jsonl.gz").stat().st_mtime_ns
    again = mine_all([mine.Source("me/kitchen", "")], tmp_path / "clones", mined)
    assert again == {"mined before": 1}
    assert (mined / "me+kitchen.jsonl.gz").stat().st_mtime_ns == before


MIT = FILES["LICENSE"]
APACHE = "Apache License\n  Version 2.0, January 2004"
GPL = "GNU GENERAL PUBLIC LICENSE\nVersion 3"


@pytest.mark.parametrize(
    ("licences", "said", "found"),
    [
        ({"LICENSE": GPL}, "MIT", ""),
        ({"LICENSE": "Files in lib are MIT-like; all others GPL-2.0-or-later.\n"}, "MIT", ""),
        ({"LICENSE": f"Business Source License 1.1\n{MIT}"}, "MIT", ""),
        ({"LICENSE": GPL, "LICENSE-THIRD-PARTY": MIT}, "MIT", ""),
        ({"LICENSE": "All rights reserved."}, "", ""),
        ({"LICENSE": "All rights reserved."}, "BSL-1.1", ""),
        ({"LICENSE": "As the README has it."}, "MS-PL/MIT", "MS-PL/MIT"),
        ({"LICENSE": f"{APACHE}\n{GPL}"}, "", "Apache-2.0"),
        ({"COPYING": GPL, "LICENSE-MIT": MIT}, "", "MIT"),
        ({"LICENSE": "BSD 2-clause in lib\nCC0 1.0 elsewhere"}, "", "CC0"),
        ({"LICENSE": "All rights reserved."}, "own", "own"),
        ({"LICENSE": GPL}, "own", "own"),
    ],
)
def test_only_what_is_known_to_be_permissive_is_mined(
    tmp_path: Path, licences: dict[str, str], said: str, found: str
) -> None:
    folder = repos.init(tmp_path / "me+free")
    files = {path: text for path, text in FILES.items() if path != "LICENSE"}
    repos.write(folder, files | licences)
    repos.commit(folder, "begin")
    old = tmp_path / "me+free.jsonl.gz"
    old.write_bytes(b"")
    header = mine.mine_one(mine.Source("me/free", said), folder, tmp_path, mine.find_documented)
    if found:
        assert isinstance(header, mine.Header)
        assert header.licence == found
    else:
        assert isinstance(header, str)
        assert not old.exists()  # of an earlier version, and not to be packed


def test_what_is_wrong_with_one_repository_does_not_end_all_mining(
    tmp_path: Path, mined: Path
) -> None:
    sources = [mine.Source("me/kitchen", "")]
    out = tmp_path / "again"
    outcome = mine.mine(sources, tmp_path / "clones", out, processes=1, find=find_trouble)
    assert outcome == {"refused": 1}


def find_trouble(*_: object) -> list[Pair]:
    raise RecursionError("too deep")


def test_held_out_repositories_stay_out(tmp_path: Path, mined: Path) -> None:
    heldout = tmp_path / "heldout.tsv"
    heldout.write_text("Me/Kitchen\tpython\n")
    assert not mine.read_list(heldout, heldout)
    report = data.pack(packing(mined, heldout=heldout))
    assert report.dropped["held-out repository"] == len(NAMES) + 1


def test_what_is_measured_with_is_kept_out_of_training() -> None:
    recipes = Path(mine.__file__).parent / "recipes"
    assert not mine.read_list(recipes / "heldout.tsv", recipes / "kept-out.tsv")


def test_the_packed_form_is_what_is_served(mined: Path) -> None:
    data.pack(packing(mined))
    packed = packed_form.load(mined.parent / "packed")
    pieces = WordPieces(RULES.read_bytes(), MAX_TOKENS)
    originals = {pair.text: pair for pair in all_pairs(mined)}
    tokenizer = Tokenizer.from_file(str(RULES))
    seen = 0
    for record in range(len(packed)):
        text = tokenizer.decode(packed.text(record, 64).tolist())
        pair = next(
            p
            for t, p in originals.items()
            if pieces.ids(query_text(t)) == packed.text(record, MAX_TOKENS).tolist()
        )
        assert text
        served = packed.document(record, MAX_TOKENS, SERVED).tolist()
        assert served == pieces.ids(document_text(pair.chunk))
        assert packed.document(record, MAX_TOKENS, BARE).tolist() == pieces.ids(
            document_text(pair.bare)
        )
        seen += 1
    assert seen == len(NAMES) + 1


LONG = 'def settle_up(accounts):\n    """Pay back what each of the accounts owes."""\n' + "".join(
    f"    accounts[{n}].pay_back(accounts[{n + 1}], what_is_owed={n} * {n})\n" for n in range(120)
)


def test_all_that_is_served_is_packed_as_it_is_served(tmp_path: Path) -> None:
    module = '"""Weigh what is on it."""\n\nimport sys\n\nLIMIT = 3\ntotal = 0\nweigh(sys.argv)\n'
    files = {
        "a.py": LONG,
        "b.py": module,
        "c.py": "class Bag:\n    size: int\n    name: str\n",
        "README.md": "# How to install\n\nRun it twice.\n",
        "LICENSE": MIT,
    }
    folder = repos.init(tmp_path / "clones" / "me+kitchen")
    repos.write(folder, files)
    repos.commit(folder, "begin")
    mine_all([mine.Source("me/kitchen", "MIT")], tmp_path / "clones", tmp_path / "mined")
    originals = all_pairs(tmp_path / "mined")
    report = data.pack(packing(tmp_path / "mined"))
    assert report.documented == {"python": 3}  # two parts of one function, a module
    assert report.bystanders == {"class": 1, "text": 1}
    assert not +report.dropped
    packed = packed_form.load(tmp_path / "packed")
    pieces = WordPieces(RULES.read_bytes(), MAX_TOKENS)
    served = {tuple(pieces.ids(document_text(pair.chunk))) for pair in originals}
    assert {
        tuple(packed.document(one, MAX_TOKENS).tolist()) for one in range(len(packed))
    } == served
    assert packed.asked.sum() == 3
    assert len(np.unique(packed.answer[packed.asked])) == 2  # both parts answer


def test_a_function_asked_for_twice_is_one_answer(mined: Path) -> None:
    told = mined.parent / "told"
    told.mkdir()
    first = next(pair for pair in all_pairs(mined) if not pair.weak)
    # As a commit saw it: the same function, some lines of it others.
    text = first.chunk.text.replace("round(total", "floor(total, 3, round=True, up=False")
    chunk = replace(first.chunk, text=text)
    pair = replace(first, text="never weigh half of an apple pie", chunk=chunk)
    header = mine.read_header(mined / "me+kitchen.jsonl.gz")
    mine.write(told / "me+kitchen.jsonl.gz", header, [pair])
    data.pack(packing(mined, commits=told))
    packed = packed_form.load(mined.parent / "packed")
    assert len(np.unique(packed.answer)) == len(packed) - 1
    assert packed.told.sum() == 1
    assert len(packed) == len(all_pairs(mined)) + 1


def test_questions_begin_as_people_type_them(mined: Path) -> None:
    rules = Tokenizer.from_file(str(RULES))
    rules.enable_padding(length=12)  # as some ship theirs: it must not reach what is packed
    shipped = mined.parent / "padding.json"
    rules.save(str(shipped))
    data.pack(packing(mined, tokenizer=shipped))
    meta = packed_form.load(mined.parent / "packed").meta
    (openings,) = meta.questions
    said = [rules.decode(list(one), skip_special_tokens=False) for one in openings]
    assert said[:3] == ["how to", "python how to", "how do i"]
    assert {rules.decode([one]) for one in meta.stop_words} >= {"the", "of", "."}


def test_views_hide_what_they_say(mined: Path) -> None:
    data.pack(packing(mined, max_tokens=192))
    packed = packed_form.load(mined.parent / "packed")
    tokenizer = Tokenizer.from_file(str(RULES))

    def words(view: View) -> str:
        text: str = tokenizer.decode(
            packed.document(0, 192, view).tolist(), skip_special_tokens=False
        )
        return text

    whole = words(SERVED)
    assert "sum up what" in whole
    assert "sum up what" not in words(BARE)
    name = " ".join(tokenizer.encode("weigh apple pie", add_special_tokens=False).tokens)
    assert name.split()[0] in whole
    masked = words(View(mask_name=True, keep_doc=False))
    assert "weigh apple pie" not in masked
    assert "[MASK] ( items )" in masked
    assert "def" not in words(View(drop_declaration=True, keep_doc=False)).split()
    assert "kitchen" in whole
    assert "kitchen" not in words(View(drop_path=True))
    assert packed.meta.licences == ("MIT",)


def test_evaluation_items_and_duplicates_are_dropped(mined: Path, tmp_path: Path) -> None:
    pairs = [pair for pair in all_pairs(mined) if not pair.weak]
    spaced = pairs[0].bare.text.replace(" ", "  ").replace("\n", "\n\n")
    rows = [{"code": spaced}, {"query": pairs[1].text.upper()}]
    evaluation = tmp_path / "items.jsonl"
    evaluation.write_text("\n".join(map(json.dumps, rows)))
    report = data.pack(packing(mined, evaluation=(evaluation,)))
    assert report.dropped["equal code"] == 1
    assert report.dropped["equal text"] == 1
    assert report.documented == {"python": len(NAMES) - 2}


def test_evaluation_texts_are_known_as_mining_would_have_them(tmp_path: Path) -> None:
    evaluation = tmp_path / "items.jsonl"
    doc = "Dial connects to the `server`,\nand waits.\n\nIt may be called twice."
    evaluation.write_text(json.dumps({"doc": doc}))
    seen = Seen()
    seen.add_evaluation(evaluation)
    assert not seen.is_new_text("Dial connects to the server, and waits.")
    assert not seen.is_new_text("connects to the server, and waits.")
    assert seen.is_new_text("It may be called twice.")


def test_near_duplicates() -> None:
    seen = Seen()
    code = function("apple", 1, "What it weighs.") * 3
    assert seen.is_new_shape(shape(code))
    assert not seen.is_new_shape(shape(code.replace("TooHeavy", "Heavy", 1)))
    assert seen.is_new_shape(shape("\n".join(f"call_{i}(other, {i})" for i in range(40))))


def test_runs_become_one_id() -> None:
    ids = np.array([1, 2, 3, 1, 2, 2, 1, 1, 2], np.uint16)
    assert replaced(ids, np.array([1, 2], np.uint16), 9).tolist() == [9, 3, 9, 2, 1, 9]
    assert replaced(ids, np.array([7], np.uint16), 9).tolist() == ids.tolist()
    same = np.array([4, 4, 4], np.uint16)
    assert replaced(same, np.array([4, 4], np.uint16), 9).tolist() == [9, 4]


def test_saved_and_loaded_is_the_same(mined: Path, tmp_path: Path) -> None:
    data.pack(packing(mined))
    packed = packed_form.load(mined.parent / "packed")
    some = packed.choose(np.array([2, 0]))
    some.save(tmp_path / "x.npz.xz")
    again = Pairs.load(tmp_path / "x.npz.xz")
    assert again.meta == packed.meta
    assert again.document(1, 40).tolist() == packed.document(0, 40).tolist()
    assert again.text(0, 40, opening=(5, 6)).tolist()[1:3] == [5, 6]


def test_shards_of_another_version_say_what_they_lack(
    mined: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data.pack(packing(mined))
    pairs = packed_form.load(mined.parent / "packed")
    with monkeypatch.context() as before:
        before.setattr(
            packed_form, "_FIELDS", [one for one in packed_form._FIELDS if one != "told"]
        )
        pairs.save(tmp_path / "x.npz.xz")
    with pytest.raises(ValueError, match=r"x\.npz\.xz lacks told: pack the pairs again"):
        Pairs.load(tmp_path / "x.npz.xz")
