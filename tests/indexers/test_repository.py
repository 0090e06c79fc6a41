from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from indexers.errors import RepositoryError
from indexers.repository import Head, Repository
from tests.indexers.conftest import Playground, git

HELLO = b"print('hello')\n"


@pytest.fixture
def committed(repo: Playground) -> Playground:
    repo.commit({"hello.py": HELLO, "src/deep/a.py": "a = 1\n", "src/b.py": "b = 2\n"})
    return repo


def contents(repository: Repository, revision: str = "HEAD") -> dict[str, bytes]:
    tree = repository.tree(repository.resolve(revision))
    return {entry.path: repository.read(entry.blob, entry.path) for entry in tree}


def script(path: Path, line: str) -> Path:
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o755)
    return path


# Opening


@pytest.mark.parametrize("folder", ["", "src", "src/deep"])
def test_any_folder_of_the_working_tree_opens_its_repository(committed, folder):
    with Repository.open(committed.path / folder) as repository:
        assert repository.root == committed.path
        assert repository.git_dir == repository.common_dir == committed.path / ".git"
        assert repository.name == "project"
        assert repository.head() == Head(committed.git("rev-parse", "HEAD"), "main")


def test_objects_are_read_not_the_working_tree(committed):
    committed.write("hello.py", "changed, not committed")
    committed.write("new.py", "")
    with Repository.open(str(committed.path)) as repository:
        found = contents(repository)
    assert found == {"hello.py": HELLO, "src/b.py": b"b = 2\n", "src/deep/a.py": b"a = 1\n"}


def test_a_bare_repository_has_no_root(committed, tmp_path):
    git("clone", "--quiet", "--bare", "project", "mirror.git", cwd=tmp_path)
    with Repository.open(tmp_path / "mirror.git") as repository:
        assert repository.root is None
        assert repository.name == "mirror"
        assert contents(repository)["hello.py"] == HELLO
        assert repository.is_dirty() == 0
    with Repository.open(tmp_path / "mirror.git" / "objects") as repository:
        assert repository.git_dir == tmp_path / "mirror.git"


def test_the_git_folder_opens_too(committed):
    with Repository.open(committed.path / ".git") as repository:
        assert repository.root is None
        assert repository.name == "project"


def test_who_must_name_bare_repositories_to_git_has_named_them(committed, tmp_path, git_of_nobody):
    with git_of_nobody.open("a") as config:
        config.write("[safe]\nbareRepository = explicit\n")
    committed.git("clone", "--quiet", "--bare", ".", "../bare.git")
    committed.git("worktree", "add", "--quiet", "../linked")
    for place in (tmp_path / "bare.git", committed.path / ".git"):
        with Repository.open(place) as repository:
            assert (repository.git_dir, repository.root) == (place, None)
            assert repository.head().branch == "main"
    with Repository.open(committed.path / ".git/worktrees/linked") as repository:
        assert (repository.common_dir, repository.root) == (committed.path / ".git", None)
        assert repository.head().branch == "linked"
    with pytest.raises(RepositoryError, match="not in a git repository"):
        Repository.open(tmp_path / "bare.git/refs")


def test_worktrees_share_common_dir_identity_and_name(committed, tmp_path):
    committed.git("worktree", "add", "--quiet", "-b", "fix", "../fix a bug")
    fix = Playground(tmp_path / "fix a bug")
    fix.commit({"fix.py": "fixed = True\n"})
    with Repository.open(committed.path) as main, Repository.open(fix.path) as linked:
        assert linked.root == fix.path
        assert linked.git_dir != main.git_dir
        assert linked.common_dir == main.common_dir
        assert linked.identity() == main.identity()
        assert linked.name == main.name
        assert linked.head().branch == "fix"
        assert "fix.py" in contents(linked)
        assert "fix.py" not in contents(main)


def test_a_worktree_on_a_branch_without_shared_history_has_the_same_identity(committed, tmp_path):
    committed.git("worktree", "add", "--quiet", "--detach", "../pages")
    pages = Playground(tmp_path / "pages")
    pages.git("checkout", "--quiet", "--orphan", "pages")
    root = pages.commit({"index.html": "<html>"})
    with Repository.open(committed.path) as main, Repository.open(pages.path) as linked:
        assert linked.identity() == main.identity() != root


