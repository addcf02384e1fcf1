# SPDX-License-Identifier: Apache-2.0
"""Where the person is in the picture, and with whom."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from dwpose_ros.core.keypoints import FACE
from dwpose_ros.quality.measure import BEST, Measure, measure

_ROOM = 0.02  # share of the image's side from which on more room is no better
_DOUBT = 0.02  # by which an estimated crown or point may be wrong
_COMPANY = 0.5  # of the person's height, from which on others count
_HEAD = 0.97  # a crown is as far above the eyes as the chin is below, times this


def company(boxes: np.ndarray, chosen: int) -> int:
    """How many of the people (n, 4) are in the picture: the chosen, and who is half as high."""
    with np.errstate(invalid="ignore"):
        heights = boxes[:, 3] - boxes[:, 1]
        return 1 + int((np.delete(heights, chosen) > _COMPANY * heights[chosen]).sum())


def single_person(people: int, wanted: int) -> Measure:
    """As many people as are wanted, or it is worth nothing."""
    return measure("single_person", people, BEST if people == wanted else 0.0, "people")


def crop_margins(
    xy: np.ndarray,
    seen: np.ndarray,
    width: int,
    height: int,
    points: Sequence[int],
    face: np.ndarray | None,
) -> Measure:
    """Least distance of the points that the picture is about, and of the crown, to the border.

    As a share of the image's width or height; it scores 50 on the border, 0 from 2 % beyond and
    100 from 2 % within: a crown is estimated, and on the border it is as likely seen as not.
    Points that are not seen may be anywhere: they do not count.
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
