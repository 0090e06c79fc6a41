"""``kill -9`` at any moment of a sync, and readers all the while: nothing lost, nothing mixed."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import asking
import repos
from codesearch import Index
from codesearch.encoder import load_encoder
from program import COMMAND
from reference import Reference
from stored import stored


class Tree:
    """A working tree on a branch. Every commit replaces all its marks by those of a generation."""

    def __init__(self, folder: Path, branch: str) -> None:
        self.folder = folder
        self.branch = branch
        self._generation = 0

    def commit(self, filler: int = 20) -> str:
        """A new generation, with ``filler`` more functions that were never there."""
        self._generation += 1
        name = f"{self.branch}_{self._generation}"
        marks = {
            f"marks/{mark}.py": f"def mark_{mark}_of_{name}():\n    return {name!r}\n"
            for mark in "abcdef"
        }
        more = [
            f"def fill_{n}(value):\n    total = value + {n}\n    return total, {name!r}\n"
            for n in range(filler)
        ]
        repos.write(self.folder, marks | {f"src/{self.branch}.py": "\n\n".join(more)})
        return repos.commit(self.folder, name)


@pytest.fixture
def trees(tmp_path: Path, home: Path) -> list[Tree]:
    """A repository with a linked worktree, a branch each."""
    main = Tree(repos.init(tmp_path / "main"), "main")
    main.commit()
    repos.git(main.folder, "worktree", "add", "--quiet", "-b", "side", str(tmp_path / "side"))
    side = Tree(tmp_path / "side", "side")
    side.commit()
    for tree in (main, side):
        with Index.open(tree.folder) as index:
            index.sync()
    return [main, side]


@contextmanager
def readers(folders: Sequence[Path], number: int = 1) -> Iterator[list[dict[str, Any]]]:
    """Processes that ask all along. What they saw is there at the end."""
    command = [sys.executable, asking.__file__, *map(str, folders)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    processes = [subprocess.Popen(command, **pipes) for _ in range(number)]  # type: ignore[call-overload]
    found: list[dict[str, Any]] = []
    try:
        yield found
        found += [json.loads(process.communicate(timeout=120)[0]) for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.wait()


def test_kills_lose_nothing_and_readers_notice_nothing(trees: list[Tree]) -> None:
    _survive(trees, kills=3)


@pytest.mark.slow
def test_fifty_kills(trees: list[Tree]) -> None:
    _survive(trees, kills=50)


def _survive(trees: list[Tree], kills: int) -> None:
    seed = random.randrange(1 << 30)
    print(f"seed {seed}")
    dice = random.Random(seed)
    reference = Reference(load_encoder(threads=1))
    longest, killed = 2.0, 0
    with readers([tree.folder for tree in trees]) as found:
        while killed < kills:
            tree = dice.choice(trees)
            _change(tree, dice)
            moment = dice.uniform(0.05, longest)
            if _killed(tree, moment, rebuild=dice.random() < 0.2):
                killed += 1
            else:  # it was done before
                longest = max(1.0, 0.9 * moment)
            _check_after_next_sync(trees, reference)
    trees[0].commit()
    _check_after_next_sync(trees, reference)
    with Index.open(trees[0].folder) as index:
        names = [path.name for path in index.directory.glob("generation-*")]
        assert names == [(index.directory / "current").read_text().strip()]
    print(f"{killed} kills, {found[0]['answers']} answers of {len(found[0]['seen'])} generations")
    assert not found[0]["wrong"]
    assert found[0]["answers"] > kills
    assert len(found[0]["seen"]) > 1


def _change(tree: Tree, dice: random.Random) -> None:
    """A commit; now and then what came before it is thrown away, or gets a tag."""
    if dice.random() < 0.2:
        repos.git(tree.folder, "tag", "--force", dice.choice(["v1", "v2"]))
    if dice.random() < 0.2:
        tree.commit()
        repos.git(tree.folder, "reset", "--quiet", "--hard", "HEAD~1")
    tree.commit()


def _killed(tree: Tree, seconds: float, *, rebuild: bool) -> bool:
    """Start a sync and kill it after some time; whether it still ran."""
    options = ["--rebuild"] if rebuild else []
    process = subprocess.Popen(
        [*COMMAND, "index", *options], cwd=tree.folder, stderr=subprocess.DEVNULL
    )
    time.sleep(seconds)
    process.kill()
    return process.wait() != 0


def _check_after_next_sync(trees: list[Tree], reference: Reference) -> None:
    expected = {}
    for tree in trees:
        with Index.open(tree.folder) as index:
            report = index.sync()
            assert not index.verify().damage
            expected |= reference.expected(tree.folder, report.commit).points
    assert stored(index.directory) == expected
    assert not list(index.directory.glob("building-*"))
    assert len(list(index.directory.glob("generation-*"))) <= 3  # two indexes may read older ones


@pytest.mark.slow
def test_ten_readers_during_a_large_sync(tmp_path: Path, home: Path) -> None:
    tree = Tree(repos.init(tmp_path / "large"), "main")
    tree.commit(2000)
    with Index.open(tree.folder) as index:
        index.sync()
        tree.commit(2000)
        with readers([tree.folder], 10) as found:
            time.sleep(5.0)  # until all of them ask
            started = time.perf_counter()
            report = index.sync()
            seconds = time.perf_counter() - started
            time.sleep(1.0)
    assert report.encoded > 2000
    times = sorted(ms for reader in found for ms in reader["ms"])
    p50, p95 = times[len(times) // 2], times[len(times) * 95 // 100]
    print(f"sync {seconds:.1f} s; {len(times)} answers, p50 {p50:.0f} ms, p95 {p95:.0f} ms")
    for reader in found:
        assert not reader["wrong"]
        assert reader["answers"] > 10
    assert any(len(reader["seen"]) == 2 for reader in found)
