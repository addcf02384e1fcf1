# SPDX-License-Identifier: Apache-2.0
"""Measures of the composition: room at the borders, and the number of people."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from dwpose_ros.core.keypoints import FACE
from dwpose_ros.quality.measure import BEST, Measure, measure

_ROOM = 0.02  # share of the image's side; more room does not increase the score
_DOUBT = 0.02  # error of an estimated crown or keypoint, share of the image's side
_COMPANY = 0.5  # share of the person's height; smaller people are not counted
_HEAD = 0.97  # distance from eyes to crown, divided by the distance from eyes to chin


def company(boxes: np.ndarray, chosen: int) -> int:
    """Count the chosen person and the people who are more than half as tall in the image.

    Args:
        boxes: (n, 4) x1 y1 x2 y2 of all people, px.
        chosen: row of the chosen person.
    """
    with np.errstate(invalid="ignore"):
        heights = boxes[:, 3] - boxes[:, 1]
        return 1 + int((np.delete(heights, chosen) > _COMPANY * heights[chosen]).sum())


def single_person(people: int, wanted: int) -> Measure:
    """Measure the number of people: score 100 for the wanted number, else 0."""
    return measure("single_person", people, BEST if people == wanted else 0.0, "people")


def crop_margins(
    xy: np.ndarray,
    seen: np.ndarray,
    width: int,
    height: int,
    points: Sequence[int],
    face: np.ndarray | None,
) -> Measure:
    """Measure the smallest distance of the required points, and of the crown, to the border.

    The value is a share of the image's width or height. The score is 50 on the border, 0 from 2 %
    outside and 100 from 2 % inside: the crown is estimated, and on the border it is as likely
    inside the image as not. Points that are not visible are ignored.

    Args:
        xy: (133, 2) px.
        seen: (133,) bool, which keypoints are visible.
        width, height: size of the image, px.
        points: the required keypoints.
        face: (68, 2) px, or None; needed for the crown.
    """
    index = np.asarray(points, int)
    there = xy[index[seen[index]]]
    if not len(there):
        return measure("crop_margins", math.nan, math.nan)
    low, high = there.min(0), there.max(0)
    if face is not None and np.isin(index, np.arange(FACE.start)).any():
        eyes = face[36:48].mean(0)
        low = np.minimum(low, eyes - _HEAD * (face[8] - eyes))
    size = np.array([width, height], float)
    value = float(min((low / size).min(), ((size - 1 - high) / size).min()))
    return measure("crop_margins", value, 100 * (value + _DOUBT) / (_ROOM + _DOUBT))
