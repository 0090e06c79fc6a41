"""Several repositories in one search."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

import repos
from codesearch import (
    Filter,
    Hit,
    Index,
    NotIndexedError,
    Settings,
    named,
    open_all,
    search_many,
    similar_many,
)
from program import run

BANK = {
    "bank/account.py": '''def transfer(source, target, amount):
    """Move money from one account to another."""
    source.withdraw(amount)
    target.deposit(amount)


def sign_cheque(cheque, pen):
    """Put a signature under a cheque."""
    return pen.sign(cheque)
''',
    "shop/cart.py": "class Cart:\n    def push(self):\n        pass\n",
}


@pytest.fixture
def both(index: Index, tmp_path: Path) -> dict[str, Index]:
    index.sync()
    folder = repos.init(tmp_path / "bank")
    repos.write(folder, BANK)
    repos.commit(folder)
    bank = Index.open(folder)
    bank.sync()
    return named([index, bank])


def test_hits_of_all_stand_in_one_list(both: dict[str, Index]) -> None:
    hits = search_many(both, "signature", top_k=4)
    assert {(hit.repository, hit.chunk.symbol) for hit in hits} >= {
        ("shop", "sign_cookie"),
        ("bank", "sign_cheque"),
    }
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert search_many(both, "move money between accounts")[0].chunk.symbol == "transfer"
    assert len(search_many(both, "sign", top_k=2**70)) >= len(search_many(both, "sign", top_k=20))
    assert search_many(both, "where are cookies signed?")[0].repository == "shop"


def test_the_order_of_the_repositories_does_not_matter(both: dict[str, Index]) -> None:
    forth = search_many(both, "put an article into the cart", top_k=20)
    back = dict(reversed(both.items()))
    assert forth == search_many(back, "put an article into the cart", top_k=20)


def test_ranks_are_of_the_whole_list(both: dict[str, Index]) -> None:
    hits = search_many(both, "signature", top_k=50)
    ranks = sorted(hit.explanation.dense_rank or 0 for hit in hits)
    assert ranks == list(range(1, len(hits) + 1))


def test_of_one_it_is_a_plain_search(both: dict[str, Index]) -> None:
    plain = both["shop"].search("total price with tax")
    assert search_many({"shop": both["shop"]}, "total price with tax") == plain


def test_files_of_the_same_path_do_not_mix(both: dict[str, Index]) -> None:
    hits = search_many(both, "Cart", top_k=3, filter=Filter(kind="class"))
    assert {(hit.repository, hit.chunk.path) for hit in hits} == {
        ("shop", "shop/cart.py"),
        ("bank", "shop/cart.py"),
    }


def test_one_that_is_not_indexed_is_an_error(both: dict[str, Index], tmp_path: Path) -> None:
    folder = repos.init(tmp_path / "new")
    repos.commit(folder)
    with Index.open(folder) as new, pytest.raises(NotIndexedError, match=r"^new: ") as caught:
        search_many(both | {"new": new}, "anything")
    assert caught.value.remedy == f"Index it: codesearch index {folder}"


def test_similar_looks_into_all_of_them(both: dict[str, Index]) -> None:
    sign = both["shop"].search("sign_cookie", top_k=1)[0].chunk
    hits = similar_many(both, sign, top_k=50)
    assert "sign_cookie" not in {hit.chunk.symbol for hit in hits}
    assert {hit.repository for hit in hits} == {"bank", "shop"}
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert [hit.explanation.dense_rank for hit in hits] == list(range(1, len(hits) + 1))
    alone = [hit.chunk for hit in both["bank"].similar(sign, top_k=50)]
    assert [hit.chunk for hit in hits if hit.repository == "bank"] == alone


def test_the_encoder_is_loaded_once(both: dict[str, Index]) -> None:
    assert both["shop"].encoder is both["bank"].encoder


def test_names_that_clash_are_told_apart(tmp_path: Path, home: Path) -> None:
    opened = []
    for place in ("work/app", "play/app", "work/old/app", "play/tool"):
        folder = repos.init(tmp_path / place)
        repos.commit(folder)
        opened.append(Index.open(folder, settings=Settings(home=home)))
    names = list(named(opened))
    assert names == ["work/app", "play/app", "old/app", "tool"]
    assert list(named(opened[1:2])) == ["app"]
    for index in opened:
        index.close()


def test_worktrees_and_a_bare_neighbour_are_told_apart(tmp_path: Path, home: Path) -> None:
    folder = repos.init(tmp_path / "app")
    repos.commit(folder)
    for number in (1, 2):
        repos.git(folder, "worktree", "add", "--quiet", "-b", f"b{number}", f"../tree{number}")
    repos.git(tmp_path, "clone", "--quiet", "--bare", "app", "app.git")
    places = ("app", "tree1", "tree2", "app.git")
    opened = [Index.open(tmp_path / place, settings=Settings(home=home)) for place in places]
    assert list(named(opened)) == [f"{tmp_path.name}/{place}" for place in places]
    for index in opened:
        index.close()


def test_no_repositories_no_hits() -> None:
    assert search_many({}, "anything") == []


def test_all_that_is_registered_is_opened(both: dict[str, Index], tmp_path: Path) -> None:
    gone = repos.init(tmp_path / "gone")
    repos.write(gone, {"a.py": "A = 1\n"})
    repos.commit(gone)
    with Index.open(gone) as index:
        index.sync()
    shutil.rmtree(gone)
    indexes, left_out = open_all(both["shop"].settings)
    try:
        assert list(indexes) == ["bank", "shop"]
        assert "its repository is gone" in str(left_out.pop(str(gone)))
        assert not left_out
        assert search_many(indexes, "signature") == search_many(both, "signature")
    finally:
        for index in indexes.values():
            index.close()


def everywhere(question: str) -> list[Hit]:
    indexes, left_out = open_all(Settings.load())
    assert not left_out
    with ExitStack() as stack:
        for index in indexes.values():
            stack.enter_context(index)
        return search_many(indexes, question)


def submodule(shop: Path, place: Path) -> Path:
    outer = repos.init(place)
    repos.git(outer, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(shop))
    return outer / "shop"


def apart(shop: Path, place: Path) -> Path:
    repos.git(
        shop, "clone", "--quiet", f"--separate-git-dir={place}.git", str(shop), str(place / "a")
    )
    return place / "a"


def beside_a_mirror(shop: Path, place: Path) -> Path:
    repos.git(shop, "clone", "--quiet", "--mirror", str(shop), str(place / "mirror.git"))
    with Index.open(place / "mirror.git") as index:
        index.sync()
    repos.git(shop, "clone", "--quiet", str(shop), str(place / "a"))
    return place / "a"


@pytest.mark.parametrize("made", [submodule, apart, beside_a_mirror])
def test_uncommitted_files_are_found_wherever_git_keeps_its_own(
    shop: Path, home: Path, tmp_path: Path, made: Callable[[Path, Path], Path]
) -> None:
    folder = made(shop, tmp_path / "place")
    with Index.open(folder) as index:
        index.sync()
    repos.write(folder, {"new.py": BANK["bank/account.py"]})
    hits = everywhere("move money between accounts")
    assert hits[0].chunk.symbol == "transfer"
    (card_file,) = home.glob("indexes/*/index.json")
    card = json.loads(card_file.read_text())
    del card["roots"]  # as it was written once
    card_file.write_text(json.dumps(card))
    assert everywhere("sign a cookie")[0].chunk.symbol == "sign_cookie"
    with Index.open(folder) as index:
        index.sync()
    assert everywhere("move money between accounts") == hits
    if (folder / ".git").is_file():
        (folder / ".git").unlink()  # the working tree is one no longer; what was committed is there
        assert everywhere("sign a cookie")[0].chunk.symbol == "sign_cookie"


def test_a_working_tree_that_git_cannot_compare_does_not_stop_the_others(
    both: dict[str, Index], shop: Path, tmp_path: Path
) -> None:
    (shop / ".git/index").write_bytes(b"DIRC\0\0\0\7broken")
    hits = search_many(both, "signature")
    assert {hit.repository for hit in hits} == {"bank", "shop"}
    assert hits == search_many(both, "signature", overlay=False)
    assert "cannot look through" in both["shop"].freshness().uncompared
    assert not both["bank"].freshness().uncompared
    assert {hit.repository for hit in similar_many(both, hits[0].chunk)} == {"bank", "shop"}
    for options in ([], ["--json"]):
        done = run("search", "signature", "--all-repos", *options, cwd=tmp_path)
        assert done.returncode == 0
        assert f"Without its working tree: shop: cannot look through {shop}" in done.stderr


def test_the_command_line_searches_several(both: dict[str, Index], tmp_path: Path) -> None:
    folders = [str(index.folder) for index in both.values()]
    done = run("search", "signature", "-n", "3", "-C", folders[0], "-C", folders[1], cwd=tmp_path)
    assert "bank:bank/account.py:7  sign_cheque" in done.stdout
    assert "shop:shop/session.py" in done.stdout
    assert "3 hits in 2 repositories" in done.stderr
    told = run("search", "signature", "--context", "--all-repos", cwd=tmp_path).stdout
    assert "### bank:bank/account.py:7-9 sign_cheque\n" in told
    assert "### shop:shop/session.py" in told
    everywhere = run("search", "signature", "-n", "3", "--all-repos", cwd=tmp_path)
    assert everywhere.stdout == done.stdout
    document = json.loads(run("search", "signature", "--all-repos", "--json", cwd=tmp_path).stdout)
    assert set(document["repositories"]) == {"bank", "shop"}
    assert document["repositories"]["bank"]["folder"] == folders[1]
    assert "commit" not in document
    assert document["hits"][0]["repository"] in {"bank", "shop"}


def test_options_of_one_repository_are_refused_for_several(
    both: dict[str, Index], tmp_path: Path
) -> None:
    done = run("search", "signature", "--all-repos", "--at", "main", cwd=tmp_path)
    assert done.returncode == 2
    assert "--at" in done.stderr
