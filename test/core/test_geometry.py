# SPDX-License-Identifier: Apache-2.0
"""Where people are in space, by how large they look and by depth images."""

from __future__ import annotations

import numpy as np
import pytest

from dwpose_ros.core.geometry import REACH_M, PinholeCamera, distances, flat, from_depth
from dwpose_ros.core.keypoints import COUNT, FACE, INDEX, LEFT_HAND
from dwpose_ros.core.person_poses import PersonPoses

WIDTH, HEIGHT = 640, 480
CAMERA = PinholeCamera.of([0.0] * 9, WIDTH, HEIGHT)
# An adult of 1.7 m who stands, seen from the front: m, from the middle between the hips, y down.
ADULT = {
    "nose": (0, -0.66),
    "left_eye": (0.031, -0.675),
    "right_eye": (-0.031, -0.675),
    "left_shoulder": (0.195, -0.49),
    "right_shoulder": (-0.195, -0.49),
    "left_elbow": (0.25, -0.17),
    "right_elbow": (-0.25, -0.17),
    "left_wrist": (0.27, 0.08),
    "right_wrist": (-0.27, 0.08),
    "left_hip": (0.12, 0),
    "right_hip": (-0.12, 0),
    "left_knee": (0.12, 0.42),
    "right_knee": (-0.12, 0.42),
    "left_ankle": (0.12, 0.835),
    "right_ankle": (-0.12, 0.835),
}


def standing(
    z: float, x: float = 0.0, y: float = 0.0, turned: float = 0.0, only=ADULT
) -> PersonPoses:
    """The adult at a place in space, turned by so many degrees, as CAMERA sees the points."""
    xy, scores = np.full((1, COUNT, 2), np.nan), np.zeros((1, COUNT))
    for name in only:
        across, down = ADULT[name]
        across *= np.cos(np.radians(turned))
        xy[0, INDEX[name]] = (
            CAMERA.cx + CAMERA.fx * (across + x) / z,
            CAMERA.cy + CAMERA.fy * (down + y) / z,
        )
        scores[0, INDEX[name]] = 0.9
    return PersonPoses.of(xy, scores, np.zeros((1, 4)), np.ones(1))


def test_a_calibrated_camera():
    camera = PinholeCamera.of([500, 0, 310, 0, 510, 250, 0, 0, 1], WIDTH, HEIGHT)
    assert camera == PinholeCamera(500, 510, 310, 250, WIDTH, HEIGHT)
    assert np.allclose(camera.rays(np.array([[310, 250], [810, -260]])), [[0, 0, 1], [1, -1, 1]])


def test_a_calibration_of_a_larger_image_is_scaled():
    camera = PinholeCamera.of(
        [1000, 0, 600, 0, 1000, 500, 0, 0, 1], 640, 480, calibrated=(1280, 960)
    )
    assert camera == PinholeCamera(500, 500, 300, 250, 640, 480)


def test_a_camera_that_is_not_calibrated_sees_sixty_degrees():
    left, right = CAMERA.rays(np.array([[0, 240], [640, 240]]))
    across = np.degrees(np.arctan(right[0]) - np.arctan(left[0]))
    assert across == pytest.approx(60, abs=0.5)


HEAD = ("nose", "left_eye", "right_eye")
TORSO = ("left_shoulder", "right_shoulder", "left_hip", "right_hip")


@pytest.mark.parametrize(
    "z, kwargs",
    [
        (3.0, {}),
        (6.0, {}),
        (3.0, {"x": 0.8}),
        (3.0, {"turned": 60}),
        (3.0, {"turned": 90}),
        (1.5, {"y": 0.3, "only": (*HEAD, *TORSO)}),
        (1.0, {"y": 0.5, "only": (*HEAD, "left_shoulder", "right_shoulder")}),
        (0.6, {"y": 0.66, "only": HEAD}),
    ],
)
def test_distance_by_size(z, kwargs):
    assert distances(standing(z, **kwargs), CAMERA) == pytest.approx([z], rel=0.08)


def test_no_distance_of_points_that_tell_none():
    assert np.isnan(distances(standing(3.0, only=("left_wrist", "nose")), CAMERA)).all()
    assert np.isnan(distances(standing(8.0, only=HEAD), CAMERA)).all()  # eyes 5 px apart
    assert distances(PersonPoses.none(), CAMERA).shape == (0,)


def test_points_that_the_network_invents_outside_the_image_tell_no_distance():
    near = standing(1.5)  # feet are below the image
    near.xy[0, INDEX["left_ankle"], 1] = near.xy[0, INDEX["right_ankle"], 1] = 5000
    assert distances(near, CAMERA) == pytest.approx([1.5], rel=0.08)


def test_a_flat_skeleton_is_where_the_person_stands():
    points = flat(standing(3.0, x=0.5, y=-0.2), CAMERA, np.array([3.0]))[0]
    assert points.shape == (COUNT, 3) and points.dtype == np.float32
    assert np.allclose(points[INDEX["left_hip"]], (0.62, -0.2, 3.0), atol=1e-4)
    assert np.allclose(points[INDEX["right_wrist"]], (0.23, -0.12, 3.0), atol=1e-4)
    assert np.isnan(points[FACE]).all()


