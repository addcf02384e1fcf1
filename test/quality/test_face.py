# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math

import numpy as np
import pytest

from dwpose_ros.core.keypoints import FACE
from dwpose_ros.quality.face import (
    eyes_open,
    face_points,
    head_size,
    inter_eye_distance,
    mouth_closed,
)
from dwpose_ros.quality.head_pose import head_angles, head_pose
from dwpose_ros.simulation import atlas
from dwpose_ros.simulation.camera import SimulatedCamera, SimulatedPerson
from dwpose_ros.simulation.scene import Scene


def turned(yaw: float, pitch: float, roll: float) -> np.ndarray:
    """(3, 3), of axes to the person's left, down and away from the camera; degrees."""
    (cy, sy), (cp, sp), (cr, sr) = (
        (math.cos(math.radians(a)), math.sin(math.radians(a))) for a in (yaw, pitch, roll)
    )
    return (
        np.array([[cr, sr, 0], [-sr, cr, 0], [0, 0, 1]])
        @ np.array([[1, 0, 0], [0, cp, sp], [0, -sp, cp]])
        @ np.array([[cy, 0, -sy], [0, 1, 0], [sy, 0, cy]])
    )


@pytest.fixture(scope="module")
def seen_from():
    """seen_from(yaw, pitch, roll, distance_m) -> the virtual head's points (68, 2) px."""
    ahead, left, up = atlas.load().xyz("relaxed")[FACE].T
    head = np.stack([left, -up, -ahead], 1)
    head -= head.mean(0)

    def _seen(yaw=0.0, pitch=0.0, roll=0.0, distance_m=1.0, focal_px=1100.0):
        xyz = head @ turned(yaw, pitch, roll).T + (0, 0, distance_m)
        return xyz[:, :2] / xyz[:, 2:] * focal_px + (640, 360)

    return _seen


@pytest.mark.parametrize("distance_m", [0.6, 1.0, 2.0])
@pytest.mark.parametrize(
    "yaw, pitch, roll",
    [
        (0, 0, 0),
        (10, 0, 0),
        (-10, 0, 0),
        (20, 0, 0),
        (30, 0, 0),
        (-45, 0, 0),
        (0, 15, 0),
        (0, -15, 0),
        (0, 25, 0),
        (0, 0, 10),
        (0, 0, -30),
        (20, 10, 10),
        (-30, -15, 15),
    ],
)
def test_the_pose_of_a_head_that_is_not_the_models(seen_from, yaw, pitch, roll, distance_m):
    found = head_pose(seen_from(yaw, pitch, roll, distance_m))
    assert found.yaw == pytest.approx(yaw, abs=3)
    assert found.pitch == pytest.approx(pitch, abs=6)  # what is level differs between heads
    assert found.roll == pytest.approx(roll, abs=3)


@pytest.mark.parametrize("yaw", [-45, -30, -15, -5, 0, 5, 15, 30, 45])
def test_the_yaw_of_a_person_in_a_picture(yaw):
    true = Scene(SimulatedCamera(height_m=1.6)).truth([SimulatedPerson(0, 0.9, yaw)])
    assert head_pose(true.xy[0][FACE].astype(float)).yaw == pytest.approx(yaw, abs=5)


def test_the_yaw_is_against_the_line_of_sight():
    """Who looks into the camera from the image's edge is not turned."""
    true = Scene(SimulatedCamera(height_m=1.6)).truth([SimulatedPerson(0.4, 0.9, 0)])
    assert abs(head_pose(true.xy[0][FACE].astype(float)).yaw) < 6


def test_a_pixel_of_noise_is_few_degrees(seen_from):
    random = np.random.default_rng(0)
    yaws = [head_pose(seen_from(10) + random.normal(0, 1, (68, 2))).yaw for _ in range(50)]
    assert np.mean(yaws) == pytest.approx(10, abs=2) and np.std(yaws) < 3


@pytest.mark.parametrize(
    "angle, score", [(0, 100), (45, 50), (-45, 50), (90, 0), (120, 0), (math.nan, math.nan)]
)
def test_head_angles_score_as_cosines_squared(angle, score):
    for found in head_angles(type(head_pose(None))(angle, angle, angle)):
        assert found.score == pytest.approx(score, nan_ok=True, abs=1e-9)


