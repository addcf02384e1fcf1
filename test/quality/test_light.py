# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from dwpose_ros.core.keypoints import INDEX
from dwpose_ros.quality import light_and_sharpness
from dwpose_ros.quality.light import (
    DARK,
    FACE_DARK,
    face_over_exposure,
    illumination_uniformity,
    over_exposure,
    under_exposure,
)
from dwpose_ros.quality.region import person_mask, region, seen_points


def grey(*levels: int) -> np.ndarray:
    """As many columns of each level, (40, 10 n)."""
    return np.repeat(np.array(levels, np.uint8), 10)[None].repeat(40, 0)


@pytest.mark.parametrize(
    "levels, dark, value, score",
    [
        ((128,), DARK, 0.0, 100),
        ((0,), DARK, 1.0, 0),
        ((0, 128), DARK, 0.5, 100),
        ((0,) * 9 + (128,), DARK, 0.9, 52),
        ((DARK,), DARK, 1.0, 0),
        ((DARK + 1,), DARK, 0.0, 100),
        ((30,), DARK, 0.0, 100),
        ((20,), FACE_DARK, 1.0, 0),
        ((30,), FACE_DARK, 0.0, 100),
    ],
)
def test_under_exposure(levels, dark, value, score):
    found = under_exposure("under_exposure", grey(*levels), None, dark)
    assert found.value == pytest.approx(value) and found.score == pytest.approx(score, abs=2)


@pytest.mark.parametrize(
    "measure, levels, value, score",
    [
        (face_over_exposure, (128,), 0.0, 100),
        (face_over_exposure, (255,), 1.0, 1),
        (face_over_exposure, (250,), 0.0, 100),
        (face_over_exposure, (255,) + (128,) * 9, 0.1, 9),
        (over_exposure, (255,) + (128,) * 9, 0.1, 100),
        (over_exposure, (255, 128), 0.5, 62.5),
        (over_exposure, (251,), 1.0, 0),
    ],
)
def test_over_exposure(measure, levels, value, score):
    """A person may wear white; a face is never."""
    found = measure(grey(*levels), None)
    assert found.name == measure.__name__
    assert found.value == pytest.approx(value) and found.score == pytest.approx(score, abs=1)


def test_only_what_is_in_the_mask_counts():
    image = grey(0, 128)
    mask = (image > 0).astype(np.uint8)
    assert under_exposure("under_exposure", image, mask, DARK).value == 0.0


def test_an_empty_mask_is_unknown():
    image = grey(0)
    for found in (
        under_exposure("under_exposure", image, np.zeros_like(image), DARK),
        over_exposure(image, np.zeros_like(image)),
    ):
        assert math.isnan(found.value) and math.isnan(found.score)


def face(between_px: float = 60.0) -> np.ndarray:
    """Eyes, mouth and chin where they are on a face whose eyes are so far apart, (68, 2)."""
    points = np.zeros((68, 2))
    points[36:42], points[42:48] = (-0.5, 0), (0.5, 0)
    points[48], points[54], points[8] = (-0.4, 1.1), (0.4, 1.1), (0, 1.8)
    return points * between_px + (100, 60)


@pytest.mark.parametrize("left, right, low, high", [(128, 128, 100, 100), (250, 20, 0, 0)])
def test_light_from_one_side_is_seen(left, right, low, high):
    image = np.full((200, 200, 3), left, np.uint8)
    image[:, 100:] = right
    assert low <= illumination_uniformity(image, face()).score <= high


def test_half_of_a_cheek_in_shadow_is_half():
    image = np.full((200, 200, 3), 140, np.uint8)
    image[:93, 100:] = 20  # the cheeks are round 0.55 distances below the eyes, at 93
    found = illumination_uniformity(image, face())
    assert found.value == pytest.approx(0.5, abs=0.06)
    assert found.score == pytest.approx(100 * found.value**0.3)


