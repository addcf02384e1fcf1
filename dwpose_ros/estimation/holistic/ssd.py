# SPDX-License-Identifier: Apache-2.0
"""Detections of a single-shot detector (Liu et al., 2016) with keypoints, as MediaPipe's are."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dwpose_ros.core.boxes import iou
from dwpose_ros.estimation.runtimes.target import Network

NMS_IOU = 0.3
SURE = 0.5  # detections below it do not shift one above it; MediaPipe has no others


class Detections(NamedTuple):
    """n detections, the surest first, in shares of the input's side."""

    boxes: np.ndarray
    """(n, 4) x1 y1 x2 y2."""
    points: np.ndarray
    """(n, k, 2)."""
    scores: np.ndarray
    """(n,) 0..1."""


class Ssd:
    """A detector with anchors of fixed size, so that only their centres matter.

    Args:
        network: its first output gives box and keypoints of each anchor, its second the score.
        anchors: how many there are in each cell of a layer, by the side of its cells in pixels.
    """

    def __init__(self, network: Network, anchors: dict[int, int]) -> None:
        self._network = network
        ((self._name, shape),) = network.inputs.items()
        self.size = shape[1]
        self._anchors = np.concatenate(
            [_centers(self.size // side, count) for side, count in anchors.items()]
        )

    def __call__(self, crop: np.ndarray, min_score: float) -> Detections:
        """Detect in an RGB image, (size, size, 3) uint8."""
        image = crop[None] * np.float32(2 / 255) - 1
        raw, logits = self._network({self._name: image})
        with np.errstate(over="ignore"):
            scores = 1 / (1 + np.exp(-logits[0, :, 0]))
        best = np.flatnonzero(scores >= min_score)
        best = best[np.argsort(-scores[best], kind="stable")]
        values = raw[0, best] / self.size
        points = values.reshape(len(best), values.shape[1] // 2, 2) + self._anchors[best, None]
        half = values[:, 2:4] / 2  # of width and height, which the line above took for a point
        boxes = np.concatenate([points[:, 0] - half, points[:, 0] + half], 1)
        return _weighted_nms(Detections(boxes, points[:, 2:], scores[best]))


def _centers(cells: int, count: int) -> np.ndarray:
    """Return the centres (n, 2) of a square layer's anchors, cell by cell, row by row."""
    y, x = np.mgrid[:cells, :cells]
    return np.repeat((np.stack([x, y], -1).reshape(-1, 2) + 0.5) / cells, count, 0)


def _weighted_nms(found: Detections) -> Detections:
    """Merge overlapping detections into their mean, weighted by score (Blazeface, 2019)."""
    boxes, points, scores = [], [], []
    left = np.arange(len(found.scores))
    while len(left):
        same = iou(found.boxes[left[:1]], found.boxes[left])[0] > NMS_IOU
        same[0] = True  # also where a box has no area
        group, left = left[same], left[~same]
        sure = found.scores[group] >= SURE
        if sure.any():
            group = group[sure]
        weights = found.scores[group] / found.scores[group].sum()
        boxes.append(weights @ found.boxes[group])
        points.append(np.tensordot(weights, found.points[group], 1))
        scores.append(found.scores[group[0]])
    if not boxes:
        return found
    return Detections(np.array(boxes), np.array(points), np.array(scores))
