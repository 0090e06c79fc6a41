"""Qdrant's real engine (Edge, in this process) behind the REST routes that codesearch uses.

Unlike local mode it has payload indexes, quantization, float16 and the server's own way with
filters and conditional upserts: Edge is the Rust code of the server's shards. What a server has
around its shards (HTTP, the write-ahead log, replicas, consistency, optimizers) is not here.
"""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path
from typing import Any

import qdrant_edge as edge
from pydantic import TypeAdapter
from qdrant_client.http.models import models as wire

from qdrant_http import route


class EdgeEngine:
    """Collections as shards in a temporary folder. One request at a time."""

    def __init__(self) -> None:
        self.requests: list[str] = []  # "METHOD path", as they came
        self._folder = tempfile.TemporaryDirectory()
        self._shards: dict[str, edge.EdgeShard] = {}
        self._configs: dict[str, wire.CreateCollection] = {}
        self._indexes: dict[str, dict[str, Any]] = {}
        self._aliases: dict[str, str] = {}
        self._made = 0
        self._lock = threading.Lock()

    def answer(self, method: str, path: str, body: bytes) -> Any:
        """The ``result`` of a request. Raises LookupError for an unknown route."""
        name, arguments = route(method, path)
        with self._lock:
            self.requests.append(f"{method} {path}")
            return getattr(self, name)(body, *arguments)

    def close(self) -> None:
        """Delete everything."""
        for shard in self._shards.values():
            shard.close()
        self._folder.cleanup()

    def create(self, body: bytes, name: str) -> bool:
        if name in self._shards:
            raise FileExistsError(f"Collection `{name}` already exists!")
        values = wire.CreateCollection.model_validate_json(body)
        vectors = values.vectors or {}
        assert isinstance(vectors, dict)
        self._made += 1
        folder = Path(self._folder.name) / str(self._made)
        folder.mkdir()
        config = edge.EdgeConfig(
            vectors={key: _vector_params(params) for key, params in vectors.items()},
            sparse_vectors={
                key: edge.EdgeSparseVectorParams(modifier=edge.Modifier.Idf)
                # Unlike a server, Edge wants some vector, if only one that nobody uses.
                for key in values.sparse_vectors or (() if vectors else ("unused",))
            },
            hnsw_config=edge.HnswIndexConfig(m=0, ef_construct=16, full_scan_threshold=10),
            quantization_config=edge.ScalarQuantizationConfig(edge.ScalarType.Int8, always_ram=True)
            if values.quantization_config
            else None,
        )
        self._shards[name] = edge.EdgeShard.create(str(folder), config)
        self._configs[name], self._indexes[name] = values, {}
        return True

    def info(self, body: bytes, name: str) -> Any:
        self._shard(name)
        values = self._configs[name]
        return {
            "status": "green",
            "optimizer_status": "ok",
            "segments_count": 1,
            "config": {
                "params": {"vectors": values.vectors, "sparse_vectors": values.sparse_vectors},
                "hnsw_config": {"m": 0, "ef_construct": 16, "full_scan_threshold": 10},
                "optimizer_config": {
                    "deleted_threshold": 0.2,
                    "vacuum_min_vector_number": 1000,
                    "default_segment_number": 0,
                    "flush_interval_sec": 5,
                },
            },
            "payload_schema": self._indexes[name],
        }

    def delete_collection(self, body: bytes, name: str) -> bool:
        if name in self._shards:
            self._shards.pop(name).close()
            self._aliases = {k: v for k, v in self._aliases.items() if v != name}
        return True

    def index(self, body: bytes, name: str) -> Any:
        values = wire.CreateFieldIndex.model_validate_json(body)
        schema: Any = values.field_schema
        kind = schema.type.value
        if kind == "keyword":
            params: Any = edge.KeywordIndexParams(is_tenant=schema.is_tenant)
        else:
            params = edge.IntegerIndexParams(lookup=schema.lookup, range=schema.range)
        made = edge.UpdateOperation.create_field_index(values.field_name, params)
        self._shard(name).update(made)
        self._indexes[name][values.field_name] = {"data_type": kind, "points": 0}
        return _DONE

    def upsert(self, body: bytes, name: str) -> Any:
        values = wire.PointsList.model_validate_json(body)
        points = [edge.Point(row.id, _vector(row.vector), row.payload) for row in values.points]
        mode = values.update_mode and _MODES[values.update_mode.value]
        condition = _filter(values.update_filter)
        if mode is not None and condition is None:
            condition = edge.Filter()  # as the server does
        self._shard(name).update(edge.UpdateOperation.upsert_points(points, condition, mode))
        return _DONE

    def retrieve(self, body: bytes, name: str) -> Any:
        values = wire.PointRequest.model_validate_json(body)
        payload: Any = True if values.with_payload is None else values.with_payload
        rows = self._shard(name).retrieve(list(map(str, values.ids)), payload, False)
        return [{"id": str(row.id), "payload": row.payload} for row in rows]

    def delete(self, body: bytes, name: str) -> Any:
        selector: Any = TypeAdapter(wire.PointsSelector).validate_json(body)
        if isinstance(selector, wire.PointIdsList):
            operation = edge.UpdateOperation.delete_points(list(map(str, selector.points)))
        else:
            operation = edge.UpdateOperation.delete_points_by_filter(_filter(selector.filter))
        self._shard(name).update(operation)
        return _DONE

    def set_payload(self, body: bytes, name: str) -> Any:
        values = wire.SetPayload.model_validate_json(body)
        if values.points:
            ids: Any = list(map(str, values.points))
            operation = edge.UpdateOperation.set_payload(ids, values.payload)
        else:
            where = _filter(values.filter)
            operation = edge.UpdateOperation.set_payload_by_filter(where, values.payload)
        self._shard(name).update(operation)
        return _DONE

    def delete_payload(self, body: bytes, name: str) -> Any:
        values = wire.DeletePayload.model_validate_json(body)
        where = _filter(values.filter)
        self._shard(name).update(
            edge.UpdateOperation.delete_payload_by_filter(where, list(values.keys))
        )
        return _DONE

    def query(self, body: bytes, name: str) -> Any:
        values = wire.QueryRequest.model_validate_json(body)
        nearest: Any = getattr(values.query, "nearest", values.query)
        if isinstance(nearest, wire.SparseVector):
            nearest = edge.SparseVector(nearest.indices, nearest.values)
        request = edge.QueryRequest(
            query=edge.Query.Nearest(nearest, using=values.using),
            limit=values.limit or 10,
            filter=_filter(values.filter),
            params=_params(values.params),
            with_payload=False,
        )
        points = self._shard(name).query(request)
        return {"points": [{"id": str(p.id), "version": 0, "score": p.score} for p in points]}

    def scroll(self, body: bytes, name: str) -> Any:
        values = wire.ScrollRequest.model_validate_json(body)
        payload: Any = True if values.with_payload is None else values.with_payload
        request = edge.ScrollRequest(
            limit=values.limit or 10,
            offset=values.offset,
            filter=_filter(values.filter),
            with_payload=payload,
            with_vector=bool(values.with_vector),
        )
        rows, offset = self._shard(name).scroll(request)
        points = [
            {"id": str(row.id), "payload": row.payload, "vector": _plain_vector(row.vector)}
            for row in rows
        ]
        return {"points": points, "next_page_offset": None if offset is None else str(offset)}

    def count(self, body: bytes, name: str) -> Any:
        values = wire.CountRequest.model_validate_json(body)
        request = edge.CountRequest(exact=True, filter=_filter(values.filter))
        return {"count": self._shard(name).count(request)}

    def collections(self, body: bytes) -> Any:
        return {"collections": [{"name": name} for name in self._shards]}

    def aliases(self, body: bytes) -> Any:
        rows = self._aliases.items()
        return {"aliases": [{"alias_name": a, "collection_name": c} for a, c in rows]}

    def change_aliases(self, body: bytes) -> Any:
        for action in wire.ChangeAliasesOperation.model_validate_json(body).actions:
            if isinstance(action, wire.CreateAliasOperation):
                target = action.create_alias.collection_name
                self._shard(target)
                self._aliases[action.create_alias.alias_name] = target
            elif isinstance(action, wire.DeleteAliasOperation):
                self._aliases.pop(action.delete_alias.alias_name, None)
        return True

    def _shard(self, name: str) -> edge.EdgeShard:
        if name not in self._shards:
            raise ValueError(f"Collection {name} not found")
        return self._shards[name]


