"""``python -m benchmarks speed``: times, memory and sizes, beside baselines in the same run."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Collection, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import processes
from benchmarks.board import Pinned, read_questions, read_repositories
from benchmarks.corpus import Corpus
from benchmarks.errors import BenchmarkError, MirrorError
from benchmarks.facts import circumstances
from benchmarks.mirrors import find_mirror
from benchmarks.results import Result, rounded
from benchmarks.scoring import DEPTH, percentile
from benchmarks.systems import Options, Search, make_systems
from codesearch import Index, Settings

# A small, a middle and a large repository, whole. Others can be named from the board.
PINNED = (
    Pinned(
        "flask",
        "python",
        "https://github.com/pallets/flask.git",
        "2ac89889f4cc330eabd50f295dcef02828522c69",
    ),
    Pinned(
        "gin",
        "go",
        "https://github.com/gin-gonic/gin.git",
        "d3ffc9985281dcf4d3bef604cce4e662b1a327a6",
    ),
    Pinned(
        "redis",
        "c",
        "https://github.com/redis/redis.git",
        "4f8cdc2a1ea53e42955af758aabffee67cb455dd",
    ),
)
_COLD_RUNS = 9
_WARM_QUESTIONS = 200
_QUESTIONS = 20


def run_speed(
    mirrors: Path, data: Path, only: Collection[str] = (), *, clone: bool = False
) -> Result:
    """Measure each repository; one that cannot be had is left out, said so."""
    result: Result = {"what": "speed", **circumstances()}
    result["import_ms"] = _import_ms()
    result["repositories"], result["repositories_left_out"] = {}, {}
    for pinned in _chosen(data, only):
        try:
            mirror = find_mirror(mirrors, pinned, clone=clone)
        except MirrorError as error:
            result["repositories_left_out"][pinned.name] = str(error)
            print(f"left out: {error}", file=sys.stderr)
            continue
        with tempfile.TemporaryDirectory(prefix="speed-") as folder:
            queries = _queries(data, pinned)
            result["repositories"][pinned.name] = _measure(pinned, mirror, Path(folder), queries)
        print(f"{pinned.name}: done", file=sys.stderr)
    if not result["repositories"]:
        raise BenchmarkError("Nothing was measured: no repository could be had")
    answer: Result = rounded(result)
    return answer


def _chosen(data: Path, only: Collection[str]) -> list[Pinned]:
    if not only:
        return list(PINNED)
    own = [pinned for pinned in PINNED if pinned.name in only]
    rest = [name for name in only if name not in {pinned.name for pinned in own}]
    return own + (read_repositories(data, rest) if rest else [])


def _queries(data: Path, pinned: Pinned) -> list[str]:
    """Real questions: about this repository, else about others in its language."""
    own = data / "annotations" / f"{pinned.name}.json"
    names = [p.name for p in read_repositories(data) if p.language == pinned.language]
    names = [pinned.name] if own.exists() else names
    return [question.query for name in names for question in read_questions(data, name)]


def _measure(pinned: Pinned, mirror: Path, folder: Path, queries: Sequence[str]) -> dict[str, Any]:
    index_dir = folder / "index"
    arguments = [str(mirror), "--rev", pinned.revision, "--index-dir", str(index_dir)]
    first = processes.codesearch("index", *arguments)
    again = processes.codesearch("index", *arguments, "--rebuild")
    row: dict[str, Any] = {"revision": pinned.revision}
    settings = Settings(home=folder)
    with Index.open(mirror, index_dir=index_dir, settings=settings) as index:
        stats = index.stats()
        ask = partial(index.search, top_k=DEPTH, overlay=False)
        warm = _warm(ask, queries)
    row |= {
        "files": stats.files,
        "chunks": stats.chunks,
        "index_s": first.seconds,
        "chunks_per_s": stats.chunks / first.seconds,
        "index_again_s": again.seconds,
        "index_peak_mb": first.peak_mb,
        "bytes_per_chunk": stats.bytes_per_chunk,
        "cold_ms": _cold_ms(mirror, pinned.revision, index_dir, queries),
        **_percentiles("warm", warm),
    }
    with Corpus(pinned, mirror) as corpus:
        row["source_mb"] = sum(len(text.encode()) for text in corpus.texts.values()) / 1e6
        return row | _baselines(corpus, folder, queries)


def _baselines(corpus: Corpus, folder: Path, queries: Sequence[str]) -> dict[str, float]:
    """The same questions, the same files, in the same minutes."""
    row: dict[str, float] = {}
    systems, _ = make_systems(["bm25-files", "ripgrep"], Options(folder))
    _ = corpus.texts, corpus.folder  # read before the clock starts
    for system, short in zip(systems, ("bm25", "grep"), strict=True):
        started = time.perf_counter()
        with system.open(corpus) as search:
            row[f"{short}_index_s"] = time.perf_counter() - started
            row |= _percentiles(short, _warm(_answering(search), queries[:_QUESTIONS]))
    return row


def _answering(search: Search) -> Callable[[str], object]:
    return lambda query: search(query, DEPTH)


def _warm(ask: Callable[[str], object], queries: Sequence[str]) -> list[float]:
    """Milliseconds of each of many questions, after a few that are not counted."""
    for query in queries[:5]:
        ask(query)
    rounds = max(1, _WARM_QUESTIONS // len(queries))
    times = []
    for query in [query for _ in range(rounds) for query in queries]:
        started = time.perf_counter()
        ask(query)
        times.append((time.perf_counter() - started) * 1000)
    return times


def _percentiles(name: str, times: Sequence[float]) -> dict[str, float]:
    return {f"{name}_p{p}_ms": percentile(times, p / 100) for p in (50, 95, 99)}


def _cold_ms(mirror: Path, revision: str, index_dir: Path, queries: Sequence[str]) -> float:
    """The median of whole processes: start, load, answer, end."""
    times = []
    for number in range(_COLD_RUNS + 1):
        query = queries[number % len(queries)]
        where = ["--repo", str(mirror), "--at", revision, "--index-dir", str(index_dir)]
        times.append(processes.codesearch("search", query, *where, found=(0, 1)).seconds * 1000)
    return percentile(times[1:], 0.5)  # the first one warmed the disk cache


def _import_ms() -> float:
    """What ``import codesearch`` adds to the start of Python: medians of whole processes."""
    medians = []
    for script in ("import codesearch", "pass"):
        command = [sys.executable, "-c", script]
        times = [processes.timed(command).seconds * 1000 for _ in range(_COLD_RUNS)]
        medians.append(percentile(times, 0.5))
    return medians[0] - medians[1]
