# SPDX-License-Identifier: Apache-2.0
"""Postures of synthetic people: limits of the joints, and what the angles mean."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("scipy")
from tools.people.limits import ANGLES, AT, HIGH, LOW, is_within, mirrored, within
from tools.people.postures import KINDS, SITTING, draw_posture, redraw_arm
from tools.people.rig import between, rotation


def test_a_thousand_postures_are_within_the_limits():
    random = np.random.default_rng(0)
    drawn = [draw_posture(random, holds=(i % 5 == 0, i % 7 == 0)) for i in range(1000)]
    assert all(is_within(p.angles) for p in drawn)
    assert all(is_within(redraw_arm(random, p, "LR"[i % 2]).angles) for i, p in enumerate(drawn))
    angles = np.array([p.angles for p in drawn])
    assert (angles.std(0) > 1).all(), "an angle that hardly varies"
    shares = {kind: np.mean([p.kind == kind for p in drawn]) for kind in KINDS}
    assert shares == pytest.approx(KINDS, abs=0.05)
    knees = {kind: angles[[p.kind == kind for p in drawn]][:, AT["knee.L"]] for kind in KINDS}
    for kind in SITTING:
        assert knees[kind].mean() > 70
    assert knees["stand"].mean() < 10


def test_angles_beyond_a_limit_are_brought_to_it():
    far = within(np.full(len(ANGLES), 1000.0))
    assert is_within(far) and (far <= HIGH).all()
    assert not is_within(HIGH + 1) and not is_within(LOW - 1)


@pytest.mark.parametrize(
    "plane, highest", [(-40, 60), (-10, 170), (0, 170), (100, 170), (130, 110)]
)
def test_an_arm_rises_less_behind_the_body_and_across_it(plane, highest):
    angles = np.zeros(len(ANGLES))
    angles[AT["shoulder_plane.L"]], angles[AT["shoulder_elevation.L"]] = plane, 170
    assert within(angles)[AT["shoulder_elevation.L"]] == pytest.approx(highest)


def test_the_last_joint_of_a_finger_follows_the_one_before():
    angles = np.zeros(len(ANGLES))
    angles[AT["index_3.R"]] = 70
    assert within(angles)[AT["index_3.R"]] == pytest.approx(20)
    angles[AT["index_2.R"]] = 75
    assert within(angles)[AT["index_3.R"]] == pytest.approx(70)


def test_a_mirror_exchanges_the_sides_and_is_its_own_inverse():
    angles = draw_posture(np.random.default_rng(1)).angles
    other = mirrored(angles)
    assert other[AT["elbow.L"]] == angles[AT["elbow.R"]]
    assert other[AT["neck_twist"]] == -angles[AT["neck_twist"]]
    assert other[AT["spine_flexion"]] == angles[AT["spine_flexion"]]
    assert np.array_equal(mirrored(other), angles)


def test_rotations_turn_by_the_right_hand():
    assert rotation([0, 0, 2], 90) @ [1, 0, 0] == pytest.approx([0, 1, 0])
    assert rotation([1, 0, 0], 90) @ [0, 1, 0] == pytest.approx([0, 0, 1])
    turn = between(np.array([0, -2.0, 0]), np.array([0, 0, 1.0]))
    assert turn @ [0, -1, 0] == pytest.approx([0, 0, 1])
    assert turn @ turn.T == pytest.approx(np.eye(3))
