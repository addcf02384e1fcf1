# SPDX-License-Identifier: Apache-2.0
"""MediaPipe's face mesh (Kartynnik et al., 2019), in a region that the body's points give."""

from __future__ import annotations

import math
from typing import NamedTuple

import cv2
import numpy as np

from dwpose_ros.estimation.holistic.regions import Region, bounding, direction
from dwpose_ros.estimation.holistic.ssd import Ssd
from dwpose_ros.estimation.runtimes.target import Network

DETECTOR_ANCHORS = {8: 2, 16: 6}
MIN_SCORE = 0.5  # of a detected face, and of a mesh that is one
HEAD = slice(0, 11)  # points of the body
_BODY_EYES = (5, 2)  # right, left
_MESH_EYES = (33, 263)  # outer corners, right and left


class Face(NamedTuple):
    xy: np.ndarray
    """(468, 2) px of the image."""
    presence: float
    """0..1, that it is a face."""
    region: Region
    """Where to look for this face in the next image."""


class FaceNetwork:
    """Finds the points of one face.

    Args:
        detector: face_detection_short_range.
        network: face_landmark.
    """

    OUTPUTS = ("conv2d_21", "conv2d_31")
    DETECTOR_OUTPUTS = ("regressors", "classificators")

    def __init__(self, detector: Ssd, network: Network) -> None:
        self._detector, self._network = detector, network
        ((self._name, shape),) = network.inputs.items()
        self._size = shape[1]

    def __call__(self, rgb: np.ndarray, region: Region) -> Face:
        image = region.pixels(rgb, self._size)
        raw, logit = self._network({self._name: image})
        xy = region.to_image(raw.reshape(-1, 3)[:, :2] / self._size)
        right, left = xy[list(_MESH_EYES)]
        where = bounding(xy, direction(right, left, 0.0), scale=1.5)
        return Face(xy, 1 / (1 + math.exp(-max(float(logit.ravel()[0]), -50.0))), where)

    def find(self, rgb: np.ndarray, near: Region) -> Region | None:
        """Return the region of the surest face within a region, None if there is none."""
        crop = near.crop(rgb, self._detector.size, cv2.BORDER_CONSTANT)
        found = self._detector(crop, MIN_SCORE)
        if not len(found.scores):
            return None
        points = near.to_image(found.points[0])  # right eye, left eye, nose, mouth, ears
        return bounding(points, direction(points[0], points[1], 0.0), scale=2.0, up=0.1)


def head_region(body: np.ndarray) -> Region:
    """Return a generous region around the head of a body (33, 2) px."""
    right, left = body[list(_BODY_EYES)]
    return bounding(body[HEAD], direction(right, left, 0.0), scale=3.0)