def test_clones_share_their_identity_and_other_repositories_do_not(
    committed, make_repo: Callable[..., Playground], tmp_path
):
    first = committed.git("rev-parse", "HEAD")
    committed.commit({"later.py": "later = 1\n"})
    git("clone", "--quiet", "project", "copy", cwd=tmp_path)
    other = make_repo("other")
    other.commit({"other.py": "other = 1\n"})
    with (
        Repository.open(committed.path) as original,
        Repository.open(tmp_path / "copy") as copy,
        Repository.open(other.path) as stranger,
    ):
        assert original.identity() == copy.identity() == first
        assert stranger.identity() != first


def test_a_shallow_clone_reads_and_has_some_identity(committed, tmp_path):
    committed.commit({"later.py": "later = 1\n"})
    git("clone", "--quiet", "--depth=1", committed.path.as_uri(), "shallow", cwd=tmp_path)
    with Repository.open(tmp_path / "shallow") as repository:
        assert contents(repository)["later.py"] == b"later = 1\n"
        assert repository.identity() == repository.head().commit


def test_a_submodule_is_an_entry_outside_and_a_repository_inside(
    committed, make_repo: Callable[..., Playground]
):
    outer = make_repo("outer")
    allow = ("-c", "protocol.file.allow=always")
    outer.git(*allow, "submodule", "--quiet", "add", "../project", "libs/inner one")
    outer.commit()
    with Repository.open(outer.path) as repository:
        entries = {e.path: e for e in repository.tree(repository.head().commit)}
        assert entries["libs/inner one"].mode == 0o160000
        assert entries["libs/inner one"].blob == committed.git("rev-parse", "HEAD")
    with Repository.open(outer.path / "libs/inner one") as repository:
        assert repository.root == outer.path / "libs/inner one"
        assert repository.name == "inner one"
        assert contents(repository)["hello.py"] == HELLO
        assert repository.is_dirty() == 0


def test_sha256_repositories(make_repo: Callable[..., Playground]):
    repo = make_repo("long", "--object-format=sha256")
    commit = repo.commit({"hello.py": HELLO})
    with Repository.open(repo.path) as repository:
        assert repository.head() == Head(commit, "main")
        assert len(commit) == len(repository.identity()) == 64
        assert contents(repository) == {"hello.py": HELLO}


def test_variables_of_a_hook_do_not_lead_astray(committed, make_repo, monkeypatch):
    other = make_repo("other")
    other.commit({"other.py": "x = 1\n"})
    monkeypatch.setenv("GIT_DIR", str(other.path / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other.path / ".git/index"))
    with Repository.open(committed.path) as repository:
        assert "hello.py" in contents(repository)
        assert repository.is_dirty() == 0


# What is not there


