"""``python -m benchmarks incremental``: what a commit costs, over the last ones of real histories.

Each repository is indexed at the oldest of the commits, from nothing; then commit by commit, in one
process; the last few by a process each, as a git hook would have it. A full rebuild of the same
run stands beside, with every text encoded, and with all vectors known.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import processes, speed
from benchmarks.board import Pinned
from benchmarks.errors import BenchmarkError, MirrorError
from benchmarks.facts import circumstances
from benchmarks.mirrors import find_mirror
from benchmarks.replay import BRANCH, QUESTION, move_branch
from benchmarks.results import Result, rounded
from benchmarks.scoring import percentile
from benchmarks.systems import stamp
from codesearch import Index, Settings
from codesearch.encoder.weights import Weights

PINNED = speed.PINNED
_COLD = 5  # commits at the end that are followed by processes


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked for."""

    mirrors: Path
    cache: Path  # where the vectors of the first commit stay
    commits: int
    reuse: bool  # take the vectors, and the time that they took, from an earlier run
    clone: bool = False


def run_incremental(plan: Plan, only: Collection[str] = ()) -> Result:
    """Measure each repository; one that cannot be had is left out, said so."""
    result: Result = {"what": "incremental", **circumstances()}
    result["model"] = _model()
    result["repositories"], result["repositories_left_out"] = {}, {}
    if unknown := set(only) - {pinned.name for pinned in PINNED}:
        raise BenchmarkError(f"No repository {min(unknown)!r} here")
    for pinned in PINNED:
        if only and pinned.name not in only:
            continue
        try:
            mirror = find_mirror(plan.mirrors, pinned, clone=plan.clone)
        except MirrorError as error:
            result["repositories_left_out"][pinned.name] = str(error)
            print(f"left out: {error}", file=sys.stderr)
            continue
        with tempfile.TemporaryDirectory(prefix="incremental-") as folder:
            result["repositories"][pinned.name] = _measure(plan, pinned, mirror, Path(folder))
        print(f"{pinned.name}: done", file=sys.stderr)
    if not result["repositories"]:
        raise BenchmarkError("Nothing was measured: no repository could be had")
    answer: Result = rounded(result)
    return answer


def _measure(plan: Plan, pinned: Pinned, mirror: Path, folder: Path) -> dict[str, Any]:
    commits = _history(mirror, pinned.revision, plan.commits)
    repository, directory = _borrow(mirror, folder / "repository.git"), folder / "index"
    move_branch(repository, commits[0])
    row: dict[str, Any] = {"revision": pinned.revision, "first": commits[0]}
    row |= _build(plan, pinned, commits[0], repository, directory)
    warm, cold = commits[1:-_COLD], commits[-_COLD:]
    arguments = [str(repository), str(directory), ",".join(warm)]
    done = processes.timed([sys.executable, "-m", "benchmarks.replay", *arguments])
    found = json.loads(done.output)
    changed = [_files_changed(mirror, commit) for commit in warm]
    row |= {name: [each[name] for each in found["commits"]] for name in found["commits"][0]}
    row |= {"files_changed": changed, "peak_mb": done.peak_mb}
    row["second_worktree"] = found["second_worktree"]
    row |= _cold(repository, directory, cold)
    row |= _summary(row)
    return row


def _build(
    plan: Plan, pinned: Pinned, commit: str, repository: Path, directory: Path
) -> dict[str, Any]:
    """Index the first commit from nothing, and once more with every vector known."""
    kept = stamp.folder(plan.cache, Weights.open(None).digest)
    kept = kept / "incremental" / f"{pinned.name}@{commit[:12]}"
    arguments = ["index", str(repository), "--index-dir", str(directory)]
    directory.mkdir()
    row: dict[str, Any]
    if plan.reuse and (kept / "full.json").exists():
        row = json.loads((kept / "full.json").read_text(encoding="utf-8"))
        for path in kept.glob("vectors-*"):
            shutil.copy(path, directory)
        known = processes.codesearch(*arguments)
    else:
        full = processes.codesearch(*arguments)
        row = {"full_s": full.seconds, "full_peak_mb": full.peak_mb}
        now = circumstances()
        row |= {"full_measured": now["date"], "full_commit": now["commit"]}
        _keep(directory, kept, row)
        known = processes.codesearch(*arguments, "--rebuild")
    with Index.open(repository, index_dir=directory, settings=Settings(home=directory)) as index:
        stats = index.stats()
    return row | {"known_s": known.seconds, "files": stats.files, "chunks": stats.chunks}


