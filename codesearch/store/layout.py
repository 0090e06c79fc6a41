"""The collections on a Qdrant server: their names, their shape, and their alias.

``<prefix>-<fingerprint>`` holds the points of all repositories that were indexed by one model and
version; ``<prefix>-meta`` says what is published (``records.py``). The alias ``<prefix>`` names
the collection that has everything: it moves when the last repository has arrived in a newer one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from qdrant_client import models

from codesearch.errors import StoreError
from codesearch.store.connection import Connection, MissingError

DENSE = "dense"
TERMS = "terms"


@dataclass(frozen=True, slots=True)
class Layout:
    """How collections are made. Those that exist stay as they are."""

    prefix: str = "codesearch"
    shards: int = 1
    replicas: int = 1
    on_disk: bool = False  # vectors and payloads; quantized vectors stay in memory
    quantization: str = "int8"  # or "none"

    @property
    def meta(self) -> str:
        """Name of the collection of states."""
        return f"{self.prefix}-meta"

    def points(self, fingerprint: str) -> str:
        """Name of the collection of points that are comparable."""
        return f"{self.prefix}-{re.sub(r'[^0-9A-Za-z_.-]', '_', fingerprint)}"


def ensure_meta(connection: Connection, layout: Layout) -> None:
    """Make the collection of states, unless it is there."""
    shape = _shape(connection, layout.meta)
    if shape is None:
        _create(connection, layout.meta, layout, shard_number=1, vectors_config={})
    _ensure_indexes(connection, layout.meta, shape, _META_INDEXES)


def ensure_points(connection: Connection, layout: Layout, fingerprint: str, dimension: int) -> None:
    """Make the collection of a fingerprint's points, unless it is there.

    Without HNSW (m=0): questions are always about one repository, and up to some 500,000 points
    a scan of its int8 vectors with rescoring is as fast and loses nothing (see ``edge.py``).

    Raises:
        StoreError: there is a collection of this name with another shape.
    """
    name = layout.points(fingerprint)
    shape = _shape(connection, name)
    if shape is None:
        _create(
            connection,
            name,
            layout,
            shard_number=layout.shards,
            vectors_config={
                DENSE: models.VectorParams(
                    size=dimension,
                    distance=models.Distance.DOT,  # their lengths say something
                    datatype=models.Datatype.FLOAT16,
                    on_disk=layout.on_disk,
                )
            },
            sparse_vectors_config={TERMS: models.SparseVectorParams(modifier=models.Modifier.IDF)},
            hnsw_config=models.HnswConfigDiff(m=0),
            quantization_config=_quantization(layout),
        )
    elif not _fits(shape, dimension):
        raise StoreError(
            f"The collection {name} at {connection.url} has a shape that is not codesearch's",
            "Choose another prefix with CODESEARCH_SERVER_PREFIX, or delete that collection",
        )
    _ensure_indexes(connection, name, shape, _POINT_INDEXES)


def point_alias(connection: Connection, layout: Layout, target: str) -> None:
    """Let the alias name the collection ``target``."""
    aliases = connection.ask(lambda client: client.get_aliases()).aliases
    now = {alias.alias_name: alias.collection_name for alias in aliases}.get(layout.prefix)
    if now == target:
        return
    create = models.CreateAliasOperation(
        create_alias=models.CreateAlias(collection_name=target, alias_name=layout.prefix)
    )
    delete = models.DeleteAliasOperation(delete_alias=models.DeleteAlias(alias_name=layout.prefix))
    changes: list[Any] = [delete, create] if now else [create]
    connection.ask(lambda client: client.update_collection_aliases(changes))


def drop_if_empty(connection: Connection, name: str) -> None:
    """Delete a collection in which no repository has points any more."""
    try:
        if connection.ask(lambda client: client.count(name, exact=True)).count == 0:
            connection.ask(lambda client: client.delete_collection(name))
    except MissingError:
        return


def _create(connection: Connection, name: str, layout: Layout, **config: Any) -> None:
    try:
        connection.ask(
            lambda client: client.create_collection(
                name,
                replication_factor=layout.replicas,
                # All replicas, so that whoever reads a state finds its points wherever it asks.
                write_consistency_factor=layout.replicas,
                on_disk_payload=layout.on_disk,
                **config,
            )
        )
    except StoreError:
        # Another writer may have been faster, or the answer to our own request was lost.
        if _shape(connection, name) is None:
            raise


def _shape(connection: Connection, name: str) -> models.CollectionInfo | None:
    try:
        return connection.ask(lambda client: client.get_collection(name))
    except MissingError:
        return None


def _fits(shape: models.CollectionInfo, dimension: int) -> bool:
    params = shape.config.params
    dense = params.vectors.get(DENSE) if isinstance(params.vectors, dict) else None
    terms = (params.sparse_vectors or {}).get(TERMS)
    return (
        dense is not None
        and (dense.size, dense.distance) == (dimension, models.Distance.DOT)
        and terms is not None
        and terms.modifier == models.Modifier.IDF
    )


def _ensure_indexes(
    connection: Connection,
    name: str,
    shape: models.CollectionInfo | None,
    indexes: dict[str, Any],
) -> None:
    there = shape.payload_schema if shape else {}
    for field, schema in indexes.items():
        if field not in there:
            connection.ask(
                lambda client, f=field, s=schema: client.create_payload_index(  # type: ignore[misc]
                    name, f, field_schema=s
                )
            )


def _quantization(layout: Layout) -> models.ScalarQuantization | None:
    if layout.quantization == "none":
        return None
    scalar = models.ScalarQuantizationConfig(type=models.ScalarType.INT8, always_ram=True)
    return models.ScalarQuantization(scalar=scalar)


def _keyword(*, is_tenant: bool = False) -> models.KeywordIndexParams:
    return models.KeywordIndexParams(
        type=models.KeywordIndexType.KEYWORD, is_tenant=is_tenant or None
    )


def _integer(*, range_: bool = True) -> models.IntegerIndexParams:
    return models.IntegerIndexParams(
        type=models.IntegerIndexType.INTEGER, lookup=True, range=range_
    )


_META_INDEXES: dict[str, Any] = {
    "repo": _keyword(),
    "kind": _keyword(),
    "seq": _integer(),
}
_POINT_INDEXES: dict[str, Any] = {
    "repo": _keyword(is_tenant=True),
    "path": _keyword(),
    "language": _keyword(),
    "kind": _keyword(),
    "version": _integer(range_=False),
    "born": _integer(),
    "died": _integer(),
}
