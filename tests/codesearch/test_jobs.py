"""Jobs over several real repositories: what is synced, what is told, what one failure leaves."""

from __future__ import annotations

import gc
import shutil
from pathlib import Path

import pytest

import repos
from codesearch import CodesearchError, Index, Settings
from codesearch.events import Event, Kind
from codesearch.home import Home
from codesearch.jobfile import read_jobs
from codesearch.jobs import Job, registered, run


def told(*jobs: Job, wait: bool = True) -> list[Event]:
    """All events but the last, after a look at that one."""
    *events, last = run(jobs, Settings.load(), wait=wait)
    assert last.event is Kind.FINISHED
    assert last.repositories == len(jobs)
    return events


def kinds(events: list[Event]) -> list[tuple[Kind, str | None]]:
    return [(event.event, event.ref) for event in events]


def followed(folder: Path) -> dict[str, str]:
    with Index.open(folder, settings=Settings.load()) as index:
        return {ref.name: ref.commit for ref in index.refs()}


@pytest.fixture
def branches(shop: Path, home: Path) -> Path:
    """The shop with two branches that are followed, and a third that is not."""
    for name in ("feature/cart", "release"):
        repos.git(shop, "branch", name)
    told(Job(shop, ("main", "feature/cart")))
    return shop


def test_head_is_indexed_where_nothing_is(shop: Path, home: Path) -> None:
    (event,) = told(Job(shop))
    assert (event.event, event.ref, event.files) == (Kind.SYNCED, "main", 5)
    assert event.commit == repos.git(shop, "rev-parse", "HEAD")
    assert event.encoded == event.chunks
    assert kinds(told(Job(shop))) == [(Kind.UNCHANGED, "main")]


def test_all_followed_refs_are_brought_up_to_date(branches: Path) -> None:
    old = repos.git(branches, "rev-parse", "main")
    repos.git(branches, "switch", "--quiet", "feature/cart")
    repos.write(branches, {"web/new.js": "export function answer() { return 42; }\n"})
    new = repos.commit(branches)
    events = told(Job(branches))
    assert sorted(kinds(events)) == [(Kind.SYNCED, "feature/cart"), (Kind.UNCHANGED, "main")]
    assert [event.encoded for event in events if event.event is Kind.SYNCED] == [1]
    assert followed(branches) == {"main": old, "feature/cart": new}


def test_named_refs_alone_are_synced_and_followed_from_then_on(branches: Path) -> None:
    new = repos.commit(branches)
    repos.git(branches, "branch", "--force", "release", new)
    assert kinds(told(Job(branches, ("release",)))) == [(Kind.SYNCED, "release")]
    assert followed(branches)["release"] == new
    assert followed(branches)["main"] != new
    assert (Kind.SYNCED, "main") in kinds(told(Job(branches)))


def test_patterns_are_over_branches_and_tags_that_are_commits(branches: Path) -> None:
    repos.git(branches, "tag", "v1.0")
    repos.git(branches, "tag", "-a", "-m", "second", "v1.1")
    repos.git(branches, "tag", "v1-key", "HEAD:README.md")
    repos.git(branches, "update-ref", "refs/remotes/origin/v9", "HEAD")
    assert kinds(told(Job(branches, ("v*", "w*")))) == [
        (Kind.SYNCED, "v1.0"),
        (Kind.SYNCED, "v1.1"),
        (Kind.UNMATCHED, "w*"),
    ]
    assert kinds(told(Job(branches, ("feature*",)))) == [(Kind.UNCHANGED, "feature/cart")]
    assert kinds(told(Job(branches, ("origin/*",)))) == [(Kind.SYNCED, "origin/v9")]


def test_a_branch_and_a_tag_of_one_name_are_told_apart(branches: Path) -> None:
    told(Job(branches, ("refs/heads/release",)))
    repos.git(branches, "tag", "release")
    repos.git(branches, "switch", "--quiet", "release", "--")
    repos.write(branches, {"web/new.js": "export function answer() { return 42; }\n"})
    new = repos.commit(branches)
    assert (Kind.SYNCED, "release") in kinds(told(Job(branches)))
    assert followed(branches)["release"] == new
    assert set(followed(branches)) == {"main", "feature/cart", "release"}


