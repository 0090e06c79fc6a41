"""The embedded store over the real engine: publication, readers, locks, damage, disk."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from codesearch.errors import IndexLockedError, StoreError
from codesearch.store import Condition, Manifest, ManifestEntry, Point, Ref, Snapshot, version_key
from codesearch.store.embedded import EmbeddedStore
from codesearch.store.manifest import MAX_SINGLE_COMMITS
from codesearch.store.vectors import VectorCache
from codesearch.writer import point_id
from indexers.types import FileVersion

DIMENSION = 4


def _point(name: str, *axes: float, language: str = "python", terms: tuple[int, ...] = ()) -> Point:
    vector = np.array((*axes, *[0.0] * (DIMENSION - len(axes))), np.float16)
    payload = {"path": f"src/{name}.py", "language": language, "kind": "function"}
    return Point(_id(name), vector, dict.fromkeys(terms, 1.5), payload)


def _id(name: str) -> str:
    return point_id(FileVersion(name, "blob"), 0)


def _publish(store: EmbeddedStore, commit: str, *points: Point, fingerprint: str = "f") -> None:
    writer = store.writer(fingerprint, DIMENSION)
    writer.upsert(points)
    files = {point.payload["path"]: ManifestEntry("blob", 1, "python") for point in points}
    writer.manifest.follow(Ref("refs/heads/main", "here"), commit, Snapshot("rules", files))
    writer.publish()


@pytest.fixture
def store(tmp_path: Path) -> EmbeddedStore:
    return EmbeddedStore(tmp_path / "index")


def test_nothing_is_published_at_first(store: EmbeddedStore) -> None:
    assert store.reader() is None
    assert store.current_name() is None


def test_a_reader_finds_by_vector_and_by_terms(store: EmbeddedStore) -> None:
    _publish(store, "c1", _point("a", 1.0, terms=(7,)), _point("b", 0.6, 0.8, terms=(8, 9)))
    reader = store.reader()
    assert reader is not None
    assert reader.state.commits == {"c1"}
    found = reader.nearest(np.array([1, 0, 0, 0], np.float32), 10)
    assert [id_ for id_, _ in found] == [_id("a"), _id("b")]
    assert [score for _, score in found] == pytest.approx([1.0, 0.6], abs=1e-3)
    assert [id_ for id_, _ in reader.matching({8: 1.0}, 10)] == [_id("b")]
    assert reader.matching({}, 10) == []
    assert [row["path"] for row in reader.payloads([_id("b"), _id("a")])] == [
        "src/b.py",
        "src/a.py",
    ]
    reader.close()


def test_conditions_are_applied_before_the_cut(store: EmbeddedStore) -> None:
    many = [_point(f"py{n}", 1.0) for n in range(20)]
    _publish(store, "c1", *many, _point("go", 0.1, 0.9, language="go"))
    reader = store.reader()
    assert reader is not None
    query = np.array([1, 0, 0, 0], np.float32)
    is_go = Condition("language", ("go",))
    assert [id_ for id_, _ in reader.nearest(query, 3, [is_go])] == [_id("go")]
    not_python = Condition("language", ("python",), negated=True)
    assert [id_ for id_, _ in reader.nearest(query, 3, [not_python])] == [_id("go")]
    nothing = Condition("path", ())
    assert reader.nearest(query, 3, [nothing]) == []
    reader.close()


def test_a_reader_keeps_its_state_while_a_newer_one_is_published(store: EmbeddedStore) -> None:
    _publish(store, "c1", _point("a", 1.0))
    old = store.reader()
    assert old is not None
    _publish(store, "c2", _point("b", 0.0, 1.0))
    query = np.array([1, 0, 0, 0], np.float32)
    assert [id_ for id_, _ in old.nearest(query, 10)] == [_id("a")]
    new = store.reader()
    assert new is not None
    assert {id_ for id_, _ in new.nearest(query, 10)} == {_id("a"), _id("b")}
    assert (old.state.commits, new.state.commits) == ({"c1"}, {"c2"})
    old.close()
    new.close()
    _publish(store, "c3", _point("c", 1.0))
    assert [path.name for path in store.directory.glob("generation-*")] == ["generation-000003"]


def test_two_readers_in_two_processes(store: EmbeddedStore) -> None:
    _publish(store, "c1", _point("a", 1.0))
    reader = store.reader()
    script = (
        "import sys; from pathlib import Path; from codesearch.store.embedded import EmbeddedStore;"
        "reader = EmbeddedStore(Path(sys.argv[1])).reader(); print(*reader.state.commits)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(store.directory)], capture_output=True, text=True
    )
    assert done.stdout == "c1\n", done.stderr
    assert reader is not None
    reader.close()


def test_abandoned_work_leaves_no_trace(store: EmbeddedStore) -> None:
    _publish(store, "c1", _point("a", 1.0))
    writer = store.writer("f", DIMENSION)
    writer.upsert([_point("b", 1.0)])
    writer.delete([_id("a")])
    writer.abandon()
    reader = store.reader()
    assert reader is not None
    assert [point.id for point in reader.points()] == [_id("a")]
    assert reader.state.commits == {"c1"}
    assert not list(store.directory.glob("building-*"))
    reader.close()


def test_another_fingerprint_begins_empty(store: EmbeddedStore) -> None:
    _publish(store, "c1", _point("a", 1.0))
    _publish(store, "c2", _point("b", 1.0), fingerprint="other model")
    reader = store.reader()
    assert reader is not None
    assert [point.id for point in reader.points()] == [_id("b")]
    assert set(reader.manifest().snapshots["c2"].files) == {"src/b.py"}
    reader.close()


def test_a_second_writer_leaves_or_waits(store: EmbeddedStore) -> None:
    writer = store.writer("f", DIMENSION)
    with pytest.raises(IndexLockedError, match=f"pid {os.getpid()}"):
        store.writer("f", DIMENSION, wait=False)
    writer.abandon()
    store.writer("f", DIMENSION, wait=False).abandon()


def test_what_a_killed_writer_left_is_cleared_away(store: EmbeddedStore) -> None:
    _publish(store, "c1", _point("a", 1.0))
    leftover = store.directory / "building-1"
    leftover.mkdir()
    (leftover / "shard").write_text("half")
    _publish(store, "c2", _point("b", 1.0))
    assert not leftover.exists()


@pytest.mark.parametrize("victim", ["current", "state.json", "edge_config.json", "segment.json"])
def test_damage_is_told_with_its_remedy(store: EmbeddedStore, victim: str) -> None:
    _publish(store, "c1", _point("a", 1.0))
    path = next(store.directory.rglob(victim))
    path.write_bytes(b"\xff\x00 not what it was")
    with pytest.raises(StoreError) as caught:
        store.reader()
    assert "--rebuild" in caught.value.remedy
    writer = store.writer("f", DIMENSION, from_scratch=True)
    writer.upsert([_point("b", 1.0)])
    writer.publish()
    reader = store.reader()
    assert reader is not None
    assert [point.id for point in reader.points()] == [_id("b")]
    reader.close()


def test_a_vanished_generation_is_damage_not_a_hang(store: EmbeddedStore) -> None:
    _publish(store, "c1", _point("a", 1.0))
    next(store.directory.glob("generation-*")).rename(store.directory / "elsewhere")
    with pytest.raises(StoreError, match="damaged"):
        store.reader()


def _snapshot(**blobs: str) -> Snapshot:
    return Snapshot("r", {path: ManifestEntry(blob, 2, "python") for path, blob in blobs.items()})


def test_a_manifest_survives_being_written_down() -> None:
    manifest = Manifest("f", "model")
    manifest.follow(Ref("refs/heads/main", "here"), "c1", _snapshot(a="1", b="2"))
    skipped = ManifestEntry("9", skipped="binary")
    other = Snapshot("other rules", {"a": ManifestEntry("1", 2, "python"), "x": skipped})
    manifest.follow(Ref("HEAD", "there"), "c2", other)
    again = Manifest.from_json(json.loads(json.dumps(manifest.to_json())))
    assert again == manifest
    assert list(again.refs) == list(manifest.refs)


def test_each_commit_sees_its_own_versions() -> None:
    manifest = Manifest("f")
    manifest.follow(Ref("refs/heads/main", "here"), "c1", _snapshot(a="1", b="1", c="1"))
    assert manifest.visible() == {"c1": []}
    manifest.follow(Ref("refs/heads/side", "here"), "c2", _snapshot(a="1", b="1", c="2"))
    new, old = version_key("c", "2"), version_key("c", "1")
    assert manifest.visible() == {
        "c1": [Condition("version", (new,), negated=True)],
        "c2": [Condition("version", (old,), negated=True)],
    }
    manifest.follow(Ref("refs/heads/tiny", "here"), "c3", _snapshot(a="1"))
    assert manifest.visible()["c3"] == [Condition("version", (version_key("a", "1"),))]


def test_commits_without_a_ref_are_forgotten() -> None:
    manifest = Manifest("f")
    main, tag = Ref("refs/heads/main", "here"), Ref("refs/tags/v1", "here")
    manifest.follow(main, "c1", _snapshot(a="1"))
    manifest.follow(tag, "c1", _snapshot(a="1"))
    manifest.follow(main, "c2", _snapshot(a="2"))
    assert set(manifest.snapshots) == {"c1", "c2"}
    manifest.follow(tag, "c2", _snapshot(a="2"))
    assert set(manifest.snapshots) == {"c2"}


def test_of_single_commits_the_oldest_make_way() -> None:
    manifest = Manifest("f")
    manifest.follow(Ref("refs/heads/main", "here"), "c", _snapshot(a="1"))
    ids = [f"{number:040x}" for number in range(MAX_SINGLE_COMMITS + 2)]
    for id_ in ids:
        manifest.follow(Ref(id_, "here"), id_, _snapshot(a=id_))
    assert set(manifest.snapshots) == {"c", *ids[2:]}


def test_vectors_are_remembered_exactly_and_by_encoder(tmp_path: Path) -> None:
    keys = [VectorCache.key(text) for text in ("one", "two", "three")]
    vectors = np.arange(8, dtype=np.float16).reshape(2, DIMENSION)
    cache = VectorCache(tmp_path, "encoder1", DIMENSION)
    cache.put(keys[:2], vectors)
    cache.close()
    cache = VectorCache(tmp_path, "encoder1", DIMENSION)
    known = cache.get(keys)
    assert set(known) == set(keys[:2])
    assert np.array_equal(known[keys[1]], vectors[1])
    other = VectorCache(tmp_path, "encoder2", DIMENSION)
    assert other.get(keys) == {}
    other.forget_others()
    other.close()
    cache.close()
    assert [path.name for path in tmp_path.glob("*.sqlite")] == ["vectors-encoder2.sqlite"]


def test_a_damaged_cache_is_told_with_its_remedy(tmp_path: Path) -> None:
    (tmp_path / "vectors-e.sqlite").write_bytes(b"no database" * 100)
    with pytest.raises(StoreError) as caught:
        VectorCache(tmp_path, "e", DIMENSION)
    assert "Delete" in caught.value.remedy
