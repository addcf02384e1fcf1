# SPDX-License-Identifier: Apache-2.0
"""The benchmark's true points are those that the simulated camera sees and renders."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from dwpose_ros.core.keypoints import INDEX
from dwpose_ros.guidance import load_profile
from dwpose_ros.guidance.checks.facing import head_yaw_deg
from dwpose_ros.guidance.observation import TargetSelector
from dwpose_ros.simulation.camera import SimulatedCamera, SimulatedPerson
from dwpose_ros.simulation.movements import Stance, bearing_deg
from dwpose_ros.simulation.scene import Scene

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "benchmark"))

from guidance import right  # noqa: E402
from sensor_model import SensorModel, at_best  # noqa: E402

CAMERA = SimulatedCamera(horizontal_fov_deg=100.0, height_m=1.5)
ASIDE = (-1.5, 0.0, 1.5)
BODY = slice(0, 17)
UPPER_BODY = load_profile(ROOT / "config" / "profiles" / "upper_body.yaml")


def sensor() -> SensorModel:
    return SensorModel(np.random.default_rng(0), CAMERA, 10.0)


def towards(x_m: float, distance_m: float, seen_yaw_deg: float = 0.0) -> Stance:
    """Somebody whom the camera sees turned by so much."""
    yaw = seen_yaw_deg - bearing_deg(x_m, distance_m)
    return Stance(x_m, distance_m, yaw, "relaxed")


@pytest.mark.parametrize("x_m", ASIDE)
@pytest.mark.parametrize("seen_yaw_deg", [-60.0, -20.0, 0.0, 30.0])
def test_a_turn_is_against_the_line_of_sight(x_m, seen_yaw_deg):
    stance = towards(x_m, 2.0, seen_yaw_deg)
    people = at_best(sensor().truth(stance), sensor().size)
    looks = TargetSelector(UPPER_BODY).look(people.with_ids([1]), *sensor().size, 0.0)
    assert stance.seen_yaw_deg == pytest.approx(seen_yaw_deg)
    assert head_yaw_deg(looks, 0.3) == pytest.approx(seen_yaw_deg, abs=8)


@pytest.mark.parametrize("x_m", ASIDE)
@pytest.mark.parametrize("seen_yaw_deg", [-90.0, 90.0])
def test_the_farther_side_is_the_hidden_one(x_m, seen_yaw_deg):
    people = sensor().truth(towards(x_m, 2.0, seen_yaw_deg))
    ears = [INDEX["left_ear"], INDEX["right_ear"]]
    seen = people.scores[0, ears] > 0
    assert seen.tolist() == ([False, True] if seen_yaw_deg > 0 else [True, False])


@pytest.mark.parametrize("x_m", ASIDE)
@pytest.mark.parametrize("seen_yaw_deg", [-40.0, 0.0, 40.0])
def test_points_are_where_the_render_has_them(x_m, seen_yaw_deg):
    stance = towards(x_m, 2.5, seen_yaw_deg)
    true = sensor().truth(stance)
    figure = SimulatedPerson(stance.x_m, stance.distance_m, stance.seen_yaw_deg, stance.posture)
    drawn = Scene(CAMERA).truth([figure])
    tall = np.ptp(drawn.xy[0, BODY, 1])
    # The render is flat, and stretched less at the side of a wide picture.
    off = np.linalg.norm(true.xy[0, BODY] - drawn.xy[0, BODY], axis=1) / tall
    assert off.max() < 0.06
    assert (true.scores[0, BODY] == drawn.scores[0, BODY]).all()


@pytest.mark.parametrize("yaw_deg, good", [(-30.0, True), (22.0, False)])
def test_a_picture_is_right_by_what_the_camera_sees(yaw_deg, good):
    """At the picture's right the line of sight is 9 degrees off the camera's axis, and people may
    be turned by 25 degrees against it."""
    rig = SensorModel(np.random.default_rng(0), SimulatedCamera(height_m=1.4), 10.0)
    lately = [(0.1 * i, Stance(0.2, 1.3, yaw_deg, "relaxed")) for i in range(5)]
    assert right(rig, lately, UPPER_BODY) is good


def test_scores_are_a_network_s_who_is_clearly_seen_stays_so():
    def scores(yaw_deg: float) -> np.ndarray:
        seen = sensor()
        return np.array([seen(towards(0.0, 3.0, yaw_deg))[1][0] for _ in range(60)])[:, BODY]

    front, aside = scores(0.0), scores(90.0)
    assert np.median(front) > 0.9 and front.max() <= 1.0
    assert np.median(np.abs(np.diff(front, axis=0))) < 0.03
    assert aside.mean() < front.mean() - 0.05  # the farther side is behind the body
