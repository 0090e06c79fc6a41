"""Scores against values computed by hand."""

from __future__ import annotations

import math

import pytest

from benchmarks.scoring import (
    Place,
    Target,
    is_met,
    mean,
    ndcg,
    percentile,
    ranks,
    reciprocal_rank,
)

SECOND = 1 / math.log2(3)  # what rank 2 is worth: 0.6309
THIRD = 1 / 2  # 1 / log2(4)


@pytest.mark.parametrize(
    ("target", "path", "met"),
    [
        ("src/a.py", "src/a.py", True),
        ("src/a.py", "project/src/a.py", True),
        ("a.py", "src/a.py", True),
        ("src/a.py", "a.py", False),  # only the result may be the longer one
        ("a.py", "src/aa.py", False),
        ("a.py", "src/a.py.txt", False),
    ],
)
def test_a_path_counts_if_it_is_the_target_or_ends_in_it(target: str, path: str, met: bool) -> None:
    assert is_met(Target(target), Place(path, 1, 9)) is met


@pytest.mark.parametrize(
    ("start", "end", "met"),
    [(1, 9, False), (1, 10, True), (12, 13, True), (20, 25, True), (21, 25, False), (1, 99, True)],
)
def test_lines_must_overlap_where_the_target_has_lines(start: int, end: int, met: bool) -> None:
    assert is_met(Target("a.py", 10, 20), Place("a.py", start, end)) is met


def test_a_whole_file_overlaps_all_lines_of_it() -> None:
    assert is_met(Target("a.py", 10, 20), Place("a.py"))
    assert not is_met(Target("b.py", 10, 20), Place("a.py"))


def test_two_chunks_of_a_file_take_two_ranks() -> None:
    places = [Place("x.py", 1, 5), Place("x.py", 6, 9), Place("a.py", 1, 5), Place("a.py", 6, 9)]
    assert ranks([Target("a.py")], places) == [3]
    assert ranks([Target("a.py", 6, 7)], places) == [4]
    assert ranks([Target("gone.py")], places) == [0]


def test_ndcg_of_one_target() -> None:
    assert ndcg([1]) == 1
    assert ndcg([2]) == pytest.approx(SECOND)
    assert ndcg([3]) == pytest.approx(THIRD)
    assert ndcg([10]) == pytest.approx(1 / math.log2(11))
    assert ndcg([11]) == 0
    assert ndcg([0]) == 0
    assert ndcg([]) == 0


def test_ndcg_of_several_targets_is_over_the_ideal_of_all() -> None:
    assert ndcg([1, 2]) == 1
    assert ndcg([2, 1]) == 1
    assert ndcg([1, 3]) == pytest.approx((1 + THIRD) / (1 + SECOND))
    assert ndcg([1, 0]) == pytest.approx(1 / (1 + SECOND))
    assert ndcg([1, 0, 0]) == pytest.approx(1 / (1 + SECOND + THIRD))


def test_the_ideal_is_cut_at_the_depth() -> None:
    assert ndcg([*range(1, 13)]) == pytest.approx(1)
    assert ndcg([1, 2, 3], depth=2) == pytest.approx(1)


def test_a_result_that_meets_two_targets_counts_once() -> None:
    assert ndcg([1, 1]) == pytest.approx(1 / (1 + SECOND))


def test_reciprocal_rank_takes_the_best_target() -> None:
    assert reciprocal_rank([0, 4, 2]) == 0.5
    assert reciprocal_rank([0]) == 0
    assert reciprocal_rank([]) == 0


def test_percentiles_are_values_that_occurred() -> None:
    values = [5.0, 1.0, 4.0, 2.0, 3.0]
    assert percentile(values, 0.5) == 3
    assert percentile(values, 0.95) == 5
    assert percentile(values, 0.2) == 1
    assert percentile([], 0.5) == 0
    assert mean([]) == 0
