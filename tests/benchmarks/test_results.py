"""Means, comparisons, files and tables from a small result made by hand."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from benchmarks import costs, facts, plot, report, results
from benchmarks.__main__ import main
from benchmarks.board import Question, read_published, read_questions, read_repositories
from benchmarks.comparing import compare, table
from benchmarks.errors import BenchmarkError
from benchmarks.scoring import Target

SECOND = 1 / math.log2(3)


def result(date: str = "2026-11-22T10:00:00Z", **ranks: list[list[int]]) -> dict[str, Any]:
    """One system, three repositories: ranks by repository."""
    rows = {
        "flask": ("python", ["symbol", "semantic"]),
        "httpx": ("python", ["semantic"]),
        "gin": ("go", ["symbol"]),
    }
    made: dict[str, Any] = {
        "what": "quality",
        "date": date,
        "commit": "abc",
        "systems": {"codesearch": {"describes": "ours", "query_p50_ms": 1.5}},
        "systems_left_out": {"semble": "no model"},
        "repositories_left_out": {"redis": "redis: no mirror"},
        "published": {"semble": 0.861},
        "repositories": {
            name: {
                "language": rows[name][0],
                "revision": "1a2b",
                "categories": rows[name][1],
                "ranks": {"codesearch": found},
            }
            for name, found in ranks.items()
        },
    }
    made["systems"]["codesearch"] |= results.summary(made, "codesearch")
    return made


OLD = result(flask=[[1], [0]], httpx=[[2]], gin=[[1, 0]])


def test_the_mean_is_over_questions_then_over_repositories() -> None:
    ours = OLD["systems"]["codesearch"]
    gin = 1 / (1 + SECOND)
    assert ours["by_repository"] == pytest.approx({"flask": 0.5, "httpx": SECOND, "gin": gin})
    assert ours["ndcg10"] == pytest.approx((0.5 + SECOND + gin) / 3)
    assert ours["by_language"] == pytest.approx({"go": gin, "python": (0.5 + SECOND) / 2})
    assert ours["by_category"] == pytest.approx({"semantic": SECOND / 2, "symbol": (1 + gin) / 2})


def test_differences_are_paired_and_have_an_interval() -> None:
    new = result(flask=[[1], [1]], httpx=[[2]], gin=[[2, 0]])
    found = compare(OLD, new)["codesearch"]
    assert (found.better, found.worse) == (1, 1)
    assert found.new - found.old == pytest.approx((0.5 + (SECOND - 1) / (1 + SECOND)) / 3)
    assert found.low < found.new - found.old < found.high
    assert compare(OLD, OLD)["codesearch"].low == compare(OLD, OLD)["codesearch"].high == 0
    assert "better 1, worse 1" in table(OLD, new)


def test_a_comparison_says_what_was_pinned_elsewhere() -> None:
    new = result(flask=[[1], [1]], gin=[[2, 0]])
    assert "another revision" not in table(OLD, new)
    new["repositories"]["gin"]["revision"] = "3c4d"
    assert "gin was another revision: 1a2b, then 3c4d" in table(OLD, new)


def test_only_questions_are_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results.write({"what": "speed", "repositories": {}}, tmp_path / "s.json")
    assert main(["compare", *[str(tmp_path / "s.json")] * 2]) == 2
    assert "A result of `speed` has no questions" in capsys.readouterr().err


def test_repositories_that_only_one_result_has_are_not_compared() -> None:
    found = compare(OLD, result(gin=[[1, 2]]))["codesearch"]
    assert (found.old, found.new) == (pytest.approx(1 / (1 + SECOND)), 1)


def test_files_keep_everything(tmp_path: Path) -> None:
    results.write(OLD, tmp_path / "r.json")
    assert results.read(tmp_path / "r.json") == OLD


def test_no_result_takes_the_name_of_another() -> None:
    later = OLD | {"date": "2026-11-22T10:00:01Z", "commit": "abc+"}
    names = [results.default_path(made).name for made in (OLD, later)]
    assert names[0] == "2026-11-22-100000-abc-quality.json"
    assert names[1] == "2026-11-22-100001-abc-changed-quality.json"


def test_a_row_holds_until_it_was_measured_again(tmp_path: Path) -> None:
    def write(day: int, **repositories: float) -> dict[str, Any]:
        made = {"what": "speed", "date": f"2026-11-{day}T10", "commit": "abc"}
        made |= {"repositories": repositories}
        results.write(made, tmp_path / f"{day}-speed.json")
        return made

    old, new = write(22, kafka=1.0, gin=2.0), write(23, kafka=3.0)
    assert results.current("speed", tmp_path) == [new, old | {"repositories": {"gin": 2.0}}]
    newest = write(24, kafka=4.0, gin=5.0)
    assert results.current("speed", tmp_path) == [newest]
    results.write(newest | {"date": "2026-11-25T10", "commit": "abc+"}, tmp_path / "x-speed.json")
    assert results.current("speed", tmp_path) == [newest]
    assert results.current("tui", tmp_path) == []


def test_the_board_has_the_newest_run_of_each_system(tmp_path: Path) -> None:
    full = result(flask=[[1], [0]], gin=[[1, 0]])
    full["systems"] |= {"ripgrep": full["systems"]["codesearch"]}
    full["systems"] |= {"without:prose": {"ndcg10": 0.5}}
    better = result("2026-11-23T10:00:00Z", flask=[[1], [1]], gin=[[1, 2]]) | {"commit": "def"}
    better["systems_left_out"] = {"ripgrep": "not installed"}
    few = result("2026-11-24T10:00:00Z", gin=[[0, 0]])
    moved = result("2026-11-24T11:00:00Z", flask=[[0], [0]], gin=[[0, 0]])
    moved["repositories"]["gin"]["revision"] = "3c4d"
    changed = result("2026-11-25T10:00:00Z", flask=[[0], [0]], gin=[[0, 0]]) | {"commit": "def+"}
    for number, made in enumerate((full, better, few, changed)):
        results.write(made, tmp_path / f"{number}-quality.json")
    board = results.board(tmp_path)
    assert board is not None
    assert [*board["systems"]] == ["ripgrep", "codesearch"]
    assert board["systems"]["codesearch"]["ndcg10"] == 1
    text = report.whole(tmp_path)
    assert "- codesearch: ours\n" in text
    assert "- ripgrep: ours (commit abc, 2026-11-22)" in text
    assert "What each rule is worth (commit abc, 2026-11-22)" in text
    assert "Left out: ripgrep" not in text
    results.write(moved, tmp_path / "moved-quality.json")
    board = results.board(tmp_path)
    assert board is not None
    assert [*board["systems"]] == ["codesearch"]
    assert board["systems"]["codesearch"]["ndcg10"] == 0


def test_a_row_of_ranks_is_one_line(tmp_path: Path) -> None:
    results.write(OLD, tmp_path / "r.json")
    assert '"codesearch": [[1], [0]]' in (tmp_path / "r.json").read_text()


def test_unreadable_results_are_named(tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text("{")
    for name in ("broken.json", "gone.json"):
        with pytest.raises(BenchmarkError, match=name):
            results.read(tmp_path / name)


def test_the_report_says_what_was_left_out_and_who_was_only_published(tmp_path: Path) -> None:
    results.write(OLD, tmp_path / "2026-11-22-abc-quality.json")
    text = report.whole(tmp_path)
    assert "| codesearch | 0.581 | 0.315 | 0.807 | 1.5 |" in text
    assert "| semble (as published) | 0.861 |" in text
    assert "Left out: redis: no mirror" in text
    assert "Left out: semble: no model" in text
    with pytest.raises(BenchmarkError, match="No results"):
        report.whole(tmp_path / "nothing")


def test_the_report_says_what_each_rule_is_worth() -> None:
    lacking = {"describes": "ours less a rule", "ndcg10": 0.5, "query_p50_ms": 1.0}
    made = OLD | {"systems": OLD["systems"] | {"without:prose": lacking}}
    assert "| prose | 0.500 | -0.081 |" in report.quality_tables(made)
    assert "without:" not in report.quality_tables(made)


def test_speed_is_shown_as_a_ratio_to_its_baselines() -> None:
    row: dict[str, float] = {"files": 1234, "index_s": 5.0, "bm25_index_s": 0.5}
    for name, times in (("warm", (5, 6, 9)), ("bm25", (0.02, 0.03, 0.03)), ("grep", (10, 8, 12))):
        row |= {f"{name}_p{p}_ms": time for p, time in zip((50, 95, 99), times, strict=True)}
    made = OLD | {"import_ms": 23.0, "machine": {"cores": 2}, "repositories": {"gin": row}}
    text = costs.speed_table(made)
    assert "| files | 1,234 |" in text
    assert "| … times BM25's | 10× |" in text
    assert "| question, warm, p50 / p95 / p99, ms | 5.0 / 6.0 / 9.0 |" in text
    assert "| … times BM25's | 250× / 200× / 300× |" in text
    assert "| … times ripgrep's | 0.5× / 0.75× / 0.75× |" in text
    assert "| question, whole process, p50 / p95 / p99, ms | – |" in text


def test_a_rebuild_that_was_not_measured_again_says_so() -> None:
    row = {"full_s": 5.0, "full_measured": "2026-11-22T10:00:01Z", "full_commit": "abc"}
    row |= {"second_worktree": {"ms": 1.0, "encoded": 0}}
    made = OLD | {"model": "m", "machine": {"cores": 2}, "repositories": {"gin": row}}
    assert "every text encoded, s | 5.0 |" in costs.incremental_table(made)
    later = made | {"date": "2026-11-23T10:00:00Z", "commit": "def"}
    said = "every text encoded, s | 5.0 (earlier run: commit abc, 2026-11-22) |"
    assert said in costs.incremental_table(later)


def test_a_face_counts_where_it_takes_part(monkeypatch: pytest.MonkeyPatch) -> None:
    changed = {"tui"}

    def git(*arguments: str) -> str:
        return "0123456789ab" if arguments[0] == "rev-parse" else "".join({*arguments} & changed)

    monkeypatch.setattr(facts, "_git", git)
    assert facts.circumstances()["commit"] == "0123456789ab"
    assert facts.circumstances("tui")["commit"] == "0123456789ab+"


@pytest.mark.parametrize("suffix", [".svg", ".png"])
def test_the_plot_is_the_same_from_the_same_numbers(tmp_path: Path, suffix: str) -> None:
    pytest.importorskip("matplotlib")
    one, two = (tmp_path / f"{name}{suffix}" for name in "ab")
    plot.draw(OLD, one)
    plot.draw(OLD, two)
    assert one.read_bytes() == two.read_bytes()


def test_the_board_is_read_as_it_is_published(tmp_path: Path) -> None:
    (tmp_path / "annotations").mkdir()
    (tmp_path / "annotations" / "gin.json").write_text(
        '[{"query": "q", "relevant": ["a.go", {"path": "b.go", "start_line": 3, "end_line": 5}],'
        ' "secondary": ["c.go"], "category": "symbol"}]'
    )
    (tmp_path / "repos.json").write_text(
        '[{"name": "gin", "language": "go", "url": "u", "revision": "r", "benchmark_root": "src/"},'
        ' {"name": "chi", "language": "go", "url": "u", "revision": "r"}]'
    )
    (tmp_path / "published.json").write_text('{"gin": {"x": 0.5, "y": 1}, "chi": {"x": 1}}')
    assert [(r.name, r.root) for r in read_repositories(tmp_path)] == [("chi", ""), ("gin", "src")]
    assert [r.name for r in read_repositories(tmp_path, ["gin"])] == ["gin"]
    with pytest.raises(BenchmarkError, match="no repository named 'nix'"):
        read_repositories(tmp_path, ["gin", "nix"])
    targets = (Target("a.go"), Target("b.go", 3, 5), Target("c.go"))
    assert read_questions(tmp_path, "gin") == [Question("q", "symbol", targets)]
    assert read_published(tmp_path, ["chi", "gin"]) == {"x": 0.75}
    assert read_published(tmp_path, ["other"]) == {}
    with pytest.raises(BenchmarkError, match=r"chi\.json"):
        read_questions(tmp_path, "chi")
    (tmp_path / "annotations" / "chi.json").write_text("[]")
    with pytest.raises(BenchmarkError, match=r"chi\.json holds no questions"):
        read_questions(tmp_path, "chi")
