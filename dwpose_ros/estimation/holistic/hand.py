# SPDX-License-Identifier: Apache-2.0
"""MediaPipe's hands (Zhang et al., 2020), in regions that the body's points give."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from dwpose_ros.estimation.holistic.regions import Region, around_points, direction, region, tight
from dwpose_ros.estimation.runtimes.target import Network

LEFT, RIGHT = (15, 17, 19), (16, 18, 20)  # points of the body: wrist, little finger, index finger
_UP = math.pi / 2
_PALM = [0, 1, 2, 3, 5, 6, 9, 10, 13, 14, 17, 18]  # points of a hand that move little against it
_KNUCKLES = [6, 14, 10]  # second joints of the index and ring finger, and of the middle finger


class Hand(NamedTuple):
    xy: np.ndarray
    """(21, 2) px of the image."""
    presence: float
    """0..1, that it is a hand."""
    region: Region
    """Where to look for this hand in the next image."""
    seen: bool = True
    """Whether the network saw it in this image, or it was moved with the body's wrist."""


class HandNetwork:
    """Finds the points of one hand.

    Args:
        recrop: hand_recrop, which finds the hand near the body's wrist.
        network: hand_landmark_full.
    """

    OUTPUTS = ("Identity", "Identity_1")
    RECROP_OUTPUTS = ("output_crop",)

    def __init__(self, recrop: Network, network: Network) -> None:
        self._recrop, self._network = recrop, network
        ((self._recrop_name, shape),) = recrop.inputs.items()
        self._recrop_size = shape[1]
        ((self._name, shape),) = network.inputs.items()
        self._size = shape[1]

    def __call__(self, rgb: np.ndarray, where: Region) -> Hand:
        image = where.pixels(rgb, self._size)
        raw, presence = self._network({self._name: image})
        xy = where.to_image(raw.reshape(-1, 3)[:, :2] / self._size)
        index, ring, middle = xy[_KNUCKLES]
        angle = direction(xy[0], ((index + ring) / 2 + middle) / 2, _UP)
        return Hand(xy, float(presence.ravel()[0]), tight(xy[_PALM], angle, scale=2.0, up=0.1))

    def find(self, rgb: np.ndarray, near: Region) -> Region:
        """Return the region of the hand within the one from `hand_region`."""
        crop = near.pixels(rgb, self._recrop_size)
        (raw,) = self._recrop({self._recrop_name: crop})
        center, rim = near.to_image(raw.reshape(2, 2) / self._recrop_size)
        return around_points(center, rim, -_UP, up=0.1)


def hand_region(body: np.ndarray, points: tuple[int, int, int]) -> Region:
    """Return a generous region around a hand of a body (33, 2) px, LEFT or RIGHT."""
    wrist, little, index = body[list(points)]
    middle = (2 * index + little) / 3
    side = 2 * math.hypot(*(middle - wrist).tolist())
    return region(middle, (side, side), direction(wrist, middle, _UP), scale=2.7, up=0.1)
