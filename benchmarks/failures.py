"""What stood above the targets, for whoever wants to know why. Holds others' texts: not kept."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.board import Pinned, Question
from benchmarks.errors import BenchmarkError
from benchmarks.scoring import Place, ndcg, ranks
from benchmarks.systems import Search

_DEEP = 100  # how far down a target is looked for


class Failures:
    """Collects the questions that one system answers less than perfectly."""

    def __init__(self, system: str = "codesearch") -> None:
        self.system = system
        self._rows: list[dict[str, Any]] = []

    def note(
        self,
        pinned: Pinned,
        number: int,
        question: Question,
        places: Sequence[Place],
        search: Search,
    ) -> None:
        """Keep the question if a target is missing from the top."""
        score = ndcg(ranks(question.targets, places))
        if score == 1:
            return
        deep = list(search(question.query, _DEEP))
        below = ranks(question.targets, deep)
        targets = [
            {
                **asdict(target),
                "rank": rank,
                "note": deep[rank - 1].note if rank else f"not among the first {_DEEP}",
            }
            for target, rank in zip(question.targets, below, strict=True)
        ]
        self._rows.append(
            {
                "repository": pinned.name,
                "language": pinned.language,
                "number": number,
                "category": question.category,
                "query": question.query,
                "ndcg10": round(score, 3),
                "targets": targets,
                "top": [f"{p.path}:{p.start_line}-{p.end_line} {p.note}" for p in places],
            }
        )

    def write(self, path: Path) -> None:
        """All of them, worst first. Raises ``BenchmarkError``."""
        rows = sorted(self._rows, key=lambda row: (row["ndcg10"], row["repository"]))
        try:
            path.write_text(json.dumps(rows, indent=1, ensure_ascii=False), encoding="utf-8")
        except OSError as error:
            raise BenchmarkError(f"Cannot write the failures to {path}: {error}") from error