def test_a_name_of_both_is_the_tag_and_is_followed_as_that(branches: Path) -> None:
    old = repos.git(branches, "rev-parse", "release")
    repos.git(branches, "tag", "release")
    new = repos.commit(branches)
    repos.git(branches, "update-ref", "refs/heads/release", new)
    repos.git(branches, "tag", "HEAD", old)
    told(Job(branches, ("release", "heads/release", "HEAD")))
    with Index.open(branches, settings=Settings.load()) as index:
        found = {ref.full_name: ref.commit for ref in index.refs()}
        assert index.repository.head().branch == "main"
    assert found | {"refs/heads/feature/cart": ""} == {
        "refs/heads/feature/cart": "",
        "refs/heads/main": new,
        "refs/heads/release": new,
        "refs/tags/release": old,
    }
    repos.git(branches, "tag", "--force", "release", new)
    told(Job(branches))
    with Index.open(branches, settings=Settings.load()) as index:
        assert {ref.commit for ref in index.refs() if ref.full_name == "refs/tags/release"} == {new}


def test_a_deleted_branch_is_forgotten_and_is_no_failure(branches: Path) -> None:
    repos.git(branches, "branch", "-D", "feature/cart")
    assert kinds(told(Job(branches))) == [
        (Kind.UNCHANGED, "main"),
        (Kind.FORGOTTEN, "feature/cart"),
    ]
    assert list(followed(branches)) == ["main"]


def test_where_all_branches_followed_are_gone_head_is_indexed(branches: Path) -> None:
    repos.git(branches, "switch", "--quiet", "release")
    repos.git(branches, "branch", "-D", "feature/cart", "main")
    events = told(Job(branches))
    assert kinds(events)[0] == (Kind.SYNCED, "release")
    assert sorted(kinds(events)[1:]) == [(Kind.FORGOTTEN, "feature/cart"), (Kind.FORGOTTEN, "main")]
    assert events[0].encoded == 0


def test_a_name_that_git_does_not_know_is_a_failure(branches: Path) -> None:
    events = told(Job(branches, ("main", "mian")))
    assert kinds(events) == [(Kind.UNCHANGED, "main"), (Kind.FAILED, "mian")]
    assert "no revision 'mian'" in (events[1].error or "")
    assert events[1].remedy


def test_a_repository_that_is_broken_does_not_stop_the_others(
    branches: Path, tmp_path: Path
) -> None:
    broken = repos.init(tmp_path / "broken")
    repos.write(broken, {"a.py": "def a():\n    return 1\n"})
    repos.commit(broken)
    blob = repos.git(broken, "rev-parse", "HEAD:a.py")
    path = broken / ".git/objects" / blob[:2] / blob[2:]
    path.chmod(0o644)
    path.write_bytes(b"garbage")
    empty = repos.init(tmp_path / "empty")
    nowhere = tmp_path / "nowhere"
    jobs = [Job(folder, ("HEAD",)) for folder in (broken, empty, nowhere, branches)]
    *events, last = run(jobs, Settings.load())
    assert [event.event for event in events] == [Kind.FAILED] * 3 + [Kind.UNCHANGED]
    assert "a.py" in (events[0].error or "")
    assert "no commits" in (events[1].error or "")
    assert "not a folder" in (events[2].error or "")
    assert last.failed == (str(broken), str(empty), str(nowhere))
    assert last.level == "error"


def test_a_broken_repository_keeps_its_index_and_its_refs(branches: Path) -> None:
    before = followed(branches)
    shutil.move(branches / ".git/objects", branches / ".git/gone")
    (branches / ".git/objects").mkdir()
    assert {event.event for event in told(Job(branches))} == {Kind.FAILED}
    (branches / ".git/objects").rmdir()
    shutil.move(branches / ".git/gone", branches / ".git/objects")
    assert followed(branches) == before


def test_who_does_not_wait_fails_on_a_locked_index(branches: Path, home: Path) -> None:
    from codesearch.store.locks import writer_lock  # noqa: PLC0415

    (folder,) = (home / "indexes").iterdir()
    lock = writer_lock(folder / "writer.lock", wait=True)
    (event,) = told(Job(branches), wait=False)
    lock.release()
    assert event.event is Kind.FAILED
    assert "writing this index" in (event.error or "")


