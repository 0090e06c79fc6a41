"""Two models, one between them: each weight a mean of both.

A tuned model and the one that it started from lie in one valley of the loss, so their mean is a
model as well; it keeps more of what the start knew (short questions of people, plain names) and
most of what was learned (WiSE-FT, 2109.01903; model soups, 2203.05482). It costs nothing to run.
"""

from __future__ import annotations

from pathlib import Path

from codesearch.encoder.weights import TOKENIZER
from codesearch.errors import ModelError
from codesearch.training import history, nets


def blend(start: Path, tuned: Path, share: float, out: Path) -> None:
    """Write the model folder ``out``: ``share`` of ``tuned``, the rest of ``start``.

    Raises ``ModelError`` where the two differ in shape or tokenizer.
    """
    if (start / TOKENIZER).read_bytes() != (tuned / TOKENIZER).read_bytes():
        raise ModelError(f"{start} and {tuned} have different tokenizers.", "Blend kin only.")
    first, model = nets.load_model(start), nets.load_model(tuned)
    old, new = first.state_dict(), model.state_dict()
    if {name: one.shape for name, one in old.items()} != {n: one.shape for n, one in new.items()}:
        raise ModelError(f"{start} and {tuned} have different shapes.", "Blend kin only.")
    mean = {
        name: old[name].lerp(one, share) if one.is_floating_point() else one
        for name, one in new.items()
    }
    model.load_state_dict(mean)
    nets.save_model(model, tuned / TOKENIZER, out)
    before = history.read(start)
    record = {"stage": "blend", "share": share, "runs_before": len(before)}
    history.write(out, [*history.read(tuned), record])