@pytest.mark.parametrize("points", [None, face(3.0), face(11.0)])
def test_cheeks_that_are_not_seen_or_too_small(points):
    found = illumination_uniformity(np.zeros((200, 200, 3), np.uint8), points)
    assert math.isnan(found.value) and math.isnan(found.score)


def test_cheeks_outside_the_image_do_not_break_it():
    image = np.full((200, 200, 3), 90, np.uint8)
    assert illumination_uniformity(image, face() + 5000).score == 100


@pytest.mark.parametrize("light, low, high", [(0.15, 0.05, 0.2), (1.0, 0.5, 0.8), (2.5, 0.9, 1.0)])
def test_brightness_is_the_persons(rendered, light, low, high):
    bgr, who = rendered(3.2, camera_m=1.2, light=light)
    bright, _ = light_and_sharpness(bgr, who.xy, who.scores, who.box)
    assert low < bright < high
    # What is beside the person does not count, but for the pixels at their edge.
    x1, y1, x2, y2 = who.box.astype(int)
    wall = np.full_like(bgr, 255)
    wall[y1:y2, x1:x2] = bgr[y1:y2, x1:x2]
    assert light_and_sharpness(wall, who.xy, who.scores, who.box)[0] == bright


@pytest.mark.parametrize(
    "distance_m, camera_m, posture",
    [(0.8, 1.5, "relaxed"), (1.4, 1.5, "relaxed"), (3.4, 1.0, "a_pose")],
)
def test_the_mask_is_on_the_body(rendered, distance_m, camera_m, posture):
    """Against the silhouette: what changes when the person is there."""
    dark, who = rendered(distance_m, 0, posture, camera_m, noise=0, background="plain")
    bright = rendered(
        distance_m,
        0,
        posture,
        camera_m,
        noise=0,
        light=1,
        background=np.full((720, 1280, 3), 228, np.uint8),
    )[0]
    wall = (np.abs(dark.astype(int) - bright).min(2) > 80).astype(np.uint8)
    person = region(dark, who.box, 256)
    mask = person_mask(person, who.xy, seen_points(who.xy, who.scores)) > 0
    x1, y1, x2, y2 = who.box.astype(int)
    off = cv2.resize(wall[y1:y2, x1:x2], mask.shape[::-1], interpolation=cv2.INTER_AREA) > 0
    assert mask.mean() > 0.15 and off[mask].mean() < 0.1


@pytest.mark.parametrize("seen, expected", [(True, 1.0), (False, 0.1)])
def test_the_torso_counts_not_the_wall_in_the_box(seen, expected):
    """Nothing seen: all of the box has to do."""
    image = np.zeros((400, 400, 3), np.uint8)
    image[150:250, 180:220] = 255
    xy, scores = np.full((133, 2), np.nan), np.zeros(133)
    for name, at in {
        "left_shoulder": (210, 160),
        "right_shoulder": (190, 160),
        "left_hip": (210, 240),
        "right_hip": (190, 240),
    }.items():
        xy[INDEX[name]], scores[INDEX[name]] = at, float(seen)
    bright, _ = light_and_sharpness(image, xy, scores, np.array([100, 100, 300, 300.0]))
    assert bright == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize("box", [(math.nan,) * 4, (900, 900, 950, 950), (5, 5, 5, 5)])
def test_nobody_anywhere_is_unknown(photograph, box):
    found = light_and_sharpness(photograph, np.full((133, 2), np.nan), np.ones(133), np.array(box))
    assert all(map(math.isnan, found))


def test_without_a_box_the_points_tell_where(photograph):
    xy = np.full((133, 2), np.nan)
    xy[:2] = (150, 40), (310, 260)
    by_points = light_and_sharpness(photograph, xy, np.ones(133), np.full(4, np.nan))
    assert by_points == light_and_sharpness(
        photograph, xy, np.ones(133), np.array([150, 40, 310, 260.0])
    )
