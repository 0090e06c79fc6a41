"""The working tree laid over the index: real repositories, whose files are changed under it."""

from __future__ import annotations

import itertools
import os
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

import repos
from codesearch import Filter, Hit, Index, RepositoryError, Settings
from codesearch.overlay import builder, keeper
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


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


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
def test_an_edited_file_replaces_the_committed_one(synced: Index, shop: Path, staged: bool) -> None:
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


# Rules and filters


def test_rules_as_they_stand_in_the_tree(synced: Index, shop: Path) -> None:
    repos.write(shop, {".codesearchignore": "shop/\n", "shop/paint.py": MIX})
    assert not any(path.startswith("shop/") for path in paths(synced))
    repos.write(shop, {".codesearchignore": "web/\n"})
    found = paths(synced)
    assert {"shop/session.py", "shop/cart.py", "shop/paint.py"} <= found
    assert "web/dates.js" not in found
    (shop / ".codesearchignore").unlink()
    assert "web/dates.js" in paths(synced)
    assert counts(synced) == (1, 0)


def test_rules_that_bring_files_in_or_call_them_generated(synced: Index, shop: Path) -> None:
    repos.write(shop, {"node_modules/paint.py": MIX, ".codesearchignore": "node_modules/\n"})
    repos.commit(shop)
    synced.sync()
    assert "mix" not in symbols(synced)
    repos.write(shop, {".codesearchignore": "!node_modules/\n"})
    assert "mix" in symbols(synced)
    repos.write(shop, {".gitattributes": "shop/session.py linguist-generated\n"})
    assert "shop/session.py" not in paths(synced)
    repos.git(shop, "checkout", "--quiet", ".codesearchignore")
    (shop / ".gitattributes").unlink()
    assert "mix" not in symbols(synced)
    assert "shop/session.py" in paths(synced)
    assert counts(synced) == (0, 0)


def test_settings_exclude_changed_files_too(shop: Path, home: Path) -> None:
    with Index.open(shop, settings=Settings.load(exclude=("paint.py",))) as index:
        index.sync()
        repos.write(shop, {"paint.py": MIX, "other.py": SMEAR})
        assert symbols(index) & {"mix", "smear"} == {"smear"}


def test_filters_hold_for_changed_files(synced: Index, shop: Path) -> None:
    go = "package paint\n\n// Mix blends two colours.\nfunc Mix(a, b int) int { return a }\n"
    repos.write(
        shop, {"lib/paint.py": MIX, "paint.go": go, "notes.md": "# Two colours\n\nBlend.\n"}
    )

    def found(**fields: str | tuple[str, ...]) -> set[str]:
        hits = synced.search(QUESTION, top_k=50, filter=Filter(**fields))
        return {hit.chunk.path for hit in hits}

    assert found(language="go") == {"paint.go", "server/http.go"}
    assert found(kind="text") == {"notes.md", "README.md"}
    assert found(path="lib/") == {"lib/paint.py"}
    assert found(path=("*.py", "!shop/")) == {"lib/paint.py"}
    assert found(path="!lib/", language="python") == {"shop/cart.py", "shop/session.py"}
    assert found(path="nowhere/") == set()


# As if it had been committed and indexed


def big_shop(shop: Path) -> None:
    """More files, so that lists of candidates are cut off and words are rare or common."""
    verbs = "load store send parse check merge split count sort clear open close".split()
    nouns = "order invoice parcel customer price label address".split()
    files: dict[str, str] = {}
    for number, (noun, verb) in enumerate(itertools.product(nouns, verbs)):
        filling = " ".join(f"step_{step}()" for step in range(number + 1))  # no two score the same
        files[f"lib/{noun}.py"] = (
            files.get(f"lib/{noun}.py", "")
            + f'def {verb}_{noun}(value):\n    """{verb.title()} the {noun}."""\n'
            + f"    return [{noun}_{verb}er(value), {filling}]\n\n\n"
        )
    repos.write(shop, files)
    repos.commit(shop)


def change_everything(shop: Path) -> None:
    """Changed, new, deleted and renamed files."""
    order = (shop / "lib/order.py").read_text().replace("Parse the order", "Understand the order")
    smear = SMEAR.replace("into one", "into one that nobody wants")
    repos.write(shop, {"lib/order.py": order, "lib/paint.py": MIX, "web/more.py": smear})
    (shop / "lib/label.py").unlink()
    (shop / "lib/price.py").rename(shop / "lib/prices.py")


