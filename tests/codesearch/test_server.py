"""What only the server store has: tenants, leases, lost lines, clearing up, refusals.

Which server this runs against, and what it lacks where no real one is at hand:
``support/qdrant_http.py``. Lines are cut by a real TCP proxy in between.
"""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pytest

from codesearch.errors import CodesearchError, IndexLockedError, StoreError
from codesearch.settings import Settings
from codesearch.store import ManifestEntry, Point, Ref, Snapshot, Store, lease, version_key
from codesearch.store import connection as connections
from codesearch.store.connection import Connection
from codesearch.store.opening import open_store
from codesearch.store.server import ServerStore
from codesearch.writer import point_id
from indexers.types import FileVersion
from qdrant_http import serving
from stores import Place, contents, place_on_server
from tcp_proxy import proxying

QUERY = np.array([1, 0, 0, 0], np.float32)
MAIN = Ref("refs/heads/main", "/src/.git")


@pytest.fixture
def place(server: str, tmp_path: Path) -> Iterator[Place]:
    with place_on_server(server, tmp_path) as made:
        yield made


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer and shorter pauses than for people."""
    monkeypatch.setattr(connections, "_FIRST_PAUSE", 0.001)


def open_at(place: Place, *, grace: float = 60.0) -> ServerStore:
    store = place.open()
    assert isinstance(store, ServerStore)
    store._site = replace(store._site, grace=grace)
    return store


def make_point(name: str, *axes: float, terms: tuple[int, ...] = ()) -> Point:
    vector = np.array((*axes, *[0.0] * (4 - len(axes))), np.float16)
    payload = {"path": name, "version": version_key(name, "b"), "kind": "function"}
    return Point(make_id(name), vector, dict.fromkeys(terms, 1.0), payload)


def make_id(name: str) -> str:
    return point_id(FileVersion(name, "b"), 0)


def follow(writer: object, commit: str, *names: str) -> None:
    files = {name: ManifestEntry("b", 1, "python") for name in names}
    writer.manifest.follow(MAIN, commit, Snapshot("rules", files))  # type: ignore[attr-defined]


def publish(
    store: Store, commit: str, *names: str, gone: tuple[str, ...] = (), fingerprint: str = "f"
) -> None:
    writer = store.writer(fingerprint, 4)
    try:
        writer.upsert([make_point(name, 1.0, terms=(1,)) for name in names])
        writer.delete([make_id(name) for name in gone])
        follow(writer, commit, *names)
        writer.publish()
    except BaseException:
        writer.abandon()
        raise


def names(store: Store) -> set[str]:
    return {str(payload["path"]) for _, _, payload in contents(store).values()}


def everything(place: Place, collection: str = "f") -> set[tuple[str, str]]:
    """Repository and path of all points there are, seen or not."""
    with closing(place.client()) as client:
        rows, _ = client.scroll(f"{place.prefix}-{collection}", limit=1000)
    return {(row.payload["repo"], row.payload["path"]) for row in rows if row.payload}


def test_repositories_share_a_collection_and_do_not_see_each_other(place: Place) -> None:
    one, two = open_at(place), open_at(replace(place, repo="two", folder=f"{place.folder}/2"))
    publish(one, "c1", "a", "b", "only-one")
    publish(two, "c2", "a", "b", "only-two")
    assert (names(one), names(two)) == ({"a", "b", "only-one"}, {"a", "b", "only-two"})
    with closing(place.client()) as client:
        made = {row.name for row in client.get_collections().collections}
    assert {name for name in made if name.startswith(place.prefix)} == {
        f"{place.prefix}-f",
        f"{place.prefix}-meta",
    }
    publish(two, "c3", "new", gone=("a", "b", "only-two"))
    assert names(one) == {"a", "b", "only-one"}


def test_how_rare_a_term_is_counts_within_the_repository(place: Place) -> None:
    one, two = open_at(place), open_at(replace(place, repo="two", folder=f"{place.folder}/2"))
    publish(one, "c1", "a", "b")
    reader = one.reader()
    assert reader is not None
    alone = reader.matching({1: 1.0}, 10)
    publish(two, "c1", *(f"other{n}" for n in range(30)))
    assert reader.matching({1: 1.0}, 10) == alone


def test_refs_of_machines_are_kept_apart(place: Place) -> None:
    here, there = open_at(place), open_at(replace(place, machine="there", folder="/nowhere"))
    publish(here, "c1", "a")
    state = there.state()
    assert state is not None
    assert [ref.is_elsewhere for ref in state.refs] == [True]
    there = open_at(replace(place, machine="there", folder=f"{place.folder}/2"))
    publish(there, "c2", "b")
    state = here.state()
    assert state is not None
    assert state.refs == {MAIN: "c1", Ref(MAIN.name, "@there:/src/.git"): "c2"}
    publish(here, "c3", "c")
    state = there.state()
    assert state is not None
    assert state.refs == {MAIN: "c2", Ref(MAIN.name, "@here:/src/.git"): "c3"}


def test_one_machine_at_a_time_writes(place: Place) -> None:
    other = open_at(replace(place, machine="there", folder=f"{place.folder}/2"))
    writer = open_at(place).writer("f", 4)
    with pytest.raises(IndexLockedError, match=r"pid \d+ on .* is writing"):
        other.writer("f", 4, wait=False)
    writer.abandon()
    other.writer("f", 4, wait=False).abandon()


def test_a_lease_without_a_sign_of_life_ends(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_at(place)
    other = open_at(replace(place, machine="there", folder=f"{place.folder}/2"))
    publish(store, "c1", "a")
    monkeypatch.setattr(lease, "_SECONDS", 0.2)
    sleeper = store.writer("f", 4)
    sleeper.upsert([make_point("b", 1.0)])
    monkeypatch.setattr(lease, "_SECONDS", 120.0)
    monkeypatch.setattr(lease, "_POLL", 0.05)
    publish(other, "c2", "c")  # waits for the end of the lease, and takes over
    with pytest.raises(IndexLockedError, match="taken over"):
        sleeper.upsert([make_point("d", 1.0)])
    follow(sleeper, "c3", "b", "d")
    with pytest.raises(IndexLockedError):
        sleeper.publish()
    sleeper.abandon()
    assert names(store) == {"a", "c"}
    publish(store, "c4", "e")
    assert names(store) == {"a", "c", "e"}


def test_what_an_overtaken_writer_still_sends_is_not_seen(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its requests may have been under way when the other took over."""
    store = open_at(place)
    other = open_at(replace(place, machine="there", folder=f"{place.folder}/2"))
    publish(store, "c1", "a", "x", "y")
    sleeper = store.writer("f", 4)
    sleeper.upsert([make_point("first", 1.0)])
    with closing(place.client()) as client:  # as if its time had come
        client.set_payload(f"{place.prefix}-meta", {"expires": 0.0}, [store.records._id("lease")])
    publish(other, "c2", "c", gone=("y",))
    monkeypatch.setattr(lease.Lease, "hold", lambda self: None)
    sleeper.upsert([make_point("late", 1.0), make_point("c", 0.0, 1.0)])
    sleeper.delete([make_id("x"), make_id("y"), make_id("c")])
    assert names(store) == {"a", "x", "c"}
    before = contents(store)
    follow(sleeper, "c3", "late")
    with pytest.raises(IndexLockedError):
        sleeper.publish()
    sleeper.abandon()
    assert contents(store) == before
    publish(other, "c4", "d", gone=("x",))  # goes on from there, and clears up
    assert names(store) == {"a", "c", "d"}


