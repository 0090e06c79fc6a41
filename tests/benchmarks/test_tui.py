"""The measurement of the terminal interface, on a small repository."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.costs import tui_table
from benchmarks.tui import run_tui


@pytest.mark.slow
def test_keys_moves_start_and_memory_are_measured(shop: Path, home: Path, tmp_path: Path) -> None:
    typed = ["cookie", "price", "sign a cookie", "sort"]
    result = run_tui(shop, tmp_path / "index", questions=20, typed=typed, starts=1)
    assert result["keys"] + result["overtaken"] == len("sign a cookie") + len("sort")
    assert 20 < result["key_p50_ms"] <= result["key_p95_ms"]
    assert result["move_p50_ms"] > 0
    assert 50 < result["start_ms"] < 20_000
    assert result["memory_last_mb"] > 50
    assert result["workers_left"] == 0
    assert "after 20 questions" in tui_table(result)
