"""Git hooks: real git commands start the real program in the background."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import repos
from codesearch import CodesearchError, Index, Settings
from codesearch.hooks.install import HOOKS, install, uninstall
from codesearch.store.locks import try_lock
from indexers.repository import Repository
from program import run

PYTHON_HOOK = "#!/usr/bin/env python3\nimport pathlib; pathlib.Path('ran').write_text('yes')\n"


@pytest.fixture(autouse=True)
def identity(monkeypatch: pytest.MonkeyPatch) -> None:
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Test")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "test@example.org")


@pytest.fixture
def hooked(indexed: Path, home: Path, starts: Path) -> Path:
    """The shop, indexed, with hooks whose background processes leave a line in ``starts``."""
    done = run("hooks", "install", cwd=indexed / "web")
    assert done.returncode == 0, done.stderr
    counted(indexed / ".git/codesearch/hook", starts)
    return indexed


@pytest.fixture
def starts(tmp_path: Path) -> Path:
    """A file with a line for every process that hooks started."""
    (tmp_path / "starts").touch()
    return tmp_path / "starts"


def counted(hook: Path, starts: Path) -> None:
    """Let the starter start its program by way of a script that counts."""
    counter = starts.with_name("counter")
    text = hook.read_text()
    (line,) = (line for line in text.splitlines() if line.startswith("python="))
    python = line.removeprefix("python=")
    counter.write_text(f'#!/bin/sh\necho "$*" >>"{starts}"\nexec {python} "$@"\n')
    counter.chmod(0o755)
    hook.write_text(text.replace(line, f"python='{counter}'"))


def until(condition: Callable[[], bool], seconds: float = 60) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.1)
    return condition()


def indexed_at(folder: Path) -> dict[str, str]:
    with Index.open(folder, settings=Settings.load()) as index:
        return {ref.name: ref.commit for ref in index.refs()}


def is_fresh(folder: Path, ref: str = "main") -> bool:
    return indexed_at(folder).get(ref) == repos.git(folder, "rev-parse", "HEAD")


def at_rest(folder: Path) -> bool:
    """Nothing waits, nothing runs."""
    if list((Path(repos.git(folder, "rev-parse", "--git-common-dir"))).glob("codesearch/waiting*")):
        return False
    with Index.open(folder, settings=Settings.load()) as index:
        lock = try_lock(index.directory / "hooks.lock", shared=False, create=True)
        if lock:
            lock.release()
        return lock is not None


def test_a_commit_is_searchable_soon_after(hooked: Path) -> None:
    repos.write(hooked, {"web/new.js": "export function answer() { return 42; }\n"})
    repos.commit(hooked)
    assert until(lambda: is_fresh(hooked))
    assert until(lambda: at_rest(hooked))
    done = run("hooks", "status", cwd=hooked)
    assert done.returncode == 0
    assert f"{hooked} main: indexed at" in done.stdout
    assert done.stdout.count(" installed\n") == len(HOOKS)


@pytest.mark.parametrize("how", ["merge", "rebase", "switch", "amend"])
@pytest.mark.slow
def test_what_else_moves_head(hooked: Path, how: str) -> None:
    repos.git(hooked, "switch", "--quiet", "-c", "feature")
    repos.commit(hooked, "ahead")
    assert until(lambda: is_fresh(hooked, "feature"))
    assert until(lambda: at_rest(hooked))
    if how == "merge":
        repos.git(hooked, "-c", f"core.hooksPath={os.devnull}", "switch", "--quiet", "main")
        repos.git(hooked, "merge", "--quiet", "feature")
    elif how == "rebase":
        repos.git(hooked, "update-ref", "refs/heads/main", repos.git(hooked, "rev-parse", "HEAD~"))
        repos.git(hooked, "rebase", "--quiet", "--force-rebase", "main")
    elif how == "switch":
        repos.git(hooked, "switch", "--quiet", "-c", "other")
    else:
        repos.git(hooked, "commit", "--quiet", "--amend", "--allow-empty", "-m", "again")
    branch = repos.git(hooked, "branch", "--show-current")
    assert until(lambda: is_fresh(hooked, branch))


@pytest.mark.slow
def test_a_storm_starts_few_processes_and_ends_fresh(hooked: Path, starts: Path) -> None:
    for number in range(60):
        repos.write(hooked, {"many.py": f"def number():\n    return {number}\n"})
        repos.commit(hooked)
    assert until(lambda: is_fresh(hooked))
    assert until(lambda: at_rest(hooked))
    assert len(starts.read_text().splitlines()) < 20  # of 60


@pytest.mark.slow
def test_a_rebase_starts_one_process(hooked: Path, starts: Path) -> None:
    repos.git(hooked, "-c", f"core.hooksPath={os.devnull}", "switch", "--quiet", "-c", "feature")
    for number in range(30):
        repos.write(hooked, {f"many/{number}.txt": f"{number}\n"})
        repos.git(hooked, "add", "--all")
        repos.git(hooked, "-c", f"core.hooksPath={os.devnull}", "commit", "--quiet", "-m", "x")
    repos.git(hooked, "rebase", "--quiet", "--force-rebase", "main")
    assert until(lambda: is_fresh(hooked, "feature"))
    assert until(lambda: at_rest(hooked))
    assert len(starts.read_text().splitlines()) <= 2
    assert set(indexed_at(hooked)) == {"main", "feature"}  # none of the steps on the way


@pytest.mark.slow
def test_who_waited_and_was_killed_is_not_waited_for(hooked: Path) -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    (hooked / ".git/codesearch/waiting-.git").write_text(f"{gone.pid}\n")
    repos.commit(hooked)
    assert until(lambda: is_fresh(hooked))


def test_taking_out_files_starts_nothing(hooked: Path, starts: Path) -> None:
    repos.git(hooked, "checkout", "--quiet", "HEAD", "--", "README.md")
    assert not list((hooked / ".git/codesearch").glob("waiting*"))


@pytest.mark.parametrize("gone", ["python", "everything", "index"])
def test_git_works_when_the_program_is_gone(
    hooked: Path, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gone: str
) -> None:
    if gone == "index":  # a file in its place
        shutil.rmtree(home)
        home.write_text("in the way")
    elif gone == "everything":
        shutil.rmtree(hooked / ".git/codesearch")
    else:
        (tmp_path / "counter").unlink()
        bin_ = tmp_path / "bin"
        bin_.mkdir()
        for name in ("git", "sh", "sleep", "nice", "find", "id"):
            (bin_ / name).symlink_to(str(shutil.which(name)))
        monkeypatch.setenv("PATH", str(bin_))
    for command in (["commit", "--allow-empty", "-m", "x"], ["switch", "-c", "new"]):
        done = subprocess.run(["git", *command], cwd=hooked, capture_output=True, text=True)
        assert done.returncode == 0
        assert "codesearch" not in done.stdout + done.stderr


@pytest.mark.slow
def test_the_program_on_the_path_is_used_when_the_environment_is_deleted(
    hooked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, starts: Path
) -> None:
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    (tmp_path / "counter").unlink()
    (bin_ / "codesearch").write_text(f'#!/bin/sh\nexec {shutil.which("python")} -m codesearch "$@"')
    (bin_ / "codesearch").chmod(0o755)
    monkeypatch.setenv("PATH", f"{bin_}:{os.environ['PATH']}")
    repos.commit(hooked)
    assert until(lambda: is_fresh(hooked))


def test_git_does_not_wait_and_hears_nothing(hooked: Path, starts: Path) -> None:
    """Captured output ends only when every process that inherited it is gone."""
    with Index.open(hooked, settings=Settings.load()) as index:
        lock = try_lock(index.directory / "hooks.lock", shared=False, create=True)
    assert lock
    commit = ["git", "commit", "--allow-empty", "-m", "x"]
    done = subprocess.run(commit, cwd=hooked, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert until(lambda: bool(starts.read_text()))  # it has begun, and cannot go on
    assert not is_fresh(hooked)
    lock.release()
    assert until(lambda: is_fresh(hooked))


@pytest.mark.slow
def test_a_package_of_that_name_in_the_repository_is_not_run(hooked: Path) -> None:
    ran = hooked.parent / "pwned"
    evil = f"open({str(ran)!r}, 'w').close()\n"
    repos.write(hooked, {"codesearch/__init__.py": evil, "codesearch/__main__.py": evil})
    repos.write(hooked, {"click.py": evil, "sitecustomize.py": evil})
    repos.commit(hooked)
    assert until(lambda: is_fresh(hooked))
    assert not ran.exists()


@pytest.mark.slow
def test_a_linked_worktree_is_followed_where_it_is(hooked: Path, tmp_path: Path) -> None:
    worktree = tmp_path / "fix a bug"
    repos.git(hooked, "worktree", "add", "--quiet", "-b", "fix", str(worktree))
    repos.write(worktree, {"fix.py": "def fixed():\n    return True\n"})
    repos.commit(worktree)
    assert until(lambda: is_fresh(worktree, "fix"))
    repos.git(worktree, "switch", "--quiet", "--detach", "HEAD~")
    assert until(lambda: is_fresh(worktree, "HEAD"))
    assert indexed_at(hooked)["main"] == repos.git(hooked, "rev-parse", "main")
    assert run("hooks", "status", cwd=worktree).returncode == 0


@pytest.mark.slow
def test_a_submodule_has_hooks_of_its_own(shop: Path, home: Path, tmp_path: Path) -> None:
    outer = repos.init(tmp_path / "outer")
    repos.git(outer, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(shop))
    repos.commit(outer)
    assert run("hooks", "install", cwd=outer / "shop").returncode == 0
    assert (outer / ".git/modules/shop/hooks/post-commit").exists()
    assert not (outer / ".git/hooks/post-commit").exists()
    new = repos.commit(outer / "shop")
    assert until(lambda: new in indexed_at(outer / "shop").values())


@pytest.mark.slow
def test_odd_paths(tmp_path: Path, home: Path) -> None:
    folder = repos.init(tmp_path / 'it\'s a "$HOME" – ü')
    repos.write(folder, {"a.py": "def a():\n    return 1\n"})
    repos.commit(folder)
    assert run("hooks", "install", cwd=folder).returncode == 0
    repos.commit(folder)
    assert until(lambda: is_fresh(folder))


@pytest.mark.slow
def test_the_home_of_the_installation_is_remembered(
    hooked: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CODESEARCH_HOME")
    monkeypatch.setenv("HOME", str(home.parent / "somebody"))
    new = repos.commit(hooked)
    with Index.open(hooked, settings=Settings.load(home=home)) as index:
        assert until(lambda: new in {ref.commit for ref in index.refs()})


def test_who_must_name_bare_repositories_to_git(
    hooked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gitconfig").write_text("[safe]\nbareRepository = explicit\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    repos.commit(hooked)
    assert until(lambda: is_fresh(hooked))


def test_folders_are_remembered_as_seen_from_the_installation(
    shop: Path, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CODESEARCH_HOME", "own home")
    done = run("hooks", "install", "--index-dir", "own index", "shop", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    hook = (shop / ".git/codesearch/hook").read_text()
    assert f"CODESEARCH_HOME='{tmp_path}/own home'" in hook
    monkeypatch.delenv("CODESEARCH_HOME")
    new = repos.commit(shop)
    with Index.open(shop, index_dir=tmp_path / "own index") as index:
        assert until(lambda: new in {ref.commit for ref in index.refs()})
    told = run("hooks", "status", cwd=shop).stdout
    assert f"{tmp_path}/own index/hooks.log" in told
    assert f"{shop} main: indexed at" in told
    assert not (tmp_path / "own home/indexes").exists()
    run("hooks", "install", cwd=shop)  # once more, and for the usual index
    assert "own index" not in run("hooks", "status", cwd=shop).stdout


def test_a_key_is_not_remembered(
    shop: Path, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CODESEARCH_API_KEY", "secret")
    monkeypatch.setenv("CODESEARCH_URL", "https://qdrant.example.org")
    install(repository)
    hook = shop / ".git/codesearch/hook"
    assert "qdrant.example.org" in hook.read_text()
    assert "secret" not in hook.read_text()
    assert stat.S_IMODE(hook.stat().st_mode) == 0o700


# What is there already


@pytest.fixture
def repository(shop: Path) -> Repository:
    with Repository.open(shop) as opened:
        return opened


def snapshot(folder: Path) -> dict[str, tuple[int, str]]:
    return {
        str(path.relative_to(folder)): (
            (0, str(path.readlink()))
            if path.is_symlink()
            else (stat.S_IMODE(path.stat().st_mode), path.read_bytes().hex())
        )
        for path in sorted(folder.rglob("*"))
        if path.is_symlink() or path.is_file()
    }


def put(path: Path, text: str, mode: int = 0o755) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)


@pytest.mark.parametrize(
    ("text", "mode", "runs"),
    [
        ("#!/bin/sh\necho yes >ran\n", 0o755, True),
        ("#!/bin/sh -e\nfalse || echo yes >ran\nexit 0\n", 0o700, True),
        ("#!/usr/bin/env bash\nset -euo pipefail\necho yes >ran", 0o755, True),
        ("#!/bin/sh\nexec sh -c 'echo yes >ran'\n", 0o755, True),
        (PYTHON_HOOK, 0o755, True),
        ("#!/bin/sh\r\necho yes >ran\r\n", 0o755, False),
        ("#!/bin/sh\necho yes >ran\n", 0o644, False),
        ("#!/bin/sh\n", 0o755, False),
        ("#!/bin/sh", 0o755, False),
        ("", 0o755, False),
    ],
)
def test_a_hook_of_the_user_runs_as_before_and_is_restored(
    shop: Path, home: Path, repository: Repository, text: str, mode: int, runs: bool
) -> None:
    put(shop / ".git/hooks/post-commit", text, mode)
    before = snapshot(shop / ".git")
    for _ in range(2):  # twice is as good as once
        assert install(repository).hooks == HOOKS
    subprocess.run(["git", "commit", "--quiet", "--allow-empty", "-m", "x"], cwd=shop)
    assert (shop / "ran").exists() == runs
    assert list((shop / ".git/codesearch").glob("waiting*")), "and ours ran too"
    uninstall(repository)
    after = snapshot(shop / ".git")
    assert {k: v for k, v in after.items() if k.startswith("hooks")} == {
        k: v for k, v in before.items() if k.startswith("hooks")
    }
    assert not (shop / ".git/codesearch").exists()


@pytest.mark.parametrize("target", ["../../tools/hook", "/absolute"])
def test_a_symbolic_link_stays_one_and_its_target_is_not_touched(
    shop: Path, home: Path, repository: Repository, target: str
) -> None:
    put(shop / "tools/hook", "#!/bin/sh\necho yes >ran\n")
    link = shop / ".git/hooks/post-commit"
    link.symlink_to(target if target.startswith("..") else str(shop / "tools/hook"))
    before = snapshot(shop / ".git/hooks") | snapshot(shop / "tools")
    install(repository)
    repos.git(shop, "commit", "--quiet", "--allow-empty", "-m", "x")
    assert (shop / "ran").exists()
    uninstall(repository)
    assert snapshot(shop / ".git/hooks") | snapshot(shop / "tools") == before


def test_the_exit_code_and_the_input_of_a_hook_are_kept(
    shop: Path, home: Path, repository: Repository
) -> None:
    put(shop / ".git/hooks/post-checkout", "#!/bin/sh\nexit 3\n")
    put(
        shop / ".git/hooks/post-rewrite",
        "#!/usr/bin/env python3\nimport sys; print(sys.stdin.read())",
    )
    code = subprocess.run(["git", "switch", "-c", "one"], cwd=shop, capture_output=True).returncode
    assert code != 0
    install(repository)
    done = subprocess.run(["git", "switch", "-c", "two"], cwd=shop, capture_output=True)
    assert done.returncode == code
    old = repos.git(shop, "rev-parse", "HEAD")
    amend = ["git", "commit", "--amend", "--allow-empty", "-m", "again"]
    done = subprocess.run(amend, cwd=shop, capture_output=True, text=True)
    assert old in done.stdout + done.stderr


def test_what_the_user_adds_later_stays(shop: Path, home: Path, repository: Repository) -> None:
    install(repository)
    hook = shop / ".git/hooks/post-merge"
    hook.write_text(hook.read_text() + "echo mine\n")
    install(repository)
    uninstall(repository)
    assert hook.read_text() == "#!/bin/sh\necho mine\n"
    assert not (shop / ".git/hooks/post-commit").exists()


@pytest.mark.slow
def test_hooks_path_in_the_repository(shop: Path, home: Path) -> None:
    put(shop / ".husky/post-commit", "#!/bin/sh\necho yes >ran\n")
    repos.git(shop, "config", "core.hooksPath", ".husky")
    done = run("hooks", "install", cwd=shop / "web")
    assert f"Installed in {shop / '.husky'}" in done.stderr
    assert "Yours are kept and run too: post-commit" in done.stderr
    run("index", cwd=shop)
    repos.commit(shop)
    assert until(lambda: is_fresh(shop))
    assert (shop / "ran").exists()
    assert run("hooks", "uninstall", cwd=shop).returncode == 0
    assert [path.name for path in (shop / ".husky").iterdir()] == ["post-commit"]


def test_hooks_that_repositories_share(shop: Path, home: Path, tmp_path: Path) -> None:
    shared = tmp_path / "hooks of mine"
    others = [repos.init(tmp_path / name) for name in ("second", "third")]
    for folder in (shop, *others):
        repos.git(folder, "config", "core.hooksPath", str(shared))
    for folder in (shop, others[0]):
        assert run("hooks", "install", cwd=folder).returncode == 0
    repos.commit(others[1])
    assert not (others[1] / ".git/codesearch").exists()
    assert run("hooks", "status", cwd=others[1]).returncode == 1
    told = run("hooks", "uninstall", cwd=shop).stderr
    assert "other repositories share" in told
    assert "shared" in run("hooks", "status", cwd=others[0]).stdout
    assert run("hooks", "status", cwd=others[0]).returncode == 0
    assert run("hooks", "uninstall", cwd=others[0]).returncode == 0
    assert list(shared.iterdir()) == []


def test_taking_them_out_after_git_was_told_to_look_elsewhere(shop: Path, home: Path) -> None:
    assert run("hooks", "install", cwd=shop).returncode == 0
    repos.git(shop, "config", "core.hooksPath", os.devnull)
    assert run("hooks", "uninstall", cwd=shop).returncode == 0
    assert not list((shop / ".git/hooks").glob("post-c*[tm]"))
    assert not (shop / ".git/codesearch").exists()


def test_status_tells_that_the_environment_is_gone(hooked: Path, tmp_path: Path) -> None:
    (tmp_path / "counter").unlink()
    assert f"{tmp_path / 'counter'} is gone" in run("hooks", "status", cwd=hooked).stdout


def test_commits_of_another_user_start_nothing(hooked: Path) -> None:
    hook = hooked / ".git/codesearch/hook"
    hook.write_text(hook.read_text().replace(f"user={os.getuid()}\n", "user=12345\n"))
    repos.commit(hooked)
    assert not list((hooked / ".git/codesearch").glob("waiting*"))


def test_where_hooks_are_switched_off(shop: Path, home: Path) -> None:
    repos.git(shop, "config", "core.hooksPath", os.devnull)
    done = run("hooks", "install", cwd=shop)
    assert done.returncode == 2
    assert "switched off" in done.stderr


@pytest.mark.slow
def test_a_bare_repository_has_no_use_for_them(shop: Path, home: Path, tmp_path: Path) -> None:
    repos.git(tmp_path, "clone", "--quiet", "--bare", "shop", "shop.git")
    done = run("hooks", "install", cwd=tmp_path / "shop.git")
    assert done.returncode == 2
    assert "docs/nightly.md" in done.stderr
    repos.git(tmp_path / "shop.git", "worktree", "add", "--quiet", "../linked", "main")
    assert run("hooks", "install", cwd=tmp_path / "linked").returncode == 0
    repos.commit(tmp_path / "linked")
    assert until(lambda: is_fresh(tmp_path / "linked"))


def test_a_hook_kept_before_is_not_lost(shop: Path, home: Path, repository: Repository) -> None:
    hook = shop / ".git/hooks/post-commit"
    put(hook, PYTHON_HOOK)
    install(repository)
    put(hook, PYTHON_HOOK + "# another one\n")  # some other tool wrote over ours
    with pytest.raises(CodesearchError, match="in the way"):
        install(repository)
    assert "another" in hook.read_text()
