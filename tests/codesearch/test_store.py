"""What only the embedded store has: generations, damage, disk. And what all stores build on.

What every store must do is in ``test_store_contract.py``.
"""

from __future__ import annotations

import functools
import json
import random
from pathlib import Path

import numpy as np
import pytest

from codesearch.errors import StoreError
from codesearch.store import Condition, Manifest, ManifestEntry, Point, Ref, Snapshot, version_key
from codesearch.store.embedded import EmbeddedStore
from codesearch.store.manifest import MAX_SINGLE_COMMITS
from codesearch.store.vectors import VectorCache
from codesearch.writer import point_id
from indexers.types import FileVersion

DIMENSION = 4


def _point(name: str, *axes: float) -> Point:
    vector = np.array((*axes, *[0.0] * (DIMENSION - len(axes))), np.float16)
    return Point(_id(name), vector, {}, {"path": f"src/{name}.py"})


def _id(name: str) -> str:
    return point_id(FileVersion(name, "blob"), 0)


def _publish(store: EmbeddedStore, commit: str, *points: Point) -> None:
    writer = store.writer("f", DIMENSION)
    writer.upsert(points)
    files = {point.payload["path"]: ManifestEntry("blob", 1, "python") for point in points}
    writer.manifest.follow(Ref("refs/heads/main", "here"), commit, Snapshot("rules", files))
    writer.publish()


@pytest.fixture
def store(tmp_path: Path) -> EmbeddedStore:
    return EmbeddedStore(tmp_path / "index")


def test_superseded_generations_go_when_nobody_reads_them(store: EmbeddedStore) -> None:
    _publish(store, "c1", _point("a", 1.0))
    old = store.reader()
    assert old is not None
    _publish(store, "c2", _point("b", 0.0, 1.0))
    names = sorted(path.name for path in store.directory.glob("generation-*"))
    assert names == ["generation-000001", "generation-000002"]
    old.close()
    _publish(store, "c3", _point("c", 1.0))
    names = sorted(path.name for path in store.directory.glob("generation-*"))
    assert names == ["generation-000002", "generation-000003"]  # one is kept for the next writer
    store.close()
    assert [path.name for path in store.directory.glob("generation-*")] == ["generation-000003"]


def _follow_tag(store: EmbeddedStore) -> None:
    """Publish a manifest that says more, over the same points."""
    writer = store.writer("f", DIMENSION)
    snapshot = next(iter(writer.manifest.snapshots.values()))
    writer.manifest.follow(Ref("refs/tags/v1", "here"), "c1", snapshot)
    writer.publish()


def _shards(store: EmbeddedStore) -> dict[str, set[int]]:
    """The files of each generation's shard, as the file system numbers them."""
    return {
        generation.name: {
            path.stat().st_ino for path in generation.rglob("shard/**/*") if path.is_file()
        }
        for generation in store.directory.glob("generation-*")
    }


@pytest.mark.parametrize("has_links", [True, False], ids=["links", "no links"])
def test_a_manifest_alone_shares_the_shard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_links: bool
) -> None:
    if not has_links:

        def refuse(*paths: object) -> None:
            raise OSError(95, "Operation not supported")

        monkeypatch.setattr("os.link", refuse)
    first = EmbeddedStore(tmp_path / "index")
    _publish(first, "c1", _point("a", 1.0))
    first.close()
    store = EmbeddedStore(tmp_path / "index")  # another process, as it were
    old = store.reader()
    assert old is not None
    _follow_tag(store)
    one, two = _shards(store).values()
    assert one == two if has_links else not one & two
    new = store.reader()
    assert new is not None
    assert len(new.state.refs) == 2
    # Who writes next writes to files of his own, and both readers go on.
    _publish(store, "c2", _point("b", 0.0, 1.0))
    for reader in (old, new):
        assert [point.id for point in reader.points()] == [_id("a")]
        reader.close()
    latest = store.reader()
    assert latest is not None
    assert {point.id for point in latest.points()} == {_id("a"), _id("b")}
    latest.close()
    store.close()


