from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from skimage.data import astronaut

from dwpose_ros.capture import measure
from dwpose_ros.capture.quality import motion

FACE = (150, 40, 310, 260)


@pytest.fixture(scope="module")
def portrait() -> np.ndarray:
    return np.ascontiguousarray(astronaut()[..., ::-1])


def blurred(bgr: np.ndarray, sigma: float) -> np.ndarray:
    return cv2.GaussianBlur(bgr, (0, 0), sigma) if sigma else bgr


def shaken(bgr: np.ndarray, length: int) -> np.ndarray:
    """Motion blur, as of a hand-held camera."""
    return cv2.filter2D(bgr, -1, np.full((1, length), 1 / length))


def test_the_sharpest_is_best(portrait):
    scores = [measure(blurred(portrait, sigma), FACE, 0.1).score for sigma in (0, 0.7, 1.5, 3, 8)]
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) == 5 and 0 < scores[-1] < 0.2 * scores[0] and scores[0] < 1


def test_motion_blur_is_seen(portrait):
    sharp, soft = (measure(image, FACE, 0).sharpness for image in (portrait, shaken(portrait, 9)))
    assert soft < 0.3 * sharp


def test_the_stillest_of_equally_sharp_is_best(portrait):
    scores = [measure(portrait, FACE, speed).score for speed in (0, 0.1, 0.5, 2, 100)]
    assert scores == sorted(scores, reverse=True) and len(set(scores)) == 5
    assert scores[2] == pytest.approx(scores[0] / 2)


def test_the_best_shot_is_the_sharp_and_still_one(portrait):
    shots = {"still, blurred": (blurred(portrait, 4), 0.0), "sharp, fast": (portrait, 3.0),
             "both": (portrait, 0.05), "neither": (blurred(portrait, 4), 3.0)}
    best = max(shots, key=lambda name: measure(shots[name][0], FACE, shots[name][1]).score)
    assert best == "both"


def test_only_the_person_counts(portrait):
    """A sharp wall behind a blurred person does not make a good picture."""
    x1, y1, x2, y2 = FACE
    person_blurred, wall_blurred = portrait.copy(), blurred(portrait, 5)
    person_blurred[y1:y2, x1:x2] = blurred(portrait, 5)[y1:y2, x1:x2]
    wall_blurred[y1:y2, x1:x2] = portrait[y1:y2, x1:x2]
    assert measure(wall_blurred, FACE, 0).sharpness == measure(portrait, FACE, 0).sharpness
    assert measure(person_blurred, FACE, 0).score < 0.3 * measure(wall_blurred, FACE, 0).score


def test_sharpness_is_comparable_near_and_far(portrait):
    """The same picture at twice the size has four times the pixels, and no more detail."""
    twice = cv2.resize(portrait, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    near, far = measure(twice, np.multiply(FACE, 2), 0), measure(portrait, FACE, 0)
    assert 0.3 * far.sharpness < near.sharpness < 1.5 * far.sharpness


def test_a_picture_without_detail():
    quality = measure(np.full((90, 90, 3), 127, np.uint8), (0, 0, 90, 90), 0.0)
    assert (quality.score, quality.sharpness, quality.motion) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize("box", [
    (math.nan,) * 4, (math.inf,) * 4, (-math.inf, -math.inf, math.inf, math.inf), (9, 9, 9, 9),
    (300, 300, 100, 100), (900, 900, 950, 950), (-50, -50, -10, -10), (0, 0, 1e30, 1e30),
    (-1e30, 3e38, 1, 2)])
def test_a_box_that_is_no_place_is_the_whole_image(portrait, box):
    with np.errstate(all="raise"):
        quality = measure(portrait, np.array(box, np.float32), 0.0)
    assert quality == measure(portrait, (0, 0, 512, 512), 0.0)


def test_a_box_that_reaches_over_the_border_is_cut(portrait):
    assert measure(portrait, (-100, 300, 900, 900), 0) == measure(portrait, (0, 300, 512, 512), 0)


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 600, 3), (600, 1, 3), (2, 2, 3)])
def test_tiny_images(shape):
    quality = measure(np.zeros(shape, np.uint8), (0, 0, 600, 600), 0.0)
    assert quality.score == 0.0


def pose(*points) -> np.ndarray:
    xy = np.zeros((133, 2), np.float32)
    xy[:len(points)] = points
    return xy


def test_motion_is_in_heights_a_second():
    before, now = pose((10, 10), (50, 50)), pose((13, 14), (53, 54))  # 5 px each
    scores = np.zeros(133)
    scores[:2] = 0.9
    assert motion(now, scores, before, 0.1, 100) == pytest.approx(0.5)
    assert motion(now, scores, before, 0.05, 100) == pytest.approx(1.0)
    assert motion(before, scores, before, 0.1, 100) == 0.0


@pytest.mark.parametrize("dt_s, height", [
    (0, 100), (-1, 100), (math.nan, 100), (0.1, 0), (0.1, -5), (0.1, math.nan)])
def test_motion_without_a_measure_is_none(dt_s, height):
    assert motion(pose((9, 9)), np.ones(133), pose((0, 0)), dt_s, height) == 0.0


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("which", ["now", "before"])
def test_motion_leaves_out_what_is_not_a_place(bad, which):
    now, before = pose((10, 10), (50, 50)), pose((13, 14), (50, 50))
    {"now": now, "before": before}[which][0] = bad, 1
    scores = np.zeros(133)
    scores[:2] = 0.9
    assert motion(now, scores, before, 0.1, 100) == 0.0
    assert motion(now, np.zeros(133), before, 0.1, 100) == 0.0  # nothing is seen


def test_motion_is_always_a_number(portrait):
    """Which a JSON file can hold."""
    with np.errstate(all="raise"):
        speed = motion(pose((3e38, 3e38)), np.ones(133), pose((-3e38, -3e38)), 0.01, 100)
        quality = measure(portrait, FACE, speed)
    assert math.isfinite(speed) and all(map(math.isfinite, quality))
