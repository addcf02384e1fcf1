# SPDX-License-Identifier: Apache-2.0
"""SimCC labels from points, and points from SimCC maps.

Li et al., "SimCC" (2022): a point is two classifications, over bins of half a pixel along x and
along y. Jiang et al., "RTMPose" (2023), smooth both labels with a Gaussian whose width grows with
the square root of the side: 4.9 and 5.66 bins for 192x256, 6 and 6.93 for 288x384.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from training.rtmpose import SPLIT

LEAST_WEIGHT = 0.5  # below it a point has no label


def sigma(side: int) -> float:
    """Return the standard deviation of the labels along a side of some pixels, in bins."""
    return math.sqrt(side / 8)


def targets(xy: Tensor, weights: Tensor, size: tuple[int, int]) -> tuple[Tensor, Tensor, Tensor]:
    """Make the labels that a network is to learn.

    Args:
        xy: (n, points, 2) pixels of the crop.
        weights: (n, points), 1 for a point that is annotated, 0 for one that is not.
        size: width and height of the crop, pixels.

    Returns:
        Labels (n, points, 2 width) and (n, points, 2 height), with 1 at the point, and zeros where
        there is none; and weights (n, points): 0, too, for points so far outside the crop that
        no bin is within three standard deviations.
    """
    labels = []
    for axis, side in enumerate(size):
        wide = sigma(side)
        bins = torch.arange(side * SPLIT, device=xy.device, dtype=torch.float32)
        at = xy[..., axis].float() * SPLIT
        inside = (at - 3 * wide < side * SPLIT) & (at + 3 * wide + 1 >= 0)
        weights = torch.where(inside, weights, 0)
        labels.append(torch.exp(-((bins - at[..., None]) ** 2) / (2 * wide**2)))
    kept = (weights >= LEAST_WEIGHT)[..., None]
    weights = torch.where(kept[..., 0], weights, 0)
    return torch.where(kept, labels[0], 0), torch.where(kept, labels[1], 0), weights


def decode(simcc_x: Tensor, simcc_y: Tensor) -> tuple[Tensor, Tensor]:
    """Find the points where maps peak, as DWPose does.

    Args:
        simcc_x: (n, points, 2 width).
        simcc_y: (n, points, 2 height).

    Returns:
        Points (n, points, 2) in pixels of the crop, and scores (n, points), the lower of the two
        peaks. A point without a positive peak is at (-0.5, -0.5).
    """
    (high_x, x), (high_y, y) = simcc_x.max(-1), simcc_y.max(-1)
    scores = torch.minimum(high_x, high_y)
    points = torch.stack([x, y], -1).float()
    return torch.where((scores > 0)[..., None], points, -1.0) / SPLIT, scores
