"""The working tree laid over the index: real repositories, whose files are changed under it."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import repos
from codesearch import Filter, Hit, Index, RepositoryError, Settings
from codesearch.overlay import keeper
from program import run

MIX = '''def mix(a, b):
    """Blend two colours into one."""
    return a + b
'''
SMEAR = MIX.replace("mix", "smear")
QUESTION = "blend two colours"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every search looks at the tree."""
    monkeypatch.setattr(keeper, "_LEAST", 0.0)
    monkeypatch.setattr(keeper, "_MOST", 0.0)


@pytest.fixture
def synced(index: Index) -> Index:
    """The shop, indexed, nothing changed yet."""
    index.sync()
    return index


def symbols(index: Index, query: str = QUESTION, **options: object) -> set[str]:
    return {hit.chunk.symbol for hit in index.search(query, top_k=50, **options)}  # type: ignore[arg-type]


def counts(index: Index) -> tuple[int, int]:
    freshness = index.freshness()
    return freshness.overlaid_files, freshness.uncovered_files


def paths(index: Index) -> set[str]:
    return {hit.chunk.path for hit in index.search(QUESTION, top_k=100)}


def plain(hits: list[Hit]) -> list[tuple[str, str, str, int]]:
    return [(h.chunk.path, h.chunk.blob, h.chunk.text, h.chunk.part) for h in hits]


def contents(folder: Path) -> dict[str, tuple[int, bytes]]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path): (path.stat().st_mtime_ns, path.read_bytes()) for path in files}


