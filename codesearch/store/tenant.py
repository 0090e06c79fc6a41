"""One repository's points in a collection that it shares with others.

A point carries the number of the publication that it appears with (``born``) and, once it is
deleted, of the one that it is gone with (``died``). Readers ask for those that are alive at their
own publication; so what is being written is not seen, and what is deleted is still seen by those
who began before. Points that no reader can see any more are deleted for good by a later sync.

Numbers that were given out and never published are void. A writer that was overtaken may still
send something: it can neither change what another number wrote (its upserts are conditional) nor
be seen, for its number is void.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from qdrant_client import models

from codesearch.store import Condition, Point
from codesearch.store.layout import DENSE, TERMS
from codesearch.store.records import Published
from codesearch.store.requests import batches, equals, is_one_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from codesearch.store.connection import Connection

_OWN_FIELDS = ("repo", "born", "died")  # of the payload: not the caller's
_REQUEST = 8 << 20  # bytes, about; the server takes 32 MiB
_IDS = 2000  # in one request
_PAGE = 250  # points with their vectors in one answer
_OVERSAMPLING = 4.0  # int8 candidates for each hit, before they are scored as float16


class Tenant:
    """The points of ``repo`` that were made since the publication ``since``."""

    def __init__(self, connection: Connection, collection: str, repo: str, since: int) -> None:
        self._connection = connection
        self._collection = collection
        self._repo = repo
        # Ids are by content, so the same in all repositories and after a rebuild: told apart here.
        digest = hashlib.blake2b(f"{repo}\0{since}".encode(), digest_size=16).digest()
        self._mask = int.from_bytes(digest)

    def upsert(
        self,
        points: Sequence[Point],
        epoch: int,
        base: Published | None,
        replaced: Collection[str] = (),
    ) -> None:
        """Add points that appear with the publication ``epoch``.

        Those that readers of ``base`` see are left as they are (the same id is the same content),
        unless they are among the ``replaced``, which are gone for those readers.
        """
        fresh = [point for point in points if point.id not in replaced]
        again = [point for point in points if point.id in replaced]
        not_newer = models.FieldCondition(key="born", range=models.Range(lte=epoch))
        unseen = self._alive(base) if base else None
        for some, must_not in ((fresh, unseen), (again, None)):
            condition = models.Filter(must=[not_newer], must_not=must_not)
            for batch in batches(some, _REQUEST, _weight):
                rows = [self._row(point, epoch) for point in batch]
                self._connection.ask(
                    lambda client, rows=rows, where=condition: client.upsert(  # type: ignore[misc]
                        self._collection, rows, update_filter=where
                    )
                )

    def bury(self, ids: Sequence[str], epoch: int, base: Published | None) -> None:
        """Let points be gone with the publication ``epoch``."""
        seq = base.seq if base else 0
        void = base.void if base else ()
        living = models.Filter(
            should=[
                models.IsEmptyCondition(is_empty=models.PayloadField(key="died")),
                models.FieldCondition(key="died", range=models.Range(gt=seq, lt=epoch)),
                is_one_of("died", void),
            ]
        )
        for start in range(0, len(ids), _IDS):
            some: list[Any] = [self._there(id_) for id_ in ids[start : start + _IDS]]
            where = models.Filter(must=[models.HasIdCondition(has_id=some), living])
            self._connection.ask(
                lambda client, where=where: client.set_payload(  # type: ignore[misc]
                    self._collection, {"died": epoch}, models.FilterSelector(filter=where)
                )
            )

    def nearest(
        self,
        at: Published,
        vector: NDArray[np.float32],
        limit: int,
        where: Sequence[Condition],
    ) -> list[tuple[str, float]]:
        """(point id, dot product), best first."""
        quantization = models.QuantizationSearchParams(rescore=True, oversampling=_OVERSAMPLING)
        params = models.SearchParams(quantization=quantization)
        return self._query(at, vector.tolist(), DENSE, params, limit, where)

    def matching(
        self, at: Published, terms: Mapping[int, float], limit: int, where: Sequence[Condition]
    ) -> list[tuple[str, float]]:
        """(point id, BM25), best first; how rare a term is counts within the repository."""
        if not terms:
            return []
        sparse = models.SparseVector(indices=list(terms), values=list(terms.values()))
        params = models.SearchParams(idf=models.IdfCorpusParams(corpus=self._alive(at)))
        return self._query(at, sparse, TERMS, params, limit, where)

    def payloads(self, ids: Sequence[str]) -> list[dict[str, Any]]:
        """Payloads in the order of ``ids``. KeyError if one is not there any more."""
        there = [self._there(id_) for id_ in ids]
        if not there:
            return []
        rows = self._connection.ask(lambda client: client.retrieve(self._collection, there))
        found = {str(row.id): _payload(row.payload) for row in rows}
        return [found[id_] for id_ in there]

    def scroll(self, at: Published) -> Iterator[Point]:
        """All points that are alive at a publication."""
        offset: Any = None
        while True:
            rows, offset = self._connection.ask(
                lambda client, offset=offset: client.scroll(  # type: ignore[misc]
                    self._collection,
                    self._alive(at),
                    limit=_PAGE,
                    offset=offset,
                    with_vectors=True,
                )
            )
            for row in rows:
                sparse = row.vector[TERMS]
                terms = dict(zip(sparse.indices, sparse.values, strict=True))
                dense = np.asarray(row.vector[DENSE], np.float16)
                yield Point(self._here(str(row.id)), dense, terms, _payload(row.payload))
            if offset is None:
                return

    def undo(self, first: int, last: int) -> None:
        """Take back what was written for the publications ``first`` to ``last``."""
        numbers = models.Range(gte=first, lte=last)
        self._delete([models.FieldCondition(key="born", range=numbers)])
        self._revive([models.FieldCondition(key="died", range=numbers)])

    def sweep(self, at: Published) -> None:
        """Delete for good what is not alive at a publication."""
        self._delete([], must_not=[self._alive(at)])
        if at.void:
            self._revive([is_one_of("died", at.void)])

    def delete_all(self) -> None:
        """Delete all points of the repository from the collection."""
        self._delete([])

    def _query(
        self,
        at: Published,
        query: Any,
        using: str,
        params: models.SearchParams,
        limit: int,
        where: Sequence[Condition],
    ) -> list[tuple[str, float]]:
        chosen = self._alive(at)
        conditions: dict[bool, list[Any]] = {False: [chosen], True: []}
        for condition in where:
            conditions[condition.negated].append(is_one_of(condition.field, condition.values))
        answer = self._connection.ask(
            lambda client: client.query_points(
                self._collection,
                query=query,
                using=using,
                query_filter=models.Filter(must=conditions[False], must_not=conditions[True]),
                search_params=params,
                limit=limit,
                with_payload=False,
            )
        )
        return [(self._here(str(point.id)), point.score) for point in answer.points]

    def _alive(self, at: Published) -> models.Filter:
        """What readers of a publication see."""
        born = models.FieldCondition(key="born", range=models.Range(gte=at.since, lte=at.seq))
        dead: Any = models.FieldCondition(key="died", range=models.Range(lte=at.seq))
        must_not = [dead]
        if at.void:
            dead = models.Filter(must=[dead], must_not=[is_one_of("died", at.void)])
            must_not = [dead, is_one_of("born", at.void)]
        return models.Filter(must=[equals("repo", self._repo), born], must_not=must_not)

    def _delete(self, must: Sequence[Any], must_not: Sequence[Any] = ()) -> None:
        where = models.Filter(
            must=[equals("repo", self._repo), *must], must_not=list(must_not) or None
        )
        selector = models.FilterSelector(filter=where)
        self._connection.ask(lambda client: client.delete(self._collection, selector))

    def _revive(self, must: Sequence[Any]) -> None:
        where = models.Filter(must=[equals("repo", self._repo), *must])
        selector = models.FilterSelector(filter=where)
        self._connection.ask(
            lambda client: client.delete_payload(self._collection, ["died"], selector)
        )

    def _row(self, point: Point, epoch: int) -> models.PointStruct:
        terms = models.SparseVector(indices=list(point.terms), values=list(point.terms.values()))
        return models.PointStruct(
            id=self._there(point.id),
            vector={DENSE: point.vector.tolist(), TERMS: terms},
            payload={**point.payload, "repo": self._repo, "born": epoch},
        )

    def _there(self, id_: str) -> str:
        return str(uuid.UUID(int=uuid.UUID(id_).int ^ self._mask))

    def _here(self, id_: str) -> str:
        return self._there(id_)  # its own inverse


def _payload(stored: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: value for name, value in (stored or {}).items() if name not in _OWN_FIELDS}


def _weight(point: Point) -> int:
    """Bytes of a point in a request, about."""
    text = sum(len(value) for value in point.payload.values() if isinstance(value, str))
    return 12 * len(point.vector) + 30 * len(point.terms) + 2 * text + 500
