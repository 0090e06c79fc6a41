"""The state of a run in one file: written whole or not at all, checked when read.

A run that was killed and resumed equals one that was not: weights, optimizer, step (from which
the data follows), elapsed time (from which the rate follows), and the states of the generators of
random numbers are all in it. It also says what it belongs to, recipe, start and pairs, and refuses
to go on with others.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from codesearch.errors import CodesearchError

VERSION = 2


@dataclass(slots=True)
class State:
    """What a checkpoint holds, less weights and optimizer."""

    step: int  # steps done; the data cursor
    elapsed: float  # seconds of training
    last: dict[str, float]  # numbers that were logged last


def save(path: Path, state: State, identity: dict[str, Any], module: Any, optimizer: Any) -> None:
    """Write ``path``; ``identity`` (recipe, digests, …) must be JSON."""
    content = {
        "version": VERSION,
        "identity": json.dumps(identity, sort_keys=True),
        "step": state.step,
        "elapsed": state.elapsed,
        "last": state.last,
        "module": module.state_dict(),
        "optimizer": optimizer.state_dict(),
        "random": torch.get_rng_state(),
        "cuda_random": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".part")
    torch.save(content, partial)
    partial.replace(path)


def resume(path: Path, identity: dict[str, Any], module: Any, optimizer: Any) -> State | None:
    """Take over the state in ``path``; None where there is no file.

    Raises ``CodesearchError`` where it belongs to another recipe, start, … or version.
    """
    if not path.exists():
        return None
    content = torch.load(path, map_location="cpu", weights_only=True)
    ours = json.dumps(identity, sort_keys=True)
    if content["version"] != VERSION or content["identity"] != ours:
        differs = _difference(json.loads(content["identity"]), json.loads(ours))
        raise CodesearchError(
            f"{path} belongs to another run ({differs}).",
            "Give another folder, or remove it to begin anew.",
        )
    module.load_state_dict(content["module"])
    optimizer.load_state_dict(content["optimizer"])
    torch.set_rng_state(content["random"])
    if torch.cuda.is_available() and content["cuda_random"]:
        torch.cuda.set_rng_state_all(content["cuda_random"])
    return State(content["step"], content["elapsed"], content["last"])


def _difference(theirs: dict[str, Any], ours: dict[str, Any]) -> str:
    names = [name for name in {**theirs, **ours} if theirs.get(name) != ours.get(name)]
    return ", ".join(sorted(names)) or "version"
