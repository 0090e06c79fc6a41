"""A loss over a large batch in the memory of a small one (GradCache, arXiv 2101.06983).

All vectors are first made without keeping what backward needs; the loss gives each vector its
gradient; then each chunk is run once more and pushed that gradient. The result is that of the
plain batch (a test compares them), for one forward pass more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from codesearch.training.batches import length_sorted
from codesearch.training.packed import Ids

Encode = Callable[[Sequence[Ids]], Tensor]  # ids of b texts → (b, D)
Loss = Callable[[Tensor], tuple[Tensor, dict[str, Any]]]  # (N, D) → scalar, metrics


@dataclass(frozen=True, slots=True)
class _Random:
    """The generators' states, so that dropout falls alike in both passes."""

    cpu: Tensor
    cuda: Sequence[Tensor]

    @classmethod
    def now(cls) -> _Random:
        cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
        return cls(torch.get_rng_state(), cuda)

    def restore(self) -> None:
        torch.set_rng_state(self.cpu)
        if self.cuda:
            torch.cuda.set_rng_state_all(self.cuda)


def backward(
    encode: Encode, ids: Sequence[Ids], loss: Loss, chunk: int, *, cached: bool = True
) -> dict[str, Any]:
    """Add the gradients of ``loss(vectors of ids)`` to the parameters; the loss's metrics.

    ``chunk`` texts of similar length are encoded at a time. Where all fit into one, or memory
    takes the whole batch (``cached`` is False), nothing is run twice.
    """
    chunks = length_sorted(ids, chunk)
    if len(chunks) == 1 or not cached:
        made = [encode([ids[place] for place in places]) for places in chunks]
        value, metrics = loss(_in_order(chunks, made))
        torch.autograd.backward(value)
        return metrics
    states = []
    with torch.no_grad():
        made = []
        for places in chunks:
            states.append(_Random.now())
            made.append(encode([ids[place] for place in places]))
    vectors = _in_order(chunks, made).requires_grad_()
    value, metrics = loss(vectors)
    torch.autograd.backward(value)
    gradients = vectors.grad
    assert gradients is not None
    after = _Random.now()
    for places, state in zip(chunks, states, strict=True):
        state.restore()
        again = encode([ids[place] for place in places])
        rows = torch.from_numpy(places).to(again.device)
        torch.autograd.backward(again, gradients[rows])
    after.restore()
    return metrics


def _in_order(chunks: Sequence[Any], made: Sequence[Tensor]) -> Tensor:
    """Vectors of chunks → vectors (N, D) in the order of the texts."""
    rows = torch.cat(list(made))
    places = torch.cat([torch.from_numpy(chunk) for chunk in chunks]).to(rows.device)
    return rows[torch.argsort(places)]
