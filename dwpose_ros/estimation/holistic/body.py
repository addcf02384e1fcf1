# SPDX-License-Identifier: Apache-2.0
"""BlazePose (Bazarevsky et al., 2020): the points of a body in its region."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from dwpose_ros.estimation.holistic.regions import Region, around_points
from dwpose_ros.estimation.runtimes.target import Network

POINTS = 33  # of the body; two more say where it is
_UP = math.pi / 2
SCALE = 1.25  # of the region, to the circle around a body
_KERNEL = 7  # heatmap cells around a point from which it is refined
_SURE = 0.5  # least value of a heatmap's peak that refines a point


class Body(NamedTuple):
    """The body in a region."""

    xy: np.ndarray
    """(33, 2) px of the image, in BlazePose's order."""
    visibility: np.ndarray
    """(33,) 0..1, that a point is in the image and not hidden."""
    presence: float
    """0..1, that there is a person."""
    region: Region
    """Where to look for this body in the next image."""
    pace: float = math.inf
    """How far its fastest point goes from one image to the next, in sides of the region; infinite
    while that is not known."""
    seen: bool = True
    """Whether the network saw it in this image, or it is as it was in the last one."""


class BodyNetwork:
    """Finds the points of one body.

    Args:
        network: one of pose_landmark's with its outputs of points, presence and heatmaps.
    """

    OUTPUTS = ("Identity", "Identity_1", "Identity_3")

    def __init__(self, network: Network) -> None:
        self._network = network
        ((self._name, shape),) = network.inputs.items()
        self._size = shape[1]

    def __call__(self, rgb: np.ndarray, region: Region) -> Body:
        image = region.pixels(rgb, self._size)
        raw, presence, heatmaps = self._network({self._name: image})
        raw = raw.reshape(-1, 5)  # x, y and z in px of the crop, visibility, presence
        shares = _refined(raw[:, :2] / self._size, heatmaps[0])
        xy = region.to_image(shares[: POINTS + 2])
        seen = _sigmoid(raw[:POINTS, 3:]).min(1)
        where = around_points(xy[POINTS], xy[POINTS + 1], _UP, scale=SCALE)
        return Body(xy[:POINTS], seen, float(presence[0, 0]), where)


def _refined(shares: np.ndarray, heatmaps: np.ndarray) -> np.ndarray:
    """Move points to the centre of gravity of their heatmaps nearby, where those are sure.

    Args:
        shares: (n, 2) 0..1 of the crop.
        heatmaps: (h, w, n) logits.
    """
    height, width, count = heatmaps.shape
    at = (shares * (width, height)).astype(int)  # towards zero
    inside = ((at >= 0) & (at < (width, height))).all(1)
    reach = np.arange(_KERNEL) - _KERNEL // 2
    columns, rows = at[:, :1] + reach, at[:, 1:] + reach
    real_x = (columns >= 0) & (columns < width)
    real_y = (rows >= 0) & (rows < height)
    values = heatmaps[
        rows.clip(0, height - 1)[:, :, None],
        columns.clip(0, width - 1)[:, None, :],
        np.arange(count)[:, None, None],
    ]
    weights = _sigmoid(values) * (real_y[:, :, None] & real_x[:, None, :])
    total = np.maximum(weights.sum((1, 2)), 1e-12)
    x = np.einsum("nrc,nc->n", weights, columns) / total / width
    y = np.einsum("nrc,nr->n", weights, rows) / total / height
    sure = inside & (weights.max((1, 2)) >= _SURE)
    return np.where(sure[:, None], np.stack([x, y], 1), shares)


def _sigmoid(x: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(-x))