def scene(people: PersonPoses, z: float, wall: float, radius: int = 12) -> np.ndarray:
    """A depth image in m: a wall, and round each point of a person a disc at their distance."""
    depth = np.full((HEIGHT, WIDTH), wall, np.float32)
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    for x, y in people.xy[0][people.scores[0] > 0]:
        depth[np.hypot(columns - x, rows - y) < radius] = z
    return depth


@pytest.fixture
def person():
    return standing(3.0, x=0.4, y=-0.1)


@pytest.mark.parametrize("unit", ["mm", "m"])
def test_points_by_depth(person, unit):
    depth = scene(person, 3.0, 5.0)
    depth = (depth * 1000).astype(np.uint16) if unit == "mm" else depth
    points = from_depth(person, CAMERA, depth)[0]
    for name, (x, y) in ADULT.items():
        assert np.allclose(points[INDEX[name]], (x + 0.4, y - 0.1, 3.0), atol=0.002), name
    assert np.isnan(points[LEFT_HAND]).all()  # not seen


def test_a_hand_before_the_body_is_there(person):
    depth = scene(person, 3.0, 5.0)
    x, y = person.xy[0, INDEX["left_wrist"]].astype(int)
    depth[y - 5 : y + 6, x - 5 : x + 6] = 2.4
    wrist = from_depth(person, CAMERA, depth)[0, INDEX["left_wrist"]]
    assert wrist[2] == pytest.approx(2.4)
    assert wrist[0] == pytest.approx(2.4 * (x - CAMERA.cx) / CAMERA.fx, abs=0.01)


@pytest.mark.parametrize(
    "bad", [0.0, np.nan, np.inf, -1.0, 3.0 + REACH_M + 0.1, 3.0 - REACH_M - 0.1]
)
def test_a_point_without_a_depth_of_the_body_is_nan(person, bad):
    depth = scene(person, 3.0, 5.0)
    x, y = person.xy[0, INDEX["right_wrist"]].astype(int)
    depth[y - 5 : y + 6, x - 5 : x + 6] = bad
    points = from_depth(person, CAMERA, depth)[0]
    assert np.isnan(points[INDEX["right_wrist"]]).all()
    assert np.isfinite(points[INDEX["left_wrist"]]).all()


def test_a_few_holes_and_an_edge_do_not_matter(person):
    depth = scene(person, 3.0, 5.0)
    x, y = np.round(person.xy[0, INDEX["right_wrist"]]).astype(int)
    depth[y - 2 : y + 3, x + 1 : x + 3] = 5.0  # ten of the 25 are the wall
    depth[y, x] = 0.0
    assert from_depth(person, CAMERA, depth)[0, INDEX["right_wrist"], 2] == 3.0
    depth[y - 2 : y + 3, x] = 5.0  # and now fifteen
    assert np.isnan(from_depth(person, CAMERA, depth)[0, INDEX["right_wrist"], 2])


@pytest.mark.parametrize(
    "score, xy",
    [
        (0.3, (300, 200)),
        (0.9, (-1, 200)),
        (0.9, (300, 479.6)),
        (0.9, (np.nan, 200)),
        (np.nan, (300, 200)),
    ],
)
def test_a_point_that_is_not_seen_is_nan(person, score, xy):
    person.scores[0, INDEX["nose"]], person.xy[0, INDEX["nose"]] = score, xy
    depth = np.full((HEIGHT, WIDTH), 3.0, np.float32)
    assert np.isnan(from_depth(person, CAMERA, depth)[0, INDEX["nose"]]).all()
    assert np.isnan(flat(person, CAMERA, np.array([3.0]))[0, INDEX["nose"]]).all()


def test_a_point_at_the_image_s_corner(person):
    person.xy[0, INDEX["nose"]] = WIDTH - 1, HEIGHT - 1
    depth = np.full((HEIGHT, WIDTH), 3.0, np.float32)
    assert from_depth(person, CAMERA, depth)[0, INDEX["nose"], 2] == 3.0


@pytest.mark.filterwarnings("error")
def test_nothing_to_see():
    nowhere = np.zeros((HEIGHT, WIDTH), np.uint16)
    assert np.isnan(from_depth(standing(3.0), CAMERA, nowhere)).all()
    assert from_depth(PersonPoses.none(), CAMERA, nowhere).shape == (0, COUNT, 3)
    assert flat(PersonPoses.none(), CAMERA, np.empty(0)).shape == (0, COUNT, 3)


def test_a_depth_image_of_another_size_is_refused(person):
    with pytest.raises(ValueError, match="320x240 pixels, and the colour image 640x480"):
        from_depth(person, CAMERA, np.zeros((240, 320), np.uint16))


def test_a_calibration_of_another_aspect_ratio_shows_something_else():
    with pytest.raises(ValueError, match="for 1280x720 pixels and does not fit 640x480"):
        PinholeCamera.of([1000, 0, 600, 0, 1000, 500, 0, 0, 1], 640, 480, calibrated=(1280, 720))
    # A driver that does not tell its calibration's size is believed.
    assert (
        PinholeCamera.of([500, 0, 310, 0, 510, 250, 0, 0, 1], 640, 480, calibrated=(0, 0)).fx
        == 500
    )
