# SPDX-License-Identifier: Apache-2.0
"""Sharpness and motion."""

from __future__ import annotations

import math

import cv2
import numpy as np

from dwpose_ros.core.keypoints import INDEX, LEFT_HAND, RIGHT_HAND
from dwpose_ros.quality.measure import Measure, measure, sigmoid
from dwpose_ros.quality.region import Region, region

PERSON_PX = 256  # height to which a person is reduced before sharpness is measured
_DETAIL_PX = 128  # and a face or a hand
_SMALLEST_PX = 24  # a face or hand of less is no matter of sharpness
_SHARP = 100.0  # variance of the Laplacian at which the score is one half
_FACE_SHARP, _HANDS_SHARP = 20.0, 8.0  # the same of a face and of a hand, which are smoother
_NO_DETAIL = 20.0  # variance of a second derivative
_FAST = 0.5  # heights a second at which the score is one half
# A wrist stands for its hand where that is lost, as a blur is.
_WRISTS_AND_HANDS = [
    np.array([INDEX[wrist], *range(hand.start, hand.stop)])
    for wrist, hand in (("left_wrist", LEFT_HAND), ("right_wrist", RIGHT_HAND))
]
_ROOM = 0.15  # round the points of a face or hand, of their extent


def sharpness(person: Region) -> float:
    """Variance of the Laplacian of the luminance, 8-bit scale.

    Pech-Pacheco et al., "Diatom autofocusing in brightfield microscopy", ICPR 2000.
    """
    _, deviation = cv2.meanStdDev(cv2.Laplacian(person.grey, cv2.CV_16S))
    return float(deviation[0, 0]) ** 2


def person_sharpness(person: Region | None) -> Measure:
    """Score 100 x / (x + 100)."""
    value = math.nan if person is None else sharpness(person)
    return measure("sharpness", value, 100 * value / (value + _SHARP))


def motion_blur(person: Region | None) -> Measure:
    """How much less detail there is in one direction than across it; score 100 sigmoid(x, 0.2,
    0.04).

    A smear takes the detail along itself and leaves that across, unlike a lens out of focus. The
    variances of the second derivatives are compared, of rows with columns and of one diagonal
    with the other: people and their clothes have 0.3 or more, and 0.1 where a smear of 5 % of
    their height lies over them.
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
    """The smaller by the larger; NaN where there is no detail at all."""
    return min(a, b) / max(a, b) if max(a, b) > _NO_DETAIL else math.nan


def face_sharpness(image: np.ndarray, face: np.ndarray) -> Measure:
    """Of a face (68, 2) px; score 100 x / (x + 20)."""
    value = sharpness_at(image, face)
    return measure("face_sharpness", value, 100 * value / (value + _FACE_SHARP))


def sharpness_at(image: np.ndarray, points: np.ndarray) -> float:
    """Variance of the Laplacian round points (n, 2), less the camera's noise; NaN if too small.

    A face fills its own rectangle and is scaled little: noise, which a small blur takes away,
    would pass for detail.
    """
    low, high = points.min(0), points.max(0)
    extent = high - low
    if extent.max() < _SMALLEST_PX:
        return math.nan
    found = region(
        image, np.concatenate([low - _ROOM * extent, high + _ROOM * extent]), _DETAIL_PX
    )
    if found is None:
        return math.nan
    return sharpness(found._replace(grey=cv2.GaussianBlur(found.grey, (3, 3), 0)))


def hands_sharpness(image: np.ndarray, xy: np.ndarray, seen: np.ndarray) -> Measure:
    """Of the less sharp of the hands that are seen whole; score 100 x / (x + 8)."""
    found = [sharpness_at(image, xy[hand]) for hand in (LEFT_HAND, RIGHT_HAND) if seen[hand].all()]
    value = min((v for v in found if not math.isnan(v)), default=math.nan)
    return measure("hands_sharpness", value, 100 * value / (value + _HANDS_SHARP))


def motion_measure(speed: float) -> Measure:
    """Score 50 / (0.5 + x)."""
    return measure("motion", speed, 100 * _FAST / (_FAST + speed), "1/s")


def motion(
    xy: np.ndarray, scores: np.ndarray, before: np.ndarray, dt_s: float, height: float
) -> float:
    """Mean speed of the points scored above 0.3 against `before` (133, 2), heights a second; that
    of the faster hand, as the median of its points, where it is more: few points are a hand's, and
    a hand that is a blur spoils the picture of somebody who stands still.

    NaN where it cannot be told.
    """
    there = (scores > 0.3) & np.isfinite(xy).all(1) & np.isfinite(before).all(1)
    if not there.any() or not dt_s > 0 or not height > 0:
        return math.nan
    moved = np.zeros(len(there))
    # Absurd points overflow float32.
    moved[there] = np.linalg.norm(np.subtract(xy[there], before[there], dtype=float), axis=1)
    hands = [moved[hand[there[hand]]] for hand in _WRISTS_AND_HANDS if there[hand].any()]
    fastest = max([float(moved[there].mean()), *(float(np.median(hand)) for hand in hands)])
    return fastest / height / dt_s
