# SPDX-License-Identifier: Apache-2.0
"""Light and sharpness in a video: those of the very frame, or of one just before."""

from __future__ import annotations

import numpy as np
import pytest

from dwpose_ros.core.person_poses import PersonPoses
from dwpose_ros.quality import Looks, light_and_sharpness

BOX = [20, 20, 220, 220]


def people(*ids: int) -> PersonPoses:
    if not ids:
        return PersonPoses.none()
    xy = np.random.default_rng(0).uniform(40, 200, (len(ids), 133, 2))
    return PersonPoses.of(xy, np.ones(xy.shape[:2]), [BOX] * len(ids), np.ones(len(ids)), ids)


def frame(level: int) -> np.ndarray:
    return np.full((240, 240, 3), level, np.uint8)


@pytest.fixture
def levels():
    """levels(time_s, level, *ids): the grey levels that are told of people in a grey frame."""
    looks = Looks()

    def told(time_s: float, level: int, *ids: int, busy: bool = False) -> list[int]:
        found = looks(frame(level), people(*ids), time_s, busy)
        return [round(bright * 255) for bright, _ in found]

    return told


def test_they_are_measured_of_the_very_frame():
    who, rgb = people(7), np.random.default_rng(1).integers(0, 255, (240, 240, 3), np.uint8)
    measured = light_and_sharpness(rgb, who.xy[0], who.scores[0], who.boxes[0], rgb=True)
    assert Looks()(rgb, who, 5.0) == [measured]


def test_ten_times_a_second(levels):
    assert [levels(k / 30, 10 * k, 1)[0] for k in range(7)] == [0, 0, 0, 30, 30, 30, 60]


def test_a_slow_camera_s_frames_are_all_measured(levels):
    assert [levels(k / 10, 10 * k, 1)[0] for k in range(4)] == [0, 10, 20, 30]


def test_a_frame_that_takes_long_anyway_may_wait_but_not_for_ever(levels):
    assert [levels(k / 30, 10 * k, 1, busy=True)[0] for k in range(7)] == [0] * 6 + [60]


def test_who_is_new_or_was_away_is_measured_at_once(levels):
    assert levels(0.0, 10, 1) == [10]
    assert levels(0.03, 20, 1, 2) == [10, 20]
    assert levels(0.06, 30, 2) == [20]
    assert levels(0.09, 40, 2, 1) == [20, 40]


def test_a_clock_that_jumps_makes_all_anew(levels):
    assert levels(9.0, 10, 1) == [10] and levels(8.0, 20, 1) == [20]
    assert levels(8.05, 30) == []