def test_registered_are_all_clones_that_used_an_index(branches: Path, tmp_path: Path) -> None:
    repos.git(tmp_path, "clone", "--quiet", "--bare", "shop", "mirror.git")
    told(Job(tmp_path / "mirror.git"))
    jobs = registered(Home(Settings.load().home))
    assert [job.path for job in jobs] == [tmp_path / "mirror.git", branches]
    assert [event.event for event in told(*jobs)] == [Kind.UNCHANGED] * 3
    shutil.rmtree(tmp_path / "mirror.git")
    events = told(*jobs)
    assert (events[0].event, events[0].level) == (Kind.MISSING, "warning")
    assert "codesearch remove" in (events[0].remedy or "")


def test_detached_worktrees_that_are_followed_come_along(branches: Path, tmp_path: Path) -> None:
    folders = [tmp_path / "tree of mine", tmp_path / "unknown", tmp_path / "gone"]
    for folder in folders:
        repos.git(branches, "worktree", "add", "--quiet", "--detach", str(folder))
    mine, _, gone = folders
    told(Job(mine, ("HEAD",)), Job(gone, ("HEAD",)))
    shutil.rmtree(gone)
    new = repos.commit(mine)
    events = told(*registered(Home(Settings.load().home)))
    assert [event.repository for event in events] == [str(branches), str(branches), str(mine)]
    assert (events[-1].event, events[-1].ref, events[-1].commit) == (Kind.SYNCED, "HEAD", new)
    assert followed(mine)["HEAD"] == new
    assert "HEAD" not in {event.ref for event in told(Job(branches, ("main",)))}


def test_a_folder_that_lost_its_repository_is_not_the_one_around_it(
    branches: Path, tmp_path: Path
) -> None:
    told(Job(branches))
    jobs = registered(Home(Settings.load().home))
    shutil.rmtree(branches / ".git")
    repos.init(tmp_path)
    repos.commit(tmp_path)
    (first,) = told(*jobs)
    assert first.event is Kind.MISSING


def test_fetching_comes_first_and_its_failure_does_not_stop_the_sync(
    branches: Path, tmp_path: Path
) -> None:
    clone = tmp_path / "clone"
    repos.git(tmp_path, "clone", "--quiet", "shop", "clone")
    new = repos.commit(branches)
    job = Job(clone, ("origin/main",), fetch=True)
    events = told(job)
    assert kinds(events) == [(Kind.FETCHED, None), (Kind.SYNCED, "origin/main")]
    assert events[1].commit == new
    branches.rename(tmp_path / "moved")
    assert kinds(told(job)) == [(Kind.FAILED, None), (Kind.UNCHANGED, "origin/main")]


def test_nothing_of_a_repository_stays_in_memory(branches: Path) -> None:
    told(Job(branches), Job(branches))
    assert not [thing for thing in gc.get_objects() if isinstance(thing, Index)]


def test_a_file_of_jobs(tmp_path: Path) -> None:
    file = tmp_path / "nightly.toml"
    file.write_text(
        "[[repository]]\npath = 'shop'\nrefs = ['main', 'v*']\nfetch = true\n"
        "[[repository]]\npath = '/srv/git/x.git'\n"
    )
    assert read_jobs(file, refs=("HEAD",)) == [
        Job(tmp_path / "shop", ("main", "v*"), fetch=True),
        Job(Path("/srv/git/x.git"), ("HEAD",), fetch=False),
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "names no repository"),
        ("[[repository", "Cannot read jobs"),
        ("[repository]\npath = 'x'", "names no repository"),
        ("repository = ['x']", "not a table"),
        ("[[repository]]\nrefs = ['x']", "without a path"),
        ("[[repository]]\npath = 'x'\nref = 'main'", "unknown key 'ref'"),
        ("[[repository]]\npath = 'x'\nrefs = 'main'", "refs of x"),
        ("[[repository]]\npath = 'x'\nfetch = 'yes'", "fetch of x"),
        ("fetch = true\n[[repository]]\npath = 'x'", "unknown key 'fetch'"),
    ],
)
def test_a_file_of_jobs_with_a_fault(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "nightly.toml"
    file.write_text(text)
    with pytest.raises(CodesearchError, match=says) as error:
        read_jobs(file)
    assert error.value.remedy
