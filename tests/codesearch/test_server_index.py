"""``Index`` over a server, end to end: real repositories, the real encoder, the real program.

Which server this runs against, and what it lacks where no real one is at hand:
``support/qdrant_http.py``.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

import repos
from codesearch import Filter, Index, NotIndexedError, Progress, StoreError, named, search_many
from codesearch.store import connection as connections
from codesearch.store.server import ServerStore
from program import run
from stores import Place, Plain, contents, place_on_server
from tcp_proxy import proxying

PAINT = {"paint.py": 'def mix(a, b):\n    """Blend two colours."""\n    return a + b\n'}


@pytest.fixture
def place(
    server: str, tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Place]:
    """A server of this test's own, in the environment."""
    with place_on_server(server, tmp_path) as made:
        for name, value in made.environment.items():
            monkeypatch.setenv(name, value)
        yield made


@pytest.fixture
def on_server(place: Place, shop: Path) -> Iterator[Index]:
    """The shop's index on the server, not built yet."""
    with Index.open(shop) as opened:
        yield opened


@pytest.fixture
def forked(on_server: Index, shop: Path) -> Index:
    """``main`` as it was, and a branch ``paint`` with one more file; both indexed; on ``main``."""
    on_server.sync()
    repos.git(shop, "switch", "--quiet", "-c", "paint")
    repos.write(shop, PAINT)
    repos.commit(shop)
    on_server.sync()
    repos.git(shop, "switch", "--quiet", "main")
    return on_server


def stored(index: Index) -> dict[str, Plain]:
    return contents(index._store)


def stored_at(index: Index, commit: str) -> dict[str, Plain]:
    reader = index._store.reader()
    assert reader is not None
    with closing(reader):
        versions = reader.manifest().snapshots[commit].versions
    return {id_: row for id_, row in stored(index).items() if row[2]["version"] in versions}


def from_scratch(index: Index, commit: str, folder: Path) -> dict[str, Plain]:
    """The points of an index in a folder that was never about any other commit."""
    place = index.repository.root or index.repository.git_dir
    with Index.open(place, index_dir=folder, url="") as fresh:
        fresh.sync(commit)
        return contents(fresh._store)


def symbols(index: Index, at: str | None = None) -> set[str]:
    return {hit.chunk.symbol for hit in index.search("blend colours", top_k=50, at=at)}


def test_a_server_answers_as_a_folder_does(on_server: Index, shop: Path, tmp_path: Path) -> None:
    assert isinstance(on_server._store, ServerStore)
    assert not on_server.is_built
    with pytest.raises(NotIndexedError):
        on_server.search("anything")
    report = on_server.sync()
    assert stored(on_server) == from_scratch(on_server, report.commit, tmp_path / "folder")
    with Index.open(shop, index_dir=tmp_path / "folder", url="") as in_folder:
        for query in ("where are cookies signed?", "retry", "parcels leave", "format a date"):
            for chosen in (None, Filter(language="python"), Filter(path="shop/")):
                there = on_server.search(query, filter=chosen)
                here = in_folder.search(query, filter=chosen)
                assert [hit.location for hit in there] == [hit.location for hit in here]
                scores = [hit.score for hit in here]
                assert [hit.score for hit in there] == pytest.approx(scores, abs=2e-3)
        chunk = here[0].chunk
        assert on_server.source(chunk) == in_folder.source(chunk)
        near = [hit.location for hit in on_server.similar(chunk)]
        assert near == [hit.location for hit in in_folder.similar(chunk)]
    assert on_server.sync().encoded == 0
    assert on_server.freshness().is_current


def test_each_ref_answers_for_itself(forked: Index, shop: Path, tmp_path: Path) -> None:
    assert "mix" in symbols(forked, "paint")
    assert "mix" not in symbols(forked, "main")
    assert "mix" not in symbols(forked)
    assert [ref.name for ref in forked.refs()] == ["main", "paint"]
    for name in ("main", "paint"):
        commit = forked.repository.resolve(name)
        assert stored_at(forked, commit) == from_scratch(forked, commit, tmp_path / name)
    repos.git(shop, "switch", "--quiet", "paint")
    assert "mix" in symbols(forked)


@pytest.mark.slow
def test_changes_deletions_and_rewritten_branches(
    forked: Index, shop: Path, tmp_path: Path
) -> None:
    repos.git(shop, "rm", "--quiet", "web/dates.js")
    repos.git(shop, "mv", "shop/cart.py", "shop/basket.py")
    head = repos.commit(shop)
    forked.sync()
    assert stored_at(forked, head) == from_scratch(forked, head, tmp_path / "1")
    repos.git(shop, "switch", "--quiet", "paint")
    repos.write(shop, {"paint.py": "def smear():\n    return 1\n"})
    repos.git(shop, "commit", "--quiet", "--all", "--amend", "-m", "rewritten")
    head = forked.sync().commit
    assert symbols(forked) & {"mix", "smear"} == {"smear"}
    assert stored_at(forked, head) == from_scratch(forked, head, tmp_path / "2")
    repos.git(shop, "revert", "--no-edit", "HEAD")
    head = forked.sync().commit
    assert stored_at(forked, head) == from_scratch(forked, head, tmp_path / "3")
    repos.git(shop, "switch", "--quiet", "main")
    repos.git(shop, "branch", "--quiet", "-D", "paint")
    head = forked.sync().commit
    assert stored(forked) == from_scratch(forked, head, tmp_path / "4")


