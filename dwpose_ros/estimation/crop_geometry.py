# SPDX-License-Identifier: Apache-2.0
"""Which part of an image a network looks at."""

from __future__ import annotations

import numpy as np

PADDING = 1.25  # how much of the surroundings the network was trained to see with a person
GREY = 114  # what detectors were trained to see around an image


def fit(shape: tuple[int, ...], size: tuple[int, int]) -> float:
    """The factor that brings an image of shape (h, w, ...) to its largest in (width, height)."""
    return min(size[1] / shape[0], size[0] / shape[1])


def around(boxes: np.ndarray, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Centre and extent, (n, 2) each, of what the network looks at for boxes (n, 4), in pixels.

    The padded box, its shorter side lengthened to the aspect of ``size`` (width, height).
    """
    centers = (boxes[:, :2] + boxes[:, 2:]) * np.float32(0.5)
    width, height = ((boxes[:, 2:] - boxes[:, :2]) * np.float32(PADDING)).T
    aspect = np.float32(size[0] / size[1])
    wide = width > height * aspect
    scales = np.stack(
        [np.where(wide, width, height * aspect), np.where(wide, width / aspect, height)], 1
    )
    return centers, scales
