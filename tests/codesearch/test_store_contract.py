"""What every store must do, over the embedded one and over one on a server.

Which server that is, and what it lacks where no real one is at hand: ``support/qdrant_http.py``.
(``server``: over Qdrant Edge; ``local_server``: over qdrant-client's local mode.)
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random

import numpy as np
import pytest

from codesearch.errors import IndexLockedError
from codesearch.store import (
    Condition,
    ManifestEntry,
    Point,
    Reader,
    Ref,
    Snapshot,
    Store,
    version_key,
)
from codesearch.store.embedded import EmbeddedStore
from codesearch.writer import point_id
from indexers.types import FileVersion
from stores import Place, Plain, contents, place_on_server, plain

DIMENSION = 4
QUERY = np.array([1, 0, 0, 0], np.float32)
MAIN, SIDE = Ref("refs/heads/main", "/here/.git"), Ref("refs/heads/side", "/here/.git")


@pytest.fixture(params=["embedded", "server", "local_server"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    if request.param == "embedded":
        yield Place(str(tmp_path))
    else:
        url = request.getfixturevalue(request.param)
        with place_on_server(url, tmp_path) as on_server:
            yield on_server


@pytest.fixture
def store(place: Place) -> Iterator[Store]:
    with closing(place.open()) as opened:
        yield opened


def make_point(
    name: str, *axes: float, blob: str = "b", language: str = "python", terms: tuple[int, ...] = ()
) -> Point:
    vector = np.array((*axes, *[0.0] * (DIMENSION - len(axes))), np.float16)
    payload = {
        "version": version_key(name, blob),
        "path": name,
        "language": language,
        "kind": "function",
    }
    return Point(make_id(name, blob), vector, dict.fromkeys(terms, 1.5), payload)


def make_id(name: str, blob: str = "b") -> str:
    return point_id(FileVersion(name, blob), 0)


def snapshot(*names: str, blob: str = "b") -> Snapshot:
    return Snapshot("rules", {name: ManifestEntry(blob, 1, "python") for name in names})


def publish(
    store: Store,
    commit: str,
    *points: Point,
    ref: Ref = MAIN,
    deleted: tuple[str, ...] = (),
    fingerprint: str = "f",
    from_scratch: bool = False,
) -> None:
    writer = store.writer(fingerprint, DIMENSION, from_scratch=from_scratch)
    writer.upsert(points)
    writer.delete(deleted)
    files = snapshot(*(str(point.payload["path"]) for point in points))
    writer.manifest.follow(ref, commit, files)
    writer.publish()


def reading(store: Store) -> closing[Reader]:
    reader = store.reader()
    assert reader is not None
    return closing(reader)


def nearest(reader: Reader, *where: Condition, limit: int = 10) -> list[str]:
    return [id_ for id_, _ in reader.nearest(QUERY, limit, where)]


def test_nothing_is_published_at_first(store: Store) -> None:
    assert store.reader() is None
    assert store.state() is None
    assert store.current_name() is None


def test_a_reader_finds_by_vector_and_by_terms(store: Store) -> None:
    publish(store, "c1", make_point("a", 1.0, terms=(7,)), make_point("b", 0.6, 0.8, terms=(8, 9)))
    with reading(store) as reader:
        assert reader.state.commits == {"c1"}
        assert reader.name == store.current_name()
        found = reader.nearest(QUERY, 10)
        assert [id_ for id_, _ in found] == [make_id("a"), make_id("b")]
        assert [score for _, score in found] == pytest.approx([1.0, 0.6], abs=1e-3)
        assert [id_ for id_, _ in reader.matching({8: 1.0}, 10)] == [make_id("b")]
        assert reader.matching({}, 10) == []
        rows = reader.payloads([make_id("b"), make_id("a")])
        assert rows == [
            dict(make_point("b").payload),
            dict(make_point("a").payload),
        ]
        assert reader.payloads([]) == []


def test_rare_terms_weigh_more(store: Store) -> None:
    points = [make_point(f"p{n}", 1.0, terms=(1,)) for n in range(9)]
    publish(store, "c1", *points, make_point("rare", 1.0, terms=(2,)))
    with reading(store) as reader:
        found = dict(reader.matching({1: 1.0, 2: 1.0}, 20))
    # ln((n - df + .5) / (df + .5) + 1), times the weight 1.5
    assert found[make_id("rare")] == pytest.approx(1.5 * np.log(9.5 / 1.5 + 1), rel=1e-3)
    assert found[make_id("p3")] == pytest.approx(1.5 * np.log(1.5 / 9.5 + 1), rel=1e-3)


def test_points_come_back_as_they_went_in(store: Store) -> None:
    points = [make_point("a", 0.1, 0.2, terms=(3, 5)), make_point("b", 1.0)]
    publish(store, "c1", *points)
    assert contents(store) == {point.id: plain(point) for point in points}


def test_conditions_are_applied_before_the_cut(store: Store) -> None:
    many = [make_point(f"py{n}", 1.0) for n in range(20)]
    publish(store, "c1", *many, make_point("go", 0.1, 0.9, language="go"))
    with reading(store) as reader:
        go = [make_id("go")]
        assert nearest(reader, Condition("language", ("go",)), limit=3) == go
        assert nearest(reader, Condition("language", ("python",), negated=True), limit=3) == go
        keys = tuple(version_key(f"py{n}", "b") for n in range(20))
        assert nearest(reader, Condition("version", keys, negated=True), limit=3) == go
        assert nearest(reader, Condition("version", (version_key("go", "b"),)), limit=3) == go
        assert nearest(reader, Condition("path", ()), limit=3) == []
        assert len(nearest(reader, Condition("path", (), negated=True), limit=30)) == 21


def test_a_reader_keeps_its_state_while_a_newer_one_is_published(store: Store) -> None:
    publish(store, "c1", make_point("a", 1.0, terms=(1,)), make_point("x", 0.5, terms=(1,)))
    with reading(store) as old:
        publish(store, "c2", make_point("b", 0.0, 1.0, terms=(1,)), deleted=(make_id("x"),))
        assert set(nearest(old)) == {make_id("a"), make_id("x")}
        assert {id_ for id_, _ in old.matching({1: 1.0}, 10)} == {make_id("a"), make_id("x")}
        assert {point.id for point in old.points()} == {make_id("a"), make_id("x")}
        assert set(old.manifest().snapshots) == {"c1"}
        assert len(old.payloads([make_id("x")])) == 1
        with reading(store) as new:
            assert set(nearest(new)) == {make_id("a"), make_id("b")}
            assert {id_ for id_, _ in new.matching({1: 1.0}, 10)} == {make_id("a"), make_id("b")}
            assert (old.state.commits, new.state.commits) == ({"c1"}, {"c2"})
            assert new.name == store.current_name() != old.name


def test_nothing_is_seen_before_it_is_published(store: Store) -> None:
    publish(store, "c1", make_point("a", 1.0), make_point("x", 0.5))
    writer = store.writer("f", DIMENSION)
    writer.upsert([make_point("b", 1.0)])
    writer.delete([make_id("x")])
    before = {make_id("a"), make_id("x")}
    with reading(store) as reader:
        assert set(nearest(reader)) == set(contents(store)) == before
        writer.manifest.follow(MAIN, "c2", snapshot("a", "b"))
        writer.publish()
        assert set(nearest(reader)) == before
    assert set(contents(store)) == {make_id("a"), make_id("b")}


def test_two_readers_in_two_processes(store: Store, place: Place) -> None:
    publish(store, "c1", make_point("a", 1.0))
    with reading(store):
        done = place.run("reader = place.open().reader(); print(*reader.state.commits)")
    assert done.stdout == "c1\n", done.stderr


def test_abandoned_work_leaves_no_trace(store: Store) -> None:
    publish(store, "c1", make_point("a", 1.0))
    name, before = store.current_name(), contents(store)
    writer = store.writer("f", DIMENSION)
    writer.upsert([make_point("b", 1.0)])
    writer.delete([make_id("a")])
    writer.manifest.follow(MAIN, "c2", snapshot("b"))
    writer.abandon()
    assert (store.current_name(), contents(store)) == (name, before)
    publish(store, "c2", make_point("c", 1.0))
    assert set(contents(store)) == {make_id("a"), make_id("c")}


def test_what_was_deleted_can_come_back(store: Store) -> None:
    publish(store, "c1", make_point("a", 1.0), make_point("x", 0.5))
    publish(store, "c2", deleted=(make_id("x"),))
    publish(store, "c3", make_point("x", 0.5))
    assert set(contents(store)) == {make_id("a"), make_id("x")}
    with reading(store) as reader:
        assert nearest(reader) == [make_id("a"), make_id("x")]


def test_deleted_and_added_again_in_one_go(store: Store) -> None:
    publish(store, "c1", make_point("a", 1.0))
    writer = store.writer("f", DIMENSION)
    writer.delete([make_id("a")])
    writer.upsert([make_point("a", 0.0, 1.0)])
    writer.manifest.follow(MAIN, "c2", snapshot("a"))
    writer.publish()
    point = make_point("a", 0.0, 1.0)
    assert contents(store) == {point.id: plain(point)}


def test_another_fingerprint_begins_empty(store: Store) -> None:
    publish(store, "c1", make_point("a", 1.0))
    with reading(store) as old:
        writer = store.writer("other model", DIMENSION)
        assert writer.manifest.snapshots == {}
        writer.upsert([make_point("b", 1.0)])
        assert set(contents(store)) == {make_id("a")}
        writer.manifest.follow(MAIN, "c2", snapshot("b"))
        writer.publish()
        assert nearest(old) == [make_id("a")]
    assert set(contents(store)) == {make_id("b")}
    state = store.state()
    assert state is not None
    assert (state.fingerprint, state.commits) == ("other model", {"c2"})


def test_a_rebuild_begins_empty_beside_the_old(store: Store) -> None:
    publish(store, "c1", make_point("a", 1.0), make_point("x", 0.5))
    with reading(store) as old:
        writer = store.writer("f", DIMENSION, from_scratch=True)
        assert writer.manifest.snapshots == {}
        writer.upsert([make_point("a", 0.0, 1.0)])
        assert set(contents(store)) == {make_id("a"), make_id("x")}
        writer.manifest.follow(MAIN, "c1", snapshot("a"))
        writer.publish()
        assert nearest(old) == [make_id("a"), make_id("x")]
        assert {point.id for point in old.points()} == {make_id("a"), make_id("x")}
    point = make_point("a", 0.0, 1.0)
    assert contents(store) == {point.id: plain(point)}


def test_the_manifest_is_remembered(store: Store) -> None:
    publish(store, "c1", make_point("a", 1.0))
    writer = store.writer("f", DIMENSION)
    assert writer.manifest.refs == {MAIN: "c1"}
    assert writer.manifest.snapshots == {"c1": snapshot("a")}
    writer.abandon()


def test_each_commit_sees_its_own_versions(store: Store) -> None:
    one, two = make_point("a", 1.0), make_point("a", 0.9, blob="other")
    publish(store, "c1", one, make_point("b", 0.5))
    writer = store.writer("f", DIMENSION)
    writer.upsert([two])
    files = snapshot("b").files | snapshot("a", blob="other").files
    writer.manifest.follow(SIDE, "c2", Snapshot("rules", dict(files)))
    writer.publish()
    with reading(store) as reader:
        assert reader.state.refs == {MAIN: "c1", SIDE: "c2"}
        assert nearest(reader, *reader.visible("c1")) == [one.id, make_id("b")]
        assert nearest(reader, *reader.visible("c2")) == [two.id, make_id("b")]


def test_a_commit_with_everything_needs_no_condition(store: Store) -> None:
    publish(store, "c1", make_point("a", 1.0))
    with reading(store) as reader:
        assert reader.visible("c1") == []


def test_a_second_writer_leaves_or_waits(store: Store, place: Place) -> None:
    writer = store.writer("f", DIMENSION)
    with pytest.raises(IndexLockedError, match=f"pid {os.getpid()}"):
        store.writer("f", DIMENSION, wait=False)
    writer.abandon()
    store.writer("f", DIMENSION, wait=False).abandon()


@pytest.mark.parametrize("moment", ["before", "between", "after"])
@pytest.mark.slow
def test_a_killed_writer_changes_nothing(store: Store, place: Place, moment: str) -> None:
    publish(store, "c1", make_point("a", 1.0), make_point("x", 0.5))
    name, before = store.current_name(), contents(store)
    kill = "os.kill(os.getpid(), signal.SIGKILL)\n"
    steps = {
        "before": kill,
        "between": f"writer.upsert([point])\n{kill}",
        "after": f"writer.upsert([point]); writer.delete([gone])\n{kill}",
    }
    done = place.run(
        "import os, signal, numpy as np\n"
        f"payload = {dict(make_point('b').payload)!r}\n"
        f"point = Point({make_id('b')!r}, np.ones(4, np.float16), {{}}, payload)\n"
        f"gone = {make_id('x')!r}\n"
        "writer = place.open().writer('f', 4)\n" + steps[moment]
    )
    assert done.returncode == -9, done.stderr
    assert (store.current_name(), contents(store)) == (name, before)
    writer = store.writer("f", DIMENSION, wait=False)  # whose lock is free at once
    writer.upsert([make_point("c", 1.0)])
    writer.manifest.follow(MAIN, "c2", snapshot("a", "x", "c"))
    writer.publish()
    point = make_point("c", 1.0)
    assert contents(store) == before | {point.id: plain(point)}


def test_compacting_changes_nothing(store: Store) -> None:
    publish(store, "c1", make_point("a", 1.0), make_point("x", 0.5))
    publish(store, "c2", deleted=(make_id("x"),))
    before = contents(store)
    store.compact("f", DIMENSION)
    assert contents(store) == before
    state = store.state()
    assert state is not None
    assert state.commits == {"c2"}


def test_a_writer_can_publish_and_go_on(store: Store) -> None:
    writer = store.writer("f", DIMENSION)
    writer.upsert([make_point("a", 1.0)])
    writer.manifest.follow(MAIN, "c1", snapshot("a"))
    writer.manifest.partial = "c1"
    writer.publish(go_on=True)
    with reading(store) as first:
        assert first.state.partial == "c1"
        writer.upsert([make_point("b", 0.5)])
        assert nearest(first) == [make_id("a")]
        with pytest.raises(IndexLockedError):
            store.writer("f", DIMENSION, wait=False)
        writer.manifest.follow(MAIN, "c1", snapshot("a", "b"))
        writer.publish(go_on=True)
        writer.upsert([make_point("c", 0.1)])
        writer.delete([make_id("a")])
        writer.abandon()
        assert nearest(first) == [make_id("a")]
    with reading(store) as second:
        assert nearest(second) == [make_id("a"), make_id("b")]
        assert set(second.manifest().snapshots["c1"].files) == {"a", "b"}


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.slow
def test_any_history_of_changes_equals_a_plain_dictionary(store: Store, seed: int) -> None:
    """Points come, go and come back; work is published, abandoned, begun anew beside the old.

    Who reads all along sees what was there when they began. (Not promised is a point that goes and
    comes back while they read; nor that readers see one that is deleted and added in one go.)
    """
    random = Random(seed)
    points = [make_point(f"p{n}", 1.0, terms=(n,)) for n in range(12)]
    publish(store, "begin")
    expected: dict[str, Plain] = {}
    for step in range(8 if isinstance(store, EmbeddedStore) else 40):  # a copy costs more
        reader, began = reading(store), expected
        from_scratch = random.random() < 0.1
        writer = store.writer("f", DIMENSION, from_scratch=from_scratch)
        now = {} if from_scratch else dict(expected)
        came_back = False
        for _ in range(random.randrange(4)):
            some = random.sample(points, random.randrange(1, 5))
            gone = [point.id for point in some if point.id in now]
            new = [point for point in some if point.id not in now | expected]
            came_back |= any(point.id in began for point in new)
            writer.upsert(new)
            writer.delete(gone)
            now = {id_: row for id_, row in now.items() if id_ not in gone}
            now |= {point.id: plain(point) for point in new}
            if random.random() < 0.2:
                writer.manifest.follow(MAIN, f"c{step}", snapshot())
                writer.publish(go_on=True)
                expected = dict(now)
        assert contents(store) == expected, f"seed {seed}, step {step}"
        if random.random() < 0.3:
            writer.abandon()
        else:
            writer.manifest.follow(MAIN, f"c{step}", snapshot())
            writer.publish()
            expected = now
        assert contents(store) == expected, f"seed {seed}, step {step}"
        with reader as opened:
            if not came_back or from_scratch:
                found = {point.id: plain(point) for point in opened.points()}
                assert found == began, f"seed {seed}, step {step}"
