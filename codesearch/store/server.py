"""The server store: an index on a Qdrant server or cluster, shared by many machines.

All repositories share a collection (``layout.py``), each as a tenant whose points carry numbers
of publications (``tenant.py``); a record for each repository says which number counts
(``records.py``), and one machine at a time writes it (``lease.py``, ``server_writer.py``). The
vectors known and the lock of this machine's writers stay in the index's folder.

A search costs four small requests: which publication counts, nearest, matching, payloads.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codesearch.errors import StoreError
from codesearch.store import Condition, Manifest, Point, State
from codesearch.store.connection import Connection
from codesearch.store.generations import writing
from codesearch.store.layout import Layout
from codesearch.store.locks import writer_lock
from codesearch.store.records import Published, Records
from codesearch.store.server_writer import GRACE, ServerWriter, Site
from codesearch.store.tenant import Tenant

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class ServerReader:
    """One publication. See ``store.Reader``. Read within ``GRACE`` of its end, or ask anew."""

    def __init__(self, records: Records, layout: Layout, published: Published) -> None:
        self._records = records
        self._published = published
        collection = layout.points(published.fingerprint)
        self._tenant = Tenant(records.connection, collection, records.repo, published.since)
        self._manifest: Manifest | None = None
        self._visible: dict[str, list[Condition]] = {}
        self.state: State = records.state(published)

    @property
    def name(self) -> str:
        """Which publication this is."""
        return _name(self._published.seq)

    def manifest(self) -> Manifest:
        """All that is remembered about the state; fetched once."""
        if self._manifest is None:
            self._manifest = self._records.manifest(self._published)
        return self._manifest

    def visible(self, commit: str) -> list[Condition]:
        """What keeps a query to the files of ``commit``; fetched once."""
        if commit not in self._visible:
            self._visible[commit] = self._records.visible(self._published, commit)
        return self._visible[commit]

    def nearest(
        self, vector: NDArray[np.float32], limit: int, where: Sequence[Condition] = ()
    ) -> list[tuple[str, float]]:
        """(point id, dot product), best first."""
        return self._tenant.nearest(self._published, vector, limit, where)

    def matching(
        self, terms: Mapping[int, float], limit: int, where: Sequence[Condition] = ()
    ) -> list[tuple[str, float]]:
        """(point id, BM25), best first."""
        return self._tenant.matching(self._published, terms, limit, where)

    def payloads(self, ids: Sequence[str]) -> list[dict[str, Any]]:
        """Payloads in the order of ``ids``."""
        try:
            return self._tenant.payloads(ids)
        except KeyError as error:
            raise StoreError(
                "The index on the server has moved on, and this state of it is gone", "Ask again"
            ) from error

    def points(self) -> Iterator[Point]:
        """Everything that belongs to the publication; for verification."""
        return self._tenant.scroll(self._published)

    def close(self) -> None:
        """Nothing is held."""


class ServerStore:
    """One repository's index on a server. See ``store.Store``."""

    def __init__(
        self,
        connection: Connection,
        layout: Layout,
        repo: str,
        machine: str,
        directory: Path,
        grace: float = GRACE,
    ) -> None:
        """Prepare; nothing is sent.

        Args:
            connection: to the server.
            layout: names and shapes of collections.
            repo: identity of the repository, the same on all machines.
            machine: name under which the refs of this machine's clones are kept.
            directory: folder on this machine for its writers' lock.
            grace: seconds that a superseded publication can still be read, at least.
        """
        self.records = Records(connection, layout.meta, repo, machine)
        self._site = Site(self.records.over(connection.patient()), layout, directory, grace)

    def current_name(self) -> str | None:
        """Which publication counts: one small request."""
        seq = self.records.current_seq()
        return None if seq is None else _name(seq)

    def state(self) -> State | None:
        """What is published, in a few words; None if nothing is."""
        published = self.records.published()
        return self.records.state(published) if published else None

    def reader(self) -> ServerReader | None:
        """The last publication; None if there is none."""
        published = self.records.published()
        return ServerReader(self.records, self._site.layout, published) if published else None

    def writer(
        self,
        fingerprint: str,
        dimension: int,
        *,
        wait: bool = True,
        from_scratch: bool = False,
    ) -> ServerWriter:
        """Begin the next publication."""
        directory = self._site.directory
        with writing(directory):
            directory.mkdir(parents=True, exist_ok=True)
            lock = writer_lock(directory / "writer.lock", wait=wait)
        try:
            return ServerWriter(
                self._site, lock, fingerprint, dimension, wait=wait, from_scratch=from_scratch
            )
        except BaseException:
            lock.release()
            raise

    def compact(self, fingerprint: str, dimension: int) -> None:
        """Delete for good what superseded publications had; the server gives the space back."""
        self.writer(fingerprint, dimension).abandon()

    def remove(self, *, wait: bool = True) -> None:
        """Delete all that the server has of this repository; other repositories stay."""
        try:
            published = self.records.published()
        except StoreError:  # damaged: then what is known of it is deleted
            published = None
        fingerprint = published.fingerprint if published else ""
        writer = self.writer(fingerprint, 1, wait=wait, from_scratch=True)
        try:
            writer.remove()
        except BaseException:
            writer.abandon()
            raise

    def close(self) -> None:
        """Close the connection."""
        self.records.connection.close()


def _name(seq: int) -> str:
    return f"publication {seq}"
