"""``python -m benchmarks speed``: times, memory and sizes, beside baselines in the same run."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import cycle, islice
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
from benchmarks.systems import Options, Search, System, make_systems
from codesearch import Index, Settings

# A small, a middle and a large repository. Others can be named from the board.
PINNED = (
    Pinned(
        "flask",
        "python",
        "https://github.com/pallets/flask.git",
        "2ac89889f4cc330eabd50f295dcef02828522c69",
    ),
    Pinned(
        "redis",
        "c",
        "https://github.com/redis/redis.git",
        "4f8cdc2a1ea53e42955af758aabffee67cb455dd",
    ),
    Pinned(
        "kafka",
        "java",
        "https://github.com/apache/kafka.git",
        "1eb7644349cb07139d6a3c1ad1986979647cac99",
    ),
)
_BASELINES = {"bm25": "bm25-files", "grep": "ripgrep"}  # as in results → the system
_IMPORTS = 9
_COLD_QUESTIONS = 100  # whole processes: the fewest of which there is a p99
_WARM_QUESTIONS = 200
_QUESTIONS = 20


def run_speed(
    mirrors: Path, data: Path, only: Collection[str] = (), *, clone: bool = False
) -> Result:
    """Measure each repository; one that cannot be had is left out, said so."""
    baselines = _baselines()
    result: Result = {"what": "speed", **circumstances()}
    result["baselines"] = {short: system.describes for short, system in baselines.items()}
    result["repositories"], result["repositories_left_out"] = {}, {}
    there = []  # all is looked up before anything is measured
    for pinned in _chosen(data, only):
        try:
            mirror = find_mirror(mirrors, pinned, clone=clone)
        except MirrorError as error:
            result["repositories_left_out"][pinned.name] = str(error)
            print(f"left out: {error}", file=sys.stderr)
        else:
            there.append((pinned, mirror, _queries(data, pinned)))
    if not there:
        raise BenchmarkError("Nothing was measured: no repository could be had")
    result["import_ms"] = _import_ms()
    for pinned, mirror, queries in there:
        with tempfile.TemporaryDirectory(prefix="speed-") as folder:
            row = _measure(pinned, mirror, Path(folder), queries)
        with Corpus(pinned, mirror) as corpus:
            row |= _beside(baselines, corpus, queries)
        result["repositories"][pinned.name] = row
        print(f"{pinned.name}: done", file=sys.stderr)
    answer: Result = rounded(result)
    return answer


def _baselines() -> dict[str, System]:
    """By their names in results. All must be there: times say little without them."""
    systems, left_out = make_systems(_BASELINES.values(), Options(Path()))
    named = {system.name: system for system in systems}
    if missing := [name for name in _BASELINES.values() if name not in named]:
        reason = left_out.get(missing[0], "it is not installed")
        raise BenchmarkError(f"No {missing[0]} to stand beside", reason)
    return {short: named[name] for short, name in _BASELINES.items()}


def _chosen(data: Path, only: Collection[str]) -> list[Pinned]:
    """Whole repositories: of the board, the product has no way to index one folder alone."""
    if not only:
        return list(PINNED)
    own = [pinned for pinned in PINNED if pinned.name in only]
    rest = [name for name in only if name not in {pinned.name for pinned in own}]
    board = read_repositories(data, rest) if rest else []
    return own + [replace(pinned, root="") for pinned in board]


def _queries(data: Path, pinned: Pinned) -> list[str]:
    """Real questions: about this repository, else about others in its language."""
    own = data / "annotations" / f"{pinned.name}.json"
    names = [p.name for p in read_repositories(data) if p.language == pinned.language]
    names = [pinned.name] if own.exists() else names
    if not names:
        raise BenchmarkError(f"{data} has no questions about {pinned.name} or {pinned.language}")
    return [question.query for name in names for question in read_questions(data, name)]


def _measure(pinned: Pinned, mirror: Path, folder: Path, queries: Sequence[str]) -> dict[str, Any]:
    index_dir = folder / "index"
    arguments = [str(mirror), "--rev", pinned.revision, "--index-dir", str(index_dir)]
    first = processes.codesearch("index", *arguments)
    again = processes.codesearch("index", *arguments, "--rebuild")
    settings = Settings(home=folder)
    with Index.open(mirror, index_dir=index_dir, settings=settings) as index:
        stats = index.stats()
        ask = partial(index.search, top_k=DEPTH, overlay=False)
        warm = _warm(ask, queries)
    return {
        "revision": pinned.revision,
        "files": stats.files,
        "chunks": stats.chunks,
        "index_s": first.seconds,
        "chunks_per_s": stats.chunks / first.seconds,
        "index_again_s": again.seconds,
        "index_peak_mb": first.peak_mb,
        "bytes_per_chunk": stats.bytes_per_chunk,
        **_percentiles("warm", warm),
        **_percentiles("cold", _cold_ms(mirror, pinned.revision, index_dir, queries)),
    }


def _beside(
    baselines: Mapping[str, System], corpus: Corpus, queries: Sequence[str]
) -> dict[str, float]:
    """The same questions, the same files, in the same minutes."""
    row = {"source_mb": sum(len(text.encode()) for text in corpus.texts.values()) / 1e6}
    _ = corpus.folder  # written before the clock starts
    for short, system in baselines.items():
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


def _cold_ms(mirror: Path, revision: str, index_dir: Path, queries: Sequence[str]) -> list[float]:
    """Whole processes: start, load, answer, end."""
    where = ["--repo", str(mirror), "--at", revision, "--index-dir", str(index_dir)]
    times = []
    for query in islice(cycle(queries), _COLD_QUESTIONS + 1):
        times.append(processes.codesearch("search", query, *where, found=(0, 1)).seconds * 1000)
    return times[1:]  # the first one warmed the disk cache


def _import_ms() -> float:
    """What ``import codesearch`` adds to the start of Python: medians of whole processes."""
    medians = []
    for script in ("import codesearch", "pass"):
        command = [sys.executable, "-c", script]
        times = [processes.timed(command).seconds * 1000 for _ in range(_IMPORTS)]
        medians.append(percentile(times, 0.5))
    return medians[0] - medians[1]
