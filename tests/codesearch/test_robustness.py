"""Kills, a full disk, a read-only file system: nothing is lost, and the remedy is told."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import repos
from codesearch import Index
from codesearch.store.generations import copy_tree
from program import COMMAND, run
from stored import stored

ROOT = Path(__file__).parent.parent.parent
needs_mount = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("mount") is None or sys.platform != "linux",
    reason="mounting a file system wants root on Linux",
)


def many_functions(folder: Path, files: int) -> Path:
    """A repository of ``files`` files with five functions each."""
    repos.init(folder)
    words = ["load", "save", "parse", "merge", "split", "count", "draw", "send", "lock", "open"]
    for n in range(files):
        functions = [
            f"def {words[(n + k) % 10]}_{words[(n * 7 + k) % 10]}_{n}_{k}(value):\n"
            f"    result = value * {n} + {k}\n    print(result, {words[k]!r})\n    return result\n"
            for k in range(5)
        ]
        repos.write(folder, {f"src/part{n % 7}/file{n}.py": "\n\n".join(functions)})
    repos.commit(folder)
    return folder


def _survive_kills(repository: Path, tmp_path: Path, kills: int, longest: float) -> None:
    seed = random.randrange(1 << 30)
    print(f"seed {seed}")
    dice = random.Random(seed)
    for _ in range(kills):
        process = subprocess.Popen([*COMMAND, "index"], cwd=repository, stderr=subprocess.DEVNULL)
        time.sleep(dice.uniform(0.1, longest))
        process.kill()
        process.wait()
    done = run("index", cwd=repository)
    assert done.returncode == 0, done.stderr
    with Index.open(repository) as index:
        assert not list(index.directory.glob("building-*"))
        with Index.open(repository, index_dir=tmp_path / "fresh") as fresh:
            fresh.sync()
            assert stored(index.directory) == stored(fresh.directory)


@pytest.mark.slow
def test_killed_runs_lose_nothing(tmp_path: Path, home: Path) -> None:
    _survive_kills(many_functions(tmp_path / "many", 150), tmp_path, kills=4, longest=3.0)


@pytest.mark.slow
def test_ten_kills_on_this_repository(tmp_path: Path, home: Path) -> None:
    repos.git(tmp_path, "clone", "--quiet", str(ROOT), "here")
    _survive_kills(tmp_path / "here", tmp_path, kills=10, longest=6.0)


@contextmanager
def mounted(folder: Path, *options: str) -> Iterator[Path]:
    folder.mkdir(exist_ok=True)
    subprocess.run(["mount", *options, str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@needs_mount
@pytest.mark.parametrize("megabytes", [4, 40, 150])
def test_a_full_disk_is_told_before_it_is_full(
    indexed_on_disk: Path, tmp_path: Path, megabytes: int
) -> None:
    size = f"size={megabytes}m"
    with mounted(tmp_path / "small", "-t", "tmpfs", "-o", size, "tmpfs") as small:
        done = run("index", "--index-dir", str(small / "index"), cwd=indexed_on_disk)
    assert done.returncode == 2
    assert "Not enough disk space" in done.stderr
    assert "CODESEARCH_HOME" in done.stderr


@needs_mount
@pytest.mark.skipif(shutil.which("mkfs.ext4") is None, reason="wants mkfs.ext4")
@pytest.mark.slow
def test_the_disk_fills_between_two_runs(tmp_path: Path, home: Path) -> None:
    """What is published survives, readers go on, and the next run completes."""
    repository = many_functions(tmp_path / "many", 40)
    image = tmp_path / "disk"
    with image.open("wb") as file:
        file.truncate(400 << 20)
    subprocess.run(["mkfs.ext4", "-q", str(image)], check=True)
    with mounted(tmp_path / "small", "-o", "loop", str(image)) as small:
        where = ("--index-dir", str(small / "index"))
        assert run("index", *where, cwd=repository).returncode == 0
        repos.write(repository, {"src/new.py": "def brand_new(x):\n    return x\n"})
        repos.commit(repository)
        free = shutil.disk_usage(small).free
        (small / "ballast").write_bytes(b"\1" * (free - (1 << 20)))
        done = run("index", *where, cwd=repository)
        assert done.returncode == 2
        assert "Not enough disk space" in done.stderr
        assert run("search", "load", *where, cwd=repository).returncode == 0
        (small / "ballast").unlink()
        assert run("index", *where, cwd=repository).returncode == 0
        found = run("search", "brand_new", *where, cwd=repository)
        assert "brand_new" in found.stdout.splitlines()[0]


@needs_mount
def test_a_full_disk_in_memory_is_no_silent_death(indexed_on_disk: Path, tmp_path: Path) -> None:
    """On tmpfs even reading takes space; the engine would die of SIGBUS."""
    with Index.open(indexed_on_disk) as index:
        directory = index.directory
    with mounted(tmp_path / "small", "-t", "tmpfs", "-o", "size=60m", "tmpfs") as small:
        copy_tree(directory, small / "index")
        (small / "ballast").write_bytes(b"\1" * (shutil.disk_usage(small).free - (1 << 20)))
        done = run("search", "load", "--index-dir", str(small / "index"), cwd=indexed_on_disk)
    assert done.returncode == 2
    assert "Not enough disk space" in done.stderr


@needs_mount
def test_a_read_only_index(indexed_on_disk: Path, tmp_path: Path) -> None:
    with Index.open(indexed_on_disk) as index:
        directory = index.directory
    with mounted(tmp_path / "view", "--bind", str(directory)):
        view = str(tmp_path / "view")
        subprocess.run(["mount", "-o", "remount,ro,bind", view], check=True)
        for command in (("index", "--rebuild"), ("search", "load")):
            done = run(*command, "--index-dir", view, cwd=indexed_on_disk)
            assert done.returncode == 2, command
            assert "writable" in done.stderr
            assert "Traceback" not in done.stderr


@pytest.fixture
def indexed_on_disk(tmp_path: Path, home: Path) -> Path:
    repository = many_functions(tmp_path / "many", 10)
    assert run("index", cwd=repository).returncode == 0
    return repository
