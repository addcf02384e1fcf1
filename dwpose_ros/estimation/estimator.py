# SPDX-License-Identifier: Apache-2.0
"""Interface of estimators, which find the poses of all people in an image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np

from dwpose_ros.core.person_poses import PersonPoses

if TYPE_CHECKING:
    from dwpose_ros.estimation.runtimes.target import ExecutionTarget


class Estimator(Protocol):
    """Finds people in an image. Not thread-safe: call it from one thread at a time."""

    name: str
    """The model, e.g. ``dw-ll_ucoco_384``."""
    runs_on: ExecutionTarget
    """Where it actually runs, as reported by the runtime."""

    def __call__(self, rgb: np.ndarray) -> PersonPoses:
        """Find the people in an RGB image, (h, w, 3) uint8."""
        ...

    def close(self) -> None:
        """Release all resources. The estimator cannot be called afterwards."""
        ...


@runtime_checkable
class TopDown(Estimator, Protocol):
    """An estimator whose steps, detecting boxes and estimating poses, can be run separately.

    It may have an attribute ``detect_every``: how many frames from one detection to the next suit
    it in a video, if not 1.
    """

    def detect(self, rgb: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return people's boxes (n, 4), x1 y1 x2 y2 in pixels, and their scores (n,), 0..1."""
        ...

    def estimate(self, rgb: np.ndarray, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the poses in boxes (n, 4): xy (n, 133, 2) in pixels and scores (n, 133), 0..1."""
        ...


def check_image(rgb: np.ndarray) -> None:
    """Raise ValueError unless the array is a non-empty (h, w, 3) uint8 image."""
    if rgb.ndim != 3 or rgb.shape[2] != 3 or not rgb.size or rgb.dtype != np.uint8:
        raise ValueError(
            f"image has shape {rgb.shape} and type {rgb.dtype}, wanted (h, w, 3) and uint8"
        )
