# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math

import numpy as np
import pytest

from dwpose_ros.core.keypoints import LEFT_HAND
from dwpose_ros.guidance.body_parts import POSTURES, PostureLimit
from dwpose_ros.guidance.checks import POSTURE_CHECKS

CHECK = {check.__name__: check for check in POSTURE_CHECKS}


@pytest.fixture
def check(person, custom):
    """check(posture, ..., side="front", limits=None) -> what it finds about such a person."""

    def _check(posture: str, side: str = "front", mirrored: bool = False, limits=None, **stands):
        posture_limit = POSTURES[posture] if limits is None else PostureLimit(posture, *limits)
        wanted = custom(posture=(posture_limit,), side=side)
        return CHECK[posture](
            person(0.6, top=0.3, mirrored=mirrored, **stands).view(), wanted, mirrored
        )

    return _check


def test_there_is_a_check_of_every_posture():
    assert CHECK.keys() == POSTURES.keys()


@pytest.mark.parametrize(
    "posture, stands, value, code, magnitude",
    [
        ("upright", dict(), 0, "", ""),
        ("upright", dict(lean=11), 11, "", ""),
        ("upright", dict(lean=-15), 15, "stand_upright", "little"),
        ("upright", dict(lean=30), 30, "stand_upright", ""),
        ("upright", dict(lean=80), 80, "stand_upright", "big"),
        ("upright", dict(lean=30, yaw=-90), 30, "stand_upright", ""),  # also from the side
        ("arms_away", dict(arms=9), 9, "arms_away", ""),
        ("arms_away", dict(arms=20), 20, "arms_away", "little"),
        ("arms_away", dict(arms=-10), -10, "arms_away", "big"),  # before the body
        ("arms_away", dict(arms=26), 26, "", ""),
        ("arms_away", dict(arms=60), 60, "", ""),
        ("arms_away", dict(arms=85), 85, "lower_arms", ""),
        ("arms_away", dict(arms=175), 175, "lower_arms", "big"),
        ("arms_away", dict(arms=200), 200, "lower_arms", "big"),  # beyond overhead
        ("arms_away", dict(arms=40, lean=20), 40, "", ""),  # against the torso, not the image
        ("arms_side", dict(arms=90), 90, "", ""),
        ("arms_side", dict(arms=76), 76, "", ""),
        ("arms_side", dict(arms=65), 65, "arms_side", "little"),
        ("arms_side", dict(arms=9), 9, "arms_side", "big"),
        ("arms_side", dict(arms=115), 115, "lower_arms", "little"),
        ("arms_up", dict(arms=170, bend=0), 1.13, "", ""),
        ("arms_up", dict(arms=90, bend=90), 0.51, "", ""),
        ("arms_up", dict(arms=90, bend=40), 0.326, "arms_up", "little"),
        ("arms_up", dict(arms=90, bend=0), 0, "arms_up", ""),
        ("arms_up", dict(), -1.15, "arms_up", "big"),
        ("arms_up", dict(arms=170, bend=0, yaw=90), 1.13, "", ""),
        ("arms_straight", dict(arms=40, bend=0), 180, "", ""),
        ("arms_straight", dict(arms=40, bend=-25), 155, "", ""),
        ("arms_straight", dict(arms=40, bend=45), 135, "straighten_arms", "little"),
        ("arms_straight", dict(arms=90, bend=90), 90, "straighten_arms", "big"),
        ("open_hands", dict(arms=40), 1, "", ""),
        ("open_hands", dict(arms=40, fist=1), 0.38, "open_hands", "big"),
        ("fingers_spread", dict(arms=40), 30, "", ""),
        ("fingers_spread", dict(arms=40, spread=11), 11, "spread_fingers", "little"),
        ("fingers_spread", dict(arms=40, spread=0), 0, "spread_fingers", "big"),
        ("feet_apart", dict(), 0.42, "feet_apart", ""),
        ("feet_apart", dict(feet=1.6), 0.67, "feet_apart", "little"),
        ("feet_apart", dict(feet=-0.3), 0.125, "feet_apart", "big"),  # crossed
        ("feet_apart", dict(feet=2), 0.83, "", ""),
        ("feet_apart", dict(feet=2.9), 1.21, "", ""),
        ("feet_apart", dict(feet=4.0), 1.67, "feet_together", "little"),
        ("feet_apart", dict(feet=4.5), 1.87, "feet_together", ""),
        ("feet_apart", dict(feet=3, yaw=30), 1.08, "", ""),
    ],
)
@pytest.mark.parametrize("mirrored", [False, True])
def test_what_is_measured(check, posture, stands, value, code, magnitude, mirrored):
    result = check(posture, mirrored=mirrored, **stands)
    assert result.name == posture
    assert (result.ok, result.code, result.magnitude) == (not code, code, magnitude)
    assert result.value == pytest.approx(value, abs=1.2 if result.unit == "deg" else 0.03)
    limits = POSTURES[posture]
    assert (result.minimum, result.maximum) == pytest.approx(limits[1:], nan_ok=True)


