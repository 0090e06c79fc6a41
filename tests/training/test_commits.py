from __future__ import annotations

from pathlib import Path

import pytest

import repos
from codesearch.encoder.weights import DEFAULT_FOLDER, TOKENIZER
from codesearch.training import commits, data, mine, packed

SHOP = """\
def total(basket, rate):
    \"\"\"What a basket costs.\"\"\"
    cost = 0
    for item in basket:
        cost += item.price{more}
    return cost * rate


def ship(basket, address{other}):
    parcel = pack(basket)
    parcel.label = address.upper()
    send(parcel)
    return parcel
"""


def shop(more: str = "", other: str = "") -> dict[str, str]:
    return {"shop/basket.py": SHOP.format(more=more, other=other)}


@pytest.fixture
def clones(tmp_path: Path) -> Path:
    folder = repos.init(tmp_path / "clones" / "me+shop")
    test = "def test_total():\n    a = 1\n    b = {}\n    assert a\n"
    for subject, files in {
        "Begin a shop for the whole family": shop() | {"tests/test_basket.py": test.format(1)},
        "fix(basket): count an item as often as it is bought (#12)": shop(" * item.count"),
        "Bump the version of everything that is bought": shop(" * 2"),
        "Send a basket to where it was wanted in both": shop(" * 3", ", speed"),
        "SHOP-77 Ask how fast the parcel should arrive.": shop(" * 3", ", speed=1")
        | {"tests/test_basket.py": test.format(2)},
        "Look whether the basket is empty in the test": {"tests/test_basket.py": test.format(3)},
    }.items():
        repos.write(folder, files)
        repos.commit(folder, subject)
    return tmp_path / "clones"


def mined(clones: Path) -> Path:
    out = clones.parent / "commits"
    sources = [mine.Source("me/shop", "MIT")]
    assert mine.mine(sources, clones, out, processes=1, find=commits.find_told) == {"mined": 1}
    return out


def test_a_commit_speaks_of_the_one_function_that_it_changes(clones: Path) -> None:
    (path,) = mined(clones).glob("*")
    pairs = list(mine.read(path))
    assert [(pair.text, pair.chunk.symbol) for pair in pairs] == [
        ("Ask how fast the parcel should arrive", "ship"),
        ("count an item as often as it is bought", "total"),
    ]
    assert mine.read_header(path).pairs == 2
    assert "item.price * item.count" in pairs[1].bare.text  # as it was then
    assert "What a basket costs" in pairs[1].chunk.text
    assert "What a basket costs" not in pairs[1].bare.text


def test_they_are_packed_beside_what_was_mined(clones: Path, tmp_path: Path) -> None:
    source = mine.Source("me/shop", "MIT")
    (tmp_path / "mined").mkdir()
    assert isinstance(
        mine.mine_one(source, clones / "me+shop", tmp_path / "mined", mine.find_documented),
        mine.Header,
    )
    rules = DEFAULT_FOLDER / TOKENIZER
    job = data.Packing(tmp_path / "mined", rules, tmp_path / "packed", mined(clones))
    report = data.pack(job)
    assert report.documented == {"python": 1}
    assert report.commits == {"python": 2}
    assert packed.load(tmp_path / "packed").meta.repositories == ("me/shop",)


INNER_TESTS = """\
pub fn weigh(items: &[f64]) -> f64 {
    let mut total = 0.0;
    for item in items {
        total += item%s;
    }
    total
}

#[cfg(test)]
mod tests {
    #[test]
    fn weighs() {
        let all = vec![1.0, 2.0];
        assert_eq!(super::weigh(&all), 3.0);
        assert_eq!(all.len(), 2);
    }
%s}
"""
NEW_TEST = """
    #[test]
    fn weighs_more() {
        assert_eq!(super::weigh(&[4.0]), 8.0);
    }
"""
UNLIKE = {
    "a file came": shop(" * item.count") | {"shop/other.py": "def other():\n    return 1\n"},
    "a file went": shop(" * item.count") | {"shop/old.py": ""},
    "a function went": {"shop/basket.py": SHOP.split("\n\n\ndef ship")[0].format(more="") + "\n"},
    "more came beside it": {
        "shop/basket.py": "import one\nimport two\nimport three\n" + shop(" * 2")["shop/basket.py"]
    },
}


@pytest.mark.parametrize("change", UNLIKE.values(), ids=UNLIKE)
def test_a_commit_that_does_more_says_nothing_of_one_function(
    tmp_path: Path, change: dict[str, str]
) -> None:
    folder = repos.init(tmp_path / "clones" / "me+shop")
    repos.write(folder, shop() | {"shop/old.py": "def old():\n    return 1\n"})
    repos.commit(folder, "begin")
    repos.write(folder, change)
    for path, text in change.items():
        if not text:
            (folder / path).unlink()
    repos.commit(folder, "count an item as often as it is bought")
    assert not list(mine.read(next(mined(tmp_path / "clones").glob("*"))))


def test_tests_beside_the_code_and_what_others_wrote_are_not_counted(tmp_path: Path) -> None:
    folder = repos.init(tmp_path / "clones" / "me+shop")
    vendored = {"vendor/basket.py": shop()["shop/basket.py"]}
    repos.write(folder, {"src/lib.rs": INNER_TESTS % ("", ""), **vendored})
    repos.commit(folder, "begin")
    vendored = {"vendor/basket.py": shop(" * 2")["shop/basket.py"], "vendor/new.py": "x = 1\n"}
    rust = (INNER_TESTS % (" * 2.0", NEW_TEST)).replace("3.0", "6.0")
    repos.write(folder, {"src/lib.rs": rust, "CHANGELOG.md": "Twice\n" * 40, **vendored})
    repos.commit(folder, "let every item weigh twice as much")
    (pair,) = mine.read(next(mined(tmp_path / "clones").glob("*")))
    assert pair.chunk.symbol == "weigh"


@pytest.mark.parametrize(
    ("subject", "said"),
    [
        ("[core] Keep the session when it is renewed", "Keep the session when it is renewed"),
        ("fix: close the file on error. Fixes #31", "close the file on error"),
        ("KAFKA-1234: Do not block on shutdown (#77)", "Do not block on shutdown"),
        ("Handle strings that are not valid UTF-8", "Handle strings that are not valid UTF-8"),
        ("Fixed #123 -- Made the loader find it", "Made the loader find it"),
        ("Fix typo in the session's name", ""),
        ("Merge branch main of the upstream", ""),
        ("Faster parsing", ""),
    ],
)
def test_what_a_subject_says(subject: str, said: str) -> None:
    assert commits.question(subject) == said
