"""Real git repositories, made by git commands in a temporary folder."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest


class Playground:
    """A repository to change and commit to."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def git(self, *arguments: str) -> str:
        return git(*arguments, cwd=self.path)

    def write(self, path: str, content: str | bytes) -> None:
        file = self.path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)

    def delete(self, path: str) -> None:
        file = self.path / path
        if file.is_dir() and not file.is_symlink():
            shutil.rmtree(file)
        else:
            file.unlink()

    def commit(self, files: dict[str, str | bytes] | None = None) -> str:
        """Write ``files``, commit all there is, return the commit's id."""
        for path, content in (files or {}).items():
            self.write(path, content)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "A step")
        return self.git("rev-parse", "HEAD")

    def commit_rows(self, *rows: tuple[str, str]) -> str:
        """Commit files by name and blob as no git would: names twice, names that climb out."""
        tree = b"".join(f"100644 {name}\0".encode() + bytes.fromhex(blob) for name, blob in rows)
        done = subprocess.run(
            ["git", "hash-object", "-t", "tree", "-w", "--stdin", "--literally"],
            cwd=self.path,
            input=tree,
            capture_output=True,
            check=True,
        )
        return self.git("commit-tree", "-m", "hostile", done.stdout.decode().strip())


def git(*arguments: str, cwd: Path) -> str:
    done = subprocess.run(["git", *arguments], cwd=cwd, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode(errors="backslashreplace").strip()


@pytest.fixture(autouse=True)
def git_of_nobody(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Git without the configuration of whoever runs the tests; returns its global file."""
    config = tmp_path_factory.mktemp("home") / "gitconfig"
    config.write_text("[user]\nname = Somebody\nemail = somebody@example.org\n")
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    return config


@pytest.fixture
def make_repo(tmp_path: Path) -> Callable[..., Playground]:
    def make(name: str = "project", *options: str) -> Playground:
        git("init", "--quiet", "--initial-branch=main", *options, name, cwd=tmp_path)
        return Playground(tmp_path / name)

    return make


@pytest.fixture
def repo(make_repo: Callable[..., Playground]) -> Playground:
    return make_repo()
