"""What a job tells while it runs: one event a line, for people or as JSON."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from codesearch.render import as_json


class Kind(StrEnum):
    """What happened."""

    FETCHED = "fetched"  # from the remotes
    PROGRESS = "progress"  # a sign of life in a long sync
    SYNCED = "synced"  # the index has the ref's commit now
    UNCHANGED = "unchanged"  # it had it already
    FORGOTTEN = "forgotten"  # the ref is no longer in git, nor followed
    UNMATCHED = "unmatched"  # a pattern that no branch or tag is like
    MISSING = "missing"  # a registered repository that is not there
    FAILED = "failed"  # with ``error`` and ``remedy``; the other repositories go on
    FINISHED = "finished"  # all is done; ``failed`` names the repositories that were not


_LEVELS = {Kind.UNMATCHED: "warning", Kind.MISSING: "warning", Kind.FAILED: "error"}


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened. None: has nothing to say on this."""

    event: Kind
    repository: str | None = None  # its folder
    ref: str | None = None  # as a user types it
    commit: str | None = None
    files: int | None = None  # at the commit, as ``chunks``
    chunks: int | None = None
    encoded: int | None = None  # texts that went through the encoder
    reused: int | None = None  # chunks written with a vector known from before
    deleted: int | None = None
    seconds: float | None = None
    error: str | None = None
    remedy: str | None = None
    repositories: int | None = None  # how many there were
    failed: tuple[str, ...] | None = None  # those of them that failed
    time: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def level(self) -> str:
        """How bad it is: ``info``, ``warning`` or ``error``."""
        return "error" if self.failed else _LEVELS.get(self.event, "info")

    def as_json(self) -> str:
        """One line: an object with ``time``, ``level``, ``event``, and what else is known."""
        told: dict[str, Any] = {
            "time": self.time.isoformat(timespec="milliseconds"),
            "level": self.level,
        }
        for name in (f.name for f in fields(self) if f.name != "time"):
            if (value := getattr(self, name)) is not None:
                told[name] = round(value, 3) if name == "seconds" else value
        return as_json(told)

    def as_text(self) -> str:
        """The same for people; the remedy on a second line."""
        line = _TEXTS[self.event].format_map({f.name: getattr(self, f.name) for f in fields(self)})
        ref = f" {self.ref}" if self.ref else ""
        head = f"{self.repository}{ref}: " if self.repository else ""
        arrow = f"\n  → {self.remedy}" if self.remedy else ""
        failed = f"; failed: {', '.join(self.failed)}" if self.failed else ""
        return f"{head}{line}{failed}{arrow}"


_TEXTS = {
    Kind.FETCHED: "fetched in {seconds:.1f} s",
    Kind.PROGRESS: "{files:,} files read, {chunks:,} chunks, {encoded:,} encoded",
    Kind.SYNCED: "indexed at {commit:.10}: {files:,} files, {chunks:,} chunks in {seconds:.1f} s "
    "({encoded:,} encoded; {reused:,} reused; {deleted:,} deleted)",
    Kind.UNCHANGED: "up to date at {commit:.10}",
    Kind.FORGOTTEN: "no longer in git; forgotten",
    Kind.UNMATCHED: "no branch or tag is like this",
    Kind.MISSING: "the repository is not there",
    Kind.FAILED: "{error}",
    Kind.FINISHED: "{repositories} repositories in {seconds:.1f} s",
}
