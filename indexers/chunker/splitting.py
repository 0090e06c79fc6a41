"""Cut what is longer than the budget, at the best borders there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

Measure = Callable[[str], int]

NO_BORDER = 40  # the rank of a line in the midst of a statement
_DISTANCE = 12  # how many ranks a border may be worse to lie where parts get equally long


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a chunk: the source's line ``first``, or what stands in for several lines."""

    first: int
    text: str
    rank: int = NO_BORDER  # how good a border lies before it: 0 is best


def split(rows: Sequence[Row], budget: int, measure: Measure) -> Iterator[list[Row]]:
    """Yield runs of rows, each within the budget, cut before rows of low rank.

    The parts come out about equally long: a border is looked for between half and all of the
    budget that is left for a part. A single row over the budget is cut between characters.
    """
    costs = [measure(row.text + "\n") for row in rows]
    left = sum(costs)
    start = 0
    while start < len(rows):
        if left <= budget:
            yield list(rows[start:])
            return
        if costs[start] > budget:
            yield from _cut_row(rows[start], budget, measure)
            end = start + 1
        else:
            aim = left / -(-left // budget)
            end = _best_border(rows, costs, start, budget, aim)
            yield list(rows[start:end])
        left -= sum(costs[start:end])
        start = end


def _best_border(rows: Sequence[Row], costs: list[int], start: int, budget: int, aim: float) -> int:
    """Return where the part that begins at ``start`` should end: at a good border near the aim."""
    best, best_badness, cost = start + 1, float("inf"), 0
    for end in range(start + 1, len(rows)):
        cost += costs[end - 1]
        if cost > budget:
            break
        badness = rows[end].rank + _DISTANCE * abs(cost - aim) / aim
        if cost < aim / 3:
            badness += NO_BORDER
        if badness <= best_badness:
            best, best_badness = end, badness
    return best


def _cut_row(row: Row, budget: int, measure: Measure) -> Iterator[list[Row]]:
    """Cut one over-long line into pieces, each a row of its own at the same line."""
    step = max(1, budget * 4)  # no measure counts a unit for less than a fraction of a character
    for offset in range(0, len(row.text), step):
        pieces = [row.text[offset : offset + step]]
        while pieces:
            piece = pieces.pop()
            if len(piece) > 1 and measure(piece) > budget:
                half = len(piece) // 2
                pieces += (piece[half:], piece[:half])
            else:
                yield [Row(row.first, piece, row.rank)]
