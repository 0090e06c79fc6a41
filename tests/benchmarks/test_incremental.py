"""A short history of a small repository, followed by real processes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import repos
from benchmarks import costs, facts, incremental, report, results
from benchmarks.__main__ import main
from benchmarks.board import Pinned
from benchmarks.errors import BenchmarkError


@pytest.fixture
def mirrors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A mirror with five commits: of one file, of two, empty, a revert, and one for a process."""
    folder = repos.init(tmp_path / "mirrors" / "shop")
    repos.write(folder, repos.SHOP)
    repos.commit(folder)
    repos.write(folder, {"new.py": "def new():\n    return 1\n"})
    repos.commit(folder)
    repos.write(folder, {"new.py": "def new():\n    return 2\n", "other.py": "OTHER = 3\n"})
    repos.commit(folder)
    repos.commit(folder)
    repos.git(folder, "revert", "--no-edit", "HEAD~1")
    repos.write(folder, {"last.py": "def last():\n    return 4\n"})
    pinned = Pinned("shop", "python", "https://example.org/o/shop", repos.commit(folder))
    monkeypatch.setattr(incremental, "PINNED", (pinned,))
    monkeypatch.setattr(incremental, "_COLD", 1)
    monkeypatch.setattr(
        facts, "commit", lambda *_: "0123456789ab"
    )  # of uncommitted code none holds
    return folder.parent


@pytest.mark.slow
def test_each_commit_is_followed_and_counted(
    mirrors: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, cache = tmp_path / "day-incremental.json", tmp_path / "cache"
    where = ["--repos", str(mirrors), "--cache", str(cache), "--out", str(out)]
    assert main(["incremental", *where, "--commits", "5"]) == 0
    row = json.loads(out.read_text())["repositories"]["shop"]
    assert row["encoded"] == [1, 2, 0, 0]
    assert row["files_changed"] == [1, 2, 0, 2]
    assert row["deleted"] == [0, 1, 0, 2]
    assert row["second_worktree"]["encoded"] == 0
    assert row["p50_of_full"] < 1
    assert len(row["cold_index_ms"]) == len(row["cold_search_ms"]) == 1
    assert "| texts encoded, most | 2 |" in capsys.readouterr().out
    assert costs.incremental_table(results.read(out)) in report.whole(tmp_path)
    assert list(cache.glob("*/incremental/shop@*/vectors-*"))


def test_a_history_that_is_too_short(mirrors: Path, tmp_path: Path) -> None:
    plan = incremental.Plan(mirrors, tmp_path, commits=1, reuse=False)
    with pytest.raises(BenchmarkError, match="at least 3 are needed"):
        incremental.run_incremental(plan)
