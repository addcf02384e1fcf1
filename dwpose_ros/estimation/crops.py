# SPDX-License-Identifier: Apache-2.0
"""Cut people out of a frame: with OpenCV on the CPU, or with an ONNX graph on an NVIDIA GPU."""

from __future__ import annotations

from typing import Any, Protocol

import cv2
import numpy as np

from dwpose_ros.estimation.crop_geometry import GREY, fit
from dwpose_ros.estimation.runtimes.target import ExecutionTarget


class Crops(Protocol):
    """Makes uint8 RGB crops of frames, in the memory of the device on which the networks run."""

    def upload(self, rgb: np.ndarray) -> Any:
        """Copy an image, (h, w, 3) uint8, to the device; the result is a frame for the methods
        below."""
        ...

    def people(
        self, frame: Any, centers: np.ndarray, scales: np.ndarray, size: tuple[int, int]
    ) -> Any:
        """Cut out n people.

        Args:
            frame: as returned by `upload`.
            centers: (n, 2) centres of the crops, pixels of the frame.
            scales: (n, 2) widths and heights of the crops, pixels of the frame.
            size: width and height to which each crop is resampled.

        Returns:
            (n, height, width, 3) uint8, black outside the frame.
        """
        ...

    def letterbox(self, frame: Any, size: tuple[int, int]) -> tuple[Any, float]:
        """Scale the whole frame into the top left corner of a grey image of (width, height).

        Returns:
            The image, (1, height, width, 3) uint8, and the scale factor.
        """
        ...


def crops_for(target: ExecutionTarget) -> Crops:
    """Return the implementation for networks that run on `target`."""
    if target.device in ("cuda", "tensorrt"):
        from dwpose_ros.estimation.runtimes.gpu_crops import GpuCrops

        return GpuCrops("cuda")
    return CpuCrops()


class CpuCrops:
    """Crops by OpenCV on the CPU. The pixels are identical to those of DWPose's official code."""

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
    """Return three points, (3, 2) float32, that define a rectangle's position and size.

    Same formula, and same order of rounding, as in DWPose's official code.
    """
    up = np.array([center[0], center[1] - width / 2], np.float32)
    return np.stack([center, up, up - np.array([center[1] - up[1], 0], np.float32)])
