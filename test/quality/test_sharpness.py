# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from dwpose_ros.core.keypoints import INDEX, LEFT_HAND, RIGHT_HAND
from dwpose_ros.quality import motion
from dwpose_ros.quality.region import region
from dwpose_ros.quality.sharpness import (
    PERSON_PX,
    hands_sharpness,
    motion_blur,
    motion_measure,
    person_sharpness,
    sharpness,
    sharpness_at,
)

FACE = np.array((150, 40, 310, 260))


def of(bgr: np.ndarray, box=FACE) -> float:
    return sharpness(region(bgr, np.asarray(box), PERSON_PX))


def test_blur_lowers_it(photograph, blurred):
    found = [
        person_sharpness(region(blurred(photograph, sigma), FACE, PERSON_PX)).score
        for sigma in (0, 0.7, 1.5, 3, 8)
    ]
    assert found == sorted(found, reverse=True)
    assert found[0] > 85 and found[-1] < 20


def shaken(bgr: np.ndarray, length: int, degrees: float = 0) -> np.ndarray:
    """Motion blur, as of a hand-held camera."""
    kernel = np.zeros((length, length), np.float32)
    kernel[length // 2] = 1
    turn = cv2.getRotationMatrix2D((length / 2 - 0.5,) * 2, degrees, 1)
    kernel = cv2.warpAffine(kernel, turn, (length, length))
    return cv2.filter2D(bgr, -1, kernel / kernel.sum())


@pytest.mark.parametrize("degrees", [0, 45, 90, 135])
def test_motion_blur_is_seen(photograph, degrees):
    smeared = shaken(photograph, 11, degrees)
    assert of(smeared) < 0.4 * of(photograph)
    before, after = (motion_blur(region(b, FACE, PERSON_PX)) for b in (photograph, smeared))
    assert before.score > 95 and after.score < 0.6 * before.score


def test_motion_blur_is_not_what_is_out_of_focus(photograph, blurred):
    for sigma in (0, 1, 2, 3):
        assert motion_blur(region(blurred(photograph, sigma), FACE, PERSON_PX)).score > 95


@pytest.mark.parametrize("motion_px, low, high", [(0, 95, 100), (30, 0, 10)])
@pytest.mark.parametrize("distance_m, yaw", [(0.9, 0), (0.9, 90), (3.4, 0), (3.4, 180)])
def test_motion_blur_of_a_person(rendered, distance_m, yaw, motion_px, low, high):
    bgr, who = rendered(
        distance_m, yaw, camera_m=1.6 if distance_m < 1 else 1.0, motion_px=motion_px
    )
    assert low <= motion_blur(region(bgr, who.box, PERSON_PX)).score <= high


def test_without_detail_nobody_knows_of_motion_blur():
    flat = region(np.full((90, 90, 3), 127, np.uint8), np.array([0, 0, 90, 90]), PERSON_PX)
    assert math.isnan(motion_blur(flat).score) and math.isnan(motion_blur(None).score)


def test_only_the_person_counts(photograph, blurred):
    """A sharp wall behind a blurred person does not make a good picture."""
    x1, y1, x2, y2 = FACE
    person_soft, wall_soft = photograph.copy(), blurred(photograph, 5)
    person_soft[y1:y2, x1:x2] = blurred(photograph, 5)[y1:y2, x1:x2]
    wall_soft[y1:y2, x1:x2] = photograph[y1:y2, x1:x2]
    assert of(wall_soft) == of(photograph)
    assert of(person_soft) < 0.3 * of(wall_soft)


def test_it_is_comparable_near_and_far(photograph):
    """The same picture at twice the size has four times the pixels, and no more detail."""
    twice = cv2.resize(photograph, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    assert 0.3 * of(photograph) < of(twice, FACE * 2) < 1.5 * of(photograph)


def test_a_picture_without_detail():
    grey = region(np.full((90, 90, 3), 127, np.uint8), np.array([0, 0, 90, 90]), PERSON_PX)
    found = person_sharpness(grey)
    assert (found.value, found.score) == (0.0, 0.0)


@pytest.mark.parametrize(
    "box",
    [
        (math.nan,) * 4,
        (math.inf,) * 4,
        (9, 9, 9, 9),
        (300, 300, 100, 100),
        (900, 900, 950, 950),
        (-50, -50, -10, -10),
    ],
)
def test_a_box_that_is_no_place_has_none(photograph, box):
    with np.errstate(all="raise"):
        found = person_sharpness(region(photograph, np.array(box, np.float32), PERSON_PX))
    assert math.isnan(found.value) and math.isnan(found.score)


def test_a_box_that_reaches_over_the_border_is_cut(photograph):
    assert of(photograph, (-100, 300, 9e9, 900)) == of(photograph, (0, 300, 512, 512))


@pytest.mark.parametrize(
    "shape, there",
    [
        ((1, 1, 3), False),
        ((1, 600, 3), False),
        ((600, 1, 3), False),
        ((2, 2, 3), True),
        ((2, 600, 3), True),
        ((600, 2, 3), True),
    ],
)
def test_tiny_images(shape, there):
    found = region(np.zeros(shape, np.uint8), np.array([0, 0, 600, 600]), PERSON_PX)
    assert (found is not None) == there
    assert not there or sharpness(found) == 0.0


def test_the_order_of_colours_is_told(photograph):
    rgb = np.ascontiguousarray(photograph[..., ::-1])
    assert sharpness(region(rgb, FACE, PERSON_PX, rgb=True)) == of(photograph) != of(rgb)


def test_noise_is_no_detail(photograph, blurred):
    soft = blurred(photograph, 6)
    noise = np.random.default_rng(0).normal(0, 3, soft.shape)
    noisy = np.clip(soft + noise, 0, 255).astype(np.uint8)
    points = np.array([(150, 40), (310, 260)], float)
    assert sharpness_at(noisy, points) < 0.15 * sharpness_at(photograph, points)


@pytest.mark.parametrize("points", [[(100, 100), (110, 118)], [(5000, 5000), (5100, 5100)]])
def test_what_is_small_or_outside_has_none(photograph, points):
    assert math.isnan(sharpness_at(photograph, np.array(points, float)))


def test_of_two_hands_the_softer_counts(photograph, blurred):
    xy, seen = np.zeros((133, 2)), np.zeros(133, bool)
    xy[LEFT_HAND] = np.linspace((20, 300), (120, 400), 21)
    xy[RIGHT_HAND] = np.linspace((350, 300), (450, 400), 21)
    assert math.isnan(hands_sharpness(photograph, xy, seen).value)
    seen[LEFT_HAND] = seen[RIGHT_HAND] = True
    both = hands_sharpness(photograph, xy, seen)
    one_soft = photograph.copy()
    one_soft[280:420, 330:470] = blurred(photograph, 4)[280:420, 330:470]
    assert hands_sharpness(one_soft, xy, seen).score < 0.5 * both.score
    seen[RIGHT_HAND.start] = False  # then it is not known where it is
    assert hands_sharpness(one_soft, xy, seen) == hands_sharpness(photograph, xy, seen)


def pose(*points) -> np.ndarray:
    xy = np.zeros((133, 2), np.float32)
    xy[: len(points)] = points
    return xy


TWO = np.r_[0.9, 0.9, np.zeros(131)]


def test_motion_is_in_heights_a_second():
    before, now = pose((10, 10), (50, 50)), pose((13, 14), (53, 54))  # 5 px each
    assert motion(now, TWO, before, 0.1, 100) == pytest.approx(0.5)
    assert motion(now, TWO, before, 0.05, 100) == pytest.approx(1.0)
    assert motion(before, TWO, before, 0.1, 100) == 0.0


@pytest.mark.parametrize(
    "dt_s, height", [(0, 100), (-1, 100), (math.nan, 100), (0.1, 0), (0.1, -5), (0.1, math.nan)]
)
def test_motion_without_a_measure_is_unknown(dt_s, height):
    assert math.isnan(motion(pose((9, 9)), np.ones(133), pose((0, 0)), dt_s, height))


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, 3e38, -3e38])
@pytest.mark.parametrize("which", ["now", "before"])
def test_motion_leaves_out_what_is_not_a_place(bad, which):
    now, before = pose((10, 10), (50, 50)), pose((13, 14), (50, 50))
    {"now": now, "before": before}[which][0] = bad, 1
    with np.errstate(all="raise"):
        assert motion(now, TWO, before, 0.1, 100) == 0.0
    assert math.isnan(motion(now, np.zeros(133), before, 0.1, 100))  # nothing is seen


