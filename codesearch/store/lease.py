"""One writer for each repository, over all machines that share a server.

On one machine a file lock says who writes. Between machines a record on the server does: its
holder, until when (by the clocks of the machines, which should agree to some seconds), and a
number that grows with each holder. The lease only keeps writers from working for nothing. That
nothing breaks where one of them lost it without noticing (a machine that slept) rests on the
number: ``tenant.py`` and ``records.py`` take nothing from a number that was overtaken.
"""

from __future__ import annotations

import os
import socket
import time
import uuid
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from codesearch.errors import IndexLockedError, StoreError

if TYPE_CHECKING:
    from pathlib import Path

    from codesearch.store.records import Records

_SECONDS = 120.0  # without a sign of life; longer than any batch takes to encode
_POLL = 1.0  # seconds between two looks of one who waits


class Lease:
    """A held lease."""

    def __init__(self, records: Records, values: dict[str, Any], former: dict[str, Any]) -> None:
        self._records = records
        self._values = values
        self.former = former  # what the last holder left on the record
        self.token: str = values["owner"]

    @classmethod
    def claim(
        cls, records: Records, directory: Path, fingerprint: str, floor: int, *, wait: bool
    ) -> Lease:
        """Become the one writer, with a number above ``floor``. Hold the file lock before.

        Raises:
            IndexLockedError: another machine writes and ``wait`` is False.
        """
        place = f"{socket.gethostname()}:{directory}"
        while True:
            former = records.read("lease", True)
            # Who holds the file lock of that folder knows that its former holder is dead.
            if former and former["expires"] > time.time() and former["place"] != place:
                if not wait:
                    raise _locked(former)
                time.sleep(_POLL)
                continue
            values = {
                "owner": uuid.uuid4().hex,
                "place": place,
                "pid": os.getpid(),
                "fingerprint": fingerprint,
                "epoch": max(former["epoch"] if former else 0, floor) + 1,
                "expires": time.time() + _SECONDS,
                "clean": False,
                "swept": former["swept"] if former else 0,
            }
            expected = former and {"owner": former["owner"], "epoch": former["epoch"]}
            records.replace("lease", values, expected)
            lease = cls(records, values, former or {})
            if lease._is_held():
                return lease

    @property
    def epoch(self) -> int:
        """The number that the holder's publication will have."""
        return int(self._values["epoch"])

    @property
    def swept(self) -> int:
        """The publication that was cleared up after."""
        return int(self._values["swept"])

    def hold(self) -> None:
        """Give a sign of life if it is time to; call it before everything that is written.

        Raises:
            IndexLockedError: another process has taken over.
        """
        if self._values["expires"] - time.time() < _SECONDS * 2 / 3:
            self._write(expires=time.time() + _SECONDS)
            self.check()

    def check(self) -> None:
        """Raise ``IndexLockedError`` if another process has taken over."""
        if not self._is_held():
            raise IndexLockedError(
                "Another process has taken over the writing of this index",
                "Run it again: what was encoded is kept",
            )

    def advance(self) -> None:
        """Take the next number, for a further publication of the same holder."""
        self._write(epoch=self.epoch + 1, expires=time.time() + _SECONDS)
        self.check()

    def note_swept(self, seq: int) -> None:
        """Remember that a publication was cleared up after."""
        self._write(swept=seq)

    def release(self, *, clean: bool) -> None:
        """Let others write; ``clean``: nothing unpublished was left behind."""
        with suppress(StoreError):  # it ends by itself; and what it was for is done
            self._write(expires=0.0, clean=clean)

    def _write(self, **news: Any) -> None:
        expected = {"owner": self.token, "epoch": self.epoch}
        self._values |= news
        self._records.replace("lease", self._values, expected)

    def _is_held(self) -> bool:
        now = self._records.read("lease", ["owner"])
        return now is not None and now["owner"] == self.token


def _locked(former: dict[str, Any]) -> IndexLockedError:
    host = str(former["place"]).partition(":")[0]
    return IndexLockedError(
        f"Another process (pid {former['pid']} on {host}) is writing this index",
        "Wait until it is done, or leave out --no-wait to have this done for you",
    )
