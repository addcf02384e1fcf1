# SPDX-License-Identifier: Apache-2.0
"""Measures of the light: brightness, exposure, and uniformity over both cheeks."""

from __future__ import annotations

import math

import cv2
import numpy as np

from dwpose_ros.quality.measure import Measure, measure, sigmoid
from dwpose_ros.quality.region import Region

# Grey levels up to which a person and a face count as dark, and from which on they count as white.
# For faces OFIQ counts linear luminances up to 25 of 255, which is grey level 88. Dark skin often
# has that level in the best light, so the limit here is where a face's features become invisible.
DARK, FACE_DARK, WHITE = 16, 25, 251
_CHEEK = 0.3  # side of the square on a cheek, in distances between the eyes; OFIQ
_CHEEK_PX = 24  # side to which the square is scaled
_BINS = 32
_SMALLEST_PX = 12.0  # least distance between the eyes; below it, a cheek has too few pixels


def brightness(person: Region, mask: np.ndarray) -> float:
    """Return the mean luminance inside the mask, 0..1; of the whole region if it is empty."""
    return float(np.atleast_1d(cv2.mean(person.grey, mask if mask.any() else None))[0]) / 255


def _share(grey: np.ndarray, mask: np.ndarray | None, low: int, high: int) -> float:
    """Return the share of the masked pixels with a grey level from `low` to `high`."""
    histogram = cv2.calcHist([grey], [0], mask, [256], [0, 256]).ravel()
    total = float(histogram.sum())
    return float(histogram[low : high + 1].sum()) / total if total else math.nan


def under_exposure(name: str, grey: np.ndarray, mask: np.ndarray | None, dark: int) -> Measure:
    """Measure the share of dark pixels; OFIQ: 120 (0.832 - sigmoid(x, 0.92, 0.05))."""
    value = _share(grey, mask, 0, dark)
    return measure(name, value, 120 * (0.832 - sigmoid(value, 0.92, 0.05)))


def over_exposure(grey: np.ndarray, mask: np.ndarray | None) -> Measure:
    """Measure the share of white pixels of a person, who may wear white clothes.

    The score falls from 100 at 20 % to 0 at 100 %.
    """
    value = _share(grey, mask, WHITE, 255)
    return measure("over_exposure", value, 100 * (1 - value) / 0.8)


def face_over_exposure(grey: np.ndarray, mask: np.ndarray | None) -> Measure:
    """Measure the share of white pixels of a face; OFIQ: 1 / (x + 0.01), which is 50 at 1 %."""
    value = _share(grey, mask, WHITE, 255)
    return measure("face_over_exposure", value, 1 / (value + 0.01))


def illumination_uniformity(image: np.ndarray, face: np.ndarray | None) -> Measure:
    """Measure the intersection of the luminance histograms of both cheeks; OFIQ: 100 x^0.3.

    The cheeks are squares half-way between eyes and mouth, extending outwards from below the eye.
    OFIQ uses 256 bins, for pictures with many more pixels; here there are 32.
    """
    name = "illumination_uniformity"
    if face is None:
        return measure(name, math.nan, math.nan)
    right, left = face[36:42].mean(0), face[42:48].mean(0)
    across, down = left - right, face[[48, 54]].mean(0) - (left + right) / 2
    side = _CHEEK * float(np.linalg.norm(across))
    if side < _CHEEK * _SMALLEST_PX:
        return measure(name, math.nan, math.nan)
    shift = across * _CHEEK / 2
    histograms = []
    for middle in (right + down / 2 - shift, left + down / 2 + shift):
        # The square is scaled but not rotated, which hardly changes a histogram.
        scale = _CHEEK_PX / side
        onto = np.array(
            [
                [scale, 0, _CHEEK_PX / 2 - scale * middle[0]],
                [0, scale, _CHEEK_PX / 2 - scale * middle[1]],
            ]
        )
        patch = cv2.warpAffine(
            image,
            onto,
            (_CHEEK_PX, _CHEEK_PX),
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        grey = cv2.cvtColor(patch, cv2.COLOR_BGR2GRAY)
        histogram = cv2.calcHist([grey], [0], None, [_BINS], [0, 256]).ravel()
        histograms.append(histogram / histogram.sum())
    value = float(np.minimum(*histograms).sum())
    return measure(name, value, 100 * value**0.3)
