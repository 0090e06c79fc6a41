"""``python -m benchmarks tui``: how fast the terminal interface answers the keys.

Three programs are measured: the application itself, driven key by key without a terminal (what it
would write is made, and thrown away); whole processes in a pseudo terminal, from their start to
the first letter echoed; and the memory of the first over many questions.
"""

from __future__ import annotations

import asyncio
import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

from textual import events

from benchmarks.errors import BenchmarkError
from benchmarks.facts import circumstances
from benchmarks.results import Result, rounded
from benchmarks.scoring import percentile
from codesearch import Index
from tui.app import CodesearchApp, make_app
from tui.preferences import Preferences
from tui.screens.search import SearchScreen

QUESTIONS = (
    "where is the configuration read",
    "parse command line arguments",
    "retry after a failed request",
    "close all open connections",
    "write a log message to a file",
    "hash table resize",
    "compare two versions",
    "sort by key",
    "encode as json",
    "check the permissions of a user",
    "handle a timeout",
    "open_file",
    "getString",
    "convert bytes to text",
    "remove expired entries from the cache",
    "lock so that only one thread writes",
    "read the next token",
    "start the background thread",
    "error when the network is down",
    "unit test of the parser",
)
_SIZE = (120, 40)
_BETWEEN_KEYS = 0.12  # seconds: a fast typist
_PATIENCE = 30  # seconds
_WARM_UP = 2  # questions that are not counted


def run_tui(
    place: Path,
    index_dir: Path,
    *,
    questions: int = 1000,
    typed: Sequence[str] = QUESTIONS,
    starts: int = 9,
) -> Result:
    """Measure over the index of one repository, which is built first where it is not yet.

    Args:
        place: any folder of the repository.
        index_dir: folder of its index.
        questions: how many are asked to watch the memory.
        typed: what is typed letter by letter; the first two are not counted.
        starts: how many processes are started.
    """
    with Index.open(place, index_dir=index_dir) as index:
        index.sync()
        stats = index.stats()
    result: Result = {"what": "tui", **circumstances("tui")}
    result |= {"repository": stats.name, "revision": stats.commit, "chunks": stats.chunks}
    result["size"] = list(_SIZE)
    result["start_ms"] = percentile([_start_ms(place, index_dir) for _ in range(starts)], 0.5)
    result |= asyncio.run(_measure(place, index_dir, questions, typed))
    answer: Result = rounded(result)
    return answer


async def _measure(
    place: Path, index_dir: Path, questions: int, typed: Sequence[str]
) -> dict[str, Any]:
    app = make_app(place, index_dir=index_dir, preferences=Preferences())
    async with app.run_test(size=_SIZE) as pilot:
        await app.workers.wait_for_complete()
        await pilot.pause()
        keys, moves = _Stopwatch(app), _Stopwatch(app)
        for number, question in enumerate(typed):
            typing = keys if number >= _WARM_UP else _Stopwatch(app)
            await _type(typing, question)
            await _move(moves)
        first = _memory_mb()
        await _ask_many(app, questions)
        return {
            **_percentiles("key", keys.times),
            **_percentiles("move", moves.times),
            "keys": len(keys.times),
            "overtaken": keys.overtaken,
            "questions": questions,
            "between_keys_ms": _BETWEEN_KEYS * 1000,
            "memory_first_mb": first,
            "memory_last_mb": _memory_mb(),
            "workers_left": await _workers_left(app),
        }


class _Stopwatch:
    """Presses keys and notes how long it takes until what they ask for is drawn."""

    def __init__(self, app: CodesearchApp) -> None:
        screen = app.screen
        assert isinstance(screen, SearchScreen)
        self.app = app
        self.screen = screen
        self.times: list[float] = []  # milliseconds
        self.overtaken = 0

    async def letter(self, character: str) -> None:
        """Type a letter; the next one comes after a typist's pause or a slow answer."""
        text = self.screen.ask.value + character
        started = time.perf_counter()
        self.app.post_message(events.Key(_KEY_NAMES.get(character, character), character))
        deadline = started + _BETWEEN_KEYS
        while not self._answered(text) and time.perf_counter() < deadline:
            await asyncio.sleep(0.002)
        if self._answered(text):
            await self._drawn()
            self.times.append((time.perf_counter() - started) * 1000)
        else:
            self.overtaken += 1
        await asyncio.sleep(max(0.0, deadline - time.perf_counter()))

    async def down(self) -> None:
        """Choose the next hit."""
        place = self.screen.results.place
        shown = self.screen.preview.shown
        started = time.perf_counter()
        self.app.post_message(events.Key("down", None))
        while self.screen.results.place == place or self.screen.preview.shown == shown:
            await asyncio.sleep(0.001)
            if time.perf_counter() - started > 2:
                return
        await self._drawn()
        self.times.append((time.perf_counter() - started) * 1000)
        await asyncio.sleep(0.03)

    def _answered(self, text: str) -> bool:
        answer = self.screen.answer
        return answer is not None and answer.query.text == text

    async def _drawn(self) -> None:
        done = asyncio.Event()
        self.screen.call_after_refresh(done.set)
        await done.wait()


_KEY_NAMES = {" ": "space", "_": "underscore"}


async def _type(watch: _Stopwatch, question: str) -> None:
    watch.screen.ask.value = ""
    await asyncio.sleep(_BETWEEN_KEYS)
    for character in question:
        await watch.letter(character)


async def _move(watch: _Stopwatch) -> None:
    for _ in range(5):
        await watch.down()


async def _ask_many(app: CodesearchApp, questions: int) -> None:
    """Questions one after the other, each answered and previewed; no two alike."""
    watch = _Stopwatch(app)
    for number, question in zip(range(questions), cycle(QUESTIONS), strict=False):
        text = f"{question} {number}"
        watch.screen.ask.ask(text)
        end = time.perf_counter() + _PATIENCE
        while not (watch.screen.answer and watch.screen.answer.query.text == text):
            await asyncio.sleep(0.002)
            if time.perf_counter() > end:
                raise BenchmarkError(f"There was no answer to {text!r}")


async def _workers_left(app: CodesearchApp) -> int:
    """Workers that run on after the last answer; the one that waits to remember it aside."""
    await asyncio.sleep(1.2)  # HEAD is looked at half a second after an answer
    return sum(not w.is_finished and w.group != "remember" for w in app.workers)


def _percentiles(name: str, times: Sequence[float]) -> dict[str, float]:
    return {f"{name}_p{p}_ms": percentile(times, p / 100) for p in (50, 95, 99)}


def _memory_mb() -> float:
    """Resident memory of this process."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _start_ms(place: Path, index_dir: Path) -> float:
    """From the start of a process to the echo of a letter that was typed at once."""
    master, slave = pty.openpty()
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "tui", str(place), "--index-dir", str(index_dir)],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=os.environ | {"TERM": "xterm-256color", "COLUMNS": "120", "LINES": "40"},
        start_new_session=True,
    )
    os.close(slave)
    try:
        _wait_for(b"plain words", master, started)  # the empty question says how to ask
        os.write(master, b"z")
        _wait_for(b"z", master, started)
        return (time.perf_counter() - started) * 1000
    finally:
        process.kill()
        process.wait()
        os.close(master)


def _wait_for(text: bytes, master: int, started: float) -> None:
    said = b""
    while text not in said:
        if time.perf_counter() - started > _PATIENCE:
            raise BenchmarkError("The terminal interface did not start")
        if select.select([master], [], [], 0.01)[0]:
            said += os.read(master, 65536)