@pytest.mark.parametrize("seed", range(4))
def test_readers_keep_their_state_whatever_is_published(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    stores = [EmbeddedStore(tmp_path / "index") for _ in range(2)]  # as two processes have it
    _publish(stores[0], "c1", _point("p0", 1.0))
    now = {_id("p0")}
    readers = []
    for number in range(60):
        store = dice.choice(stores)
        match dice.choice(["points", "manifest", "open", "open", "close", "gone"]):
            case "points":
                _publish(store, "c1", _point(f"p{number}", 1.0, float(number)))
                now = now | {_id(f"p{number}")}
            case "manifest":
                _follow_tag(store)
            case "open":
                reader = store.reader()
                assert reader is not None
                readers.append((reader, now))
            case "close" if readers:
                readers.pop(dice.randrange(len(readers)))[0].close()
            case "gone":
                writer = store.writer("f", DIMENSION)
                victim = dice.choice(sorted(now))
                writer.delete([victim])
                writer.publish()
                now = now - {victim}
                if not now:
                    _publish(store, "c1", _point("p0", 1.0))
                    now = {_id("p0")}
        for reader, seen in readers:
            assert {point.id for point in reader.points()} == seen
            assert {id_ for id_, _ in reader.nearest(np.ones(DIMENSION, np.float32), 99)} == seen
    for reader, _ in readers:
        reader.close()
    for store in stores:
        store.close()
    _publish(stores[0], "c1", _point("last", 1.0))  # clears away what nobody reads
    stores[0].close()
    assert len(list(stores[0].directory.glob("generation-*"))) == 1


def test_abandoned_work_leaves_no_files(store: EmbeddedStore) -> None:
    _publish(store, "c1", _point("a", 1.0))
    before = sorted(store.directory.rglob("*"))
    writer = store.writer("f", DIMENSION)
    writer.upsert([_point("b", 1.0)])
    writer.abandon()
    assert sorted(store.directory.rglob("*")) == before


def test_what_a_killed_writer_left_is_cleared_away(store: EmbeddedStore) -> None:
    _publish(store, "c1", _point("a", 1.0))
    leftover = store.directory / "building-1"
    leftover.mkdir()
    (leftover / "shard").write_text("half")
    _publish(store, "c2", _point("b", 1.0))
    assert not leftover.exists()


def test_what_a_killed_sweep_has_left_goes_with_the_next(store: EmbeddedStore) -> None:
    _publish(store, "c1", _point("a", 1.0))
    store.close()
    leftover = store.directory / "generation-000000" / "shard"
    leftover.mkdir(parents=True)  # its lock was deleted first
    _publish(store, "c2", _point("b", 1.0))
    assert not leftover.parent.exists()


@pytest.mark.parametrize("victim", ["current", "state.json", "edge_config.json", "segment.json"])
def test_damage_is_told_with_its_remedy(store: EmbeddedStore, victim: str) -> None:
    _publish(store, "c1", _point("a", 1.0))
    store.close()
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
    out_here = ManifestEntry("2", skipped="excluded")  # under other rules: the same content is in
    other = Snapshot(
        "other rules", {"a": ManifestEntry("1", 2, "python"), "b": out_here, "x": skipped}
    )
    manifest.follow(Ref("HEAD", "there"), "c2", other)
    again = Manifest.from_json(json.loads(manifest.to_json()))
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


def test_a_peek_leaves_no_trace(tmp_path: Path) -> None:
    keys = [VectorCache.key(text) for text in ("one", "two")]
    vectors = np.arange(2 * DIMENSION, dtype=np.float16).reshape(2, DIMENSION)
    peek = functools.partial(VectorCache.peek, tmp_path, "e", DIMENSION, keys)

    def files() -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    assert peek() == {}
    assert files() == {}
    cache = VectorCache(tmp_path, "e", DIMENSION)
    cache.put(keys[:1], vectors[:1])
    assert list(peek()) == keys[:1]  # what stands in the log of a writer counts
    cache.put(keys[1:], vectors[1:])
    assert {key: vector.tolist() for key, vector in peek().items()} == dict(
        zip(keys, vectors.tolist(), strict=True)
    )
    cache.close()
    before = files()
    assert len(before) == 1
    assert peek().keys() == set(keys)
    assert files() == before
    (tmp_path / "vectors-e.sqlite").write_bytes(b"no database" * 1000)
    assert peek() == {}


def test_a_damaged_cache_is_told_with_its_remedy(tmp_path: Path) -> None:
    (tmp_path / "vectors-e.sqlite").write_bytes(b"no database" * 100)
    with pytest.raises(StoreError) as caught:
        VectorCache(tmp_path, "e", DIMENSION)
    assert "Delete" in caught.value.remedy