def test_absurd_motion_is_a_number():
    with np.errstate(all="raise"):
        speed = motion(pose((9e4, 9e4)), np.ones(133), pose((-9e4, -9e4)), 1e-12, 1)
        found = motion_measure(speed)
    assert math.isfinite(speed) and found.score == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("speed, score", [(0, 100), (0.5, 50), (4.5, 10), (math.nan, math.nan)])
def test_the_stiller_the_better(speed, score):
    assert motion_measure(speed).score == pytest.approx(score, nan_ok=True)


@pytest.mark.parametrize("lost", [False, True])
def test_a_hand_that_moves_is_motion_of_somebody_who_stands_still(lost):
    """Also where the network lost it, as a blur is lost: then the wrist tells."""
    before = np.random.default_rng(0).uniform(0, 100, (133, 2)).astype(np.float32)
    now, scores = before.copy(), np.ones(133)
    arm = [INDEX["right_wrist"], *range(RIGHT_HAND.start, RIGHT_HAND.stop)]
    now[arm] += (0, 10)
    scores[RIGHT_HAND] = 0.0 if lost else 1.0
    assert motion(now, scores, before, 0.1, 100) == pytest.approx(1.0)


def test_fingertips_that_are_found_elsewhere_are_no_motion_of_a_hand():
    before = np.random.default_rng(0).uniform(0, 100, (133, 2)).astype(np.float32)
    now = before.copy()
    now[RIGHT_HAND.stop - 8 : RIGHT_HAND.stop] += (0, 20)
    assert motion(now, np.ones(133), before, 0.1, 100) == pytest.approx(2 * 8 / 133)
