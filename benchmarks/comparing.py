"""Two results side by side: the same questions, paired; how sure a difference is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.errors import BenchmarkError
from benchmarks.results import Result, Scores, question_scores
from benchmarks.scoring import mean

_RESAMPLES = 2000
_SEED = 1


@dataclass(frozen=True, slots=True)
class Difference:
    """New less old, over the questions that both have."""

    old: float
    new: float
    low: float  # of the 95% interval of new - old
    high: float
    better: int  # questions
    worse: int

    def __str__(self) -> str:
        """On one line."""
        return (
            f"{self.old:.4f} → {self.new:.4f}  {self.new - self.old:+.4f} "
            f"[{self.low:+.4f}, {self.high:+.4f}]  better {self.better}, worse {self.worse}"
        )


def compare(old: Result, new: Result) -> dict[str, Difference]:
    """The difference of each system that both results have.

    Raises ``BenchmarkError`` for results that are not of ``quality``: only those know questions.
    """
    for result in (old, new):
        if result["what"] != "quality":
            raise BenchmarkError(f"A result of `{result['what']}` has no questions to compare")
    found = {}
    for system in new["systems"]:
        if system in old["systems"]:
            found[system] = difference(question_scores(old, system), question_scores(new, system))
    return found


def difference(old: Scores, new: Scores) -> Difference:
    """Paired by question. The interval comes from drawing repositories, then their questions.

    So it says what might have come out on other repositories of this kind, not only on these
    with other questions.
    """
    shared = [name for name in new if name in old and len(old[name]) == len(new[name])]
    pairs = [np.array(new[name]) - np.array(old[name]) for name in shared]
    changes = np.concatenate(pairs) if pairs else np.zeros(0)
    low, high = _interval(pairs)
    return Difference(
        old=mean(mean(old[name]) for name in shared),
        new=mean(mean(new[name]) for name in shared),
        low=low,
        high=high,
        better=int((changes > 1e-9).sum()),
        worse=int((changes < -1e-9).sum()),
    )


def _interval(pairs: list[NDArray[np.float64]]) -> tuple[float, float]:
    if not pairs:
        return 0.0, 0.0
    draw = np.random.default_rng(_SEED)
    # Means of every repository under resampling of its questions: (repositories, resamples).
    means = np.stack(
        [p[draw.integers(0, len(p), (_RESAMPLES, len(p)))].mean(axis=1) for p in pairs]
    )
    chosen = draw.integers(0, len(pairs), (_RESAMPLES, len(pairs)))
    totals = means[chosen, np.arange(_RESAMPLES)[:, None]].mean(axis=1)
    low, high = np.quantile(totals, [0.025, 0.975])
    return float(low), float(high)


def table(old: Result, new: Result) -> str:
    """As lines of text; and what was pinned elsewhere in the meantime."""
    differences = compare(old, new)
    if not differences:
        return "The two results have no system in common."
    width = max(map(len, differences))
    lines = [f"{name:<{width}}  {found}" for name, found in differences.items()]
    return "\n".join([*lines, *_moved(old, new)])


def _moved(old: Result, new: Result) -> Iterator[str]:
    for name, row in new["repositories"].items():
        before = old["repositories"].get(name, row)["revision"]
        if before != row["revision"]:
            yield f"{name} was another revision: {before[:12]}, then {row['revision'][:12]}"