def test_no_repository(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(RepositoryError, match="is not in a git repository") as caught:
        Repository.open(tmp_path)
    assert caught.value.remedy


@pytest.mark.parametrize("path", ["nowhere", "~nobody-of-that-name", "a" * 300])
def test_no_folder(path):
    with pytest.raises(RepositoryError, match="is not a folder"):
        Repository.open(path)


def test_no_commits(repo):
    with Repository.open(repo.path) as repository:
        for ask in (repository.head, repository.identity, lambda: repository.resolve("HEAD")):
            with pytest.raises(RepositoryError, match="has no commits yet") as caught:
                ask()
            assert caught.value.remedy == "make a first commit"


def test_no_git(committed, monkeypatch):
    monkeypatch.setenv("PATH", str(committed.path))
    with pytest.raises(RepositoryError, match="git is not installed") as caught:
        Repository.open(committed.path)
    assert "install git" in caught.value.remedy


# Revisions


def test_revisions_resolve_to_commits(committed):
    first = committed.git("rev-parse", "HEAD")
    committed.git("tag", "--annotate", "--message=One", "v1")
    committed.git("branch", "feature/x")
    second = committed.commit({"hello.py": "changed\n"})
    with Repository.open(committed.path) as repository:
        for revision in ("v1", "feature/x", "HEAD~1", first, first[:10]):
            assert repository.resolve(revision) == first
        assert repository.resolve("main") == second


@pytest.mark.parametrize(
    "revision",
    [
        "",
        "nope",
        "--all",
        "--output=x",
        "HEAD:hello.py",
        "HEAD^{tree}",
        "0" * 40,
        "a\0b",
        "HEAD..v1",
    ],
)
def test_what_is_no_commit_does_not_resolve(committed, revision):
    with (
        Repository.open(committed.path) as repository,
        pytest.raises(RepositoryError, match="has no revision") as caught,
    ):
        repository.resolve(revision)
    assert caught.value.remedy


def test_detached_head_has_no_branch(committed):
    commit = committed.git("rev-parse", "HEAD")
    committed.git("checkout", "--quiet", "--detach")
    with Repository.open(committed.path) as repository:
        assert repository.head() == Head(commit, None)


def test_commits_between(committed):
    ids = [committed.git("rev-parse", "HEAD"), committed.commit(), committed.commit()]
    with Repository.open(committed.path) as repository:
        assert repository.commits_between(ids[0], ids[2]) == 2
        assert repository.commits_between(ids[2], ids[0]) == 0
        assert repository.commits_between("1" * 40, ids[2]) is None
        with pytest.raises(RepositoryError, match="not a full object id"):
            repository.commits_between("--all", ids[0])


# Trees


def test_tree_has_sizes_modes_and_every_kind_of_entry(committed):
    script(committed.path / "run", "true")
    (committed.path / "link").symlink_to("hello.py")
    commit = committed.commit()
    with Repository.open(committed.path) as repository:
        entries = {entry.path: entry for entry in repository.tree(commit)}
    assert entries["hello.py"].mode == 0o100644
    assert entries["hello.py"].size == len(HELLO)
    assert entries["run"].mode == 0o100755
    assert entries["link"].mode == 0o120000


@pytest.mark.parametrize("root", ["src", "src/", "/src"])
def test_tree_below_a_folder_keeps_paths_whole(committed, root):
    with Repository.open(committed.path) as repository:
        commit = repository.head().commit
        assert [e.path for e in repository.tree(commit, root)] == ["src/b.py", "src/deep/a.py"]
        assert len(repository.tree(commit)) == 3
        assert repository.tree(commit, "nowhere") == []


def test_names_with_spaces_tabs_and_letters_of_all_kinds(repo):
    names = ["a b/c d.py", "größe/日本.py", "tab\there.py", 'quo"te.py', "-rf.py", "new\nline.py"]
    commit = repo.commit(dict.fromkeys(names, HELLO))
    with Repository.open(repo.path) as repository:
        assert sorted(e.path for e in repository.tree(commit)) == sorted(names)


def test_a_name_that_is_not_utf8_is_kept_readable(repo):
    with Path(os.fsdecode(bytes(repo.path) + b"/caf\xe9.py")).open("wb") as file:
        file.write(HELLO)
    commit = repo.commit()
    with Repository.open(repo.path) as repository:
        (entry,) = repository.tree(commit)
        assert entry.path == r"caf\xe9.py"
        assert entry.path.encode() == rb"caf\xe9.py"
        assert repository.read(entry.blob) == HELLO


def test_a_tree_that_climbs_out_of_the_repository_is_cut(repo):
    repo.commit({"fine.py": HELLO})
    blob = repo.git("rev-parse", "HEAD:fine.py")
    commit = repo.commit_rows(*((name, blob) for name in ("fine.py", "..", ".git", "fine.py")))
    with Repository.open(repo.path) as repository:
        assert [entry.path for entry in repository.tree(commit)] == ["fine.py"]


# Blobs


def test_bytes_come_back_as_they_are(repo):
    data = bytes(range(256)) * 5000 + b"\n\n"
    commit = repo.commit({"data.bin": data, "empty.txt": b"", "crlf.txt": b"a\r\nb\r\n"})
    with Repository.open(repo.path) as repository:
        assert contents(repository, commit) == {
            "crlf.txt": b"a\r\nb\r\n",
            "data.bin": data,
            "empty.txt": b"",
        }


def damage(repo: Playground, revision: str, content: bytes | None) -> str:
    blob = repo.git("rev-parse", revision)
    file = repo.path / ".git/objects" / blob[:2] / blob[2:]
    file.unlink()
    if content is not None:
        file.write_bytes(content)
    return blob


@pytest.mark.parametrize("content", [b"", b"no zlib stream", None], ids=["empty", "junk", "gone"])
def test_a_damaged_object_is_named_with_its_path_and_the_next_one_reads(committed, content):
    blob = damage(committed, "HEAD:hello.py", content)
    with Repository.open(committed.path) as repository:
        entries = {e.path: e for e in repository.tree(repository.head().commit)}
        with pytest.raises(RepositoryError, match=r"hello\.py") as caught:
            repository.read(blob, "hello.py")
        assert blob[:12] in str(caught.value)
        assert "git fsck" in caught.value.remedy
        assert repository.read(entries["src/b.py"].blob) == b"b = 2\n"


def test_truncated_content_is_an_error(repo):
    blob = None
    repo.commit({"big.py": os.urandom(200_000)})
    blob = repo.git("rev-parse", "HEAD:big.py")
    file = repo.path / ".git/objects" / blob[:2] / blob[2:]
    whole = file.read_bytes()
    file.unlink()
    file.write_bytes(whole[: len(whole) // 2])
    with Repository.open(repo.path) as repository, pytest.raises(RepositoryError, match=r"big\.py"):
        repository.read(blob, "big.py")


def test_only_full_ids_reach_the_reader(committed):
    with Repository.open(committed.path) as repository:
        for text in ("HEAD", "abc", "x\n" * 20, ""):
            with pytest.raises(RepositoryError, match="not a full object id"):
                repository.read(text)


def test_a_reader_that_is_killed_is_started_again(committed):
    with Repository.open(committed.path) as repository:
        blob = repository.tree(repository.head().commit)[0].blob
        repository.read(blob)
        os.kill(repository._blobs._process.pid, signal.SIGKILL)
        try:  # whether the end is seen before the question or after it is a matter of time
            repository.read(blob)
        except RepositoryError as error:
            assert "ended while reading" in str(error)
        assert repository.read(blob) == HELLO


def test_an_interrupted_answer_is_not_taken_for_the_next_one(repo, monkeypatch):
    commit = repo.commit({"first.py": HELLO, "second.py": b"second = 2\n"})
    with Repository.open(repo.path) as repository:
        first, second = (entry.blob for entry in repository.tree(commit))
        repository.read(first)
        child = repository._blobs._process

        class Interrupted:
            readline, close = child.stdout.readline, child.stdout.close

            def read(self, size: int) -> bytes:
                raise KeyboardInterrupt

        monkeypatch.setattr(child, "stdout", Interrupted())
        with pytest.raises(KeyboardInterrupt):
            repository.read(first)
        assert child.poll() is not None
        assert repository.read(second) == b"second = 2\n"
        assert repository.read(first) == HELLO


def test_close_ends_the_child_and_reading_starts_another(committed):
    repository = Repository.open(committed.path)
    blob = repository.tree(repository.head().commit)[0].blob
    repository.read(blob)
    child = repository._blobs._process
    repository.close()
    assert child.poll() is not None
    assert repository.read(blob) == HELLO
    repository.close()


def test_threads_do_not_mix_their_answers(repo):
    files = {f"{n}.py": f"n = {n}\n" * (n * 50 + 1) for n in range(20)}
    commit = repo.commit(files)
    wrong: list[str] = []

    def read_all(repository: Repository) -> None:
        for entry in repository.tree(commit) * 5:
            if repository.read(entry.blob).decode() != files[entry.path]:
                wrong.append(entry.path)

    with Repository.open(repo.path) as repository:
        threads = [threading.Thread(target=read_all, args=(repository,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not wrong


def test_what_a_partial_clone_lacks_is_not_fetched_and_the_remedy_works(committed, tmp_path):
    committed.git("config", "uploadpack.allowFilter", "true")
    url = committed.path.as_uri()
    git("clone", "--quiet", "--bare", "--filter=blob:none", url, "partial.git", cwd=tmp_path)
    with Repository.open(tmp_path / "partial.git") as repository:
        entry = repository.tree(repository.head().commit)[0]
        assert entry.size == -1
        with pytest.raises(RepositoryError, match=r"hello\.py") as caught:
            repository.read(entry.blob, entry.path)
        remedy = caught.value.remedy
        assert "git fetch --refetch --no-filter" in remedy
    git("fetch", "--quiet", "--refetch", "--no-filter", cwd=tmp_path / "partial.git")
    with Repository.open(tmp_path / "partial.git") as repository:
        assert repository.read(entry.blob) == HELLO


def test_replaced_objects_are_not_what_an_id_names(committed):
    committed.commit({"other.py": "other\n"})
    committed.git(
        "replace", *(committed.git("rev-parse", f"HEAD:{n}.py") for n in ("hello", "other"))
    )
    with Repository.open(committed.path) as repository:
        assert contents(repository)["hello.py"] == HELLO


# Dirty files


def test_dirty_counts_tracked_files_staged_or_not(committed):
    with Repository.open(committed.path) as repository:
        assert repository.is_dirty() == 0
        committed.write("untracked.py", "")
        assert repository.is_dirty() == 0
        committed.write("hello.py", "changed")
        assert repository.is_dirty() == 1
        committed.write("src/b.py", "staged")
        committed.git("add", "src/b.py")
        (committed.path / "src/deep/a.py").unlink()
        assert repository.is_dirty() == 3


def test_asking_writes_nothing(committed):
    os.utime(committed.path / "hello.py", (1, 1))  # git would like to refresh its index now
    git_dir = committed.path / ".git"
    before = {p: p.stat().st_mtime_ns for p in git_dir.rglob("*")}
    with Repository.open(committed.path / "src") as repository:
        assert repository.is_dirty() == 0
        contents(repository)
        repository.identity()
    assert {p: p.stat().st_mtime_ns for p in git_dir.rglob("*")} == before


# Hostile repositories


def test_programs_that_a_repository_names_are_not_run(committed, tmp_path):
    ran = tmp_path / "ran"
    evil = str(script(tmp_path / "evil", f"touch '{ran}'; cat"))
    for key in (
        "core.fsmonitor",
        "core.pager",
        "core.sshCommand",
        "core.askPass",
        "core.alternateRefsCommand",
        "diff.external",
        "diff.evil.textconv",
        "gpg.program",
        "filter.evil.clean",
        "filter.evil.smudge",
        "filter.a=b.clean",
        "filter.a=b.process",
        "alias.status",
    ):
        committed.git("config", key, evil if key != "alias.status" else f"!{evil}")
    committed.git("config", "filter.evil.required", "true")
    committed.git("config", "remote.origin.url", f"ext::{evil}")
    committed.git("config", "remote.origin.promisor", "true")
    hooks = committed.path / ".git/hooks"
    for hook in ("post-index-change", "reference-transaction", "fsmonitor-watchman"):
        script(hooks / hook, f"touch '{ran}'")
    (committed.path / ".git/info/attributes").write_text(
        "*.py filter=evil diff=evil\nb.py filter=a=b\n"
    )
    committed.write("hello.py", "print('HELLO')\n")  # same size: git compares the content
    committed.write("src/b.py", "b = 3\n")
    with Repository.open(committed.path) as repository:
        contents(repository)
        assert repository.is_dirty() == 2
        repository.identity()
        repository.head()
        repository.commits_between(repository.resolve("HEAD"), repository.resolve("main"))
        with pytest.raises(RepositoryError):
            repository.read("1" * 40)
    assert not ran.exists()


@pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() != 0, reason="only root can give a folder away"
)
def test_a_foreign_repository_is_refused_and_the_remedy_works(committed, git_of_nobody):
    for path in (committed.path, committed.path / ".git"):
        os.chown(path, 12345, 12345)
    with pytest.raises(RepositoryError, match="belongs to another user") as caught:
        Repository.open(committed.path)
    command = f"git config --global --add safe.directory {committed.path}"
    assert command in caught.value.remedy
    git(*command.split()[1:], cwd=committed.path.parent)
    with Repository.open(committed.path) as repository:
        assert contents(repository)["hello.py"] == HELLO
