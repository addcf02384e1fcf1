# SPDX-License-Identifier: Apache-2.0
"""Python interface for drawing poses."""

from __future__ import annotations

import numpy as np

from dwpose_ros.core.person_poses import THRESHOLD, PersonPoses
from dwpose_ros.visualization.skeleton import draw_skeleton


def draw(
    image: np.ndarray, poses: PersonPoses, threshold: float = THRESHOLD, *, rgb: bool = False
) -> np.ndarray:
    """Return a copy of an image with the people's skeletons drawn on it.

    The person's left side is blue, the right side orange.

    Args:
        image: (h, w, 3) uint8, BGR unless ``rgb``.
        poses: the people, in pixels of the image.
        threshold: keypoints with scores up to it are not drawn.
        rgb: the image is RGB.

    Raises:
        ValueError: the array has another shape or type.
    """
    image = np.asarray(image)
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise ValueError(
            f"image has shape {image.shape} and type {image.dtype}, wanted (h, w, 3) and uint8"
        )
    bgr = np.array(image[..., ::-1] if rgb else image, order="C")  # OpenCV cannot draw on a view
    draw_skeleton(bgr, poses, threshold)
    return np.ascontiguousarray(bgr[..., ::-1]) if rgb else bgr
