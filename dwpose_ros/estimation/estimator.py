# SPDX-License-Identifier: Apache-2.0
"""What an estimator is: an image in, the poses of all people in it out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np

from dwpose_ros.core.person_poses import PersonPoses

if TYPE_CHECKING:
    from dwpose_ros.estimation.runtimes.target import ExecutionTarget


class Estimator(Protocol):
    """Something that finds people in an image; one thread at a time."""

    name: str
    """The model, e.g. ``dw-ll_ucoco_384``."""
    runs_on: ExecutionTarget
    """Where it really runs, asked of the runtime."""

    def __call__(self, rgb: np.ndarray) -> PersonPoses:
        """Find the people in an RGB image, (h, w, 3) uint8."""
        ...

    def close(self) -> None:
        """Release what it holds; it cannot be called any more."""
        ...


@runtime_checkable
class TopDown(Estimator, Protocol):
    """An estimator in two steps, which may be taken apart: people's boxes, then their poses."""

    def detect(self, rgb: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Boxes (n, 4), x1 y1 x2 y2 in pixels of the image, and their scores (n,), 0..1."""
        ...

    def estimate(self, rgb: np.ndarray, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The people in boxes (n, 4): xy (n, 133, 2) in pixels, and scores (n, 133), 0..1."""
        ...


def check_image(rgb: np.ndarray) -> None:
    """ValueError unless the array is a non-empty (h, w, 3) uint8 image."""
    if rgb.ndim != 3 or rgb.shape[2] != 3 or not rgb.size or rgb.dtype != np.uint8:
        raise ValueError(
            f"image has shape {rgb.shape} and type {rgb.dtype}, wanted (h, w, 3) and uint8"
        )
