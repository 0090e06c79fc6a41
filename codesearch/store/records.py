"""What is published on a Qdrant server: one small record for each repository, written last.

The record names the publication by a number and says which points belong to it (``tenant.py``).
What is large (the manifest, what each commit sees) lies beside it in blobs that carry the number
and are never changed. A record is replaced on condition that it is still the one that the writer
started from, and read back: who lost the race has changed nothing.
"""

from __future__ import annotations

import base64
import hashlib
import json
import time
import uuid
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from qdrant_client import models

from codesearch.errors import IndexLockedError, StoreError
from codesearch.store.connection import Connection, MissingError
from codesearch.store.manifest import (
    Condition,
    Manifest,
    Ref,
    State,
    refs_from_json,
    refs_to_json,
)
from codesearch.store.requests import batches, equals, is_one_of

_PART = 4 << 20  # characters of a blob's part; the server takes requests of 32 MiB
_REQUEST = 2  # parts in one request
_ELSEWHERE = "@"  # begins the place of a ref that is not on this machine: see ``manifest.Ref``


@dataclass(frozen=True, slots=True)
class Published:
    """One publication of a repository: its points are those born in [since, seq], not dead."""

    seq: int
    since: int  # the first of the row that this one continues; a rebuild begins a new row
    void: tuple[int, ...]  # numbers in between that were given out and never published
    fingerprint: str
    token: str  # of the writer: who reads it back knows whether it was he
    at: float  # seconds since 1970
    refs: tuple[tuple[str, str, str], ...]  # name, place, commit
    partial: str  # see ``manifest.State``
    blobs: Mapping[str, int]  # name → number of parts
    former: tuple[str, ...] = ()  # collections that may still hold points of this repository


