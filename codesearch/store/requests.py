"""Parts of requests to a Qdrant server."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from qdrant_client import models

Item = TypeVar("Item")


def equals(field: str, value: str | int) -> models.FieldCondition:
    """The field has this value."""
    return models.FieldCondition(key=field, match=models.MatchValue(value=value))


def is_one_of(field: str, values: Iterable[str] | Iterable[int]) -> models.FieldCondition:
    """The field has one of these values."""
    return models.FieldCondition(key=field, match=models.MatchAny(any=list(values)))  # type: ignore[arg-type]


def batches(
    items: Iterable[Item], limit: int, weight: Callable[[Item], int]
) -> Iterator[list[Item]]:
    """Items in their order, in batches that weigh no more than ``limit`` (or are one item)."""
    batch: list[Item] = []
    total = 0
    for item in items:
        heavy = weight(item)
        if batch and total + heavy > limit:
            yield batch
            batch, total = [], 0
        batch.append(item)
        total += heavy
    if batch:
        yield batch