def test_a_revision_is_indexed_on_the_spot(forked: Index, shop: Path) -> None:
    repos.write(shop, {"late.py": 'def late():\n    """Blend late."""\n'})
    repos.commit(shop)
    repos.git(shop, "tag", "v1")
    assert "late" in symbols(forked, "v1")
    assert "late" not in symbols(forked, "v1~1")


def test_forget_gc_and_verify(forked: Index, shop: Path, tmp_path: Path) -> None:
    forked.forget("paint")
    assert [ref.name for ref in forked.refs()] == ["main"]
    main = forked.repository.resolve("main")
    assert stored(forked) == from_scratch(forked, main, tmp_path / "fresh")
    forked.gc()
    assert stored(forked) == from_scratch(forked, main, tmp_path / "fresh")
    report = forked.verify()
    assert (report.chunks, report.damage) == (len(stored(forked)), ())


def test_damage_is_found_and_mended(forked: Index, place: Place, tmp_path: Path) -> None:
    right = stored(forked)
    from qdrant_client import models  # noqa: PLC0415

    match = models.FieldCondition(key="path", match=models.MatchValue(value="shop/session.py"))
    state = forked._store.state()
    assert state is not None
    with closing(place.client()) as client:
        name = f"{place.prefix}-{state.fingerprint}"
        client.delete(name, models.FilterSelector(filter=models.Filter(must=[match])))
    assert [damage.path for damage in forked.verify().damage] == ["shop/session.py"]
    assert forked.verify(repair=True).repaired
    assert stored(forked) == right


def test_a_rebuild_brings_all_refs_along(forked: Index) -> None:
    before = stored(forked)
    report = forked.sync(rebuild=True)
    assert (report.rebuilt, report.encoded) == (True, 0)
    assert [ref.name for ref in forked.refs()] == ["main", "paint"]
    assert stored(forked) == before


