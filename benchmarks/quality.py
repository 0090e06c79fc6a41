"""``python -m benchmarks quality``: who finds the right place, on real repositories."""

from __future__ import annotations

import sys
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import results
from benchmarks.board import (
    Question,
    read_published,
    read_questions,
    read_repositories,
)
from benchmarks.corpus import Corpus
from benchmarks.errors import BenchmarkError, MirrorError
from benchmarks.facts import circumstances
from benchmarks.failures import Failures
from benchmarks.mirrors import find_mirror
from benchmarks.results import Result
from benchmarks.scoring import DEPTH, Place, is_met, mean, ndcg, percentile, ranks
from benchmarks.systems import System


@dataclass(frozen=True, slots=True)
class Board:
    """Where the repositories and the questions are."""

    mirrors: Path
    data: Path
    only: Collection[str] = ()
    clone: bool = False


def run_quality(
    board: Board, systems: Sequence[System], left_out: dict[str, str], failures: Failures | None
) -> Result:
    """Ask every system every question; a repository that cannot be had is left out, said so."""
    result: Result = {"what": "quality", **circumstances()}
    result["systems"] = {system.name: {"describes": system.describes} for system in systems}
    result["systems_left_out"] = left_out
    result["repositories"], result["repositories_left_out"] = {}, {}
    there = []  # all is looked up before anything is measured
    for pinned in read_repositories(board.data, board.only):
        try:
            mirror = find_mirror(board.mirrors, pinned, clone=board.clone)
        except MirrorError as error:
            result["repositories_left_out"][pinned.name] = str(error)
            _say(f"left out: {error}")
        else:
            there.append((pinned, mirror, read_questions(board.data, pinned.name)))
    if not there:
        raise BenchmarkError("Nothing was measured: no repository could be had")
    for pinned, mirror, questions in there:
        with Corpus(pinned, mirror) as corpus:
            asked = _ask_all(corpus, systems, questions, failures)
        result["repositories"][pinned.name] = asked
    for system in systems:
        result["systems"][system.name] |= results.summary(result, system.name)
        times = [r["p50_ms"][system.name] for r in result["repositories"].values()]
        result["systems"][system.name]["query_p50_ms"] = percentile(times, 0.5)
    result["published"] = read_published(board.data, result["repositories"])
    rounded: Result = results.rounded(result)
    return rounded


def _ask_all(
    corpus: Corpus,
    systems: Sequence[System],
    questions: Sequence[Question],
    failures: Failures | None,
) -> dict[str, Any]:
    pinned = corpus.pinned
    row: dict[str, Any] = {
        "language": pinned.language,
        "revision": pinned.revision,
        "files": len(corpus.texts),
        "chunks": len(corpus.chunks),
        "targets_not_in_corpus": _not_there(corpus, questions),
        "categories": [question.category for question in questions],
        "p50_ms": {},
        "ranks": {},
    }
    said = []
    for system in systems:
        found, seconds = _ask(system, corpus, questions, failures)
        row["ranks"][system.name] = found
        row["p50_ms"][system.name] = percentile(seconds, 0.5) * 1000
        said.append(f"{system.name} {mean(map(ndcg, found)):.3f}")
    _say(f"{pinned.name} ({pinned.language}, {row['chunks']:,} chunks): " + ", ".join(said))
    return row


def _ask(
    system: System, corpus: Corpus, questions: Sequence[Question], failures: Failures | None
) -> tuple[list[list[int]], list[float]]:
    """The targets' ranks and the time of each question."""
    found, seconds = [], []
    with system.open(corpus) as search:
        search(questions[0].query, DEPTH)  # the first one pays for what is loaded once
        for number, question in enumerate(questions):
            started = time.perf_counter()
            places = search(question.query, DEPTH)
            seconds.append(time.perf_counter() - started)
            found.append(ranks(question.targets, places))
            if failures is not None and failures.system == system.name:
                failures.note(corpus.pinned, number, question, places, search)
    return found, seconds


def _not_there(corpus: Corpus, questions: Sequence[Question]) -> list[int]:
    """Numbers of the questions of which a target is in no file that the product takes in."""
    places = [Place(path) for path in corpus.texts]
    return [
        number
        for number, question in enumerate(questions)
        if not all(any(is_met(t, place) for place in places) for t in question.targets)
    ]


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
