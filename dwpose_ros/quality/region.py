# SPDX-License-Identifier: Apache-2.0
"""Cut out the part of a picture to measure, as luminance and at a common size."""

from __future__ import annotations

import math
from typing import NamedTuple

import cv2
import numpy as np

from dwpose_ros.core.keypoints import FACE, INDEX, SKELETON
from dwpose_ros.core.person_poses import THRESHOLD, valid_boxes, valid_points

# Limbs from the shoulders down to the toes, without the hands. The neck is not among them, since
# a limb's width would include the background beside it.
_LIMBS = SKELETON[((SKELETON >= INDEX["left_shoulder"]) & (SKELETON < FACE.start)).all(1)]
_TORSO = [
    INDEX[f"{side}_{part}"]
    for side, part in (
        ("left", "shoulder"),
        ("right", "shoulder"),
        ("right", "hip"),
        ("left", "hip"),
    )
]
_LIMB_WIDTH = 0.2  # of the shoulders' width


class Region(NamedTuple):
    """A rectangular part of an image."""

    grey: np.ndarray  # (h, w) uint8 luminance
    origin: tuple[int, int]  # px of the image, left and top
    scale: float  # px of `grey` per px of the image

    def local(self, xy: np.ndarray) -> np.ndarray:
        """Convert points (n, 2) from pixels of the image to int32 pixels of `grey`."""
        return np.rint((np.asarray(xy, float) - self.origin) * self.scale).astype(np.int32)


def region(image: np.ndarray, box: np.ndarray, height: int, rgb: bool = False) -> Region | None:
    """Cut a box out of an image.

    Args:
        image: (h, w, 3) uint8, BGR unless `rgb`.
        box: (4,) x1 y1 x2 y2, px.
        height: the region is scaled down to at most this height, px, so that measures do not
            depend on a person's size.

    Returns:
        The region; None if the box is not finite or has less than 2 x 2 pixels in the image.
    """
    if not np.isfinite(box).all():  # NaN of `person_box`
        return None
    rows, columns = image.shape[:2]
    x1, y1, x2, y2 = np.clip(np.asarray(box, float), 0, [columns, rows] * 2).astype(int)
    if x2 - x1 < 2 or y2 - y1 < 2:
        return None
    grey = cv2.cvtColor(image[y1:y2, x1:x2], cv2.COLOR_RGB2GRAY if rgb else cv2.COLOR_BGR2GRAY)
    scale = min(1.0, height / (y2 - y1))
    if scale < 1.0:
        grey = cv2.resize(
            grey, (max(2, round((x2 - x1) * scale)), height), interpolation=cv2.INTER_AREA
        )
    return Region(grey, (int(x1), int(y1)), scale)


def seen_points(xy: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Return (133,) bool: which keypoints are valid and visible.

    Measures take plain arrays, so these are checked here and not by a PersonPoses.
    """
    scores = np.asarray(scores)
    return valid_points(xy, scores) & (scores > THRESHOLD)


def person_box(xy: np.ndarray, seen: np.ndarray, box: np.ndarray) -> np.ndarray:
    """Return the person's box (4,) px.

    If the given box is not valid, it is that of the visible keypoints; NaN without any.
    """
    box = np.asarray(box, float)
    if valid_boxes(box[None])[0]:
        return box
    if not seen.any():
        return np.full(4, math.nan)
    return np.concatenate([xy[seen].min(0), xy[seen].max(0)]).astype(float)


def person_mask(person: Region, xy: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Return a mask (h, w) uint8: 255 on torso, limbs and face, which excludes the background."""
    mask = np.zeros(person.grey.shape, np.uint8)
    places = person.local(np.where(seen[:, None], xy, 0.0))
    width = 0.06 * person.grey.shape[0]
    if seen[_TORSO[:2]].all():
        width = _LIMB_WIDTH * float(np.linalg.norm(places[_TORSO[0]] - places[_TORSO[1]]))
    thickness = int(max(2, min(255, width)))
    cv2.polylines(mask, list(places[_LIMBS[seen[_LIMBS].all(1)]]), False, 255, thickness)
    face = places[FACE][seen[FACE]]
    for outline in (places[_TORSO] if seen[_TORSO].all() else places[:0], face):
        if len(outline) > 2:
            cv2.fillConvexPoly(mask, cv2.convexHull(outline), 255)
    return mask
