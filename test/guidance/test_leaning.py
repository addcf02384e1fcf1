# SPDX-License-Identifier: Apache-2.0
"""Leaning towards the camera, and a body that is turned under a head that looks ahead."""

from __future__ import annotations

import math

import numpy as np
import pytest
from guided import Guided

from dwpose_ros.core.keypoints import FACE, INDEX
from dwpose_ros.guidance.checks.torso import breadth
from dwpose_ros.guidance.observation import Observation
from dwpose_ros.guidance.own_widths import OwnWidths, lean_deg
from dwpose_ros.guidance.scale import Scale
from dwpose_ros.simulation.bodies import Body, shape
from dwpose_ros.simulation.camera import SimulatedCamera
from dwpose_ros.simulation.movements import Stance

BODIES = [Body(), Body(1.25, 7.0), Body(1.95, 40.0), Body(1.6, 70.0)]
_HEAD = [*range(5), *range(FACE.start, FACE.stop)]
_LEGS = [
    i for name, i in INDEX.items() if any(w in name for w in ("knee", "ankle", "toe", "heel"))
]


def leant(degrees):
    """Lean the upper body towards where it faces, about the hips, with the head upright."""

    def change(xyz):
        upper = [i for i in range(len(xyz)) if i not in _LEGS]
        hips = xyz[[INDEX["left_hip"], INDEX["right_hip"]]].mean(0)
        angle = math.radians(degrees)
        ahead, up = (xyz[upper, 0] - hips[0]).copy(), (xyz[upper, 2] - hips[2]).copy()
        xyz[upper, 0] = hips[0] + ahead * math.cos(angle) + up * math.sin(angle)
        xyz[upper, 2] = hips[2] - ahead * math.sin(angle) + up * math.cos(angle)
        return xyz

    return change


def twisted(degrees):
    """Turn all but the head to the left."""

    def change(xyz):
        below = [i for i in range(len(xyz)) if i not in _HEAD]
        angle = math.radians(degrees)
        ahead, left = xyz[below, 0].copy(), xyz[below, 1].copy()
        xyz[below, 0] = ahead * math.cos(angle) - left * math.sin(angle)
        xyz[below, 1] = ahead * math.sin(angle) + left * math.cos(angle)
        return xyz

    return change


def after_a_walk(body, change, seed=0, profile="full_body", to_m=3.0):
    """The results of the checks of somebody who walked from 5 m, and then leans or turns."""
    one = Guided(profile, body, Stance(0.0, 5.0, 0.0, "relaxed"), seed=seed)
    one.say = lambda text: None
    for distance_m in np.arange(5.0, to_m, -0.08):
        one.actor._stance = one.actor._goal = Stance(0.0, float(distance_m), 0.0, "relaxed")
        one.run(0.1)
    one.run(1.0)
    one.change = change
    one.run(2.0)
    return {result.name: result for result in one.told.results}


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("degrees", [22, 30, 40])
def test_leaning_towards_the_camera_is_noticed(body, degrees):
    found = after_a_walk(body, leant(degrees))["leaning"]
    assert found.ok is False and found.code == "stand_upright"


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("degrees", [27, 35, 50])
def test_a_body_that_is_turned_under_its_head_is_noticed(body, degrees):
    """Beyond what the profile allows, 25 degrees less the hysteresis."""
    found = after_a_walk(body, twisted(degrees))["facing"]
    assert found.ok is False and found.code in ("face_camera", "turn_left", "turn_right")


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("degrees", [0, 10])
def test_a_small_turn_or_lean_is_none(body, degrees):
    for change in (leant(degrees), twisted(degrees)):
        found = after_a_walk(body, change)
        assert found["leaning"].ok is not False and found["facing"].ok is True


def test_of_people_who_stand_straight_hardly_anybody_is_told():
    told = 0
    for seed in range(40):
        found = after_a_walk(BODIES[seed % 4], None, seed)
        told += found["leaning"].ok is False or found["facing"].ok is False
    assert told == 0


def test_without_having_seen_them_before_nothing_is_known():
    one = Guided("full_body", start=Stance(0.0, 3.0, 0.0, "relaxed"))
    one.change = leant(40)
    one.run(1.0)
    found = {result.name: result for result in one.told.results}
    assert found["leaning"].ok is None and not found["leaning"].required


def test_a_broad_person_is_not_taken_to_lean_nor_a_slim_one_to_turn():
    for share in (0.85, 1.2):
        widths = OwnWidths()
        for i in range(8):
            widths.watch(1.18 * share, 0.0, 5.0 - 0.5 * i, float(i))
        assert widths.breadth == pytest.approx(1.18 * share)


def test_nothing_is_learned_of_a_turned_head():
    widths = OwnWidths()
    for i in range(8):
        widths.watch(0.8, 40.0, 5.0 - 0.5 * i, float(i))
    assert math.isnan(widths.breadth)


@pytest.mark.parametrize("here_m", [1.5, 3.0, 6.0])
def test_the_angle_grows_with_the_breadth(here_m):
    angles = [lean_deg(broader, here_m) for broader in (0.9, 1.0, 1.05, 1.1, 1.2, 1.4)]
    assert angles[:2] == [0.0, 0.0] and angles == sorted(angles) and angles[-1] <= 60.0


@pytest.mark.parametrize("tilt_deg, height_m", [(0.0, 1.3), (-25.0, 1.7), (15.0, 0.6)])
def test_a_camera_that_looks_down_makes_nobody_broad(tilt_deg, height_m):
    """Nearer, a torso looks shorter from above; with the horizon that is taken into account."""
    camera = SimulatedCamera(height_m=height_m, tilt_deg=tilt_deg)
    ahead, left, up = shape(Body(), "relaxed").T
    horizon = 0.5 + math.tan(math.radians(tilt_deg)) * camera.focal_px / camera.height
    scale = Scale(focal=camera.focal_px / camera.width, horizon=horizon)

    def broad(distance_m, known):
        xy, _ = camera.project(np.stack([left, distance_m - ahead, up], -1))
        seen = Observation(
            xy, np.ones(len(xy)), np.zeros(4), camera.width, camera.height, 0, 0.0, scale=known
        )
        width, torso = breadth(seen, 0.3)
        return width / torso

    far = broad(4.0, scale)
    assert broad(1.2, scale) == pytest.approx(far, rel=0.04)
    if tilt_deg < 0:
        assert broad(1.2, Scale(focal=scale.focal)) > 1.1 * far
