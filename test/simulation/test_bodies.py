# SPDX-License-Identifier: Apache-2.0
"""Bodies of every age and size, seated or standing, and what they lack."""

import numpy as np
import pytest

from dwpose_ros.core.keypoints import INDEX, LEFT_HAND
from dwpose_ros.simulation.bodies import (
    SHORTEST_M,
    TALLEST_M,
    Body,
    body_of,
    crown,
    drawn_body,
    shape,
)
from dwpose_ros.simulation.habits import drawn_gait


def height(xyz, name: str) -> float:
    return float((xyz[INDEX[f"left_{name}"], 2] + xyz[INDEX[f"right_{name}"], 2]) / 2)


@pytest.mark.parametrize("body", [Body(), Body(TALLEST_M), Body(SHORTEST_M, 6.0), Body(1.4, 10)])
def test_the_crown_is_at_the_stature(body):
    assert crown(body, shape(body, "relaxed"))[2] == pytest.approx(body.stature_m, rel=0.025)


def test_children_have_larger_heads_and_shorter_legs():
    adult, child = shape(Body(1.7), "relaxed") / 1.7, shape(Body(1.16, 6.0), "relaxed") / 1.16
    assert height(child, "hip") < height(adult, "hip") - 0.02
    assert np.ptp(child[23:91, 2]) > 1.15 * np.ptp(adult[23:91, 2])
    for upper, lower in zip(
        ("ear", "shoulder", "hip", "knee"), ("shoulder", "hip", "knee", "ankle")
    ):
        assert height(child, upper) > height(child, lower)


def test_who_sits_has_hips_and_knees_at_one_height_and_the_knees_ahead():
    body = Body(1.7, seat="wheelchair")
    sits, stands = shape(body, "relaxed"), shape(body._replace(seat=""), "relaxed")
    assert height(sits, "hip") - height(sits, "knee") < 0.15
    ahead = sits[INDEX["left_knee"], 0] - sits[INDEX["left_hip"], 0]
    assert ahead == pytest.approx(height(stands, "hip") - height(stands, "knee"), abs=0.03)
    lower_leg = height(sits, "knee") - height(sits, "ankle")
    assert lower_leg == pytest.approx(height(stands, "knee") - height(stands, "ankle"), abs=0.02)
    assert height(sits, "ear") < height(stands, "ear") - 0.2


def test_a_stick_is_held_only_while_the_hand_is_free():
    body = Body(1.7, 75.0, stick=True)
    own = body._replace(stick=False)
    assert not np.allclose(shape(body, "relaxed"), shape(own, "relaxed"))
    assert np.allclose(shape(body, "hands_shown"), shape(own, "hands_shown"))


def test_a_lost_forearm_takes_its_hand_and_wrist():
    hand, forearm = Body(without="left_hand").lost, Body(without="left_forearm").lost
    assert set(hand) == set(range(LEFT_HAND.start, LEFT_HAND.stop))
    assert set(forearm) == {*hand, INDEX["left_wrist"]}
    assert Body().lost == ()


@pytest.mark.parametrize("wrong", [{"seat": "horse"}, {"without": "head"}])
def test_unknown_bodies_are_refused(wrong):
    with pytest.raises(ValueError, match="there are chair"):
        shape(Body(**wrong), "relaxed")


def test_the_drawn_are_of_all_sizes_and_ages():
    random = np.random.default_rng(0)
    bodies = [drawn_body(random, 6.0) for _ in range(500)]
    statures = [body.stature_m for body in bodies]
    assert min(statures) < 1.25 and max(statures) > 1.9
    children = [b.stature_m for b in bodies if b.age_years < 9]
    assert np.mean(children) == pytest.approx(1.24, abs=0.04)


def test_old_people_and_wheelchairs_go_less_far():
    def mean_m(body: Body, what: str) -> float:
        random = np.random.default_rng(1)
        return float(np.mean([getattr(drawn_gait(random, body), what) for _ in range(300)]))

    young, old = Body(1.7, 30.0), Body(1.7, 80.0)
    assert mean_m(old, "forward_m") < 0.92 * mean_m(young, "forward_m")
    assert mean_m(old, "backward_m") / mean_m(old, "forward_m") < (
        mean_m(young, "backward_m") / mean_m(young, "forward_m")
    )
    assert mean_m(young, "side_m") < mean_m(young, "backward_m")


def test_bodies_of_the_atlas():
    assert body_of("man") == Body(pytest.approx(1.72, abs=0.03))
    assert body_of("samir").seat == "wheelchair" and body_of("victor").without == "left_hand"
    assert body_of("george").stick and body_of("emil").age_years == 6
