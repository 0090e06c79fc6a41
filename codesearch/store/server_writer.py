"""Writing to a server: the next publication in the making, and clearing up after the last ones."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from codesearch.errors import StoreError
from codesearch.store import Manifest, Point
from codesearch.store.connection import MissingError
from codesearch.store.layout import (
    Layout,
    drop_if_empty,
    ensure_meta,
    ensure_points,
    point_alias,
)
from codesearch.store.lease import Lease
from codesearch.store.locks import FileLock
from codesearch.store.records import Published, Records
from codesearch.store.tenant import Tenant

GRACE = 60.0  # seconds that a superseded publication can still be read, at least
_VOID = 32  # unpublished numbers that are remembered, the latest


@dataclass(frozen=True, slots=True)
class Site:
    """Where a repository's index is: on the server, and its folder on this machine."""

    records: Records  # asked with patience
    layout: Layout
    directory: Path
    grace: float


class ServerWriter:
    """The next publication in the making. See ``store.Writer``.

    Nothing of it can be seen before the record is replaced, which is the last thing written.
    """

    def __init__(
        self,
        site: Site,
        lock: FileLock,
        fingerprint: str,
        dimension: int,
        *,
        wait: bool,
        from_scratch: bool,
    ) -> None:
        self._site = site
        self._records = site.records
        self._connection = self._records.connection
        self._lock = lock
        self._fingerprint = fingerprint
        self._dimension = dimension
        self._begun = False
        self._publishing = False
        self._buried: set[str] = set()
        self._connection.require_version()
        ensure_meta(self._connection, site.layout)
        floor = _seq(self._records)
        self._lease = Lease.claim(self._records, site.directory, fingerprint, floor, wait=wait)
        try:
            self._base, self._expected = self._begin_from(from_scratch)
            goes_on = self._base and not from_scratch and self._base.fingerprint == fingerprint
            self.manifest = (
                self._records.manifest(self._base)
                if self._base and goes_on
                else Manifest(fingerprint)
            )
            self._since = self._base.since if self._base and goes_on else self._lease.epoch
            self._tenant = self._tenant_of(fingerprint, self._since)
            self._swept = self._clear_up()
        except BaseException:
            self._lease.release(clean=False)
            raise

    def upsert(self, points: Sequence[Point]) -> None:
        """Add points, or replace those that were deleted by this writer."""
        self._begin()
        replaced = self._buried.intersection(point.id for point in points)
        self._tenant.upsert(points, self._lease.epoch, self._base, replaced)

    def delete(self, ids: Sequence[str]) -> None:
        """Let points be gone with this publication; their space is freed by a later one."""
        self._begin()
        self._tenant.bury(ids, self._lease.epoch, self._base)
        self._buried.update(ids)

    def publish(self, *, go_on: bool = False) -> None:
        """Make everything visible, at once. ``go_on``: then begin the next publication."""
        self._begin()
        self._lease.check()
        self._publishing = True
        now = self._records.publish(self._next(), self.manifest, self._expected)
        with suppress(StoreError):  # it is published; the next publication makes up for it
            self._move_alias()
        if go_on:
            self._lease.advance()
            self._base, self._expected = now, {"seq": now.seq}
            self._buried.clear()
            self._swept = self._publishing = False
        else:
            self._lease.release(clean=True)
            self._lock.release()

    def abandon(self) -> None:
        """Throw the work away; what cannot be taken back now, the next writer takes back."""
        clean = not self._begun
        # Once the record may be on its way, it is not known here whether this is published.
        if self._begun and not self._publishing:
            with suppress(StoreError):
                self._tenant.undo(self._lease.epoch, self._lease.epoch)
                clean = True
        self._lease.release(clean=clean)
        self._lock.release()

    def remove(self) -> None:
        """Delete all that the server has of the repository, the record first. Then it is over.

        The lease's record stays, so that numbers go on: no old writer's work can appear anew.
        """
        base, layout = self._base, self._site.layout
        fingerprints = {self._fingerprint, self._lease.former.get("fingerprint", "")} - {""}
        collections = {layout.points(it) for it in fingerprints} | set(base.former if base else ())
        self._records.delete("state")
        for collection in collections:
            with suppress(MissingError):
                Tenant(self._connection, collection, self._records.repo, 0).delete_all()
        self._records.sweep(None)
        self._lease.release(clean=True)
        in_use = {layout.points(it) for it in self._records.fingerprints_in_use()}
        for collection in collections - in_use:
            drop_if_empty(self._connection, collection)
        self._lock.release()

    def _next(self) -> Published:
        """The publication in the making, but for what is added as it is written down."""
        base, epoch = self._base, self._lease.epoch
        goes_on = base is not None and base.since == self._since
        void = (*base.void, *range(base.seq + 1, epoch)) if base and goes_on else ()
        return Published(
            seq=epoch,
            since=self._since,
            void=void[-_VOID:],
            fingerprint=self._fingerprint,
            token=self._lease.token,
            at=0.0,
            refs=(),
            partial=self.manifest.partial,
            blobs={},
            former=self._former(),
        )

    def _begin_from(self, from_scratch: bool) -> tuple[Published | None, dict[str, int] | None]:
        """The publication before, and what its record must still be when it is replaced."""
        try:
            base = self._records.published()
        except StoreError:
            if not from_scratch:  # a rebuild mends a damaged record
                raise
            return None, {}
        return base, {"seq": base.seq} if base else None

    def _begin(self) -> None:
        self._lease.hold()
        if not self._begun:
            layout = self._site.layout
            ensure_points(self._connection, layout, self._fingerprint, self._dimension)
            self._begun = True

    def _clear_up(self) -> bool:
        """Take back what a killed writer left; delete for good what nobody can read any more.

        Returns whether nothing is left of the publications before the last.
        """
        base, former = self._base, self._lease.former
        if former and not former["clean"]:
            first = base.seq + 1 if base else 1
            fingerprints = {former["fingerprint"], base.fingerprint if base else ""} - {""}
            for fingerprint in fingerprints:
                with suppress(MissingError):
                    self._tenant_of(fingerprint, 0).undo(first, self._lease.epoch)
        if base is None or self._lease.swept == base.seq:
            return base is not None
        if abs(time.time() - base.at) < self._site.grace:
            return False
        with suppress(MissingError):  # a rebuild makes it anew
            self._tenant_of(base.fingerprint, 0).sweep(base)
        self._records.sweep(base)
        in_use = {self._site.layout.points(it) for it in self._records.fingerprints_in_use()}
        for collection in base.former:
            with suppress(MissingError):
                Tenant(self._connection, collection, self._records.repo, 0).delete_all()
            if collection not in in_use:
                drop_if_empty(self._connection, collection)
        self._lease.note_swept(base.seq)
        return True

    def _former(self) -> tuple[str, ...]:
        """Collections that will have to be cleared of this repository's points."""
        if self._base is None:
            return ()
        layout = self._site.layout
        left = () if self._swept else self._base.former
        last = layout.points(self._base.fingerprint)
        now = layout.points(self._fingerprint)
        return tuple(sorted({*left, last} - {now}))

    def _move_alias(self) -> None:
        """Let the alias name this collection, if all repositories have arrived in it."""
        if self._records.fingerprints_in_use() == {self._fingerprint}:
            layout = self._site.layout
            point_alias(self._connection, layout, layout.points(self._fingerprint))

    def _tenant_of(self, fingerprint: str, since: int) -> Tenant:
        collection = self._site.layout.points(fingerprint)
        return Tenant(self._connection, collection, self._records.repo, since)


def _seq(records: Records) -> int:
    """The number of the last publication, as far as it can be read."""
    try:
        return records.current_seq() or 0
    except StoreError:
        return 0
