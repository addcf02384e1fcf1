# SPDX-License-Identifier: Apache-2.0
"""Cutting people out of a frame, on the CPU by OpenCV, and on an NVIDIA GPU in a graph."""

from __future__ import annotations

from typing import Any, Protocol

import cv2
import numpy as np

from dwpose_ros.estimation.crop_geometry import GREY, fit
from dwpose_ros.estimation.runtimes.target import ExecutionTarget


class Crops(Protocol):
    """Frames in, uint8 RGB crops out, wherever networks want them."""

    def upload(self, rgb: np.ndarray) -> Any:
        """Bring an image, (h, w, 3) uint8, to where it is cut; what comes back is cut below."""
        ...

    def people(
        self, frame: Any, centers: np.ndarray, scales: np.ndarray, size: tuple[int, int]
    ) -> Any:
        """Cut ``scales`` (n, 2) pixels around ``centers`` (n, 2), resampled to (width, height).

        Gives (n, height, width, 3) uint8, black where the frame ends.
        """
        ...

    def letterbox(self, frame: Any, size: tuple[int, int]) -> tuple[Any, float]:
        """Fit the whole frame into the top left of a grey (width, height).

        Gives (1, height, width, 3) uint8 and the factor that its pixels were multiplied by.
        """
        ...


def crops_for(place: ExecutionTarget) -> Crops:
    """What cuts for networks in that place."""
    if place.device in ("cuda", "tensorrt"):
        from dwpose_ros.estimation.runtimes.gpu_crops import GpuCrops

        return GpuCrops("cuda")
    return CpuCrops()


class CpuCrops:
    """By OpenCV, and in its numbers: equal to the official code's to the last grey level."""

    def upload(self, rgb: np.ndarray) -> np.ndarray:
        return rgb

    def people(
        self, frame: np.ndarray, centers: np.ndarray, scales: np.ndarray, size: tuple[int, int]
    ) -> np.ndarray:
        crops = np.empty((len(centers), size[1], size[0], 3), np.uint8)
        for crop, center, scale in zip(crops, centers, scales):
            target = np.array(size, np.float32) / 2
            matrix = cv2.getAffineTransform(
                _triangle(center, scale[0]), _triangle(target, size[0])
            )
            cv2.warpAffine(frame, matrix, size, dst=crop, flags=cv2.INTER_LINEAR)
        return crops

    def letterbox(self, frame: np.ndarray, size: tuple[int, int]) -> tuple[np.ndarray, float]:
        width, height = size
        ratio = fit(frame.shape, size)
        w, h = (max(1, int(side * ratio)) for side in (frame.shape[1], frame.shape[0]))
        padded = np.full((1, height, width, 3), GREY, np.uint8)
        padded[0, :h, :w] = cv2.resize(frame, (w, h), interpolation=cv2.INTER_LINEAR)
        return padded, ratio


def _triangle(center: np.ndarray, width: float) -> np.ndarray:
    """Three points that fix the place and size of a rectangle, (3, 2) float32.

    The official code's, in its order of rounding.
    """
    up = np.array([center[0], center[1] - width / 2], np.float32)
    return np.stack([center, up, up - np.array([center[1] - up[1], 0], np.float32)])
