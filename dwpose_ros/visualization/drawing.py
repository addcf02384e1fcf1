# SPDX-License-Identifier: Apache-2.0
"""Drawing poses from Python, in one call."""

from __future__ import annotations

import numpy as np

from dwpose_ros.core.person_poses import THRESHOLD, PersonPoses
from dwpose_ros.visualization.skeleton import draw_skeleton


def draw(
    image: np.ndarray, poses: PersonPoses, threshold: float = THRESHOLD, *, rgb: bool = False
) -> np.ndarray:
    """A copy of an image (h, w, 3) uint8, BGR or RGB, with the people's skeletons drawn over it.

    The person's left is blue, the right orange. Points scored up to ``threshold`` are left out.
    Raises ValueError for an array of another shape or type.
    """
    image = np.asarray(image)
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise ValueError(
            f"image has shape {image.shape} and type {image.dtype}, wanted (h, w, 3) and uint8"
        )
    bgr = np.array(image[..., ::-1] if rgb else image, order="C")  # OpenCV draws on no view
    draw_skeleton(bgr, poses, threshold)
    return np.ascontiguousarray(bgr[..., ::-1]) if rgb else bgr
