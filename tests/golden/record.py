"""recorded.json: what the golden questions came to when they were last looked at by people."""

from __future__ import annotations

import json
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from codesearch.encoder.weights import Weights
from tests.golden.corpus import measured_commit
from tests.golden.questions import Answer, figures

FILE = Path(__file__).parent / "recorded.json"


def read() -> dict[str, Any]:
    """The record."""
    record: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return record


def write(answers: Sequence[Answer]) -> None:
    """Make a new record of these answers."""
    weights = Weights.open()
    record = {
        "commit": measured_commit(),
        "python": platform.python_version(),
        "encoder": {"name": weights.name, "digest": weights.digest},
        "figures": summary(answers),
        "ranks": {answer.question.text: answer.rank for answer in answers},
    }
    text = json.dumps(record, indent=2, ensure_ascii=False)
    FILE.write_text(text + "\n", encoding="utf-8")


def summary(answers: Sequence[Answer]) -> dict[str, dict[str, float]]:
    """The figures of all answers, then by part, then by category."""
    groups: dict[str, list[int | None]] = {"overall": []}
    for answer in answers:
        question = answer.question
        for group in ("overall", question.part, question.category):
            groups.setdefault(group, []).append(answer.rank)
    return {group: {"questions": len(ranks), **figures(ranks)} for group, ranks in groups.items()}
