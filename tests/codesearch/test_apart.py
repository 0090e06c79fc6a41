"""Jobs in processes of their own: one that is killed is one repository."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import repos
from codesearch import Settings
from codesearch.apart import run_apart
from codesearch.events import Kind
from codesearch.jobs import Job, run
from program import COMMAND


def test_the_events_are_those_of_one_process(shop: Path, home: Path, tmp_path: Path) -> None:
    empty = repos.init(tmp_path / "empty")
    jobs = [Job(empty), Job(shop, ("HEAD", "v*")), Job(tmp_path / "gone", required=False)]
    here = [(e.event, e.ref, e.repository, e.error) for e in run(jobs, Settings.load())]
    apart = [(e.event, e.ref, e.repository, e.error) for e in run_apart(jobs, Settings.load())]
    assert [row[0] for row in apart] == [
        Kind.FAILED,
        Kind.UNCHANGED,
        Kind.UNMATCHED,
        Kind.MISSING,
        Kind.FINISHED,
    ]
    assert here[1][0] is Kind.SYNCED
    del here[1], apart[1]
    assert here == apart


def test_settings_reach_the_process(shop: Path, home: Path, tmp_path: Path) -> None:
    settings = Settings.load(home=tmp_path / "elsewhere", exclude=("*.go",))
    synced, _ = run_apart([Job(shop)], settings)
    assert synced.files == 4
    assert list((tmp_path / "elsewhere/indexes").iterdir())


@pytest.fixture
def at_work(shop: Path, home: Path, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """``codesearch sync`` on a large repository and a small one, while the large one is read."""
    large = repos.init(tmp_path / "large")
    many = {f"many/f{n}.py": f"def f{n}(x):\n    return x * {n}\n" for n in range(3000)}
    repos.write(large, many)
    repos.commit(large)
    command = [*COMMAND, "sync", str(large), str(shop), "--log-format", "json"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    deadline = time.monotonic() + 60
    while not list(home.glob("indexes/*/building-*")) and time.monotonic() < deadline:
        time.sleep(0.05)
    yield process
    process.kill()
    process.communicate()


def children(process: subprocess.Popen[str]) -> list[int]:
    done = subprocess.run(["ps", "-o", "pid=", "--ppid", str(process.pid)], capture_output=True)
    return [int(pid) for pid in done.stdout.split()]


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.slow
def test_one_that_is_killed_does_not_stop_the_others(
    at_work: subprocess.Popen[str], shop: Path, tmp_path: Path
) -> None:
    (child,) = children(at_work)
    os.kill(child, signal.SIGKILL)
    told, _ = at_work.communicate(timeout=60)
    failed, synced, finished = map(json.loads, told.splitlines())
    assert (failed["event"], failed["repository"]) == ("failed", str(tmp_path / "large"))
    assert "SIGKILL" in failed["error"]
    assert "memory" in failed["remedy"]
    assert (synced["event"], synced["repository"]) == ("synced", str(shop))
    assert finished["failed"] == [str(tmp_path / "large")]
    assert at_work.returncode == 2


@pytest.mark.parametrize(("sign", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.slow
def test_who_is_interrupted_leaves_nobody_at_work(
    at_work: subprocess.Popen[str], sign: signal.Signals, code: int
) -> None:
    (child,) = children(at_work)
    at_work.send_signal(sign)
    told, said = at_work.communicate(timeout=60)
    assert at_work.returncode == code
    assert told == ""
    assert "Traceback" not in said
    assert not is_running(child)


def test_ctrl_c_on_a_terminal_reaches_both(at_work: subprocess.Popen[str]) -> None:
    (child,) = children(at_work)
    os.killpg(at_work.pid, signal.SIGINT)
    _, said = at_work.communicate(timeout=60)
    assert at_work.returncode == 130
    assert said.strip() == "Interrupted. What was encoded is kept; run it again to go on."
    assert not is_running(child)
