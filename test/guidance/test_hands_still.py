# SPDX-License-Identifier: Apache-2.0
"""Hands in the image belong to stillness, whether the profile is about them or not."""

from __future__ import annotations

import math

import numpy as np
import pytest

from dwpose_ros.core.keypoints import INDEX, LEFT_HAND, RIGHT_HAND
from dwpose_ros.core.person_poses import PersonPoses
from dwpose_ros.guidance.checks import relaxed, still
from dwpose_ros.guidance.observation import TargetSelector

HANDS = {
    "left": [INDEX["left_wrist"], *range(LEFT_HAND.start, LEFT_HAND.stop)],
    "right": [INDEX["right_wrist"], *range(RIGHT_HAND.start, RIGHT_HAND.stop)],
}


def watch(profile, person, move, seconds: float = 1.5, fps: float = 30):
    """The last view of somebody who stands there and of whose points `move` makes others, from
    (xy, scores, time)."""
    selector, observation = TargetSelector(profile), None
    for k in range(round(seconds * fps)):
        xy, scores = person.xy.copy(), person.scores.copy()
        move(xy, scores, k / fps)
        observation = selector.look(
            PersonPoses.of(xy[None], scores[None], person.box[None], ids=[1]),
            person.width,
            person.height,
            k / fps,
        )
    return observation


def waving(amplitude_px: float, hz: float, side: str = "right", lost: bool = False):
    def move(xy, scores, t):
        xy[HANDS[side], 0] += amplitude_px * math.sin(2 * math.pi * hz * t)
        if lost:
            scores[HANDS[side][1:]] = 0.0

    return move


@pytest.mark.parametrize("lost", [False, True])
@pytest.mark.parametrize("side", HANDS)
@pytest.mark.parametrize("hz", [2.0, 3.0])  # slower, they rest at each turn
@pytest.mark.parametrize("fps", [10, 30])
def test_who_waves_is_not_still(profile, person, fps, hz, side, lost):
    """But for the moment in which the hand turns, and also where the network keeps but the wrist
    of it."""
    wanted, body = profile("upper_body"), person(1.3, arms=40)
    found = [
        still(watch(wanted, body, waving(60, hz, side, lost), 1.5 + late, fps), wanted)
        for late in np.arange(0, 1 / hz, 1 / 30)
    ]
    moving = [result.ok is False for result in found]
    assert np.mean(moving) >= 0.5
    assert {result.code for result in found if not result.ok} == {"keep_still"}


def test_a_hand_that_has_come_to_rest_is_still_soon(profile, person):
    wanted, body = profile("a_pose"), person(0.8, arms=40)

    def lifted(xy, scores, t):  # half of the person's height a second
        xy[HANDS["left"], 1] -= 0.5 * 0.8 * 720 * 2 * min(t, 0.8)

    assert not still(watch(wanted, body, lifted, 0.8), wanted).ok
    assert still(watch(wanted, body, lifted, 1.0), wanted).ok


def test_a_hand_that_is_beyond_the_border_or_unseen_does_not_count(profile, person):
    wanted, body = profile("upper_body"), person(1.3, arms=40)

    def unseen(xy, scores, t):
        waving(60, 2.0)(xy, scores, t)
        scores[HANDS["right"]] = 0.0

    assert still(watch(wanted, body, unseen), wanted).ok is True


@pytest.mark.parametrize("fps", [10, 15, 30])
def test_a_network_s_noise_of_hands_at_rest_is_stillness(profile, person, fps):
    """Points that err by 2 % of the parts' height, each its own and anew in each frame, and
    fingers that flip."""
    wanted, body = profile("upper_body"), person(1.3, arms=40)
    random = np.random.default_rng(6)
    tall = float(np.ptp(body.xy[list(wanted.points), 1]))

    def noisy(xy, scores, t):
        for hand in HANDS.values():
            xy[hand] += random.normal(0, 0.02 * tall, (22, 2))
            if random.random() < 0.3:
                xy[hand[14:]] += 0.2 * tall

    limits = relaxed(wanted, -0.1)  # to become still
    assert all(
        still(watch(wanted, body, noisy, seconds, fps), limits).ok
        for seconds in np.arange(1.0, 3.0, 0.1)
    )


def test_of_hands_alone_the_usual_limit_holds(profile, person):
    wanted = profile("hands")
    assert math.isnan(watch(wanted, person(0.8, raised=0.2), waving(3, 1.0)).hands)


def test_from_the_side_only_the_near_hand_counts(custom, person):
    wanted, body = custom(side="left"), person(yaw=90)
    assert watch(wanted, body, waving(100, 2.0, "left")).hands > 0.3
    assert watch(wanted, body, waving(100, 2.0, "right")).hands == pytest.approx(0, abs=1e-6)


def test_a_profile_may_let_hands_move(custom, person):
    wanted = custom(still_hands=50.0)
    assert still(watch(wanted, person(), waving(60, 2.0)), wanted).ok is True


def test_time_that_jumps_forgets_where_hands_were(profile, person):
    selector, wanted, body = (
        TargetSelector(profile("upper_body")),
        profile("upper_body"),
        person(1.3),
    )
    for now in (5.0, 5.1, 1.0):
        observation = selector.look(
            PersonPoses.of(body.xy[None], body.scores[None], body.box[None], ids=[1]),
            body.width,
            body.height,
            now,
        )
    assert math.isnan(observation.hands) and still(observation, wanted).ok is None