def test_another_machine_finds_it_all_and_encodes_nothing(
    forked: Index, shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CODESEARCH_MACHINE", "there")
    monkeypatch.setenv("CODESEARCH_HOME", str(tmp_path / "home of another"))
    repos.git(shop, "clone", "--quiet", str(shop), str(tmp_path / "clone"))
    with Index.open(tmp_path / "clone") as other:
        assert other.search("sign a cookie", top_k=1)[0].chunk.symbol == "sign_cookie"
        assert other.refs() == []
        assert other.sync().encoded == 0
        assert [ref.name for ref in other.refs()] == ["main"]
        other.gc()
    assert [ref.name for ref in forked.refs()] == ["main", "paint"]
    assert "mix" in symbols(forked, "paint")


def test_another_machine_that_is_ahead_is_answered_from_its_branch(
    forked: Index, shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CODESEARCH_MACHINE", "there")
    monkeypatch.setenv("CODESEARCH_HOME", str(tmp_path / "home of another"))
    repos.git(shop, "clone", "--quiet", str(shop), str(tmp_path / "clone"))
    repos.commit(tmp_path / "clone", "not on the server yet")
    with Index.open(tmp_path / "clone") as other:
        freshness = other.freshness()  # though ``paint`` was indexed last
        assert freshness.commit == forked.repository.resolve("main")
        assert freshness.commits_behind == 1
        assert "mix" not in symbols(other)


def test_two_repositories_in_one_search(forked: Index, tmp_path: Path) -> None:
    garage = repos.init(tmp_path / "garage")
    repos.write(garage, {"wheels.py": 'def inflate():\n    """Pump up a tyre."""\n'})
    repos.commit(garage)
    with Index.open(garage) as other:
        other.sync()
        assert {hit.repository for hit in other.search("pump up a tyre", top_k=50)} == {"garage"}
        found = search_many(named([forked, other]), "pump up a tyre, or sign a cookie", top_k=50)
        assert {hit.repository for hit in found} == {"garage", "shop"}
    assert {hit.repository for hit in forked.search("pump up a tyre", top_k=50)} == {"shop"}


def test_a_removed_index_is_gone_here_and_there(forked: Index, shop: Path) -> None:
    forked.remove()
    assert not forked.directory.exists()
    with Index.open(shop) as again:
        assert not again.is_built
        assert again.sync().encoded > 0
        assert [ref.name for ref in again.refs()] == ["main"]


def test_the_program_works_with_a_server(place: Place, shop: Path) -> None:
    done = run("index", cwd=shop)
    assert done.returncode == 0, done.stderr
    done = run("search", "where are cookies signed?", cwd=shop)
    assert (done.returncode, "shop/session.py" in done.stdout) == (0, True), done.stderr
    assert "warn" not in done.stderr.lower()


@pytest.mark.slow
def test_a_server_that_is_away_is_told_by_the_program(place: Place, shop: Path) -> None:
    done = run("search", "anything", cwd=shop, CODESEARCH_URL="http://127.0.0.1:9")
    assert done.returncode == 2
    assert "Cannot reach the Qdrant server at http://127.0.0.1:9" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_the_extra_it_is_said_how_to_install_it(
    shop: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.startswith("codesearch.store.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "qdrant_client", None)
    with pytest.raises(Exception, match="needs a further package") as caught:
        Index.open(shop, url="http://127.0.0.1:9")
    assert "'.[server]'" in caught.value.remedy  # type: ignore[attr-defined]


def _many_functions(shop: Path) -> str:
    piece = 'def part{n}(a):\n    """Cut piece {n} of the cake."""\n    return {n}\n'
    repos.write(shop, {f"many/part{n}.py": piece.format(n=n) for n in range(24)})
    repos.git(shop, "rm", "--quiet", "web/dates.js")
    return repos.commit(shop)


def _sync_slowly(shop: Path, url: str) -> subprocess.Popen[bytes]:
    """A sync in a process of its own, in many small requests."""
    script = (
        "from codesearch.encoder.loaded import LoadedWeights; LoadedWeights.texts_at_once = 2\n"
        "from codesearch import Index\n"
        "with Index.open() as index: index.sync()\n"
    )
    environment = os.environ | {"CODESEARCH_URL": url, "PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.Popen([sys.executable, "-c", script], cwd=shop, env=environment)


# The lease, twelve batches of points, the manifest; then the record would be replaced.
@pytest.mark.parametrize("writes", [1, 2, 6, 12, 14])
@pytest.mark.slow
def test_a_killed_sync_changes_nothing_for_readers(
    forked: Index, shop: Path, tmp_path: Path, place: Place, writes: int
) -> None:
    old_head = forked.repository.resolve("main")
    before = stored(forked)
    head = _many_functions(shop)
    errors: list[Exception] = []
    seen: set[frozenset[str]] = set()
    stop = threading.Event()

    def look() -> None:
        with Index.open(shop) as other:
            while not stop.is_set():
                try:
                    hits = other.search("cut a piece of the cake", top_k=50, at=None)
                    seen.add(frozenset(hit.chunk.path for hit in hits))
                except Exception as error:
                    errors.append(error)

    looking = threading.Thread(target=look)
    looking.start()
    try:
        with proxying(place.url) as (url, proxy):
            proxy.stall_after = writes
            sync = _sync_slowly(shop, url)
            assert proxy.stalled.wait(60)
            sync.kill()
            assert sync.wait() == -signal.SIGKILL
    finally:
        stop.set()
        looking.join()
    assert not errors
    assert len(seen) == 1  # the state before, whole, all along
    assert forked.freshness().commit == old_head
    assert stored(forked) == before
    forked.sync()
    assert stored_at(forked, head) == from_scratch(forked, head, tmp_path / "fresh")
    assert set(stored(forked)) == set(stored_at(forked, head)) | set(
        stored_at(forked, forked.repository.resolve("paint"))
    )
    assert not forked.verify().damage


def test_a_sync_over_a_bad_line_ends_well(
    forked: Index, shop: Path, tmp_path: Path, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "_FIRST_PAUSE", 0.001)
    head = _many_functions(shop)
    with proxying(place.url) as (url, proxy), Index.open(shop, url=url) as shaky:
        proxy.lose_every = 2
        assert shaky.sync().encoded == 24
    assert stored_at(forked, head) == from_scratch(forked, head, tmp_path / "fresh")
    assert not forked.verify().damage


def test_a_sync_whose_server_goes_away_keeps_what_it_encoded(
    forked: Index, shop: Path, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "_FIRST_PAUSE", 0.001)
    before = stored(forked)
    _many_functions(shop)
    with proxying(place.url) as (url, proxy), Index.open(shop, url=url) as cut_off:

        def cut(progress: Progress) -> None:
            if progress.encoded:
                proxy.stop_after = 0

        with pytest.raises(StoreError, match="Cannot reach"):
            cut_off.sync(on_progress=cut)
    assert stored(forked) == before
    report = forked.sync()
    assert (report.encoded, report.reused) == (0, 24)


def test_the_working_tree_lies_over_a_server_too(
    on_server: Index, shop: Path, tmp_path: Path
) -> None:
    """The same hits in the same order as from an embedded index; nothing of it on the server."""
    on_server.sync()
    before = stored(on_server)
    repos.write(shop, PAINT | {"shop/session.py": "def bake(cookie):\n    return cookie\n"})
    (shop / "web/dates.js").unlink()
    with Index.open(shop, index_dir=tmp_path / "embedded", url="") as embedded:
        embedded.sync()
        for question in ("blend two colours", "bake a cookie", "format a date", "mix"):
            hits = on_server.search(question)
            assert [hit.location for hit in hits] == [h.location for h in embedded.search(question)]
            assert "web/dates.js" not in {hit.chunk.path for hit in hits}
    assert on_server.search("blend two colours")[0].chunk.symbol == "mix"
    assert on_server.freshness().overlaid_files == 3
    assert stored(on_server) == before
