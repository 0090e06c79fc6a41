"""Whole processes, timed from start to end, with the most memory they had; and their settings."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from benchmarks.errors import BenchmarkError


@dataclass(frozen=True, slots=True)
class Run:
    """A process that ended."""

    seconds: float
    peak_mb: float  # the most memory that the process, or one it waited for, ever had
    output: str


@contextmanager
def as_shipped() -> Iterator[None]:
    """What the user has set (environment, file) stays out, here and in processes that are begun."""
    before = dict(os.environ)
    for name in before:
        if name.startswith("CODESEARCH_"):
            del os.environ[name]
    os.environ["CODESEARCH_CONFIG"] = os.devnull
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def codesearch(*arguments: str, found: Collection[int] = (0,)) -> Run:
    """Run the program as a user does. ``found``: exit codes that are no failure."""
    return timed([sys.executable, "-m", "codesearch", *arguments], found)


def timed(command: Sequence[str], expected: Collection[int] = (0,)) -> Run:
    """Run a command. Raises ``BenchmarkError`` with its last words if it fails."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=output, stderr=errors)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        said = []
        for stream in (output, errors):
            stream.seek(0)
            said.append(stream.read().decode(errors="replace"))
    if process.returncode not in expected:
        raise BenchmarkError(f"{' '.join(command[1:4])} … failed: {''.join(said)[-500:]}")
    unit = 1 if sys.platform == "darwin" else 1024
    return Run(seconds, usage.ru_maxrss * unit / 1e6, said[0])
