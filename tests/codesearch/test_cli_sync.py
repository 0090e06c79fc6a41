"""``codesearch sync``, the real program on real repositories."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from pathlib import Path

import pytest

import repos
from program import COMMAND, run


def lines(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_repository_in_words(shop: Path, home: Path) -> None:
    done = run("sync", cwd=shop / "web")
    assert (done.returncode, done.stdout) == (0, "")
    assert f"{shop} main: indexed at " in done.stderr
    done = run("sync", str(shop), cwd=home)
    assert f"{shop} main: up to date at " in done.stderr
    assert run("search", "sign a cookie", cwd=shop).returncode == 0


def test_as_json(shop: Path, home: Path, tmp_path: Path) -> None:
    done = run("sync", str(shop), str(tmp_path / "nowhere"), "--log-format", "json", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (2, "")
    synced, failed, finished = lines(done.stdout)
    assert synced | {"time": 0, "seconds": 0} == {
        "time": 0,
        "level": "info",
        "event": "synced",
        "repository": str(shop),
        "ref": "main",
        "commit": repos.git(shop, "rev-parse", "HEAD"),
        "files": 5,
        "chunks": synced["chunks"],
        "encoded": synced["chunks"],
        "reused": 0,
        "deleted": 0,
        "seconds": 0,
    }
    assert (failed["level"], failed["event"]) == ("error", "failed")
    assert failed["error"]
    assert failed["remedy"]
    assert finished["failed"] == [str(tmp_path / "nowhere")]
    assert finished["repositories"] == 2


def test_quiet_tells_only_what_went_wrong(shop: Path, home: Path, tmp_path: Path) -> None:
    done = run("sync", "--quiet", cwd=shop)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    done = run("sync", "-q", str(shop), "nowhere", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 3  # the failure, its remedy, the summary
    assert "failed: " in done.stderr


def test_all_that_is_registered(indexed: Path, home: Path, tmp_path: Path) -> None:
    other = repos.init(tmp_path / "other")
    repos.write(other, {"a.py": "def alpha(x):\n    return x\n"})
    repos.commit(other)
    assert run("sync", str(other), cwd=home).returncode == 0
    new = repos.commit(indexed)
    done = run("sync", "--all", "--log-format", "json", cwd=home)
    assert done.returncode == 0
    told = {(row["repository"], row["event"], row.get("commit")) for row in lines(done.stdout)[:-1]}
    assert (str(indexed), "synced", new) in told
    assert (str(other), "unchanged", repos.git(other, "rev-parse", "HEAD")) in told


def test_a_file_of_repositories(shop: Path, home: Path, tmp_path: Path) -> None:
    repos.git(shop, "tag", "v1")
    repos.git(shop, "branch", "old")
    config = tmp_path / "nightly.toml"
    config.write_text("[[repository]]\npath = 'shop'\nrefs = ['main', 'v*']\n")
    done = run("sync", "--config", str(config), "--log-format", "json", cwd=home.parent)
    assert done.returncode == 0
    assert [row["ref"] for row in lines(done.stdout)[:-1]] == ["main", "v1"]
    config.write_text("[[repository]]\npaht = 'shop'\n")
    done = run("sync", "--config", str(config), cwd=home.parent)
    assert done.returncode == 2
    assert "unknown key 'paht'" in done.stderr


def test_nothing_is_fetched_without_being_told(indexed: Path, home: Path, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    repos.git(tmp_path, "clone", "--quiet", "shop", "clone")
    new = repos.commit(indexed)
    told = lines(run("sync", "--ref", "origin/main", "--log-format", "json", cwd=clone).stdout)
    assert told[0]["commit"] != new
    told = lines(run("sync", "--fetch", "--log-format", "json", cwd=clone).stdout)
    assert [row["event"] for row in told] == ["fetched", "synced", "finished"]
    assert told[1]["commit"] == new


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--ref", "no-such-branch"), "no revision 'no-such-branch'"),
        (("--config", "nowhere.toml"), "nowhere.toml"),
        (("--log-format", "xml"), "xml"),
        (("--index-dir", "x", ".", ".."), "name one repository"),
        (("/",), "not in a git repository"),
    ],
)
def test_errors_are_told_with_exit_code_2(
    indexed: Path, arguments: tuple[str, ...], told: str
) -> None:
    done = run("sync", *arguments, cwd=indexed)
    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGKILL])
@pytest.mark.slow
def test_what_is_interrupted_goes_on_at_the_next_run(
    shop: Path, home: Path, sign: signal.Signals
) -> None:
    repos.write(shop, {f"many/f{n}.py": f"def f{n}(x):\n    return x * {n}\n" for n in range(3000)})
    repos.commit(shop)
    process = subprocess.Popen([*COMMAND, "sync"], cwd=shop, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not list(home.glob("indexes/*/building-*")) and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(2)
    process.send_signal(sign)
    _, told = process.communicate(timeout=60)
    assert process.returncode == (130 if sign is signal.SIGINT else -signal.SIGKILL)
    assert "Traceback" not in told
    assert ("Interrupted" in told) == (sign is signal.SIGINT)
    (row, _) = lines(run("sync", "--log-format", "json", cwd=shop).stdout)
    assert row["event"] == "synced"
    assert isinstance(row["encoded"], int)
    assert isinstance(row["reused"], int)
    assert row["encoded"] < 3000 < row["encoded"] + row["reused"]
