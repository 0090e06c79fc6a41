"""An index of many refs: each answers for itself, and what they share is stored once."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import repos
from codesearch import Filter, Index, IndexedRef, NotIndexedError, Progress, RepositoryError
from codesearch.index import _ON_THE_SPOT
from codesearch.store import Writer
from codesearch.sync import Syncer
from codesearch.types import SyncReport
from stored import from_scratch, stored, stored_at

PAINT = {"paint.py": 'def mix(a, b):\n    """Blend two colours."""\n    return a + b\n'}


@pytest.fixture
def forked(index: Index, shop: Path) -> Index:
    """``main`` as it was, and a branch ``paint`` with one more file; both indexed; on ``main``."""
    index.sync()
    repos.git(shop, "switch", "--quiet", "-c", "paint")
    repos.write(shop, PAINT)
    repos.commit(shop)
    index.sync()
    repos.git(shop, "switch", "--quiet", "main")
    return index


def symbols(index: Index, at: str | None = None) -> set[str]:
    return {hit.chunk.symbol for hit in index.search("blend colours", top_k=50, at=at)}


def test_each_ref_answers_for_itself(forked: Index) -> None:
    assert "mix" in symbols(forked, "paint")
    assert "mix" not in symbols(forked, "main")
    assert [ref.name for ref in forked.refs()] == ["main", "paint"]


@pytest.mark.parametrize("revision", ["main..paint", "main...paint", "^main", "main^!", "--all"])
def test_what_names_no_single_commit_is_refused(forked: Index, revision: str) -> None:
    with pytest.raises(RepositoryError, match="no revision"):
        forked.sync(revision)
    assert [ref.name for ref in forked.refs()] == ["main", "paint"]


def test_without_a_ref_head_answers(forked: Index, shop: Path) -> None:
    assert "mix" not in symbols(forked)
    repos.git(shop, "switch", "--quiet", "paint")
    assert "mix" in symbols(forked)
    assert forked.freshness().is_current


def test_what_branches_share_is_stored_once(forked: Index, tmp_path: Path) -> None:
    main, paint = (forked.repository.resolve(name) for name in ("main", "paint"))
    assert len(stored(forked.directory)) == len(stored_at(forked.directory, paint))
    for commit in (main, paint):
        folder = tmp_path / commit
        assert stored_at(forked.directory, commit) == from_scratch(forked, commit, folder)


def test_a_branch_that_was_behind_answers_from_where_it_was(forked: Index, shop: Path) -> None:
    old = forked.freshness().commit
    head = repos.commit(shop, "something new")
    freshness = forked.freshness()
    assert (freshness.commit, freshness.head, freshness.commits_behind) == (old, head, 1)
    assert "mix" not in symbols(forked)


def test_a_revision_is_indexed_on_the_spot(forked: Index, shop: Path) -> None:
    first = repos.commit(shop, "first")
    repos.write(shop, {"late.py": 'def late():\n    """Blend late."""\n'})
    repos.commit(shop)
    repos.git(shop, "tag", "v1")
    assert "late" in symbols(forked, "v1")
    assert "late" not in symbols(forked, "v1~1")
    assert forked.refs() == [
        IndexedRef(first, first),
        IndexedRef("main", forked.repository.resolve("v1~2")),
        IndexedRef("paint", forked.repository.resolve("paint")),
        IndexedRef("v1", forked.repository.resolve("v1")),
    ]


def test_what_is_too_much_for_the_spot_is_said(forked: Index, shop: Path) -> None:
    repos.git(shop, "switch", "--quiet", "-c", "big")
    repos.write(shop, {f"big/f{n}.py": f"def f{n}():\n    return {n}\n" for n in range(300)})
    repos.commit(shop)
    assert _ON_THE_SPOT < 300
    with pytest.raises(NotIndexedError, match=r"big .* not indexed") as caught:
        forked.search("anything", at="big")
    assert caught.value.remedy == "Index it: codesearch index --rev big"
    assert [ref.name for ref in forked.refs()] == ["main", "paint"]


def test_a_ref_that_moves_while_it_is_asked_for(
    forked: Index, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repos.git(shop, "switch", "--quiet", "-c", "moving")
    moves = iter(["before", "after"])
    run = Syncer.run

    def move() -> None:
        if name := next(moves, ""):
            repos.write(shop, {"moving.py": f'def {name}():\n    """Blend {name}."""\n'})
            repos.commit(shop)

    def overtaken(*arguments: Any, **options: Any) -> SyncReport:
        move()
        report = run(*arguments, **options)
        move()
        return report

    monkeypatch.setattr(Syncer, "run", overtaken)
    repos.commit(shop, "where it stands as it is asked for")
    assert symbols(forked, "moving") & {"before", "after"} == {"after"}
    assert forked.freshness("moving").is_current


def test_a_sync_that_waited_does_not_move_a_ref_back(
    forked: Index, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repos.commit(shop, "where it stands as the sync begins")
    writer = forked._store.writer

    def overtaken(*arguments: Any, **options: Any) -> Writer:
        repos.commit(shop, "where it stands as the other one ends")
        with Index.open(shop) as other:
            other.sync()
        return writer(*arguments, **options)

    monkeypatch.setattr(forked._store, "writer", overtaken)
    head = forked.sync().commit
    assert head == repos.git(shop, "rev-parse", "main")
    assert {ref.commit for ref in forked.refs() if ref.name == "main"} == {head}


def test_a_revision_that_does_not_exist(forked: Index) -> None:
    with pytest.raises(RepositoryError, match="no revision 'nowhere'"):
        forked.search("anything", at="nowhere")


def test_filters_keep_to_the_revision(forked: Index) -> None:
    def found(at: str, **fields: str) -> set[str]:
        hits = forked.search("blend", top_k=50, at=at, filter=Filter(**fields))
        return {hit.chunk.path for hit in hits}

    assert "paint.py" in found("paint", language="python")
    assert "paint.py" not in found("main", language="python")
    assert found("paint", path="/*.py") == {"paint.py"}
    assert found("main", path="/*.py") == set()


def test_similar_keeps_to_the_revision(forked: Index) -> None:
    chunk = forked.search("mix", top_k=1, at="paint")[0].chunk
    assert all(hit.chunk.path != "paint.py" for hit in forked.similar(chunk, at="main"))


def test_a_deleted_branch_is_forgotten_with_its_points(forked: Index, shop: Path) -> None:
    before = len(stored(forked.directory))
    repos.git(shop, "branch", "--quiet", "-D", "paint")
    report = forked.sync()
    assert report.deleted == 1
    assert [ref.name for ref in forked.refs()] == ["main"]
    assert len(stored(forked.directory)) == before - 1


def test_a_force_pushed_branch(forked: Index, shop: Path, tmp_path: Path) -> None:
    repos.git(shop, "switch", "--quiet", "paint")
    repos.write(shop, {"paint.py": "def smear():\n    return 1\n"})
    repos.git(shop, "add", "--all")
    repos.git(shop, "commit", "--quiet", "--amend", "-m", "rewritten")
    head = forked.sync().commit
    assert symbols(forked) & {"mix", "smear"} == {"smear"}
    assert stored_at(forked.directory, head) == from_scratch(forked, head, tmp_path / "fresh")
    assert len(forked.refs()) == 2


def test_a_second_worktree_encodes_nothing(forked: Index, shop: Path, tmp_path: Path) -> None:
    repos.git(shop, "worktree", "add", "--quiet", str(tmp_path / "tree"), "paint")
    with Index.open(tmp_path / "tree") as other:
        assert other.directory == forked.directory
        assert "mix" in symbols(other)  # before any sync: the commit is known
        assert other.sync().encoded == 0
    assert "mix" not in symbols(forked)


def test_a_commit_that_is_known_is_not_looked_at_again(forked: Index, shop: Path) -> None:
    repos.git(shop, "branch", "--quiet", "colour", "paint")
    tree = repos.git(shop, "rev-parse", "paint^{tree}").strip()
    (shop / ".git" / "objects" / tree[:2] / tree[2:]).unlink()
    with Index.open(shop, index_dir=forked.directory) as other:
        report = other.sync("colour")
        assert (report.ref, report.encoded, report.reused) == ("colour", 0, 0)
        assert "mix" in symbols(other, "colour")


def test_a_commit_that_is_known_by_other_rules_is(forked: Index, shop: Path) -> None:
    settings = replace(forked.settings, exclude=("paint.py",))
    with Index.open(shop, index_dir=forked.directory, settings=settings) as other:
        assert other.sync("paint").deleted == 1
        assert "mix" not in symbols(other, "paint")
    assert forked.sync("paint").reused == 1
    assert "mix" in symbols(forked, "paint")


def test_a_mirror_whose_head_names_no_branch(forked: Index, shop: Path, tmp_path: Path) -> None:
    repos.git(tmp_path, "clone", "--quiet", "--mirror", str(shop), "mirror.git")
    repos.git(tmp_path / "mirror.git", "symbolic-ref", "HEAD", "refs/heads/nowhere")
    with Index.open(tmp_path / "mirror.git", index_dir=tmp_path / "own") as mirror:
        mirror.sync("paint")
        mirror.sync("main")
        assert "mix" not in symbols(mirror)  # what was synced last answers
        assert "mix" in symbols(mirror, "paint")


def test_a_detached_head_is_followed_per_worktree(
    forked: Index, shop: Path, tmp_path: Path
) -> None:
    repos.git(shop, "worktree", "add", "--quiet", "--detach", str(tmp_path / "tree"), "paint")
    with Index.open(tmp_path / "tree") as other:
        repos.write(tmp_path / "tree", {"more.py": 'def more():\n    """Blend more."""\n'})
        repos.commit(tmp_path / "tree")
        assert other.sync().ref == "HEAD"
        assert {"mix", "more"} <= symbols(other)
        repos.git(tmp_path / "tree", "switch", "--quiet", "paint")
        other.sync()
        assert [ref.name for ref in other.refs()] == ["main", "paint"]
    assert "more" not in symbols(forked, "paint")


def test_clones_keep_their_refs_apart(forked: Index, shop: Path, tmp_path: Path) -> None:
    repos.git(shop, "clone", "--quiet", str(shop), str(tmp_path / "clone"))
    repos.write(tmp_path / "clone", {"clone.py": 'def cloned():\n    """Blend clones."""\n'})
    repos.commit(tmp_path / "clone")
    with Index.open(tmp_path / "clone") as other:
        assert other.directory == forked.directory
        other.sync()
        assert "cloned" in symbols(other)
        assert [ref.name for ref in other.refs()] == ["main"]
    assert "cloned" not in symbols(forked)
    assert [ref.name for ref in forked.refs()] == ["main", "paint"]
    assert forked.sync().deleted == 0


def test_other_skip_rules_on_a_branch_change_only_that_branch(
    forked: Index, shop: Path, tmp_path: Path
) -> None:
    repos.git(shop, "switch", "--quiet", "paint")
    repos.write(shop, {".codesearchignore": "shop/\n"})
    paint = repos.commit(shop)
    forked.sync()
    main = forked.repository.resolve("main")
    assert not {hit.chunk.path for hit in forked.search("cookie")} & {"shop/session.py"}
    assert forked.search("sign a cookie", at="main")[0].chunk.symbol == "sign_cookie"
    for commit in (main, paint):
        folder = tmp_path / commit
        assert stored_at(forked.directory, commit) == from_scratch(forked, commit, folder)


def test_a_rebuild_brings_all_refs_along(forked: Index) -> None:
    before = len(stored(forked.directory))
    report = forked.sync(rebuild=True)
    assert (report.rebuilt, report.encoded) == (True, 0)
    assert [ref.name for ref in forked.refs()] == ["main", "paint"]
    assert len(stored(forked.directory)) == before
    assert "mix" in symbols(forked, "paint")


def test_a_rebuild_in_a_clone_that_lacks_files_of_other_refs(
    forked: Index, shop: Path, tmp_path: Path
) -> None:
    before = stored(forked.directory)
    repos.git(shop, "config", "uploadpack.allowFilter", "true")
    repos.git(tmp_path, "clone", "--quiet", "--filter=blob:none", shop.as_uri(), "partial")
    with Index.open(tmp_path / "partial") as partial:
        assert partial.directory == forked.directory
        report = partial.sync(rebuild=True)
        assert (report.rebuilt, report.encoded) == (True, 0)
        assert "mix" not in symbols(partial)
    assert [ref.name for ref in forked.refs()] == ["main"]
    assert not forked.verify().damage
    assert forked.sync("paint").encoded == 0  # its vectors are known
    assert stored(forked.directory) == before


def test_a_renamed_branch_costs_nothing(forked: Index, shop: Path) -> None:
    repos.git(shop, "branch", "--quiet", "-m", "paint", "colour")
    assert "mix" in symbols(forked, "colour")  # its commit is known
    report = forked.sync("colour")
    assert (report.encoded, report.reused, report.deleted) == (0, 0, 0)
    assert [ref.name for ref in forked.refs()] == ["colour", "main"]


def test_source_gives_the_file_as_indexed(forked: Index) -> None:
    chunk = forked.search("mix", top_k=1, at="paint")[0].chunk
    assert forked.source(chunk) == PAINT["paint.py"]


def test_stats_count_a_commit_and_all_points(forked: Index) -> None:
    main, paint = forked.stats("main"), forked.stats("paint")
    assert paint.chunks == main.chunks + 1
    assert main.points == paint.points == paint.chunks
    assert [ref.name for ref in main.refs] == ["main", "paint"]


def test_a_first_build_that_was_cut_off_is_made_good_after_another_branch(
    index: Index, shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repos.git(shop, "switch", "--quiet", "-c", "paint")
    repos.write(shop, PAINT)
    repos.commit(shop)
    repos.git(shop, "switch", "--quiet", "main")
    monkeypatch.setattr("codesearch.sync._PUBLISH_EVERY", 0.0)
    monkeypatch.setattr("codesearch.encoder.loaded.LoadedWeights.texts_at_once", 1)

    def cut_off(progress: Progress) -> None:
        if index.is_built:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        index.sync(on_progress=cut_off)
    assert index.freshness().partial
    paint = index.sync("paint").commit
    assert index.freshness().partial
    assert not index.freshness("paint").partial
    main = index.sync().commit
    assert not index.freshness().partial
    for commit in (main, paint):
        folder = tmp_path / commit
        assert stored_at(index.directory, commit) == from_scratch(index, commit, folder)


def test_a_revision_that_was_never_indexed_has_numbers_and_can_be_verified(
    index: Index, shop: Path
) -> None:
    index.sync()
    repos.write(shop, PAINT)
    repos.commit(shop)
    repos.git(shop, "branch", "more")
    assert "paint.py" not in {hit.chunk.path for hit in index.search("blend", at="main~1")}
    assert index.stats("more").files == index.stats("main~1").files + 1
    repos.write(shop, {"other.py": PAINT["paint.py"]})
    repos.commit(shop)
    assert not index.verify("HEAD").damage


def test_a_branch_without_commits_yet(forked: Index, shop: Path) -> None:
    repos.git(shop, "switch", "--quiet", "--orphan", "new")
    hits = forked.search("blend colours", overlay=False)
    assert "mix" in {hit.chunk.symbol for hit in hits}  # the branch that was synced last
    freshness = forked.freshness()
    assert (freshness.head, freshness.commits_behind, freshness.is_current) == (None, None, False)


def test_an_old_tag_does_not_answer_for_a_new_branch(forked: Index, shop: Path) -> None:
    repos.git(shop, "tag", "old", "main")
    repos.git(shop, "switch", "--quiet", "-c", "newer", "paint")
    repos.write(shop, {"more.py": 'def more():\n    """Blend more."""\n'})
    repos.commit(shop)
    forked.sync("old")
    assert "mix" in {hit.chunk.symbol for hit in forked.search("blend colours", overlay=False)}


def test_another_repository_in_the_place_of_one(index: Index, shop: Path, tmp_path: Path) -> None:
    index.sync()
    shutil.rmtree(shop)
    repos.init(shop)
    repos.write(shop, PAINT)
    repos.commit(shop, "a beginning of its own")
    with Index.open(shop) as other:
        assert other.directory != index.directory
        assert not other.is_built
