# SPDX-License-Identifier: Apache-2.0
"""Parallax of a flat picture: how it looks from another distance than it was taken from.

A point d metres closer to the camera than the person's axis is seen further from the picture's
centre, on the person's plane by R / (R - d) from R metres away. A picture that was taken from D
metres therefore shows it too far out by (R - d) / R * D / (D - d) when it is used at R: hands
0.3 m forward would be 6 % too large at 6 m, and as much too small at 2 m. The depths of keypoints
are known. A pixel gets the depth of the keypoints around it, and so does each keypoint itself, so
that it stays on the pixel that shows it. The parallax of another height of the camera is left
out: the picture's centre is at the height of the camera that took it.
"""

from __future__ import annotations

import math

import numpy as np

from dwpose_ros.core.keypoints import LEFT_HAND, RIGHT_HAND
from dwpose_ros.simulation.atlas import Sprite

_AROUND_M = 0.04  # within which keypoints are equally near to a pixel
_ROUNDS = 3  # of finding what is seen at a pixel
# The body, and of each hand the wrist and the ends of three fingers.
_POINTS = [
    *range(23),
    *(hand + i for hand in (LEFT_HAND.start, RIGHT_HAND.start) for i in (0, 4, 12, 20)),
]
_NEAREST = 0.6  # most of the distance to a camera that a point may be closer to it


class Parallax:
    """A picture of a person, seen from a distance that it was not taken from.

    Positions (n, 2) are pixels of the picture, on the person's plane.

    Args:
        sprite: the picture.
        xyz: (133, 3) the keypoints in space, as `Atlas.xyz` gives them.
        distance_m: from the camera to the person's axis; for somebody of the atlas's stature.
    """

    def __init__(self, sprite: Sprite, xyz: np.ndarray, distance_m: float) -> None:
        self._sprite, self._seen_from = sprite, distance_m
        turn = math.radians(sprite.yaw_deg)
        depth = xyz[_POINTS, 0] * math.cos(turn) - xyz[_POINTS, 1] * math.sin(turn)
        self._depth = depth.clip(-math.inf, _NEAREST * min(distance_m, sprite.distance_m))
        self._centre = sprite.origin - (0.0, sprite.height_m * sprite.px_per_m)

    def warp(self, xy: np.ndarray) -> np.ndarray:
        """Move pixels (n, 2) of the picture to where their content is seen from `distance_m`."""
        return self._moved(xy, self._factor(self._depth_at(xy)))

    def unwarp(self, xy: np.ndarray) -> np.ndarray:
        """Return the inverse of `warp` (n, 2)."""
        there = xy
        for _ in range(_ROUNDS):
            there = self._moved(xy, 1 / self._factor(self._depth_at(there)))
        return there

    def bounds(self, polygon: np.ndarray) -> np.ndarray:
        """Return the corners (4, 2) of a box that holds a warped polygon (n, 2) at any depth."""
        least, most = self._factor(self._depth.min()), self._factor(self._depth.max())
        ends = np.vstack([self._moved(polygon, factor) for factor in (least, 1.0, most)])
        (x1, y1), (x2, y2) = ends.min(0), ends.max(0)
        return np.array([(x1, y1), (x2, y1), (x2, y2), (x1, y2)])

    def _factor(self, depth):
        """Return how much further from the centre points of this depth, m, are seen."""
        taken, seen = self._sprite.distance_m, self._seen_from
        return (taken - depth) / taken * seen / (seen - depth)

    def _moved(self, xy: np.ndarray, factor) -> np.ndarray:
        return self._centre + (xy - self._centre) * np.reshape(factor, (-1, 1))

    def _depth_at(self, xy: np.ndarray) -> np.ndarray:
        """Return the depths (n,) m of what the picture shows at positions."""
        xy, points = np.asarray(xy, np.float32), self._sprite.xy[_POINTS].astype(np.float32)
        square = ((xy**2).sum(1)[:, None] + (points**2).sum(1)) - 2 * xy @ points.T
        around = (_AROUND_M * self._sprite.px_per_m) ** 2
        near = (np.maximum(square, 0) + around) ** -2
        return near @ self._depth.astype(np.float32) / near.sum(1)
