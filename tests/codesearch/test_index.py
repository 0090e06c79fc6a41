"""``Index`` from end to end: real git, real encoder, real Qdrant."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path
from typing import Any

import pytest

import repos
from codesearch import (
    Filter,
    FilterError,
    Index,
    NotIndexedError,
    Progress,
    RepositoryError,
    Settings,
    SkipReason,
    StoreError,
)
from codesearch.encoder.onnx import OnnxEncoder
from codesearch.store.embedded import EmbeddedStore
from stored import from_scratch, stored


@pytest.mark.parametrize(
    ("question", "symbol"),
    [
        ("where are cookies signed?", "sign_cookie"),
        ("what do all articles cost, tax included", "total"),
        ("parse http header", "parseHTTPHeader"),
        ("parseHTTPHeader", "parseHTTPHeader"),
        ("try again when something fails", "retryWithBackoff"),
        ("turn a date into text", "formatDate"),
        ("when are parcels sent", "Shipping"),
    ],
)
def test_questions_find_functions(index: Index, question: str, symbol: str) -> None:
    index.sync()
    assert index.search(question)[0].chunk.symbol == symbol


def test_a_hit_says_where_what_and_why(index: Index) -> None:
    index.sync()
    hit = index.search("total price with tax", top_k=1)[0]
    assert hit.location == "shop/cart.py:16"
    chunk = hit.chunk
    assert (chunk.qualified_name, chunk.kind, chunk.language) == ("Cart.total", "method", "python")
    assert chunk.signature == "def total(self) -> float"
    assert chunk.docstring == "Sum up the prices of all articles, value added tax included."
    assert chunk.text.strip().startswith("def total")
    assert hit.explanation.dense_rank == 1
    assert hit.explanation.lexical_rank == 1
    assert "meaning #1" in str(hit.explanation)


def test_the_report_counts_what_was_done(index: Index) -> None:
    first = index.sync()
    assert first.rebuilt
    assert first.files == 5
    assert first.encoded == first.chunks == index.stats().chunks
    assert first.skipped == {SkipReason.LOCK_FILE: 1}
    again = index.sync()
    assert (again.encoded, again.reused, again.deleted, again.rebuilt) == (0, 0, 0, False)
    assert again.chunks == first.chunks


def test_nothing_to_do_writes_nothing(index: Index) -> None:
    index.sync()
    before = EmbeddedStore(index.directory).current_name()
    index.sync()
    assert EmbeddedStore(index.directory).current_name() == before


def test_an_empty_commit_moves_the_index_on(index: Index, shop: Path) -> None:
    index.sync()
    head = repos.commit(shop, "nothing")
    assert index.sync().encoded == 0
    assert index.freshness().commit == head


def test_a_commit_encodes_only_what_changed(index: Index, shop: Path, tmp_path: Path) -> None:
    index.sync()
    cart = repos.SHOP["shop/cart.py"]
    repos.write(shop, {"shop/cart.py": cart.replace("Put an article", "Lay an article")})
    repos.commit(shop)
    report = index.sync()
    assert report.encoded == 1
    assert report.deleted == report.reused + 1
    assert stored(index.directory) == from_scratch(index, report.commit, tmp_path / "fresh")


def test_deleted_copied_and_reverted_files(index: Index, shop: Path, tmp_path: Path) -> None:
    index.sync()
    before = stored(index.directory)
    (shop / "shop/session.py").unlink()
    repos.write(shop, {"shop/copy/dates.js": repos.SHOP["web/dates.js"]})
    repos.commit(shop)
    commit = index.sync().commit
    assert "shop/session.py" not in {hit.chunk.path for hit in index.search("cookie signature")}
    assert stored(index.directory) == from_scratch(index, commit, tmp_path / "fresh")
    repos.git(shop, "revert", "--no-edit", "HEAD")
    report = index.sync()
    assert report.encoded == 0
    assert stored(index.directory) == before


def test_identical_text_is_encoded_once_and_stored_twice(tmp_path: Path, home: Path) -> None:
    folder = repos.init(tmp_path / "twins")
    code = "def halve(number):\n    return number / 2\n"
    repos.write(folder, {"one/a/b/c/d/tools.py": code, "two/a/b/c/d/tools.py": code})
    repos.commit(folder)
    with Index.open(folder) as index:
        report = index.sync()
    assert (report.chunks, report.encoded) == (2, 1)


def test_filters(index: Index) -> None:
    index.sync()

    def paths(**fields: str | tuple[str, ...]) -> set[str]:
        hits = index.search("parse and format values", top_k=50, filter=Filter(**fields))
        return {hit.chunk.path for hit in hits}

    assert paths(language="go") == {"server/http.go"}
    assert paths(language=("golang", "js")) == {"server/http.go", "web/dates.js"}
    assert paths(kind="method") == {"shop/cart.py"}
    assert paths(path="shop/") == {"shop/cart.py", "shop/session.py"}
    assert paths(path=("*.py", "!cart.py")) == {"shop/session.py"}
    assert paths(path="!shop/", language="python") == set()
    assert "shop/cart.py" not in paths(path="!shop/")
    assert paths(path="nowhere/**") == set()


def test_a_path_that_is_no_pattern(index: Index) -> None:
    index.sync()
    with pytest.raises(FilterError, match="path pattern") as caught:
        index.search("anything", filter=Filter(path="[z-a]"))
    assert caught.value.remedy


@pytest.mark.parametrize("wrong", [{"language": "klingon"}, {"kind": "poem"}])
def test_a_filter_that_cannot_match_says_what_would(index: Index, wrong: dict[str, str]) -> None:
    index.sync()
    with pytest.raises(FilterError, match=next(iter(wrong.values()))) as caught:
        index.search("anything", filter=Filter(**wrong))
    assert "Known are" in caught.value.remedy


def test_paths_as_shells_and_plugins_write_them(index: Index) -> None:
    index.sync()
    inside = {hit.chunk.path for hit in index.search("sum", filter=Filter(path="./shop/"))}
    assert inside == {"shop/cart.py", "shop/session.py"}
    assert index.search("sum", filter=Filter(path="")) == index.search("sum")


def test_any_number_of_hits_may_be_asked_for(index: Index) -> None:
    index.sync()
    every = index.search("cookies", top_k=2**70)
    assert len(every) > 10
    assert index.search("cookies", top_k=-1) == []
    assert len(index.similar(every[0].chunk, top_k=2**70)) >= len(every) - 1
    assert index.similar(every[0].chunk, top_k=-5) == []


def test_similar_leaves_the_chunk_itself_out(index: Index) -> None:
    index.sync()
    sign = index.search("sign_cookie", top_k=1)[0].chunk
    hits = index.similar(sign, top_k=3)
    assert hits[0].chunk.symbol == "verify_cookie"
    assert sign not in [hit.chunk for hit in hits]
    assert len(hits) == 3


def test_freshness_says_how_far_head_moved_on(index: Index, shop: Path) -> None:
    commit = index.sync().commit
    assert index.freshness().is_current
    head = repos.commit(shop, "one more")
    repos.write(shop, {"shop/cart.py": "# changed\n"})
    freshness = index.freshness(dirty=True)
    assert (freshness.commit, freshness.head) == (commit, head)
    assert (freshness.commits_behind, freshness.dirty_files) == (1, 1)


def test_worktrees_and_clones_share_one_index(index: Index, shop: Path, tmp_path: Path) -> None:
    index.sync()
    repos.git(shop, "worktree", "add", "--quiet", str(tmp_path / "tree"), "-b", "side")
    repos.git(shop, "clone", "--quiet", "--bare", str(shop), str(tmp_path / "clone.git"))
    for folder in (tmp_path / "tree", tmp_path / "clone.git"):
        with Index.open(folder) as other:
            assert other.directory == index.directory
            assert other.sync().encoded == 0
            assert other.search("sign a cookie")[0].chunk.symbol == "sign_cookie"


def test_a_reader_follows_what_another_process_publishes(index: Index, shop: Path) -> None:
    index.sync()
    assert index.search("blend colours", top_k=1)[0].chunk.symbol != "mix"
    repos.write(shop, {"paint.py": 'def mix(a, b):\n    """Blend two colours."""\n    return a\n'})
    repos.commit(shop)
    with Index.open(shop) as other:
        other.sync()
    assert index.search("blend colours", top_k=1)[0].chunk.symbol == "mix"


def test_search_from_threads_while_syncing(index: Index, shop: Path) -> None:
    index.sync()
    failures: list[BaseException] = []
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            try:
                assert index.search("where are cookies signed?")[0].chunk.symbol == "sign_cookie"
            except BaseException as error:
                failures.append(error)
                return

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    for number in range(4):
        repos.write(shop, {f"new{number}.py": f"def number_{number}():\n    return {number}\n"})
        repos.commit(shop)
        index.sync()
    stop.set()
    for thread in threads:
        thread.join()
    assert not failures


def test_progress_ends_with_everything_done(index: Index) -> None:
    seen: list[Progress] = []
    report = index.sync(on_progress=seen.append)
    last = seen[-1]
    assert last.files_done == last.files_total == 5
    assert last.bytes_done == last.bytes_total > 0
    assert (last.chunks, last.encoded) == (report.chunks, report.encoded)


def test_an_interrupted_sync_keeps_its_vectors(index: Index) -> None:
    def interrupt(progress: Progress) -> None:
        if progress.chunks:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        index.sync(on_progress=interrupt)
    assert not index.is_built
    report = index.sync()
    assert report.encoded == 0
    assert report.reused == report.chunks > 0


def test_the_encoder_says_how_many_texts_it_has_at_once(
    index: Index, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    real = OnnxEncoder.encode_documents

    def noting(self: OnnxEncoder, texts: list[str], **options: Any) -> Any:
        sizes.append(len(texts))
        return real(self, texts, **options)

    monkeypatch.setattr(OnnxEncoder, "encode_documents", noting)
    monkeypatch.setattr("codesearch.writer._BATCH_CHUNKS", 1)  # counts where all is known
    assert sizes == [index.sync().encoded]
    monkeypatch.setattr(OnnxEncoder, "texts_at_once", 1)
    repos.write(shop, {f"{name}.py": f"def {name}():\n    return 1\n" for name in "ab"})
    repos.commit(shop)
    index.sync()
    assert sizes[1:] == [1, 1]


def test_a_first_build_can_be_searched_as_far_as_it_has_come(
    index: Index, shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("codesearch.sync._PUBLISH_EVERY", 0.0)
    monkeypatch.setattr("codesearch.encoder.loaded.LoadedWeights.texts_at_once", 1)
    seen: list[tuple[int, bool]] = []

    def look(progress: Progress) -> None:
        if index.is_built:
            with Index.open(shop) as other:
                hits = other.search("sign a cookie", top_k=50)
                seen.append((len(hits), other.freshness().partial))
        if len(seen) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        index.sync(on_progress=look)
    assert all(hits and partial for hits, partial in seen)
    assert not index.freshness().is_current
    report = index.sync()
    assert (report.encoded + report.reused) < report.chunks
    assert index.freshness().is_current
    assert stored(index.directory) == from_scratch(index, report.commit, tmp_path / "fresh")


@pytest.mark.parametrize("what", ["current", "shard"])
def test_a_rebuild_mends_what_is_damaged(index: Index, shop: Path, what: str) -> None:
    index.sync()
    index.close()
    (generation,) = index.directory.glob("generation-*")
    if what == "current":
        (index.directory / "current").write_text("")
    else:
        shutil.rmtree(generation / "shard")
    with Index.open(shop) as again:
        with pytest.raises(StoreError, match="damaged"):
            again.search("sign a cookie")
        assert again.sync(rebuild=True).encoded == 0
        assert again.search("sign a cookie")[0].chunk.symbol == "sign_cookie"


def test_before_anything_is_indexed(index: Index) -> None:
    assert not index.is_built
    with pytest.raises(NotIndexedError) as caught:
        index.search("anything")
    assert "codesearch index" in caught.value.remedy


def test_another_model_is_never_mixed_in(index: Index, shop: Path, tmp_path: Path) -> None:
    from codesearch.encoder.weights import DEFAULT_FOLDER, Weights, write_config  # noqa: PLC0415

    index.sync()
    folder = tmp_path / "model"
    shutil.copytree(DEFAULT_FOLDER, folder)
    config = Weights.open(folder).config
    from dataclasses import replace  # noqa: PLC0415

    write_config(folder, replace(config, name="another"))
    with Index.open(shop, settings=Settings.load(model=folder)) as other:
        with pytest.raises(NotIndexedError, match="another model"):
            other.search("cookies")
        report = other.sync()
        assert report.rebuilt
        assert report.encoded == report.chunks
        assert other.search("sign a cookie")[0].chunk.symbol == "sign_cookie"
    with pytest.raises(NotIndexedError, match="another model"):
        index.search("cookies")


def test_a_damaged_index_can_be_rebuilt_without_encoding(index: Index) -> None:
    index.sync()
    before = stored(index.directory)
    index.close()
    for path in index.directory.rglob("segment.json"):
        path.write_text("{")
    with pytest.raises(StoreError) as caught:
        index.search("cookies")
    assert "--rebuild" in caught.value.remedy
    report = index.sync(rebuild=True)
    assert (report.rebuilt, report.encoded) == (True, 0)
    assert stored(index.directory) == before


def test_empty_questions_find_nothing(index: Index) -> None:
    index.sync()
    assert index.search("") == []
    assert index.search("  \n ") == []
    assert index.search("cookies", top_k=0) == []


@pytest.mark.parametrize(
    "question", ["???", "日本語の質問", "\x00\ud800", "a" * 100_000, "-- %s 'x'"]
)
def test_odd_questions_do_no_harm(index: Index, question: str) -> None:
    index.sync()
    assert len(index.search(question, top_k=3)) <= 3


def test_no_repository_and_no_commits(tmp_path: Path, home: Path) -> None:
    (tmp_path / "plain").mkdir()
    with pytest.raises(RepositoryError):
        Index.open(tmp_path / "plain")
    with pytest.raises(RepositoryError, match="no commits"):
        Index.open(repos.init(tmp_path / "empty"))
