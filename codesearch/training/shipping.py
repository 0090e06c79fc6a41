"""A run's model → the weights folder that is shipped, through the gate of ``export.py``."""

from __future__ import annotations

from pathlib import Path

from codesearch.errors import ModelError
from codesearch.training import history, hubness, packed
from codesearch.training.export import Job, Measured, export


def ship(
    folder: Path,
    out: Path,
    name: str,
    *,
    origin: str,
    license: str,
    data: Path | None = None,
    evaluation: Path | None = None,
    max_tokens: int = 128,
) -> Measured:
    """Write the weights folder ``out``; raises ``ModelError`` where int8 costs too much.

    ``folder`` is that of a run, or a model folder. The card tells the runs that its
    ``training.json`` records. ``origin`` is what the first of them began with, "" from scratch;
    ``license`` (SPDX) is that of the weights. ``data`` are the shards whose questions tell which
    documents are hubs; without them, all vectors are left with length 1.
    """
    model = folder / "model" if (folder / "model").is_dir() else folder
    records = history.read(model)
    history.require_template(records)
    from_scratch = history.is_from_scratch(records)
    if origin and from_scratch:
        raise ModelError(f"{model} began from scratch and not with {origin}.", "Leave it out.")
    if not origin and not from_scratch:
        raise ModelError(f"Nothing says what {model} began with.", "Say it with --origin.")
    job = Job(
        warm_start=model,
        out=out,
        name=name,
        origin=origin,
        license=license,
        max_tokens=max_tokens,
        evaluation=evaluation,
        trained=history.in_words(records),
        centres=hubness.question_centres(model, packed.load(data)) if data else None,
    )
    return export(job)
