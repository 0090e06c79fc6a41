"""The loop that every stage shares: steps, rate by fraction of the run, log, checkpoints, end."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch

from codesearch.errors import CodesearchError
from codesearch.training import checkpoint
from codesearch.training.batches import Ahead
from codesearch.training.packed import Pairs
from codesearch.training.recipe import Optimizer

CHECKPOINT = "checkpoint.pt"
LOG = "log.jsonl"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Limits:
    """When a run ends. Whichever comes first; the rate has fallen to 0 by then."""

    max_seconds: float | None = None
    max_steps: int | None = None
    save_every: float = 120.0  # seconds between checkpoints; one more is written at the end
    save_steps: int = 0  # or steps between them, for runs that must be repeatable
    log_every: int = 20  # steps

    def fraction(self, state: checkpoint.State) -> float:
        """How much of the run is done, 0 to 1."""
        parts = [0.0]
        if self.max_steps:
            parts.append(state.step / self.max_steps)
        if self.max_seconds:
            parts.append(state.elapsed / self.max_seconds)
        return min(1.0, max(parts))


def rate(fraction: float, warm_up: float) -> float:
    """Factor of the learning rate: up linearly for ``warm_up`` of the run, then down to 0."""
    if fraction < warm_up:
        return max(fraction, 0.01 * warm_up) / warm_up
    return max(0.0, (1 - fraction) / (1 - warm_up)) if warm_up < 1 else 1.0


def make_optimizer(module: torch.nn.Module, settings: Optimizer) -> torch.optim.AdamW:
    """AdamW without weight decay on vectors: biases and layer norms."""
    trained = [one for one in module.parameters() if one.requires_grad]
    groups = [
        {"params": [one for one in trained if one.ndim > 1], "weight_decay": settings.weight_decay},
        {"params": [one for one in trained if one.ndim <= 1], "weight_decay": 0.0},
    ]
    fused = any(one.is_cuda for one in trained)
    return torch.optim.AdamW(groups, lr=settings.lr, fused=fused)


class Run:
    """One training run in one folder; goes on from the checkpoint in it, if there is one."""

    def __init__(
        self,
        module: torch.nn.Module,
        folder: Path,
        settings: Optimizer,
        limits: Limits,
        identity: dict[str, Any],
    ) -> None:
        self.module = module
        self.folder = folder
        self.settings = settings
        self.limits = limits
        # The limits are part of a run: with others, the rate would jump.
        times = {"max_seconds": limits.max_seconds, "max_steps": limits.max_steps}
        self.identity = identity | times
        self.optimizer = make_optimizer(module, settings)
        path = folder / CHECKPOINT
        state = checkpoint.resume(path, self.identity, module, self.optimizer)
        self.state = state or checkpoint.State(0, 0.0, {})

    def go(self, make: Callable[[int], T], train: Callable[[T], dict[str, Any]]) -> None:
        """Until the limit: make the batch of a step, ``train`` on it (forward and backward)."""
        self.folder.mkdir(parents=True, exist_ok=True)
        ahead = Ahead(make, self.state.step)
        before = self.state.elapsed
        began = saved = time.monotonic()
        try:
            for batch in ahead:
                if self.limits.fraction(self.state) >= 1:
                    break
                metrics = self._step(batch, train)
                now = time.monotonic()
                self.state.elapsed = before + now - began
                self._log(metrics)
                if self._is_due(now - saved):
                    self.save()
                    saved = now
        finally:
            ahead.close()
        self.save()

    def record(self, pairs: Pairs, *, warm: bool) -> dict[str, Any]:
        """What the model's history keeps of this run."""
        one = next(self.module.parameters())
        device = torch.cuda.get_device_name(one.device) if one.is_cuda else "a CPU"
        return {
            "stage": self.identity["stage"],
            "warm": warm,
            "recipe": self.identity["recipe"],
            "template": pairs.meta.template_version,
            "steps": self.state.step,
            "seconds": round(self.state.elapsed, 1),
            "device": device,
            "records": int(pairs.asked.sum()),  # bystanders are no pairs
            "repositories": len(pairs.meta.repositories),
            "last": self.state.last,
        }

    def save(self) -> None:
        """Write the checkpoint; raises ``CodesearchError`` where a weight is no number any more."""
        if not all(bool(one.isfinite().all()) for one in self.module.parameters()):
            raise self._diverged("weights")
        path = self.folder / CHECKPOINT
        checkpoint.save(path, self.state, self.identity, self.module, self.optimizer)

    def _step(self, batch: T, train: Callable[[T], dict[str, Any]]) -> dict[str, Any]:
        factor = rate(self.limits.fraction(self.state), self.settings.warm_up)
        for group in self.optimizer.param_groups:
            group["lr"] = self.settings.lr * factor
        self.module.train()
        self.optimizer.zero_grad(set_to_none=True)
        metrics = train(batch)
        trained = [one for one in self.module.parameters() if one.requires_grad]
        metrics["norm"] = torch.nn.utils.clip_grad_norm_(trained, self.settings.clip)
        self.optimizer.step()
        self.state.step += 1
        return metrics

    def _is_due(self, seconds: float) -> bool:
        if self.limits.save_steps:
            return self.state.step % self.limits.save_steps == 0
        return seconds >= self.limits.save_every

    def _log(self, metrics: dict[str, Any]) -> None:
        """Numbers are read from the device here and nowhere else: reading one waits for it."""
        step = self.state.step
        if step % self.limits.log_every and step != 1 and step != self.limits.max_steps:
            return
        numbers = {name: round(float(value), 5) for name, value in metrics.items()}
        self.state.last = numbers
        row = {"step": step, "elapsed": round(self.state.elapsed, 1), **numbers}
        row["lr"] = self.optimizer.param_groups[0]["lr"]
        with (self.folder / LOG).open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(row) + "\n")
        done = self.limits.fraction(self.state)
        words = " ".join(f"{name} {value:.4g}" for name, value in numbers.items())
        print(f"step {step} ({done:.0%}, {self.state.elapsed:.0f} s): {words}", flush=True)
        if not all(map(math.isfinite, numbers.values())):
            raise self._diverged(f"{numbers}")

    def _diverged(self, what: str) -> CodesearchError:
        return CodesearchError(
            f"Not a number at step {self.state.step}: {what}.",
            f"Begin anew in another folder with a lower optimizer.lr. {self.folder / CHECKPOINT}, "
            "where there is one, is from before: the same command goes on from it.",
        )
