"""Builds or syncs an index in a process of its own: engine and parser would hold this one's GIL.

``main(PATH, INDEX_DIR, URL, REVISION)`` does the work there and prints JSON, an object a line:
progress, and at the end a report or an error. ``Indexing`` starts it and hands out what it says.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from codesearch import CodesearchError, Progress, SyncReport

_EVERY = 0.1  # seconds between two lines of progress
_CHILD = "import sys; sys.path.append(sys.argv.pop(1)); from tui.indexing import main; main()"


@dataclass(frozen=True, slots=True)
class Moment:
    """Progress, and how fast it goes."""

    progress: Progress
    seconds: float  # since the start

    @property
    def share(self) -> float:
        """How much is done, 0 … 1."""
        return self.progress.bytes_done / max(1, self.progress.bytes_total)

    @property
    def per_second(self) -> float:
        """Chunks a second."""
        return self.progress.chunks / self.seconds if self.seconds > 0 else 0.0

    @property
    def left(self) -> float | None:
        """Seconds to go; None as long as that is a guess."""
        if self.share < 0.02 or self.seconds < 1:
            return None
        return self.seconds * (1 - self.share) / self.share


@dataclass(frozen=True, slots=True)
class Done:
    """A sync came to its end."""

    commit: str
    files: int
    chunks: int
    encoded: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Target:
    """Which index: what ``Index.open`` is given."""

    place: Path  # any folder of the repository
    index_dir: Path | None = None
    url: str | None = None  # of a server


class Indexing:
    """One sync, running elsewhere."""

    def __init__(self, target: Target, revision: str) -> None:
        where = (str(target.place), str(target.index_dir or ""), target.url or "")
        package = str(Path(__file__).parent.parent)
        # -P: nothing is imported from the folder we happen to be in, which is a repository.
        self._command = [sys.executable, "-P", "-c", _CHILD, package, *where, revision]
        self._process: asyncio.subprocess.Process | None = None

    async def run(self) -> AsyncIterator[Moment | Done]:
        """What it says, until it is done.

        Raises:
            CodesearchError: what went wrong there; ``asyncio.CancelledError`` stops the process.
        """
        pipe = asyncio.subprocess.PIPE
        self._process = await asyncio.create_subprocess_exec(
            *self._command, stdin=asyncio.subprocess.DEVNULL, stdout=pipe, stderr=pipe
        )
        assert self._process.stdout and self._process.stderr
        try:
            async for line in self._process.stdout:
                yield _message(json.loads(line))
            said = (await self._process.stderr.read()).decode(errors="replace").strip()
            if await self._process.wait() not in (0, 2):
                last = said.splitlines()[-1:] or [f"exit code {self._process.returncode}"]
                raise CodesearchError(
                    f"The indexing process ended early: {last[0]}", "Try: codesearch index"
                )
        finally:
            await self.stop()

    async def stop(self) -> None:
        """End it; what was encoded so far is kept for the next time."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGINT)
        try:
            await asyncio.wait_for(process.wait(), 5)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()


def _message(said: dict[str, Any]) -> Moment | Done:
    if "error" in said:
        raise CodesearchError(said["error"], said["remedy"])
    if "progress" in said:
        return Moment(Progress(**said["progress"]), said["seconds"])
    return Done(**said["done"])


def main() -> None:
    """The process: sync the index of ``PATH`` (``INDEX_DIR``, ``URL``: or "") to ``REVISION``."""
    from codesearch import Index  # noqa: PLC0415  (not where the interface imports this module)

    place, index_dir, url, revision = sys.argv[1:]
    started, told = time.monotonic(), 0.0

    def tell(progress: Progress) -> None:
        nonlocal told
        now = time.monotonic()
        if now - told >= _EVERY:
            told = now
            _say(progress=asdict(progress), seconds=now - started)

    try:
        with Index.open(place, index_dir=index_dir or None, url=url or None) as index:
            report = index.sync(revision, wait=False, on_progress=tell)
    except CodesearchError as error:
        _say(error=str(error), remedy=error.remedy)
        sys.exit(2)
    except (KeyboardInterrupt, BrokenPipeError):
        sys.exit(130)
    _say(done=_done(report))


def _done(report: SyncReport) -> dict[str, Any]:
    names = ("commit", "files", "chunks", "encoded", "seconds")
    return {name: getattr(report, name) for name in names}


def _say(**values: Any) -> None:
    print(json.dumps(values), flush=True)
