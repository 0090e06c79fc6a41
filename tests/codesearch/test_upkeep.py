"""Forgetting, cleaning up, comparing with git: on real indexes, some of them damaged by hand."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import repos
from codesearch import (
    Index,
    NotIndexedError,
    RepositoryError,
    Settings,
    StoreError,
    VerifyReport,
)
from codesearch.encoder.weights import DEFAULT_FOLDER, Weights, write_config
from codesearch.store import Writer
from codesearch.store.embedded import EmbeddedStore, EmbeddedWriter
from stored import from_scratch, stored

TOWER = {"tower.py": "".join(f"def floor_{n}():\n    return {n}\n\n\n" for n in range(40))}


@pytest.fixture
def forked(index: Index, shop: Path) -> Index:
    """``main`` and a branch ``tower``, both indexed; on ``main``."""
    index.sync()
    repos.git(shop, "switch", "--quiet", "-c", "tower")
    repos.write(shop, TOWER)
    repos.commit(shop)
    index.sync()
    repos.git(shop, "switch", "--quiet", "main")
    return index


def test_a_ref_can_be_forgotten(forked: Index) -> None:
    main = forked.sync("main").commit
    before = stored(forked.directory)
    forked.forget("tower")
    assert [ref.name for ref in forked.refs()] == ["main"]
    gone = before.keys() - stored(forked.directory).keys()
    assert len(gone) == 40
    assert {before[id_][2]["path"] for id_ in gone} == {"tower.py"}
    assert forked.search("sign a cookie")[0].chunk.symbol == "sign_cookie"
    assert forked.freshness().commit == main


def test_forgetting_what_is_not_followed_says_what_is(forked: Index) -> None:
    with pytest.raises(RepositoryError, match="no ref 'nowhere'") as caught:
        forked.forget("nowhere")
    assert caught.value.remedy == "It follows: main, tower"


def test_gc_takes_what_git_has_deleted(forked: Index, shop: Path, tmp_path: Path) -> None:
    repos.git(shop, "branch", "--quiet", "-D", "tower")
    report = forked.gc()
    assert (report.refs, report.points, report.vectors) == (("tower",), 40, 40)
    assert report.bytes_after < report.bytes_before
    commit = forked.freshness().commit
    assert stored(forked.directory) == from_scratch(forked, commit, tmp_path / "fresh")
    again = forked.gc()
    assert (again.refs, again.points, again.vectors) == ((), 0, 0)
    assert forked.search("sign a cookie")[0].chunk.symbol == "sign_cookie"


def test_gc_takes_the_refs_of_clones_that_are_gone(forked: Index, tmp_path: Path) -> None:
    place = forked.repository.root
    repos.git(tmp_path, "clone", "--quiet", str(place), "clone")
    repos.write(tmp_path / "clone", {"clone.py": "def cloned():\n    return 1\n"})
    repos.commit(tmp_path / "clone")
    with Index.open(tmp_path / "clone") as other:
        other.sync()
    assert forked.gc().refs == ()
    shutil.rmtree(tmp_path / "clone")
    report = forked.gc()
    assert (report.refs, report.points) == (("main",), 1)
    assert [ref.name for ref in forked.refs()] == ["main", "tower"]


def test_a_sound_index_is_found_sound(forked: Index) -> None:
    report = forked.verify()
    assert report == VerifyReport(files=6, chunks=len(stored(forked.directory)))
    assert forked.verify("main").files == 5


def _without_a_point(writer: EmbeddedWriter, ids: list[str]) -> None:
    writer.delete(ids[:1])


def _with_a_wrong_vector(writer: EmbeddedWriter, ids: list[str]) -> None:
    reader = EmbeddedStore(writer._generations.directory).reader()
    assert reader is not None
    one, other = [point for point in reader.points() if point.id in ids[:2]]
    reader.close()
    writer.upsert([type(one)(one.id, other.vector, one.terms, one.payload)])


def _with_a_wrong_payload(writer: EmbeddedWriter, ids: list[str]) -> None:
    reader = EmbeddedStore(writer._generations.directory).reader()
    assert reader is not None
    point = next(point for point in reader.points() if point.id == ids[0])
    reader.close()
    changed = {**point.payload, "start_line": 999}
    writer.upsert([type(point)(point.id, point.vector, point.terms, changed)])


@pytest.mark.parametrize("harm", [_without_a_point, _with_a_wrong_vector, _with_a_wrong_payload])
def test_damage_is_found_and_repaired(
    forked: Index, harm: Callable[[EmbeddedWriter, list[str]], None]
) -> None:
    right = stored(forked.directory)
    ids = [id_ for id_, row in right.items() if row[2]["path"] == "tower.py"]
    state = EmbeddedStore(forked.directory).state()
    assert state is not None
    writer = EmbeddedStore(forked.directory).writer(state.fingerprint, 384)
    harm(writer, ids)
    writer.publish()
    damage = forked.verify().damage
    assert [one.path for one in damage] == ["tower.py"]
    assert "1 chunks are missing or differ" in damage[0].what
    assert forked.verify("main").damage == ()
    report = forked.verify(repair=True)
    assert report.repaired
    assert stored(forked.directory) == right
    assert [ref.name for ref in forked.refs()] == ["main", "tower"]


def test_points_of_no_commit_are_damage(forked: Index) -> None:
    state = EmbeddedStore(forked.directory).state()
    assert state is not None
    writer = EmbeddedStore(forked.directory).writer(state.fingerprint, 384)
    for ref in [ref for ref in writer.manifest.refs if ref.short_name == "tower"]:
        del writer.manifest.refs[ref]
    writer.manifest.drop_unheld()
    writer.publish()
    assert "40 chunks belong to no commit" in forked.verify().damage[0].what


def test_an_index_that_cannot_be_opened_is_repaired(forked: Index) -> None:
    right = stored(forked.directory)
    forked.close()
    for path in forked.directory.rglob("segment.json"):
        path.write_text("{")
    with pytest.raises(StoreError):
        forked.verify()
    report = forked.verify(repair=True)
    assert report.repaired
    assert stored(forked.directory) == right


def test_what_git_has_lost_is_not_damage(forked: Index, shop: Path) -> None:
    """A branch was rewritten, git has thrown the old commit away, and no sync came by yet."""
    repos.git(shop, "branch", "--quiet", "--force", "tower", "main")
    repos.git(shop, "reflog", "expire", "--expire=now", "--all")
    repos.git(shop, "gc", "--quiet", "--prune=now")
    report = forked.verify()
    assert (report.files, report.damage) == (5, ())


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """The folder of another model."""
    shutil.copytree(DEFAULT_FOLDER, tmp_path / "model")
    config = Weights.open(tmp_path / "model").config
    write_config(tmp_path / "model", replace(config, name="another"))
    return tmp_path / "model"


def test_gc_does_not_publish_over_what_another_model_made_meanwhile(
    forked: Index, shop: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = forked._store.writer

    def overtaken(*arguments: Any, **options: Any) -> Writer:
        with Index.open(shop, settings=settings) as other:
            other.sync()
        return writer(*arguments, **options)

    settings = replace(forked.settings, model=model)
    monkeypatch.setattr(forked._store, "writer", overtaken)
    forked.gc()
    with Index.open(shop, settings=settings) as other:
        assert other.search("sign a cookie")[0].chunk.symbol == "sign_cookie"
        assert [ref.name for ref in other.refs()] == ["main", "tower"]


def test_gc_leaves_alone_what_another_model_made(forked: Index, shop: Path, model: Path) -> None:
    before = stored(forked.directory)
    with Index.open(shop, settings=Settings.load(model=model)) as other:
        assert other.gc().vectors == 0
    assert stored(forked.directory) == before
    assert forked.sync(rebuild=True).encoded == 0  # the vectors are still there


def test_gc_before_anything_is_indexed(index: Index) -> None:
    index.gc()
    assert not index.is_built


def test_without_any_ref_the_remedy_is_told(index: Index) -> None:
    index.sync()
    index.forget("main")
    with pytest.raises(NotIndexedError, match="no ref any more"):
        index.search("cookies")
    assert index.sync().encoded == 0