def shut(face: np.ndarray, eye: int) -> np.ndarray:
    """The same face with the eye that begins at a point closed."""
    face = face.copy()
    upper, lower = face[eye + 1 : eye + 3].copy(), face[[eye + 5, eye + 4]].copy()
    face[eye + 1 : eye + 3] = 0.9 * lower + 0.1 * upper
    return face.copy()


def test_eyes(seen_from):
    face = seen_from()
    assert eyes_open(face).score > 95
    assert eyes_open(shut(shut(face, 36), 42)).score < 10
    assert eyes_open(shut(face, 42)).score < 10  # one closed is a wink
    assert eyes_open(seen_from(30, 0, 20)).score > 95


@pytest.mark.parametrize("gap, low, high", [(0.0, 90, 100), (0.2, 30, 75), (0.5, 0, 2)])
def test_mouth(seen_from, gap, low, high):
    face = seen_from()
    chin = np.linalg.norm(face[36:48].mean(0) - face[8])
    face[65:68, 1] += gap * chin
    assert low <= mouth_closed(face).score <= high


@pytest.mark.parametrize("distance_m, px, score", [(0.5, 142, 97), (1.0, 71, 51), (3.0, 24, 9)])
def test_inter_eye_distance(seen_from, distance_m, px, score):
    found = inter_eye_distance(seen_from(distance_m=distance_m), 0.0)
    assert found.value == pytest.approx(px, rel=0.06) and found.score == pytest.approx(
        score, abs=6
    )
    assert inter_eye_distance(seen_from(30, distance_m=distance_m), 30.0).value == pytest.approx(
        found.value, rel=0.05
    )


def test_head_size(seen_from):
    sizes = [head_size(seen_from(distance_m=d), 720) for d in (0.4, 0.8, 1.6, 3.2)]
    assert [s.value for s in sizes] == sorted((s.value for s in sizes), reverse=True)
    assert [s.score for s in sizes] == sorted((s.score for s in sizes), reverse=True)
    assert sizes[0].score > 80 > 20 > sizes[-1].score


def test_a_small_face_has_a_size_but_no_expression(seen_from):
    face = seen_from(distance_m=7.0)  # 10 px between the eyes
    assert inter_eye_distance(face, 0.0).value == pytest.approx(10, abs=1)
    assert all(math.isnan(f(face).score) for f in (eyes_open, mouth_closed))
    assert all(map(math.isnan, head_pose(face)))


@pytest.fixture
def person(seen_from):
    """person(yaw) -> xy (133, 2) and seen (133,) of nothing but a face."""

    def _person(yaw: float = 0.0, distance_m: float = 1.0):
        xy, seen = np.full((133, 2), np.nan), np.zeros(133, bool)
        xy[FACE], seen[FACE] = seen_from(yaw, distance_m=distance_m), True
        return xy, seen

    return _person


def test_face_points(person):
    xy, seen = person()
    assert face_points(xy, seen).shape == (68, 2)
    seen[FACE.start : FACE.start + 5] = False  # a cheek by the hair
    assert face_points(xy, seen) is not None


@pytest.mark.parametrize("hidden", [8, 30, 36, 47, 48, 66])
def test_without_chin_nose_eyes_or_mouth_there_is_no_face(person, hidden):
    xy, seen = person()
    seen[FACE.start + hidden] = False
    assert face_points(xy, seen) is None


@pytest.mark.parametrize("distance_m", [25.0, 1e6])
def test_a_face_of_three_pixels_is_none(person, distance_m):
    assert face_points(*person(distance_m=distance_m)) is None


def test_a_face_through_the_head_is_none(person):
    """As an estimator may see it on somebody from behind: left and right are swapped."""
    xy, seen = person()
    xy[:, 0] = 1280 - xy[:, 0]
    assert face_points(xy, seen) is None


def test_points_on_one_spot_are_no_face():
    assert face_points(np.full((133, 2), 50.0), np.ones(133, bool)) is None


@pytest.mark.parametrize(
    "make",
    [lambda face: face * (1, 0) + (0, 100), lambda face: face * 1e5, lambda face: face * 1e-3],
)
def test_degenerate_faces_give_numbers_or_none(seen_from, make):
    with np.errstate(all="raise"):
        pose = head_pose(make(seen_from()))
    assert all(math.isnan(a) for a in pose) or all(abs(a) <= 180 for a in pose)
