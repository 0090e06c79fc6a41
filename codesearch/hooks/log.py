"""The small log in an index's folder of what the hooks started."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from codesearch.events import Event, Kind

NAME = "hooks.log"
_BYTES = 64 << 10  # at most; then the older half goes


def note(directory: Path, event: Event) -> None:
    """Add what happened to the log of the index in ``directory``."""
    if event.event is Kind.FINISHED:
        return
    log = directory / NAME
    with suppress(OSError):  # disk full: a log is not worth a failure
        if log.exists() and log.stat().st_size > _BYTES:
            log.write_bytes(log.read_bytes()[-_BYTES // 2 :].partition(b"\n")[2])
        with log.open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(f"{event.time.astimezone():%Y-%m-%d %H:%M:%S} {event.as_text()}\n")


def last_words(directory: Path) -> str:
    """The last thing that the log says; "" if there is none."""
    try:
        text = (directory / NAME).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return next((line for line in reversed(text.splitlines()) if line[:1].isdigit()), "")
