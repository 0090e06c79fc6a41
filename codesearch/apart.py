"""Each job in a process of its own: what kills that process stops one repository, not the night.

Python errors are events anyway (``jobs.py``). This is for what is none: the kernel ends whoever
takes the last of the memory, and the engine and the encoder are native code. It also makes memory
bounded by the largest repository, whatever the libraries keep. It costs 0.3 s a repository.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from codesearch.events import Event, Kind
from codesearch.jobs import Events, Job, bring, signs_of_life, summed_up

if TYPE_CHECKING:
    from codesearch.settings import Settings

_CHILD = "import sys; sys.path.append(sys.argv[1]); from codesearch.apart import main; main()"


def run_apart(jobs: Iterable[Job], settings: Settings, *, wait: bool = True) -> Events:
    """As ``jobs.run``, but one process after the other does the work. Yields ``PROGRESS`` too.

    If this process is interrupted, or the iterator is closed, the process at work ends.
    """
    return summed_up(jobs, lambda job: _events(job, settings, wait))


def _events(job: Job, settings: Settings, wait: bool) -> Events:
    package = str(Path(__file__).parent.parent)
    # -P: nothing is imported from the folder we happen to be in.
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", _CHILD, package],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        with suppress(BrokenPipeError):  # it could not even start: told below
            pickle.dump((job, settings, wait), process.stdin)
            process.stdin.close()
        with suppress(EOFError, pickle.UnpicklingError):  # the end, or it died while it spoke
            while True:
                yield pickle.load(process.stdout)
        if process.wait():
            yield _death(job, process.returncode)
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()
        process.stdout.close()


def _death(job: Job, code: int) -> Event:
    how = f"code {code}"
    if code < 0:
        with suppress(ValueError):
            how = signal.Signals(-code).name
    remedy = "run it again by hand and look; what was encoded is kept"
    if -code == signal.SIGKILL:
        remedy = "memory may have run out: give it more, or leave files out (.codesearchignore)"
    where = str(job.path.expanduser().absolute())
    return Event(Kind.FAILED, where, error=f"its process was ended by {how}", remedy=remedy)


def main() -> None:
    """The process: a job comes in, its events go out, both as pickles."""
    job, settings, wait = pickle.load(sys.stdin.buffer)
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # nobody else speaks in between
    try:
        for event in bring(job, settings, wait, signs_of_life(lambda event: _send(out, event))):
            _send(out, event)
    except (KeyboardInterrupt, BrokenPipeError):  # whoever listened was interrupted too, or is gone
        os._exit(130)


def _send(out: BinaryIO, event: Event) -> None:
    pickle.dump(event, out)
    out.flush()