QUESTIONS = [
    QUESTION,
    "understand an order",
    "where is an invoice sent",
    # Definitions of the one name that is meant stand apart; by its words alone, functions that are
    # so alike would be near ties, which the engine's counts decide.
    "order_parser",
    "prices.check_price",
    "smear",
    "mix",
    "label",
    "price parser",
    "sign a cookie",
]


@pytest.mark.parametrize("top_k", [10, 200])
def test_a_dirty_tree_answers_as_its_commit_would(index: Index, shop: Path, top_k: int) -> None:
    big_shop(shop)
    index.sync()
    change_everything(shop)
    dirty = {query: index.search(query, top_k=top_k) for query in QUESTIONS}
    related = index.similar(dirty["smear"][0].chunk)
    repos.commit(shop)
    index.sync(rebuild=True)
    for query, hits in dirty.items():
        clean = index.search(query, top_k=top_k)
        assert index.freshness().overlaid_files == 0
        assert plain(hits) == plain(clean), query
        for one, other in zip(hits, clean, strict=True):
            why, because = one.explanation, other.explanation
            assert (why.dense_rank, why.lexical_rank) == (because.dense_rank, because.lexical_rank)
            assert why.dense_score == pytest.approx(because.dense_score, abs=1e-6)
            # The engine counts the documents of the old versions here, of the new ones there.
            assert why.lexical_score == pytest.approx(because.lexical_score, rel=0.15), query
            assert one.score == pytest.approx(other.score, rel=0.03), query
    assert plain(related) == plain(index.similar(dirty["smear"][0].chunk))


def test_scores_of_unchanged_text_are_the_engines(synced: Index, shop: Path) -> None:
    """A file that the overlay has word for word, and the index too, under another path."""
    repos.write(shop, {"aside/a/b/c/d/paint.py": MIX})
    repos.commit(shop)
    synced.sync()
    repos.write(shop, {"beside/a/b/c/d/paint.py": MIX})
    one, other = synced.search(QUESTION, top_k=2)
    assert {one.chunk.path[:2], other.chunk.path[:2]} == {"as", "be"}
    assert one.explanation.dense_score == pytest.approx(other.explanation.dense_score, abs=1e-6)
    assert one.explanation.lexical_score == pytest.approx(other.explanation.lexical_score, rel=0.02)


# Budget and memory


def without_time(index: Index) -> Index:
    assert index.repository.root is not None
    settings = replace(index.settings, overlay_seconds=1e-9)
    return Index.open(index.repository.root, settings=settings)


def test_what_time_is_short_for_is_told(synced: Index, shop: Path) -> None:
    repos.write(shop, {"paint.py": MIX, "shop/session.py": SMEAR})
    (shop / "web/dates.js").unlink()
    with without_time(synced) as hurried:
        found = symbols(hurried)
        assert not found & {"mix", "smear", "formatDate"}
        assert "sign_cookie" in found  # as it was committed: not half of it
        assert counts(hurried) == (1, 2)


def test_with_no_time_at_all_the_commit_answers(synced: Index, shop: Path) -> None:
    repos.write(shop, {"paint.py": MIX})
    settings = replace(synced.settings, overlay_seconds=0)
    with Index.open(shop, settings=settings) as index:
        assert "mix" not in symbols(index)
        assert counts(index) == (0, 0)