_DONE = {"operation_id": 0, "status": "completed"}
_MODES = {
    "upsert": edge.UpdateMode.Upsert,
    "insert_only": edge.UpdateMode.InsertOnly,
    "update_only": edge.UpdateMode.UpdateOnly,
}


def _vector_params(params: wire.VectorParams) -> edge.EdgeVectorParams:
    is_half = params.datatype == wire.Datatype.FLOAT16
    storage = edge.VectorStorageDatatype
    distance = {"Dot": edge.Distance.Dot, "Cosine": edge.Distance.Cosine}[params.distance.value]
    return edge.EdgeVectorParams(
        size=params.size,
        distance=distance,
        datatype=storage.Float16 if is_half else storage.Float32,
        on_disk=params.on_disk,
    )


def _vector(given: Any) -> Any:
    return {
        name: edge.SparseVector(value.indices, value.values)
        if isinstance(value, wire.SparseVector)
        else value
        for name, value in given.items()
    }


def _plain_vector(found: Any) -> Any:
    return {
        name: {"indices": value.indices, "values": value.values}
        if isinstance(value, edge.SparseVector)
        else value
        for name, value in (found or {}).items()
    }


def _params(given: wire.SearchParams | None) -> edge.SearchParams | None:
    if given is None:
        return None
    quantization = given.quantization and edge.QuantizationSearchParams(
        rescore=given.quantization.rescore, oversampling=given.quantization.oversampling
    )
    corpus = given.idf.corpus if isinstance(given.idf, wire.IdfCorpusParams) else None
    idf = edge.IdfParams(_filter(corpus)) if corpus else None
    return edge.SearchParams(quantization=quantization, idf=idf)


def _filter(given: wire.Filter | None) -> Any:
    if given is None:
        return None
    return edge.Filter(
        must=_conditions(given.must),
        should=_conditions(given.should),
        must_not=_conditions(given.must_not),
    )


def _conditions(given: Any) -> list[Any] | None:
    if given is None:
        return None
    return [_condition(one) for one in (given if isinstance(given, list) else [given])]


def _condition(given: Any) -> Any:
    if isinstance(given, wire.Filter):
        return _filter(given)
    if isinstance(given, wire.HasIdCondition):
        return edge.HasIdCondition(set(map(str, given.has_id)))
    if isinstance(given, wire.IsEmptyCondition):
        return edge.IsEmptyCondition(given.is_empty.key)
    assert isinstance(given, wire.FieldCondition)
    if given.range is not None:
        limits = given.range.model_dump()
        return edge.FieldCondition(given.key, range=edge.RangeFloat(**limits))
    if isinstance(given.match, wire.MatchAny):
        return edge.FieldCondition(given.key, match=edge.MatchAny(list(given.match.any)))
    assert isinstance(given.match, wire.MatchValue)
    return edge.FieldCondition(given.key, match=edge.MatchValue(given.match.value))