@pytest.mark.parametrize(
    ("cut", "heals"), [("lose_after", False), ("stop_after", False), ("lose_after", True)]
)
@pytest.mark.slow
def test_a_line_cut_at_any_moment_leaves_the_old_state_or_the_new(
    place: Place, cut: str, heals: bool, hasty: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once for each request of a publication; for good, or until one question was given up."""
    monkeypatch.setattr(connections, "_PATIENT_TRIES", 2)
    monkeypatch.setattr(connections, "_TRIES", 2)
    store = open_at(place)
    publish(store, "c0", "a", "old0")
    wanted = {"a", "old0"}
    given_up = 0
    for moment in range(100):
        old, new = f"old{moment}", f"old{moment + 1}"
        with proxying(place.url) as (url, proxy):
            setattr(proxy, cut, moment)
            proxy.heal_after = moment + 2 if heals else None
            try:
                publish(open_at(place.over(url)), f"c{moment + 1}", new, gone=(old,))
            except StoreError as error:
                assert "Cannot reach" in str(error)
                given_up += 1
        assert names(store) in (wanted, wanted - {old} | {new})
        publish(store, f"c{moment + 1}", new, gone=(old,))
        wanted = wanted - {old} | {new}
        assert names(store) == wanted
        if proxy.requests < moment:
            break
    assert given_up > 8
    assert moment < 99


@pytest.mark.parametrize("every", [2, 3])
def test_lost_answers_are_asked_for_again(place: Place, every: int, hasty: None) -> None:
    store = open_at(place)
    with proxying(place.url) as (url, proxy):
        proxy.lose_every = every
        shaky = open_at(place.over(url))
        publish(shaky, "c1", "a", "b", "x")
        publish(shaky, "c2", "c", gone=("x",))
        assert names(shaky) == {"a", "b", "c"}
    assert names(store) == {"a", "b", "c"}
    state = store.state()
    assert state is not None
    assert state.commits == {"c2"}


def test_refused_connections_are_tried_again(place: Place, hasty: None) -> None:
    publish(open_at(place), "c1", "a")
    with proxying(place.url) as (url, proxy):
        proxy.refuse = 2
        assert names(open_at(place.over(url))) == {"a"}
        proxy.refuse = 1000
        with pytest.raises(StoreError, match=r"Cannot reach .* \(tried 4 times\)") as caught:
            open_at(place.over(url)).current_name()
    assert "try again" in caught.value.remedy


def test_a_server_that_never_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "_TRIES", 1)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        settings = Settings(home=tmp_path, url=url, server_timeout=1)
        with pytest.raises(StoreError, match=r"Cannot reach .*timed out"):
            open_store(settings, tmp_path, lambda: "r").current_name()


def test_pauses_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "_FIRST_PAUSE", 0.05)
    started = time.monotonic()
    with closing(Connection.open("http://127.0.0.1:9")) as connection, pytest.raises(StoreError):
        connection.ask(lambda client: client.info())
    assert 0.5 * (0.05 + 0.1 + 0.2) <= time.monotonic() - started < 5


def test_deleted_points_are_cleared_away_after_a_while(place: Place) -> None:
    patient, hurried = open_at(place), open_at(place, grace=0.0)
    repo = place.repo
    publish(patient, "c1", "a", "x")
    publish(patient, "c2", gone=("x",))
    patient.compact("f", 4)
    assert everything(place) == {(repo, "a"), (repo, "x")}  # somebody may still read c1
    hurried.compact("f", 4)
    assert everything(place) == {(repo, "a")}
    publish(patient, "c3", "b")
    assert names(patient) == {"a", "b"}


@pytest.mark.slow
def test_nothing_piles_up_over_any_history(place: Place) -> None:
    random = Random(1)
    store = open_at(place, grace=0.0)
    now: set[str] = set()
    for step in range(40):
        writer = store.writer("f", 4, from_scratch=random.random() < 0.1)
        before = set() if not writer.manifest.snapshots else now
        new = {f"p{n}" for n in random.sample(range(12), 4)} - now
        gone = {name for name in before if random.random() < 0.3}
        writer.upsert([make_point(name, 1.0) for name in sorted(new)])
        writer.delete([make_id(name) for name in sorted(gone)])
        if random.random() < 0.3:
            writer.abandon()
        else:
            follow(writer, f"c{step}", *(before - gone | new))
            writer.publish()
            now = before - gone | new
        assert names(store) == now, step
    store.compact("f", 4)
    assert everything(place) == {(place.repo, name) for name in now}
    with closing(place.client()) as client:
        rows, _ = client.scroll(f"{place.prefix}-meta", limit=1000)
    assert sorted(row.payload["kind"] for row in rows if row.payload) == ["blob", "lease", "state"]


def test_what_a_killed_writer_left_is_cleared_away(place: Place) -> None:
    store = open_at(place)
    publish(store, "c1", "a", "x")
    done = place.run(
        "import os, signal, numpy as np\n"
        f"point = Point({make_id('b')!r}, np.ones(4, np.float16), {{}}, {{'path': 'b'}})\n"
        "writer = place.open().writer('f', 4)\n"
        f"writer.upsert([point]); writer.delete([{make_id('x')!r}])\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert (place.repo, "b") in everything(place)
    store.writer("f", 4).abandon()
    assert everything(place) == {(place.repo, "a"), (place.repo, "x")}
    publish(store, "c2", "c")
    assert names(store) == {"a", "x", "c"}


def test_clearing_up_spares_the_neighbours(place: Place) -> None:
    other = open_at(replace(place, repo="two", folder=f"{place.folder}/2"), grace=0.0)
    store = open_at(place, grace=0.0)
    publish(other, "c1", "a", "x")
    publish(store, "c1", "a", "x")
    publish(store, "c2", gone=("x",))
    writer = store.writer("f", 4)
    writer.upsert([make_point("b", 1.0)])
    writer.abandon()
    assert names(other) == {"a", "x"}
    assert everything(place) == {(place.repo, "a"), ("two", "a"), ("two", "x")}


def test_a_new_fingerprint_is_built_beside_and_the_alias_follows(place: Place) -> None:
    one = open_at(place, grace=0.0)
    two = open_at(replace(place, repo="two", folder=f"{place.folder}/2"), grace=0.0)

    def look() -> tuple[set[str], str]:
        with closing(place.client()) as client:
            made = {row.name for row in client.get_collections().collections}
            aliases = client.get_aliases().aliases
        mine = {name.removeprefix(f"{place.prefix}-") for name in made if place.prefix in name}
        target = {row.alias_name: row.collection_name for row in aliases}[place.prefix]
        return mine - {"meta"}, target.removeprefix(f"{place.prefix}-")

    publish(one, "c1", "a")
    publish(two, "c1", "b")
    assert look() == ({"f"}, "f")
    publish(one, "c1", "a", fingerprint="g")
    assert look() == ({"f", "g"}, "f")  # the other repository is still there
    assert (names(one), names(two)) == ({"a"}, {"b"})
    publish(two, "c1", "b", fingerprint="g")
    assert look() == ({"f", "g"}, "g")
    one.compact("g", 4)
    assert everything(place) == {("two", "b")}
    two.compact("g", 4)
    assert look() == ({"g"}, "g")
    assert (names(one), names(two)) == ({"a"}, {"b"})


def test_a_removed_repository_leaves_nothing_but_its_numbers(place: Place) -> None:
    other = open_at(replace(place, repo="two", folder=f"{place.folder}/2"))
    store = open_at(place)
    publish(store, "c0", "old", fingerprint="before")
    publish(store, "c1", "a")
    publish(other, "c1", "b")
    number = store.records.current_seq()
    store.remove()
    assert store.current_name() is None
    assert store.reader() is None
    assert everything(place) == {("two", "b")}
    with closing(place.client()) as client:
        made = {row.name for row in client.get_collections().collections}
        rows, _ = client.scroll(f"{place.prefix}-meta", limit=1000)
    assert f"{place.prefix}-before" not in made
    left = [row.payload["kind"] for row in rows if row.payload and row.payload["repo"] != "two"]
    assert left == ["lease"]
    publish(store, "c2", "c")
    assert names(store) == {"c"}
    assert (store.records.current_seq() or 0) > (number or 0)
    assert names(other) == {"b"}


def test_a_large_manifest_is_kept_in_parts(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("codesearch.store.records._PART", 100)
    store = open_at(place)
    many = tuple(f"file{n}" for n in range(60))
    publish(store, "c1", *many)
    published = store.records.published()
    assert published is not None
    assert published.blobs["manifest"] > 5
    reader = store.reader()
    assert reader is not None
    assert set(reader.manifest().snapshots["c1"].files) == set(many)


def test_a_lost_collection_is_told_and_mended(place: Place) -> None:
    store = open_at(place)
    publish(store, "c1", "a")
    reader = store.reader()
    assert reader is not None
    with closing(place.client()) as client:
        client.delete_collection(f"{place.prefix}-f")
    with pytest.raises(StoreError, match="lost a collection") as caught:
        reader.nearest(QUERY, 3)
    assert "--rebuild" in caught.value.remedy
    writer = store.writer("f", 4, from_scratch=True)
    writer.upsert([make_point("a", 1.0)])
    follow(writer, "c1", "a")
    writer.publish()
    assert names(store) == {"a"}


@pytest.mark.parametrize("damage", [{"refs": 7}, {"seq": "x"}, {"blobs": {"manifest": 9}}])
def test_a_damaged_record_is_told_and_mended(place: Place, damage: dict[str, object]) -> None:
    store = open_at(place)
    publish(store, "c1", "a")
    with closing(place.client()) as client:
        client.set_payload(f"{place.prefix}-meta", damage, [store.records._id("state")])
    with pytest.raises(StoreError, match="cannot be read") as caught:
        store.current_name()
        reader = store.reader()
        assert reader is not None
        reader.manifest()
    assert "--rebuild" in caught.value.remedy
    writer = store.writer("f", 4, from_scratch=True)
    writer.upsert([make_point("b", 1.0)])
    follow(writer, "c1", "b")
    writer.publish()
    assert names(store) == {"b"}


def test_a_collection_of_another_shape_is_left_alone(place: Place) -> None:
    from qdrant_client import models  # noqa: PLC0415

    with closing(place.client()) as client:
        vector = models.VectorParams(size=3, distance=models.Distance.COSINE)
        client.create_collection(f"{place.prefix}-f", vectors_config={"dense": vector})
    with pytest.raises(StoreError, match="has a shape that is not codesearch's") as caught:
        publish(open_at(place), "c1", "a")
    assert "CODESEARCH_SERVER_PREFIX" in caught.value.remedy


def test_a_wrong_key_is_told_and_not_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(key="the right one") as url:
        place = Place(str(tmp_path), url, "test")
        for key in ("", "a wrong one"):
            monkeypatch.setenv("CODESEARCH_API_KEY", key)
            with pytest.raises(StoreError, match="refuses access") as caught:
                open_store(place.settings, tmp_path, lambda: place.repo).current_name()
            assert "CODESEARCH_API_KEY" in caught.value.remedy
            assert "a wrong one" not in f"{caught.value!r} {caught.value.remedy}"
        monkeypatch.setenv("CODESEARCH_API_KEY", "the right one")
        store = open_store(place.settings, tmp_path, lambda: place.repo)
        publish(store, "c1", "a")
        assert names(store) == {"a"}


def test_an_old_server_is_told(tmp_path: Path) -> None:
    with (
        serving(version="1.18.2") as url,
        pytest.raises(StoreError, match=r"version 1\.18\.2; 1\.19 or later") as caught,
    ):
        Place(str(tmp_path), url, "test").open().writer("f", 4)
    assert caught.value.remedy == "Upgrade the server"


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("qdrant.example.org", "is not the address"),
        ("ftp://example.org", "is not the address"),
        ("http://", "is not the address"),
    ],
)
def test_an_address_that_is_none(tmp_path: Path, url: str, message: str) -> None:
    with pytest.raises(StoreError, match=message):
        Place(str(tmp_path), url).open()


def test_certificates_that_cannot_be_read(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, url="https://127.0.0.1:9", server_ca=tmp_path / "none")
    with pytest.raises(StoreError, match="Cannot prepare") as caught:
        open_store(settings, tmp_path, lambda: "r")
    assert "CODESEARCH_SERVER_CA" in caught.value.remedy


def test_a_key_over_an_open_line_is_warned_of() -> None:
    with pytest.warns(UserWarning, match="insecure"):
        Connection.open("http://qdrant.example.org:6333", key="k").close()


def test_a_password_in_the_address_is_not_shown(tmp_path: Path, hasty: None) -> None:
    with pytest.raises(StoreError, match=r"http://127\.0\.0\.1:9:") as caught:
        Place(str(tmp_path), "http://me:secret@127.0.0.1:9").open().current_name()
    assert "secret" not in f"{caught.value!r} {caught.value.remedy}"


def test_something_else_than_qdrant_is_told(tmp_path: Path) -> None:
    with serving() as url, pytest.raises(StoreError, match="does not answer as a Qdrant"):
        Place(str(tmp_path), f"{url}/elsewhere", "test").open().current_name()


def test_a_certificate_must_be_trusted(tmp_path: Path) -> None:
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    with serving(certificate=(certificate, key)) as url:
        settings = Settings(home=tmp_path, url=url)
        untrusting = open_store(settings, tmp_path, lambda: "r")
        with pytest.raises(StoreError, match="is not trusted") as caught:
            untrusting.current_name()
        assert "CODESEARCH_SERVER_CA" in caught.value.remedy
        trusting = open_store(replace(settings, server_ca=certificate), tmp_path, lambda: "r")
        assert trusting.current_name() is None


def test_settings_of_the_server_come_from_the_environment() -> None:
    loaded = Settings.load(
        {
            "CODESEARCH_CONFIG": "/dev/null",
            "CODESEARCH_URL": "https://q:6333",
            "CODESEARCH_SERVER_SHARDS": "3",
            "CODESEARCH_SERVER_ON_DISK": "true",
            "CODESEARCH_SERVER_QUANTIZATION": "none",
        }
    )
    assert (loaded.url, loaded.server_shards) == ("https://q:6333", 3)
    assert (loaded.server_on_disk, loaded.server_quantization) == (True, "none")
    for name, value in (("SHARDS", "0"), ("ON_DISK", "maybe"), ("QUANTIZATION", "int4")):
        with pytest.raises(CodesearchError, match="unusable value"):
            Settings.load({"CODESEARCH_CONFIG": "/dev/null", f"CODESEARCH_SERVER_{name}": value})
