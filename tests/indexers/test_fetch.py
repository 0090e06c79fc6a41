"""Fetching, from remotes on this machine; and what a hostile configuration does not get to run."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from indexers import fetch as fetching
from indexers.errors import RepositoryError
from indexers.repository import Repository
from tests.indexers.conftest import Playground, git


def fetch(folder: Path, **options: float) -> list[str]:
    with Repository.open(folder) as repository:
        return fetching.fetch(repository, **options)


@pytest.fixture
def clone(repo: Playground, tmp_path: Path) -> Playground:
    repo.commit({"a.py": "a = 1\n"})
    git("clone", "--quiet", "project", "clone", cwd=tmp_path)
    return Playground(tmp_path / "clone")


def test_remote_branches_and_tags_move_and_nothing_else(repo, clone):
    before = clone.git("rev-parse", "main")
    new = repo.commit({"b.py": "b = 2\n"})
    repo.git("tag", "v1")
    assert fetch(clone.path) == ["origin"]
    assert clone.git("rev-parse", "origin/main", "v1").split() == [new, new]
    assert clone.git("rev-parse", "main") == before
    assert not (clone.path / ".git/FETCH_HEAD").exists()


def test_all_remotes_are_asked_and_one_that_fails_does_not_stop_the_rest(repo, clone, tmp_path):
    clone.git("remote", "add", "away", str(tmp_path / "nowhere.git"))
    clone.git("remote", "add", "-f", "zeta", str(repo.path))
    new = repo.commit({"b.py": "b = 2\n"})
    with pytest.raises(RepositoryError, match=r"cannot fetch from away: .*nowhere\.git") as told:
        fetch(clone.path)
    assert f"git -C {clone.path} fetch" in told.value.remedy
    assert clone.git("rev-parse", "zeta/main", "origin/main").split() == [new, new]


def test_a_repository_without_remotes_has_nothing_to_fetch(repo):
    repo.commit()
    assert fetch(repo.path) == []


def test_it_ends_in_time(clone, monkeypatch, tmp_path):
    asleep = program(tmp_path / "asleep", "sleep 60")
    monkeypatch.setenv("GIT_SSH_COMMAND", str(asleep))
    clone.git("remote", "set-url", "origin", "ssh://localhost/nothing")
    started = time.monotonic()
    with pytest.raises(RepositoryError, match="no answer within 1 s"):
        fetch(clone.path, timeout=1)
    assert time.monotonic() - started < 20


def test_the_users_own_ssh_command_is_used(clone, git_of_nobody, tmp_path):
    ran = tmp_path / "ran"
    own = program(tmp_path / "my ssh", f"touch '{ran}'; exit 1")
    git_of_nobody.write_text(f"[core]\nsshCommand = '{own}'\n")
    clone.git("remote", "set-url", "origin", "ssh://localhost/nothing")
    with pytest.raises(RepositoryError):
        fetch(clone.path)
    assert ran.exists()


def test_the_users_own_credential_helper_is_asked(clone, git_of_nobody, closed_door, tmp_path):
    ran = tmp_path / "ran"
    own = program(tmp_path / "helper", f"touch '{ran}'")
    git_of_nobody.write_text(f"[credential]\nhelper = {own}\n")
    clone.git("remote", "set-url", "origin", closed_door)
    with pytest.raises(RepositoryError):
        fetch(clone.path)
    assert ran.exists()


@pytest.fixture
def closed_door() -> Iterator[str]:
    """The address of a server that asks everybody for a password."""

    class Door(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(401)
            self.send_header("WWW-Authenticate", "Basic realm=x")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Door)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/x.git"
    server.shutdown()
    server.server_close()


HOSTILE: dict[str, Callable[[str, str, Path], list[tuple[str, str]]]] = {
    "a protocol that is a program": lambda evil, door, _: [("remote.origin.url", f"ext::{evil}")],
    "an address that turns into one": lambda evil, door, _: [
        ("remote.origin.url", "https://localhost/x"),
        (f"url.ext::{evil} .insteadOf", "https:"),
    ],
    "upload-pack": lambda evil, door, _: [("remote.origin.uploadpack", evil)],
    "ssh": lambda evil, door, _: [
        ("remote.origin.url", "ssh://localhost/x"),
        ("core.sshCommand", evil),
    ],
    "git proxy": lambda evil, door, _: [
        ("remote.origin.url", "git://localhost/x"),
        ("core.gitProxy", evil),
    ],
    "credential helper": lambda evil, door, _: [
        ("remote.origin.url", door),
        ("credential.helper", evil),
    ],
    "credential helper of an address": lambda evil, door, _: [
        ("remote.origin.url", door),
        (f"credential.{door}.helper", evil),
        ("credential.useHttpPath", "true"),
    ],
    "password prompt": lambda evil, door, _: [
        ("remote.origin.url", door),
        ("core.askPass", evil),
    ],
    "alternates": lambda evil, door, alternate: [
        ("core.alternateRefsCommand", evil),
        ("test.alternate", str(alternate)),
    ],
    "hooks": lambda evil, door, _: [("core.hooksPath", str(Path(evil).parent / "hooks"))],
}


@pytest.mark.parametrize("what", HOSTILE)
def test_programs_that_a_repository_names_are_not_run(
    repo, clone, closed_door, tmp_path, what, monkeypatch
):
    monkeypatch.setenv("GIT_TERMINAL_PROMPT", "0")
    ran = tmp_path / "ran"
    evil = program(tmp_path / "evil", f"touch '{ran}'")
    program(tmp_path / "hooks/reference-transaction", f"touch '{ran}'")
    for key, value in HOSTILE[what](str(evil), closed_door, repo.path):
        clone.git("config", key, value)
        if key == "test.alternate":
            info = clone.path / ".git/objects/info/alternates"
            info.write_text(f"{value}/.git/objects\n")
    repo.commit({"b.py": "b = 2\n"})
    allowed = ["-c", "protocol.allow=always"]
    subprocess.run(["git", *allowed, "fetch", "--quiet"], cwd=clone.path, capture_output=True)
    assert ran.exists(), "plain git runs it, or this test shows nothing"
    ran.unlink()
    clone.git("update-ref", "-d", "refs/remotes/origin/main")
    ran.unlink(missing_ok=True)
    try:
        fetch(clone.path)
    except RepositoryError:
        assert what not in ("alternates", "hooks")
    assert not ran.exists()


def program(path: Path, line: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o755)
    return path