def _keep(directory: Path, kept: Path, row: dict[str, Any]) -> None:
    """Vectors and their price, for a run with ``--reuse``."""
    shutil.rmtree(kept, ignore_errors=True)
    kept.mkdir(parents=True)
    for path in directory.glob("vectors-*"):
        shutil.copy(path, kept)
    (kept / "full.json").write_text(json.dumps(row), encoding="utf-8")


def _cold(repository: Path, directory: Path, commits: Sequence[str]) -> dict[str, list[float]]:
    """Whole processes: one that syncs, one that asks."""
    index, search = [], []
    where = ["--index-dir", str(directory)]
    for commit in commits:
        move_branch(repository, commit)
        index.append(processes.codesearch("index", str(repository), *where).seconds * 1000)
        asked = processes.codesearch("search", QUESTION, "-C", str(repository), *where)
        search.append(asked.seconds * 1000)
    return {"cold_index_ms": index, "cold_search_ms": search}


def _summary(row: dict[str, Any]) -> dict[str, Any]:
    times = row["searchable_ms"]
    single = [ms for ms, files in zip(times, row["files_changed"], strict=True) if files == 1]
    p50 = percentile(times, 0.5)
    return {
        "commits": len(times),
        "searchable_p50_ms": p50,
        "searchable_p95_ms": percentile(times, 0.95),
        "searchable_max_ms": max(times),
        "sync_p50_ms": percentile(row["sync_ms"], 0.5),
        "one_file_p50_ms": percentile(single, 0.5) if single else None,
        "encoded_p50": percentile(row["encoded"], 0.5),
        "encoded_max": max(row["encoded"]),
        "p50_of_full": p50 / 1000 / row["full_s"],
        "p50_of_known": p50 / 1000 / row["known_s"],
        "cold_index_p50_ms": percentile(row["cold_index_ms"], 0.5),
        "cold_search_p50_ms": percentile(row["cold_search_ms"], 0.5),
    }


def _borrow(mirror: Path, place: Path) -> Path:
    """A bare repository that has the mirror's objects, and one branch of its own."""
    _git("init", "--quiet", "--bare", str(place))
    objects = Path(_git("-C", str(mirror), "rev-parse", "--git-path", "objects"))
    (place / "objects" / "info" / "alternates").write_text(f"{(mirror / objects).absolute()}\n")
    _git(f"--git-dir={place}", "symbolic-ref", "HEAD", BRANCH)
    return place


def _history(mirror: Path, revision: str, number: int) -> list[str]:
    """The last commits of a branch, oldest first: one to begin with, and those to follow."""
    walk = ["rev-list", "--first-parent", f"--max-count={number + 1}", revision]
    commits = _git("-C", str(mirror), *walk).split()[::-1]
    if len(commits) < _COLD + 2:
        raise BenchmarkError(f"Only {len(commits)} commits: at least {_COLD + 2} are needed")
    return commits


def _files_changed(mirror: Path, commit: str) -> int:
    diff = ["diff-tree", "-r", "--name-only", "-z", f"{commit}^1", commit]
    return _git("-C", str(mirror), *diff).count("\0")


def _model() -> str:
    weights = Weights.open(None)
    return f"{weights.name} {weights.digest[:12]}"


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BenchmarkError(f"git {' '.join(arguments[:3])} … failed: {done.stderr.strip()}")
    return done.stdout.strip()
