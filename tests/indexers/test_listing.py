"""The tree of the next commit, made from the last one's, is the one that git lists."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import pytest

from indexers import git
from indexers.repository import Repository
from indexers.types import TreeEntry
from tests.indexers.conftest import Playground

NAMES = ("a", "a.py", "a-b", "lib/a.py", "lib/b.py", "lib/deep/c.py", "größe.py", "z")
LINK, SUBMODULE = 0o120000, 0o160000


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The git commands that list a tree or a difference, as they are run."""
    commands: list[str] = []
    run = git.run

    def watched(arguments, **options):
        commands.extend(word for word in arguments if word in ("ls-tree", "diff-tree"))
        return run(arguments, **options)

    monkeypatch.setattr(git, "run", watched)
    return commands


def afresh(path: Path, commit: str) -> list[TreeEntry]:
    with Repository.open(path) as repository:
        return repository.tree(commit)


def step(repo: Playground, dice: random.Random) -> str:
    """A commit that changes, adds, deletes and replaces some of the names by other kinds."""
    for name in dice.sample(NAMES, 3):
        place = repo.path / name
        if place.is_symlink() or place.exists():
            repo.delete(name)
        for parent in place.parents:  # "a" may be a file where a folder is to be
            if parent.is_symlink() or parent.is_file():
                parent.unlink()
        kind = dice.choice(["file", "file", "run", "link", "gone", "folder"])
        if kind == "folder":
            repo.write(f"{name}/inside.py", str(dice.random()))
        elif kind == "link":
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to("elsewhere")
        elif kind != "gone":
            repo.write(name, str(dice.randrange(3)) * dice.randrange(40))
            place.chmod(0o755 if kind == "run" else 0o644)
    commit = repo.commit()
    repo.git("update-index", "--add", "--cacheinfo", f"{SUBMODULE:o},{commit},part")
    return commit


@pytest.mark.parametrize("seed", [1, 2])
def test_of_any_two_commits(repo, asked, seed):
    dice = random.Random(seed)
    commits = [step(repo, dice) for _ in range(12)]
    with Repository.open(repo.path) as repository:
        for _ in range(30):
            commit = dice.choice(commits)
            assert repository.tree(commit) == afresh(repo.path, commit)
        asked.clear()
        for commit in commits:
            repository.tree(commit)
        assert "ls-tree" not in asked


def test_configuration_hides_no_submodule(repo):
    repo.commit({"a.py": "x = 1"})
    repo.write(".gitmodules", '[submodule "part"]\n\tpath = part\n\turl = ./part\n\tignore = all\n')
    repo.git("config", "diff.ignoreSubmodules", "all")
    repo.git("config", "submodule.part.ignore", "all")
    ids = []
    for number in (1, 2):
        repo.git("update-index", "--add", "--cacheinfo", f"{SUBMODULE:o},{number:040x},part")
        repo.git("add", ".gitmodules")
        ids.append(repo.git("commit-tree", "-m", "Move it", repo.git("write-tree")))
    with Repository.open(repo.path) as repository:
        for number, commit in enumerate(ids, 1):
            moved = {entry.path: entry.blob for entry in repository.tree(commit)}
            assert moved["part"] == f"{number:040x}"


def test_a_hostile_tree_that_names_a_path_twice(repo):
    fine = repo.commit({"a.py": "x = 1", "b.py": "y = 2"})
    one, two = (repo.git("rev-parse", f"HEAD:{name}") for name in ("a.py", "b.py"))
    hostile = [
        repo.commit_rows(("a.py", one), ("a.py", two), ("b.py", two)),
        repo.commit_rows(("a.py", one), ("b.py", two), ("a.py", two)),
        repo.commit_rows(("b.py", one), ("a.py", one)),
        repo.commit_rows(("b.py", two), ("b.py", two)),
    ]
    for first in [fine, *hostile]:
        for second in [fine, *hostile]:
            with Repository.open(repo.path) as repository:
                repository.tree(first)
                found = {entry.path: entry for entry in repository.tree(second)}
            assert found == {entry.path: entry for entry in afresh(repo.path, second)}


def test_a_commit_that_is_gone(repo, asked):
    repo.commit({"a.py": "x = 1"})
    gone = repo.commit({"a.py": "x = 2"})
    with Repository.open(repo.path) as repository:
        repository.tree(gone)
        repo.git("reset", "--quiet", "--hard", "HEAD~1")
        now = repo.commit({"a.py": "x = 3"})
        repo.git("reflog", "expire", "--expire=now", "--all")
        repo.git("gc", "--quiet", "--prune=now")
        assert repository.tree(now) == afresh(repo.path, now)
        assert "diff-tree" in asked


def test_sizes_that_a_partial_clone_learns_later(repo, tmp_path):
    first = repo.commit({"a.py": "x = 1", "b.py": "y = 1"})
    second = repo.commit({"b.py": "y = 22"})
    repo.git("config", "uploadpack.allowFilter", "true")
    repo.git("config", "uploadpack.allowAnySHA1InWant", "true")
    clone = tmp_path / "clone"
    repo.git("clone", "--quiet", "--bare", "--filter=blob:none", f"file://{repo.path}", str(clone))
    with Repository.open(clone) as repository:
        assert [entry.size for entry in repository.tree(first)] == [-1, -1]
        subprocess.run(["git", "cat-file", "-p", f"{first}:a.py"], cwd=clone, check=True)
        assert [entry.size for entry in repository.tree(second)] == [5, -1]