def test_a_budget_that_ends_half_way_goes_on_next_time(
    synced: Index, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "\n\n".join(MIX.replace("mix", f"mix_{n}") for n in range(100))
    repos.write(shop, {"paint.py": text})
    monkeypatch.setattr(builder, "_HURRY", 1.0)
    clock = itertools.count()  # a second passes between two looks at it
    monkeypatch.setattr(time, "monotonic", lambda: float(next(clock)))
    with Index.open(shop, settings=replace(synced.settings, overlay_seconds=4)) as index:
        assert "mix_0" not in symbols(index)
        assert counts(index) == (0, 1)
        for _ in range(4):
            index.search(QUESTION)
        assert "mix_99" in {hit.chunk.symbol for hit in index.search("mix_99")}
        assert counts(index) == (1, 0)


def test_what_was_left_over_keeps_nobody_waiting(
    synced: Index, shop: Path, encoded: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "\n\n".join(MIX.replace("mix", f"mix_{n}") for n in range(300))
    repos.write(shop, {"paint.py": text})
    clock = itertools.count()
    monkeypatch.setattr(time, "monotonic", lambda: float(next(clock)))
    added = []
    with Index.open(shop, settings=replace(synced.settings, overlay_seconds=8.0)) as index:
        for _ in range(3):
            before = len(encoded)
            index.search(QUESTION)
            added.append(len(encoded) - before)
    assert added[0] > 100
    assert added[1:] == [0, 0]  # here not even one look at the clock fits into a tenth


def test_nothing_is_encoded_twice(synced: Index, shop: Path, encoded: list[str]) -> None:
    repos.write(shop, {"paint.py": MIX})
    assert "mix" in symbols(synced)
    assert len(encoded) == 1
    repos.write(shop, {"paint.py": MIX + "\n\n" + SMEAR})
    assert {"mix", "smear"} <= symbols(synced)
    assert len(encoded) == 2
    with Index.open(shop, settings=synced.settings) as other:
        assert {"mix", "smear"} <= symbols(other)
        assert other.sync().encoded == 0
    assert len(encoded) == 2


def test_what_the_index_knows_is_not_encoded(synced: Index, shop: Path, encoded: list[str]) -> None:
    repos.write(
        shop,
        {
            "shop/session.py": repos.SHOP["shop/session.py"].replace(
                "import hashlib\n", "import hashlib\nimport os\n", 1
            )
        },
    )
    assert "sign_cookie" in symbols(synced, "sign a cookie")
    assert counts(synced) == (1, 0)
    assert not [text for text in encoded if "sign cookie" in text]
    assert len(encoded) == 1  # the imports


def test_an_unchanged_tree_is_not_read_again(
    synced: Index, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repos.write(shop, {"paint.py": MIX, "shop/session.py": SMEAR})
    for name in ("paint.py", "shop/session.py"):
        os.utime(shop / name, (1e9, 1e9))
    before = symbols(synced)
    first = synced._overlays.last

    def fail(*_: object) -> None:
        raise AssertionError("a file was read again")

    monkeypatch.setattr("indexers.worktree._read", fail)
    assert symbols(synced) == before
    second = synced._overlays.last
    assert first is not None
    assert second is not None
    assert [id(point) for point in first.points] == [id(point) for point in second.points]


def test_a_file_that_keeps_its_stamp_is_read_again_while_it_is_new(
    synced: Index, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As where two changes fall into one tick of the file system's clock.
    monkeypatch.setattr(
        "indexers.worktree._stamp", lambda status: (0, 0, status.st_size, status.st_mtime_ns, 0)
    )
    repos.write(shop, {"paint.py": MIX})
    status = (shop / "paint.py").stat()
    assert "mix" in symbols(synced)
    (shop / "paint.py").write_text(MIX.replace("mix", "nix"))
    os.utime(shop / "paint.py", ns=(status.st_atime_ns, status.st_mtime_ns))
    assert symbols(synced) & {"mix", "nix"} == {"nix"}


def test_nothing_is_written_into_the_index(synced: Index, shop: Path) -> None:
    synced.close()
    with Index.open(shop, settings=synced.settings) as index:
        assert "mix" not in symbols(index, overlay=False)  # the engine tidies up as it loads
    before = contents(synced.directory)
    repos.write(shop, {"paint.py": MIX, "shop/session.py": SMEAR})
    (shop / "web/dates.js").unlink()
    with Index.open(shop, settings=synced.settings) as index:
        assert "mix" in symbols(index)
        assert contents(index.directory) == before
    assert contents(synced.directory) == before
    assert (synced.settings.home / "overlays").is_dir()


def test_a_home_that_cannot_be_written(synced: Index, shop: Path) -> None:
    (synced.settings.home / "overlays").write_text("in the way")
    repos.write(shop, {"paint.py": MIX})
    assert "mix" in symbols(synced)


def test_memories_of_trees_that_are_gone_are_deleted(
    synced: Index, shop: Path, tmp_path: Path
) -> None:
    overlays = synced.settings.home / "overlays"
    tree = tmp_path / "tree"
    repos.git(shop, "worktree", "add", "--quiet", str(tree), "-b", "side")
    repos.write(tree, {"paint.py": MIX})
    with Index.open(tree, settings=synced.settings) as other:
        assert "mix" in symbols(other)
    (gone,) = overlays.iterdir()
    repos.git(shop, "worktree", "remove", "--force", str(tree))
    repos.write(shop, {"paint.py": SMEAR})
    assert "smear" in symbols(synced)
    assert gone not in list(overlays.iterdir())


# Where HEAD and the index stand


def test_a_sparse_checkout_is_no_deletion(synced: Index, shop: Path) -> None:
    repos.git(shop, "sparse-checkout", "set", "shop")
    assert not (shop / "web").exists()
    assert "formatDate" in symbols(synced, "format a date")
    assert counts(synced) == (0, 0)


def test_longer_object_ids(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "long"
    folder.mkdir()
    repos.git(folder, "init", "--quiet", "--object-format=sha256")
    repos.write(folder, repos.SHOP)
    repos.commit(folder)
    with Index.open(folder) as index:
        index.sync()
        repos.write(folder, {"paint.py": MIX})
        chunk = index.search(QUESTION, top_k=1)[0].chunk
        assert chunk.blob == repos.git(folder, "hash-object", "paint.py")
        os.utime(folder / "shop/cart.py", (1, 1))
        index.search(QUESTION)
        assert counts(index) == (1, 0)


def test_a_submodules_own_tree(shop: Path, home: Path, tmp_path: Path) -> None:
    outer = repos.init(tmp_path / "outer")
    allowed = ("-c", "protocol.file.allow=always")
    repos.git(outer, *allowed, "submodule", "--quiet", "add", str(shop), "library")
    repos.commit(outer)
    with Index.open(outer / "library") as index:
        index.sync()
        repos.write(outer / "library", {"paint.py": MIX})
        repos.write(outer, {"smear.py": SMEAR})
        assert symbols(index) & {"mix", "smear"} == {"mix"}


def test_commits_that_the_index_lacks_are_covered(synced: Index, shop: Path) -> None:
    repos.write(shop, {"paint.py": MIX})
    (shop / "web/dates.js").unlink()
    repos.commit(shop)
    repos.write(shop, {"more.py": SMEAR})
    found = symbols(synced)
    assert {"mix", "smear"} <= found
    assert "formatDate" not in found
    freshness = synced.freshness()
    assert (freshness.commits_behind, freshness.overlaid_files) == (1, 3)
    hit = synced.search("mix", top_k=1)[0]
    assert synced.source(hit.chunk) == MIX


def test_another_branch_is_checked_out(synced: Index, shop: Path) -> None:
    repos.git(shop, "switch", "--quiet", "-c", "side")
    repos.write(shop, {"paint.py": MIX})
    repos.commit(shop)
    synced.sync()
    repos.write(shop, {"more.py": SMEAR})
    assert symbols(synced) & {"mix", "smear"} == {"mix", "smear"}
    repos.git(shop, "switch", "--quiet", "main")
    assert symbols(synced) & {"mix", "smear"} == {"smear"}
    assert counts(synced) == (1, 0)


def test_a_detached_head(synced: Index, shop: Path) -> None:
    repos.git(shop, "switch", "--quiet", "--detach")
    repos.write(shop, {"paint.py": MIX})
    assert "mix" in symbols(synced)


def test_worktrees_have_overlays_of_their_own(synced: Index, shop: Path, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    repos.git(shop, "worktree", "add", "--quiet", str(tree), "-b", "side")
    repos.write(tree, {"paint.py": MIX})
    repos.write(shop, {"paint.py": SMEAR})
    with Index.open(tree / "shop", settings=synced.settings) as other:
        assert symbols(other) & {"mix", "smear"} == {"mix"}
        assert counts(other) == (1, 0)
    assert symbols(synced) & {"mix", "smear"} == {"smear"}


def test_a_bare_repository_has_no_overlay(shop: Path, home: Path, tmp_path: Path) -> None:
    repos.git(shop, "clone", "--quiet", "--bare", str(shop), str(tmp_path / "bare.git"))
    with Index.open(tmp_path / "bare.git") as index:
        index.sync()
        assert "sign_cookie" in symbols(index, "sign a cookie")
        assert counts(index) == (0, 0)


def test_a_clone_that_lacks_the_indexed_commit(synced: Index, shop: Path, tmp_path: Path) -> None:
    repos.git(shop, "clone", "--quiet", str(shop), str(tmp_path / "clone"))
    repos.commit(shop, "not in the clone")
    synced.sync()
    repos.write(tmp_path / "clone", {"paint.py": MIX})
    with Index.open(tmp_path / "clone", settings=synced.settings) as other:
        assert "sign_cookie" in symbols(other, "sign a cookie")


def test_a_merge_conflict(synced: Index, shop: Path) -> None:
    repos.git(shop, "switch", "--quiet", "-c", "side")
    repos.write(shop, {"shop/session.py": MIX, "paint.py": MIX, "web/dates.js": "let a = 1\n"})
    repos.commit(shop)
    repos.git(shop, "switch", "--quiet", "main")
    repos.write(shop, {"shop/session.py": SMEAR, "paint.py": SMEAR})
    (shop / "web/dates.js").unlink()
    repos.commit(shop)
    synced.sync()
    with pytest.raises(Exception, match="merge"):
        repos.git(shop, "merge", "side")
    assert "<<<<<<<" in (shop / "paint.py").read_text()
    assert {"mix", "smear"} <= symbols(synced)
    hit = next(hit for hit in synced.search("mix") if hit.chunk.path == "paint.py")
    assert synced.source(hit.chunk) == (shop / "paint.py").read_text()
    assert "web/dates.js" in paths(synced)  # git left the other side's file there


def test_a_working_tree_that_git_cannot_compare(synced: Index, shop: Path) -> None:
    (shop / ".git/index").write_bytes(b"DIRC\0\0\0\7broken")
    with pytest.raises(RepositoryError, match="cannot look through") as caught:
        synced.search(QUESTION)
    assert "--no-overlay" in caught.value.remedy
    assert synced.search(QUESTION, overlay=False)


def test_no_filter_of_a_hostile_repository_runs(synced: Index, shop: Path, tmp_path: Path) -> None:
    trap = f"touch {tmp_path / 'ran'}; cat"
    for key in ("filter.trap.clean", "filter.trap.smudge", "filter.trap.process"):
        repos.git(shop, "config", key, trap)
    for key in ("core.fsmonitor", "diff.trap.textconv", "diff.trap.command", "diff.external"):
        repos.git(shop, "config", key, trap)
    repos.write(shop, {".gitattributes": "* filter=trap diff=trap\n", "paint.py": MIX})
    os.utime(shop / "shop/cart.py")
    repos.write(shop, {"shop/session.py": SMEAR})
    assert {"mix", "smear"} <= symbols(synced)
    assert not (tmp_path / "ran").exists()


# Beside each other


def test_search_from_threads_while_files_change(synced: Index, shop: Path) -> None:
    repos.write(shop, {"paint.py": MIX})
    failures: list[BaseException] = []
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            try:
                hits = synced.search("mix", top_k=5)
                assert hits[0].chunk.symbol == "mix"
                assert len({hit.chunk.blob for hit in hits if hit.chunk.path == "paint.py"}) == 1
            except BaseException as error:
                failures.append(error)
                return

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(12):
        (shop / "new.py").write_text(MIX + f"\n\n{SMEAR}\n# {number}\n")
        (shop / "new.py").replace(shop / "paint.py")
        repos.write(shop, {f"vanishing{number}.py": SMEAR})
        if number % 4 == 3:
            repos.commit(shop)
            synced.sync()
        (shop / f"vanishing{number}.py").unlink()
        time.sleep(0.02)
    stop.set()
    for thread in threads:
        thread.join()
    assert not failures


def test_looks_are_spared(synced: Index, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from indexers.worktree import WorkingTree  # noqa: PLC0415

    looks: list[str] = []
    real = WorkingTree.changes

    def counting(self: WorkingTree, commit: str) -> object:
        looks.append(commit)
        return real(self, commit)

    monkeypatch.setattr(WorkingTree, "changes", counting)
    monkeypatch.setattr(keeper, "_LEAST", 3600.0)
    monkeypatch.setattr(keeper, "_MOST", 3600.0)
    for _ in range(5):
        synced.search(QUESTION)
    assert len(looks) == 1
    repos.commit(shop, "something")
    synced.sync()
    synced.search(QUESTION)
    assert len(looks) == 2  # another commit answers


# What is said, and what is read


def test_source_of_what_was_never_committed(synced: Index, shop: Path) -> None:
    repos.write(shop, {"paint.py": MIX})
    chunk = synced.search(QUESTION, top_k=1)[0].chunk
    assert synced.source(chunk) == MIX
    with Index.open(shop, settings=synced.settings) as other:  # another process, say
        assert other.source(chunk) == MIX
    repos.write(shop, {"paint.py": SMEAR})
    with pytest.raises(RepositoryError) as caught:
        synced.source(chunk)
    assert "search again" in caught.value.remedy


def test_similar_knows_the_tree(synced: Index, shop: Path) -> None:
    repos.write(shop, {"paint.py": MIX, "other.py": SMEAR})
    chunk = synced.search("mix", top_k=1)[0].chunk
    assert synced.similar(chunk, top_k=1)[0].chunk.symbol == "smear"
    assert "smear" not in {h.chunk.symbol for h in synced.similar(chunk, overlay=False)}


def test_the_program_says_what_it_took_in(indexed: Path) -> None:
    repos.write(indexed, {"paint.py": MIX})
    (indexed / "web/dates.js").unlink()
    done = run("search", QUESTION, "-n", "1", cwd=indexed)
    assert "paint.py:1" in done.stdout
    assert "(HEAD), with 2 uncommitted files" in done.stderr
    repos.commit(indexed)
    done = run("search", QUESTION, "-n", "1", cwd=indexed)
    assert "HEAD is 1 commit further on, with 2 files as in the working tree" in done.stderr
