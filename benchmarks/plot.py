"""The board as a picture: a bar for each system."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.errors import BenchmarkError
from benchmarks.report import PUBLISHED, compared
from benchmarks.results import Result

_LABELS = {  # of our parts in the picture, for who does not know their names
    "dense": "our vectors alone",
    "lexical": "our words alone",
    "hybrid": "the two, by ranks",
    "dense + rules": "our vectors and rules",
    "lexical + rules": "our words and rules",
    "ripgrep": "ripgrep, any word",
    "ripgrep_fixed": "ripgrep, the question as it is",
    "bm25-files": "BM25 over files",
    "bm25-chunks": "BM25 over our chunks",
}


def draw(result: Result | None, path: Path) -> None:
    """A bar for each system's NDCG@10: ours, others measured here, others as published."""
    if result is None:
        raise BenchmarkError("There is no result to draw")
    # Not at the top: slow to import, and only needed here.
    mpl: Any = import_module("matplotlib")
    mpl.use("svg" if path.suffix == ".svg" else "agg")
    mpl.rcParams["svg.hashsalt"] = "codesearch"  # the same picture from the same numbers
    pyplot: Any = import_module("matplotlib.pyplot")

    bars = sorted(_bars(result), key=lambda bar: bar[1])
    figure, axes = pyplot.subplots(figsize=(7, 0.32 * len(bars) + 0.9), layout="constrained")
    drawn = axes.barh([bar[0] for bar in bars], [bar[1] for bar in bars])
    for patch, (_, value, color) in zip(drawn, bars, strict=True):
        patch.set_color(color)
        axes.text(value + 0.005, patch.get_y() + 0.4, f"{value:.3f}", va="center", fontsize=8)
    axes.set_xlim(0, 1)
    axes.set_xlabel(f"NDCG@10, {len(result['repositories'])} repositories", fontsize=8)
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None, dpi=160)
    pyplot.close(figure)


def _bars(result: Result) -> list[tuple[str, float, str]]:
    ours = ("dense", "lexical", "hybrid", "dense + rules", "lexical + rules", "codesearch")
    measured = [
        (_LABELS.get(name, name), system["ndcg10"], "#1f6feb" if name in ours else "#8b949e")
        for name, system in compared(result).items()
    ]
    published = [
        (f"{_LABELS.get(name, name)} ({PUBLISHED})", value, "#d0d7de")
        for name, value in result["published"].items()
    ]
    return measured + published
