"""How tables look, and how a run is named in their headings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; numbers stand to the right."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def run_of(result: dict[str, Any]) -> str:
    """Which code was measured, and when."""
    return f"commit {result['commit']}, {result['date'][:10]}"
