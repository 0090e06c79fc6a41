"""Two models, one between them: each weight a mean of both.

A tuned model and the one that it started from lie in one valley of the loss, so their mean is a
model as well; it keeps more of what the start knew (short questions of people, plain names) and
most of what was learned (WiSE-FT, 2109.01903; model soups, 2203.05482). It costs nothing to run.
"""

from __future__ import annotations

from itertools import takewhile
from pathlib import Path

from codesearch.encoder.weights import TOKENIZER
from codesearch.errors import ModelError
from codesearch.training import history, nets


def blend(start: Path, tuned: Path, share: float, out: Path) -> None:
    """Write the model folder ``out``: ``share`` of ``tuned``, the rest of ``start``.

    ``start`` is what ``tuned`` began with, or was tuned beside it from the same model.
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
    runs, others = history.read(tuned), history.read(start)
    shared = sum(
        1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(runs, others, strict=False))
    )
    record = {"stage": "blend", "share": share, "runs_before": shared, "beside": others[shared:]}
    history.write(out, [*runs, record])
