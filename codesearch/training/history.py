"""What a model went through: one record for each run, carried along in the model's folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from codesearch.encoder.text import TEMPLATE_VERSION
from codesearch.errors import ModelError

HISTORY = "training.json"


def read(folder: Path) -> list[dict[str, Any]]:
    """The records in a model folder, the first run first; none where nothing was trained."""
    path = folder / HISTORY
    if not path.exists():
        return []
    records: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return records


def write(folder: Path, records: list[dict[str, Any]]) -> None:
    """Put the records into a model folder."""
    text = json.dumps(records, indent=2) + "\n"
    (folder / HISTORY).write_text(text, encoding="utf-8")


def is_from_scratch(records: list[dict[str, Any]]) -> bool:
    """Whether the first run began with no model; not so where nothing is recorded of it."""
    return bool(records) and not records[0].get("warm", True)  # a blend does not say


def require_template(records: list[dict[str, Any]]) -> None:
    """Raise ``ModelError`` where the last run that says so trained on another text template.

    Older records do not say, those of the shipped weights among them: they are taken as they are.
    """
    templates = [record["template"] for record in records if "template" in record]
    if templates and templates[-1] != TEMPLATE_VERSION:
        raise ModelError(
            f"The model was trained on the text template {templates[-1]}, not {TEMPLATE_VERSION}.",
            "Export it with the code that trained it, or train it on shards packed anew.",
        )


def dequantized(name: str, digest: str, runs: list[str]) -> dict[str, Any]:
    """The record of weights that a card tells of, ``runs`` as :func:`in_words` put them there."""
    return {"stage": "dequantize", "name": name, "digest": digest, "runs": runs}


def in_words(records: list[dict[str, Any]]) -> str:
    """For a model card: each run's stage, size, time and last numbers."""
    told = records[0].get("runs", []) if records else []  # of a card, which nothing can precede
    lines = [*told, *(_said(record, len(told)) for record in records)]
    return "\n".join(f"{number}. {line}" for number, line in enumerate(lines, 1))


def _said(record: dict[str, Any], told: int = 0) -> str:
    """One record; ``told`` runs are told before the first."""
    if record["stage"] == "dequantize":
        return f"**dequantize**; float32 again, from int8 (`{record['digest'][:12]}`)."
    if record["stage"] == "blend":
        start, share = told + record["runs_before"] + 1, record["share"]
        other = f"what it was before run {start}"
        if record.get("beside"):
            runs = " ".join(_said(run) for run in record["beside"])
            other = f"what another training made of it beside runs {start} ff. ({runs})"
        return (
            f"**blend**; each weight is {share:.0%} of what it was by then, and {1 - share:.0%} of"
            f" {other}."
        )
    recipe = record["recipe"]
    said = [
        f"**{record['stage']}**",
        f"{record['steps']:,} steps of {recipe['batch']:,}",
        f"{record['seconds'] / 60:.0f} minutes on {record['device']}",
        f"{record['records']:,} pairs of {record['repositories']} repositories",
        f"learning rate {recipe['optimizer']['lr']:g}, seed {recipe['seed']}",
    ]
    if record["stage"] == "pretrain":
        objective = recipe["objective"]
        said.insert(1, {"rtd": "replaced-token detection"}.get(objective, "masked words"))
    last = ", ".join(f"{name} {value:.3g}" for name, value in record["last"].items())
    return "; ".join(said) + (f". At its end: {last}." if last else ".")
