# SPDX-License-Identifier: Apache-2.0
"""Areas and overlaps of boxes, arrays (n, 4) of x1 y1 x2 y2."""

from __future__ import annotations

import numpy as np


def iou(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the intersection over union (n, m) of boxes (n, 4) and (m, 4), x1 y1 x2 y2."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    sides = np.maximum(high - low, 0)
    shared = sides[..., 0] * sides[..., 1]
    total = area(a)[:, None] + area(b) - shared
    return shared / np.maximum(total, 1e-9)


def area(boxes: np.ndarray) -> np.ndarray:
    """Return the areas (n,) of boxes (n, 4); 0 if a box's corners are swapped."""
    sides = np.maximum(boxes[:, 2:] - boxes[:, :2], 0)
    return sides[:, 0] * sides[:, 1]
