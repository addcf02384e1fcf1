# SPDX-License-Identifier: Apache-2.0
"""Measures of sharpness, motion blur and motion."""

from __future__ import annotations

import math

import cv2
import numpy as np

from dwpose_ros.core.keypoints import INDEX, LEFT_HAND, RIGHT_HAND
from dwpose_ros.quality.measure import Measure, measure, sigmoid
from dwpose_ros.quality.region import Region, region, seen_points

PERSON_PX = 256  # a person is scaled down to this height before sharpness is measured
_DETAIL_PX = 128  # the same for a face or a hand
_SMALLEST_PX = 24  # sharpness is unknown for smaller faces and hands
_SHARP = 100.0  # variance of the Laplacian at which the score is 50
_FACE_SHARP, _HANDS_SHARP = 20.0, 8.0  # the same for faces and hands, which are smoother
_NO_DETAIL = 20.0  # variance of a second derivative, up to which there is no detail
_FAST = 0.5  # person's heights per second at which the score is 50
# The wrist stands in for its hand if that is not found, as in motion blur.
_WRISTS_AND_HANDS = [
    np.array([INDEX[wrist], *range(hand.start, hand.stop)])
    for wrist, hand in (("left_wrist", LEFT_HAND), ("right_wrist", RIGHT_HAND))
]
_ROOM = 0.15  # margin around the points of a face or hand, as a share of their size


def sharpness(person: Region) -> float:
    """Return the variance of the Laplacian of the luminance, on the 8-bit scale.

    Pech-Pacheco et al., "Diatom autofocusing in brightfield microscopy", ICPR 2000.
    """
    _, deviation = cv2.meanStdDev(cv2.Laplacian(person.grey, cv2.CV_16S))
    return float(deviation[0, 0]) ** 2


def person_sharpness(person: Region | None) -> Measure:
    """Measure the person's sharpness; score 100 x / (x + 100)."""
    value = math.nan if person is None else sharpness(person)
    return measure("sharpness", value, 100 * value / (value + _SHARP))


def motion_blur(person: Region | None) -> Measure:
    """Measure the ratio of detail in one direction to detail across it.

    Motion blur removes detail along the motion and keeps it across; defocus removes both. The
    ratio is of the variances of second derivatives, rows to columns and one diagonal to the other.
    It is 0.3 or more for people and their clothes, and 0.1 with a motion blur of 5 % of their
    height. Score: 100 sigmoid(x, 0.2, 0.04).
    """
    value = math.nan
    if person is not None:
        grey = cv2.GaussianBlur(person.grey.astype(np.float32), (3, 3), 0)  # noise goes any way
        xx, yy, xy = (
            np.asarray(cv2.Sobel(grey, cv2.CV_32F, *order)) for order in ((2, 0), (0, 2), (1, 1))
        )
        half: np.ndarray = (xx + yy) / 2
        pairs: tuple[tuple[np.ndarray, np.ndarray], ...] = ((xx, yy), (half + xy, half - xy))
        value = min(
            _ratio(*(cv2.meanStdDev(side)[1][0, 0] ** 2 for side in pair)) for pair in pairs
        )
    return measure("motion_blur", value, 100 * sigmoid(value, 0.2, 0.04))


def _ratio(a: float, b: float) -> float:
    """Return the smaller divided by the larger; NaN if there is no detail at all."""
    return min(a, b) / max(a, b) if max(a, b) > _NO_DETAIL else math.nan


def face_sharpness(image: np.ndarray, face: np.ndarray) -> Measure:
    """Measure the sharpness of a face (68, 2) px; score 100 x / (x + 20)."""
    value = sharpness_at(image, face)
    return measure("face_sharpness", value, 100 * value / (value + _FACE_SHARP))


def sharpness_at(image: np.ndarray, points: np.ndarray) -> float:
    """Return the variance of the Laplacian around points (n, 2) px; NaN if they are too close.

    A small blur removes noise first: a face or hand is hardly scaled down, so noise would count as
    detail.
    """
    low, high = points.min(0), points.max(0)
    size = high - low
    if size.max() < _SMALLEST_PX:
        return math.nan
    found = region(image, np.concatenate([low - _ROOM * size, high + _ROOM * size]), _DETAIL_PX)
    if found is None:
        return math.nan
    return sharpness(found._replace(grey=cv2.GaussianBlur(found.grey, (3, 3), 0)))


def hands_sharpness(image: np.ndarray, xy: np.ndarray, seen: np.ndarray) -> Measure:
    """Measure the less sharp of the completely visible hands; score 100 x / (x + 8)."""
    found = [sharpness_at(image, xy[hand]) for hand in (LEFT_HAND, RIGHT_HAND) if seen[hand].all()]
    value = min((v for v in found if not math.isnan(v)), default=math.nan)
    return measure("hands_sharpness", value, 100 * value / (value + _HANDS_SHARP))


def motion_measure(speed: float) -> Measure:
    """Measure a speed in person's heights per second; score 50 / (0.5 + x)."""
    return measure("motion", speed, 100 * _FAST / (_FAST + speed), "1/s")


def motion(
    xy: np.ndarray, scores: np.ndarray, before: np.ndarray, dt_s: float, height: float
) -> float:
    """Return how fast a person moves, in person's heights per second; NaN if unknown.

    It is the mean speed of the visible points, or the median speed of the faster hand's points if
    that is higher: a blurred hand spoils the picture of a person who stands still, but hardly
    changes the mean.

    Args:
        xy: (133, 2) px.
        scores: (133,)
        before: (133, 2) px, the points `dt_s` seconds ago.
        height: the person's height, px.
    """
    there = seen_points(xy, scores) & seen_points(before, scores)
    if not there.any() or not dt_s > 0 or not height > 0:
        return math.nan
    moved = np.zeros(len(there))
    moved[there] = np.linalg.norm(xy[there] - before[there], axis=1)
    hands = [moved[hand[there[hand]]] for hand in _WRISTS_AND_HANDS if there[hand].any()]
    fastest = max([float(moved[there].mean()), *(float(np.median(hand)) for hand in hands)])
    return fastest / height / dt_s
