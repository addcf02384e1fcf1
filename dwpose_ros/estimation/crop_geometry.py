# SPDX-License-Identifier: Apache-2.0
"""Geometry of the image regions that are given to networks."""

from __future__ import annotations

import numpy as np

PADDING = 1.25  # crop size per box size; pose networks were trained with it
GREY = 114  # grey level of the border around an image; detectors were trained with it


def fit(shape: tuple[int, ...], size: tuple[int, int]) -> float:
    """Return the factor that scales an image (h, w, ...) to the largest that fits `size`."""
    return min(size[1] / shape[0], size[0] / shape[1])


def around(boxes: np.ndarray, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Return the crop of each box: padded, and extended to the aspect ratio of the input.

    Args:
        boxes: (n, 4) x1 y1 x2 y2 in pixels.
        size: width and height of the network's input.

    Returns:
        The crops' centres (n, 2), and their widths and heights (n, 2), in pixels of the image.
    """
    centers = (boxes[:, :2] + boxes[:, 2:]) * np.float32(0.5)
    width, height = ((boxes[:, 2:] - boxes[:, :2]) * np.float32(PADDING)).T
    aspect = np.float32(size[0] / size[1])
    wide = width > height * aspect
    scales = np.stack(
        [np.where(wide, width, height * aspect), np.where(wide, width / aspect, height)], 1
    )
    return centers, scales
