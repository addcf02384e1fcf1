# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math

import pytest

from dwpose_ros.capture import Candidate, Quality, choose
from dwpose_ros.quality import Measure, unified

S = 10**9
WEIGHTS = {"sharpness": 2.0, "motion": 1.0}


def frame(ago_s: float, sharpness: float = 50, motion: float = 50, fault: str = "") -> Candidate:
    measures = (
        Measure("sharpness", 10 * sharpness, sharpness),
        Measure("motion", 0.1, motion),
        Measure("eyes_open", math.nan, math.nan),
    )
    return Candidate(
        int((100 - ago_s) * S),
        Quality(unified(measures, WEIGHTS), measures, 0.5),
        fault,
        1,
        f"frame of {ago_s} s ago",
    )


def chosen(frames, count=1) -> tuple[list[str], list[str]]:
    best, rejected = choose(frames, count, WEIGHTS, 100 * S)
    return [c.buffered.split()[2] for c in best], rejected


def test_the_best_is_taken_and_the_others_are_told_why():
    best, rejected = chosen([frame(0.3, 40), frame(0.2, 90), frame(0.1, 90, 20)])
    assert best == ["0.2"]
    assert rejected == [
        "-0.30 s: quality 42.9 below the chosen 71.1: sharpness 400 (score 40, the chosen's 90)",
        "-0.10 s: quality 41.5 below the chosen 71.1: motion 0.1 (score 20, the chosen's 50)",
    ]


@pytest.mark.parametrize(
    "count, best",
    [
        (0, ["0.2"]),
        (1, ["0.2"]),
        (2, ["0.2", "0.4"]),
        (3, ["0.2", "0.4", "0.1"]),
        (9, ["0.2", "0.4", "0.1", "0.3"]),
    ],
)
def test_as_many_as_are_asked_for_best_first(count, best):
    found, rejected = chosen(
        [frame(0.4, 80), frame(0.3, 10), frame(0.2, 90), frame(0.1, 70)], count
    )
    assert found == best and len(rejected) == 4 - len(best)


def test_a_frame_that_breaks_a_limit_is_never_taken():
    best, rejected = chosen([frame(0.2, 90, fault="cut_off 0.8, at least 1"), frame(0.1, 20)], 5)
    assert best == ["0.1"] and rejected == ["-0.20 s: cut_off 0.8, at least 1"]


def test_where_all_break_limits_there_is_none():
    away = Candidate(99 * S, None, "nobody is in view")
    best, rejected = chosen([frame(0.2, fault="facing 60, -25 to 25"), away])
    assert best == [] and rejected == [
        "-1.00 s: nobody is in view",
        "-0.20 s: facing 60, -25 to 25",
    ]
    assert choose([], 1, WEIGHTS, 0) == ([], [])


def test_of_equals_the_newest():
    best, rejected = chosen([frame(0.3), frame(0.1), frame(0.2)])
    assert best == ["0.1"]
    assert rejected == [f"-0.{i}0 s: quality 50.0, as the chosen, which is newer" for i in (3, 2)]


def test_losers_are_compared_with_the_least_of_the_chosen():
    _, rejected = chosen([frame(0.3, 90), frame(0.2, 50), frame(0.1, 20)], 2)
    assert rejected == [
        "-0.10 s: quality 25.0 below the chosen 50.0: sharpness 200 (score 20, the chosen's 50)"
    ]


def test_where_no_measure_of_both_is_worse_only_the_quality_is_told():
    """A face seen in one frame alone makes it the better or the worse, and is not comparable."""
    plain, seen = frame(0.2), frame(0.1)
    measures = (*seen.quality.measures[:2], Measure("eyes_open", 0.3, 99.0))
    seen = seen._replace(quality=Quality(60.0, measures, 0.5))
    assert chosen([plain, seen])[1] == ["-0.20 s: quality 50.0 below the chosen 60.0"]