class Records:
    """One repository's part of the collection of states."""

    def __init__(self, connection: Connection, collection: str, repo: str, machine: str) -> None:
        self.connection = connection
        self.collection = collection
        self.repo = repo
        self._machine = f"{_ELSEWHERE}{machine}:"

    def over(self, connection: Connection) -> Records:
        """The same records, over another connection to the server."""
        machine = self._machine.removeprefix(_ELSEWHERE).removesuffix(":")
        return Records(connection, self.collection, self.repo, machine)

    def current_seq(self) -> int | None:
        """Number of the publication that counts; None if there is none. One small request."""
        payload = self.read("state", ["seq"])
        if payload is None:
            return None
        try:
            return int(payload["seq"])
        except (KeyError, TypeError, ValueError) as error:
            raise self._damaged() from error

    def published(self) -> Published | None:
        """The publication that counts; None if there is none."""
        payload = self.read("state", True)
        if payload is None:
            return None
        try:
            values = {field: payload[field] for field in Published.__dataclass_fields__}
            values |= {name: int(values[name]) for name in ("seq", "since")}
            values |= {name: tuple(values[name]) for name in ("void", "former")}
            values["refs"] = tuple((name, place, commit) for name, place, commit in values["refs"])
            return Published(**values)
        except (KeyError, TypeError, ValueError) as error:
            raise self._damaged() from error

    def state(self, published: Published) -> State:
        """What a query needs of it."""
        refs = self._here(refs_from_json(published.refs))
        return State(published.fingerprint, refs, published.partial)

    def manifest(self, published: Published) -> Manifest:
        """All that is remembered about a publication."""
        try:
            manifest = Manifest.from_json(self._read_blob(published, "manifest"))
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise self._damaged() from error
        manifest.refs = self._here(manifest.refs)
        return manifest

    def visible(self, published: Published, commit: str) -> list[Condition]:
        """What keeps a query to one of its commits."""
        if f"visible/{commit}" not in published.blobs:
            return []
        values = self._read_blob(published, f"visible/{commit}")
        return [Condition("version", tuple(values["keys"]), negated=values["negated"])]

    def publish(
        self, new: Published, manifest: Manifest, expected: Mapping[str, Any] | None
    ) -> Published:
        """Write the blobs; then, last of all, replace the record (see ``replace``).

        Raises:
            IndexLockedError: somebody else has published meanwhile. Nothing is changed.
        """
        refs = {self._qualified(ref): commit for ref, commit in manifest.refs.items()}
        texts = {"manifest": replace(manifest, refs=refs).to_json()}
        for commit, conditions in manifest.visible().items():
            for condition in conditions:  # at most one
                values = {"negated": condition.negated, "keys": condition.values}
                texts[f"visible/{commit}"] = json.dumps(values)
        blobs = self._write_blobs(new.seq, texts)
        new = replace(new, refs=tuple(refs_to_json(refs)), blobs=blobs, at=time.time())
        self.replace("state", asdict(new), expected)
        now = self.published()
        if now is None or now.token != new.token:
            raise IndexLockedError(
                "Another process has published this index meanwhile", "Run it again"
            )
        return now

    def sweep(self, keep: Published | None) -> None:
        """Delete the blobs of all publications but one."""
        other = models.Filter(
            must=[equals("repo", self.repo), equals("kind", "blob")],
            must_not=[equals("seq", keep.seq)] if keep else None,
        )
        selector = models.FilterSelector(filter=other)
        self.connection.ask(lambda client: client.delete(self.collection, selector))

    def fingerprints_in_use(self) -> set[str]:
        """Of all repositories: those published, and those being built at this moment."""
        kinds = models.Filter(must=[is_one_of("kind", ["state", "lease"])])
        found: set[str] = set()
        offset: Any = None
        while True:
            rows, offset = self.connection.ask(
                lambda client, at=offset: client.scroll(  # type: ignore[misc]
                    self.collection,
                    kinds,
                    limit=1000,
                    offset=at,
                    with_payload=["kind", "fingerprint", "expires"],
                )
            )
            for row in rows:
                if row.payload["kind"] == "state" or row.payload["expires"] > time.time():
                    found.add(row.payload["fingerprint"])
            if offset is None:
                return found

    def delete(self, kind: str) -> None:
        """Delete the repository's record of a kind."""
        ids: list[Any] = [self._id(kind)]
        selector = models.PointIdsList(points=ids)
        self.connection.ask(lambda client: client.delete(self.collection, selector))

    def read(self, kind: str, fields: list[str] | bool) -> dict[str, Any] | None:
        """The repository's record of a kind; None if there is none."""
        ids = [self._id(kind)]
        try:
            rows = self.connection.ask(
                lambda client: client.retrieve(
                    self.collection,
                    ids,
                    with_payload=fields,
                    consistency=models.ReadConsistencyType.MAJORITY,
                )
            )
        except MissingError:
            return None
        return rows[0].payload or {} if rows else None

    def replace(
        self, kind: str, payload: Mapping[str, Any], expected: Mapping[str, Any] | None
    ) -> None:
        """Write a record if the one there has the ``expected`` values (None: if there is none).

        Whether it was written is not told: read it back.
        """
        point = models.PointStruct(
            id=self._id(kind), vector={}, payload={"repo": self.repo, "kind": kind, **payload}
        )
        condition = None
        if expected is not None:
            condition = models.Filter(must=[equals(name, it) for name, it in expected.items()])
        mode = models.UpdateMode.INSERT_ONLY if expected is None else models.UpdateMode.UPDATE_ONLY
        self.connection.ask(
            lambda client: client.upsert(
                self.collection,
                [point],
                update_filter=condition,
                update_mode=mode,
                ordering=models.WriteOrdering.STRONG,
            )
        )

    def _write_blobs(self, seq: int, texts: Mapping[str, str]) -> dict[str, int]:
        numbers: dict[str, int] = {}
        points = []
        for name, text in texts.items():
            data = base64.b64encode(zlib.compress(text.encode())).decode("ascii")
            parts = [data[start : start + _PART] for start in range(0, len(data), _PART)]
            numbers[name] = len(parts)
            points += [
                models.PointStruct(
                    id=id_,
                    vector={},
                    payload={"repo": self.repo, "kind": "blob", "seq": seq, "data": part},
                )
                for id_, part in zip(self._blob_ids(seq, name, len(parts)), parts, strict=True)
            ]
        for batch in batches(
            points, _REQUEST * _PART, lambda point: len((point.payload or {})["data"]) + 200
        ):
            self.connection.ask(
                lambda client, rows=batch: client.upsert(self.collection, rows)  # type: ignore[misc]
            )
        return numbers

    def _read_blob(self, published: Published, name: str) -> Any:
        ids = self._blob_ids(published.seq, name, published.blobs[name])
        parts: list[str] = []
        for start in range(0, len(ids), _REQUEST):
            some = ids[start : start + _REQUEST]
            rows = self.connection.ask(
                lambda client, ids=some: client.retrieve(self.collection, ids)  # type: ignore[misc]
            )
            found = {str(row.id): row.payload or {} for row in rows}
            if found.keys() != set(some):
                raise self._damaged()
            parts += [found[id_]["data"] for id_ in some]
        try:
            return json.loads(zlib.decompress(base64.b64decode("".join(parts))))
        except (ValueError, zlib.error) as error:
            raise self._damaged() from error

    def _id(self, *parts: object) -> str:
        return uuid_of(self.repo, *parts)

    def _blob_ids(self, seq: int, name: str, parts: int) -> list[str]:
        return [self._id("blob", seq, name, number) for number in range(parts)]

    def _qualified(self, ref: Ref) -> Ref:
        """As others see it: with the name of this machine."""
        return ref if ref.is_elsewhere else Ref(ref.name, self._machine + ref.place)

    def _here(self, refs: Mapping[Ref, str]) -> dict[Ref, str]:
        """As seen from here: places on this machine are plain paths."""
        return {
            Ref(ref.name, ref.place.removeprefix(self._machine)): commit
            for ref, commit in refs.items()
        }

    def _damaged(self) -> StoreError:
        return StoreError(
            f"What {self.connection.url} has of this index cannot be read",
            "Build it anew: codesearch index --rebuild (vectors already computed are reused)",
        )


def uuid_of(*parts: object) -> str:
    """An id made from anything that can be written."""
    text = "\0".join(map(str, parts)).encode("utf-8", "surrogatepass")
    return str(uuid.UUID(bytes=hashlib.blake2b(text, digest_size=16).digest()))