@pytest.mark.parametrize(
    "posture, stands",
    [
        ("arms_away", dict(arms=(40, 9))),
        ("arms_away", dict(arms=(9, 40))),
        ("arms_away", dict(arms=(40, 80))),
        ("arms_side", dict(arms=(90, 40))),
        ("arms_up", dict(arms=(170, 9), bend=0)),
        ("arms_straight", dict(arms=40, bend=(0, 60))),
    ],
)
def test_of_two_sides_the_worse_counts(check, posture, stands):
    assert check(posture, **stands).ok is False


def test_the_worse_is_the_one_that_is_further_off(check):
    assert check("arms_away", arms=(0, 70)).code == "arms_away"  # 25 too little, 5 too much
    assert check("arms_away", arms=(20, 100)).code == "lower_arms"


@pytest.mark.parametrize(
    "posture, hidden, body_part",
    [
        ("upright", "hips", "hips"),
        ("upright", "left_shoulder", "shoulders"),
        ("arms_away", "right_elbow", "elbows"),
        ("arms_away", "left_hip", "hips"),
        ("arms_side", "elbows", "elbows"),
        ("arms_up", "wrists", "wrists"),
        ("arms_up", "hips", "hips"),
        ("arms_straight", "left_wrist", "wrists"),
        ("open_hands", "hands", "hands"),
        ("open_hands", "left_thumb4", "hands"),
        ("fingers_spread", "right_hand_root", "hands"),
        ("feet_apart", "hips", "hips"),
        ("feet_apart", "left_ankle", "feet"),
    ],
)
def test_a_missing_point_is_not_a_bad_posture(check, posture, hidden, body_part):
    result = check(posture, hidden=(hidden,))
    assert (result.ok, result.code, result.body_part) == (None, "show", body_part)
    assert math.isnan(result.value) and result.required and result.magnitude == ""


@pytest.mark.parametrize("posture", ["arms_away", "arms_side", "feet_apart"])
@pytest.mark.parametrize("yaw", [70, -90, 110])
def test_what_the_camera_sees_from_the_side_is_unknown(check, posture, yaw):
    result = check(posture, yaw=yaw)
    assert (result.ok, result.code, result.body_part) == (None, posture, "")


@pytest.mark.parametrize(
    "posture, stands",
    [("arms_away", dict(arms=40)), ("arms_side", dict(arms=90)), ("feet_apart", dict(feet=2.5))],
)
def test_from_behind_it_is_the_same(check, posture, stands):
    assert check(posture, side="back", yaw=180, **stands).ok


def test_an_arm_that_points_at_the_camera_is_unknown(person, custom):
    one = person(arms=40)
    shoulder, elbow = one.points("left_shoulder", "left_elbow")
    one.xy[elbow] = one.xy[shoulder] + (5, 10)
    result = CHECK["arms_away"](one.view(), custom(posture=(POSTURES["arms_away"],)))
    assert (result.ok, result.code, result.body_part) == (None, "arms_away", "")


def test_a_hand_that_points_at_the_camera_is_unknown(person, custom):
    one = person(arms=40)
    root = one.xy[LEFT_HAND.start]
    one.xy[LEFT_HAND] = root + (one.xy[LEFT_HAND] - root) * 0.3
    result = CHECK["open_hands"](one.view(), custom(posture=(POSTURES["open_hands"],)))
    assert (result.ok, result.code) == (None, "open_hands")
    one.scores[one.points("left_elbow")] = 0.1  # nothing to measure it by
    assert CHECK["open_hands"](one.view(), custom(posture=(POSTURES["open_hands"],))).ok


@pytest.mark.parametrize("side, far, yaw", [("left", "right", -90), ("right", "left", 90)])
@pytest.mark.parametrize("mirrored", [False, True])
def test_from_the_side_only_the_near_arm_counts(check, side, far, yaw, mirrored):
    hidden = tuple(f"{far}_{p}" for p in ("elbow", "wrist"))
    arms = (170, 9) if side == "left" else (9, 170)  # the far one hangs, and is hidden
    result = check(
        "arms_up", side=side, mirrored=mirrored, arms=arms, bend=0, yaw=yaw, hidden=hidden
    )
    assert result.ok


@pytest.mark.parametrize("side, far, yaw", [("left", "right", -90), ("right", "left", 90)])
@pytest.mark.parametrize("lean", [0, 30])
def test_nor_does_the_far_half_of_the_torso(check, side, far, yaw, lean):
    result = check(
        "upright", side=side, yaw=yaw, lean=lean, hidden=(f"{far}_shoulder", f"{far}_hip")
    )
    assert result.value == pytest.approx(lean, abs=2) and result.ok == (lean == 0)


def test_what_is_not_asked_for_is_not_measured(person, custom):
    assert [c(person().view(), custom()) for c in POSTURE_CHECKS] == [None] * len(CHECK)


@pytest.mark.parametrize("limits, ok", [((5, 20), True), ((30, 50), False), ((8.9, 9.1), True)])
def test_the_limits_are_the_profiles(check, limits, ok):
    assert check("arms_away", limits=limits, arms=9).ok == ok


@pytest.mark.parametrize("posture", POSTURES)
def test_all_points_in_one_place_do_not_crash(person, custom, posture):
    one = person()
    one.xy[:] = 300
    with np.errstate(all="raise"):
        result = CHECK[posture](one.view(), custom(posture=(POSTURES[posture],)))
    assert result.ok in (None, True, False)
    assert result.ok is None or math.isfinite(result.value)
