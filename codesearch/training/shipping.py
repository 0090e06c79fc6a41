"""A run's model → the weights folder that is shipped, through the gate of ``export.py``."""

from __future__ import annotations

from pathlib import Path

from codesearch.training import history
from codesearch.training.export import Job, Measured, export


def ship(
    folder: Path, out: Path, name: str, evaluation: Path | None, max_tokens: int = 128
) -> Measured:
    """Write the weights folder ``out``; raises ``ModelError`` where int8 costs too much.

    ``folder`` is that of a run, or a model folder. The card tells the runs that its
    ``training.json`` records.
    """
    model = folder / "model" if (folder / "model").is_dir() else folder
    records = history.read(model)
    history.require_template(records)
    warm = not records or records[0]["warm"]
    job = Job(
        warm_start=model,
        out=out,
        name=name,
        origin="sentence-transformers/all-MiniLM-L6-v2" if warm else "from scratch",
        license="Apache-2.0",
        max_tokens=max_tokens,
        evaluation=evaluation,
        trained=history.in_words(records),
    )
    return export(job)
