"""How an answer is judged: ranks of the targets, NDCG@10, reciprocal rank. Pure functions."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

DEPTH = 10  # results that count


@dataclass(frozen=True, slots=True)
class Place:
    """Where a result lies. Line 0 to 0 is the whole file."""

    path: str
    start_line: int = 0
    end_line: int = 0
    note: str = ""  # for people who look at failures; not judged


@dataclass(frozen=True, slots=True)
class Target:
    """What a question asks for: a file, or some lines of one (from 1, inclusive)."""

    path: str
    start_line: int | None = None
    end_line: int | None = None


def is_met(target: Target, place: Place) -> bool:
    """Whether the result is the target: path equal or ending in ``/`` + it, lines overlapping."""
    if place.path != target.path and not place.path.endswith("/" + target.path):
        return False
    if target.start_line is None or target.end_line is None or not place.end_line:
        return True
    return place.start_line <= target.end_line and target.start_line <= place.end_line


def ranks(targets: Iterable[Target], places: Sequence[Place]) -> list[int]:
    """For each target the rank (from 1) of the first result that meets it; 0 if none does."""
    return [
        next((rank for rank, place in enumerate(places, 1) if is_met(target, place)), 0)
        for target in targets
    ]


def ndcg(found: Sequence[int], depth: int = DEPTH) -> float:
    """NDCG at ``depth`` from the ranks of all targets of a question (0: not found).

    The ideal is all targets at the top. A result that meets two targets (lines of one function)
    counts once, as in the program whose questions we use; so 1 is the most there is.
    """
    gain = sum(1 / math.log2(rank + 1) for rank in {*found} if 1 <= rank <= depth)
    ideal = sum(1 / math.log2(rank + 1) for rank in range(1, min(len(found), depth) + 1))
    return gain / ideal if ideal else 0.0


def reciprocal_rank(found: Sequence[int]) -> float:
    """1 / the best of the ranks; 0 where nothing was found."""
    best = min((rank for rank in found if rank), default=0)
    return 1 / best if best else 0.0


def mean(values: Iterable[float]) -> float:
    """The arithmetic mean; 0 of nothing."""
    numbers = list(values)
    return sum(numbers) / len(numbers) if numbers else 0.0


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that ``share`` (0 … 1) of all values do not exceed; 0 of nothing."""
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