@pytest.fixture
def encoded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that the real encoder was given to encode as documents."""
    from codesearch.encoder.onnx import OnnxEncoder  # noqa: PLC0415

    texts: list[str] = []
    real = OnnxEncoder.encode_documents

    def noting(self: OnnxEncoder, given: list[str], **options: object) -> object:
        texts.extend(given)
        return real(self, given, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(OnnxEncoder, "encode_documents", noting)
    return texts


# What is there, what is not


def test_a_clean_tree_has_nothing_over_it(synced: Index) -> None:
    assert symbols(synced)
    assert counts(synced) == (0, 0)
    assert synced._overlays.last is not None
    assert synced._overlays.last.changes_nothing


def test_a_new_file_is_found(synced: Index, shop: Path) -> None:
    repos.write(shop, {"paint.py": MIX})
    hit = synced.search(QUESTION, top_k=1)[0]
    assert (hit.location, hit.chunk.symbol) == ("paint.py:1", "mix")
    assert hit.chunk.blob == repos.git(shop, "hash-object", "paint.py")
    assert (hit.explanation.dense_rank, hit.explanation.lexical_rank) == (1, 1)
    assert counts(synced) == (1, 0)
    assert "mix" not in symbols(synced, overlay=False)
    assert "mix" not in symbols(synced, at="HEAD")


@pytest.mark.parametrize("staged", [True, False])
def test_an_edited_file_replaces_the_committed_one(
    synced: Index, shop: Path, staged: bool
) -> None:
    cart = repos.SHOP["shop/cart.py"].replace("def total(self)", "def sum_up(self)")
    repos.write(shop, {"shop/cart.py": cart})
    if staged:
        repos.git(shop, "add", "--all")
    found = symbols(synced, "total price of all articles, tax included")
    assert "sum_up" in found
    assert "total" not in found
    assert counts(synced) == (1, 0)


def test_staged_content_that_was_changed_again(synced: Index, shop: Path) -> None:
    repos.write(shop, {"paint.py": MIX})
    repos.git(shop, "add", "--all")
    repos.write(shop, {"paint.py": SMEAR})
    assert symbols(synced) & {"mix", "smear"} == {"smear"}
    repos.write(shop, {"paint.py": MIX})
    assert symbols(synced) & {"mix", "smear"} == {"mix"}


@pytest.mark.parametrize("by_git", [True, False])
def test_a_deleted_file_is_not_found(synced: Index, shop: Path, by_git: bool) -> None:
    if by_git:
        repos.git(shop, "rm", "--quiet", "shop/session.py")
    else:
        (shop / "shop/session.py").unlink()
    assert "sign_cookie" not in symbols(synced, "sign a cookie")
    assert counts(synced) == (1, 0)
    repos.git(shop, "checkout", "--quiet", "HEAD", "--", "shop/session.py")
    assert "sign_cookie" in symbols(synced, "sign a cookie")
    assert counts(synced) == (0, 0)


def test_a_renamed_file_is_found_at_its_new_place(synced: Index, shop: Path) -> None:
    (shop / "shop/session.py").rename(shop / "shop/cookies.py")
    hit = synced.search("sign_cookie", top_k=1)[0]
    assert hit.chunk.path == "shop/cookies.py"
    assert "shop/session.py" not in paths(synced)
    assert counts(synced) == (2, 0)


def test_a_file_that_git_let_go_and_that_is_still_there(synced: Index, shop: Path) -> None:
    repos.git(shop, "rm", "--quiet", "--cached", "shop/session.py")
    assert "sign_cookie" in symbols(synced, "sign a cookie")
    assert counts(synced) == (0, 0)
    repos.write(shop, {".git/info/exclude": "session.py\n"})
    assert "sign_cookie" not in symbols(synced, "sign a cookie")


def test_ignored_files_are_not_found(synced: Index, shop: Path) -> None:
    repos.write(shop, {".gitignore": "paint.py\nbuild/\n", "paint.py": MIX, "build/x.py": SMEAR})
    assert not symbols(synced) & {"mix", "smear"}


def test_an_intended_file_and_a_touched_one(synced: Index, shop: Path) -> None:
    repos.write(shop, {"paint.py": MIX})
    repos.git(shop, "add", "--intent-to-add", "paint.py")
    os.utime(shop / "shop/cart.py", (1, 1))
    assert "mix" in symbols(synced)
    assert counts(synced) == (1, 0)


def test_line_ends_alone_are_no_change(synced: Index, shop: Path) -> None:
    text = repos.SHOP["shop/cart.py"].replace("\n", "\r\n")
    (shop / "shop/cart.py").write_bytes(text.encode())
    assert "total" in symbols(synced, "total")
    assert counts(synced) == (0, 0)


# What stays out


OUT = {
    "paint.png": MIX.encode(),
    "binary.py": b"\0\1\2" + MIX.encode(),
    "node_modules/paint.py": MIX.encode(),
    "huge.py": MIX.encode() + b"# filling\n" * 200_000,
    "empty.py": b"",
    "paint.lock": MIX.encode(),
}


@pytest.mark.parametrize("name", OUT)
def test_what_no_commit_would_bring_in(synced: Index, shop: Path, name: str) -> None:
    (shop / name).parent.mkdir(exist_ok=True)
    (shop / name).write_bytes(OUT[name])
    assert name not in paths(synced)
    assert counts(synced) == (0, 0)


def test_a_file_that_became_binary_is_gone(synced: Index, shop: Path) -> None:
    (shop / "shop/session.py").write_bytes(b"\0\1\2")
    assert "shop/session.py" not in paths(synced)
    assert counts(synced) == (1, 0)


def test_links_are_not_followed(synced: Index, shop: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    repos.write(outside, {"paint.py": MIX, "session.py": SMEAR, "cart.py": SMEAR})
    (shop / "paint.py").symlink_to(outside / "paint.py")
    (shop / "web/dates.js").unlink()
    (shop / "web/dates.js").symlink_to(outside / "paint.py")
    (shop / "shop").rename(tmp_path / "moved")
    (shop / "shop").symlink_to(outside)
    assert not symbols(synced) & {"mix", "smear", "formatDate", "sign_cookie", "total"}


def test_a_link_swapped_in_after_git_was_asked(synced: Index, shop: Path, tmp_path: Path) -> None:
    repos.write(tmp_path, {"outside/session.py": SMEAR})
    repos.write(shop, {"shop/session.py": MIX, "a/b.py": MIX})
    tree = synced.repository.worktree
    assert tree is not None
    changes = tree.changes(synced.freshness().commit)
    assert {change.name for change in changes} == {b"a/b.py", b"shop/session.py"}
    (shop / "shop").rename(tmp_path / "moved")
    (shop / "shop").symlink_to(tmp_path / "outside")
    assert tree.read(b"shop/session.py", 1000) is None
    assert tree.read(b"a/../../outside/session.py", 1000) is None
    (shop / "a/b.py").unlink()
    os.mkfifo(shop / "a/b.py")
    assert tree.read(b"a/b.py", 1000) is None
    (shop / "a/b.py").unlink()
    (shop / "a/b.py").symlink_to(tmp_path / "outside/session.py")
    assert tree.read(b"a/b.py", 1000) is None


def test_nested_repositories_and_submodules_stay_out(
    synced: Index, shop: Path, tmp_path: Path
) -> None:
    for place in (shop / "nested", tmp_path / "library"):
        repos.write(repos.init(place), {"paint.py": MIX})
        repos.commit(place)
    repos.git(
        shop, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add",
        str(tmp_path / "library"), "library",
    )  # fmt: skip
    repos.write(shop / "library", {"paint.py": SMEAR})
    assert not symbols(synced) & {"mix", "smear"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_file_is_told_and_answers_as_committed(synced: Index, shop: Path) -> None:
    repos.write(shop, {"shop/session.py": MIX, "paint.py": MIX})
    for name in ("shop/session.py", "paint.py"):
        (shop / name).chmod(0)
    assert "sign_cookie" in symbols(synced, "sign a cookie")
    assert counts(synced) == (0, 2)


def test_a_file_that_cannot_be_read_is_told(
    synced: Index, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the one above, also for root, as whom the tests may run."""
    repos.write(shop, {"shop/session.py": MIX, "paint.py": MIX})
    real = os.open

    def refusing(path: object, *rest: object, **options: object) -> int:
        if path == b"session.py":
            raise PermissionError(13, "Permission denied")
        return real(path, *rest, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", refusing)
    assert "sign_cookie" in symbols(synced, "sign a cookie")
    assert counts(synced) == (1, 1)


def test_names_that_are_not_utf8(synced: Index, shop: Path) -> None:
    (shop / os.fsdecode(b"pa\xefnt.py")).write_bytes(MIX.encode())
    hit = synced.search(QUESTION, top_k=1)[0]
    assert hit.chunk.path == "pa\\xefnt.py"
    assert synced.source(hit.chunk) == MIX
    repos.commit(shop)
    synced.sync()
    assert synced.search(QUESTION, top_k=1)[0].chunk == hit.chunk
    (shop / os.fsdecode(b"pa\xefnt.py")).unlink()
    assert "mix" not in symbols(synced)


def test_files_and_folders_change_places(synced: Index, shop: Path) -> None:
    (shop / "shop/session.py").unlink()
    repos.write(shop, {"shop/session.py/paint.py": MIX})
    (shop / "web/dates.js").unlink()
    (shop / "web").rmdir()
    repos.write(shop, {"web": MIX})
    found = paths(synced)
    assert "shop/session.py/paint.py" in found
    assert not found & {"shop/session.py", "web/dates.js", "web"}
