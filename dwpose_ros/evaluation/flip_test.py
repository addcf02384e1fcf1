# SPDX-License-Identifier: Apache-2.0
"""The paper's flip test: an estimator that averages each crop's maps with its mirror image's."""

from __future__ import annotations

import numpy as np

from dwpose_ros.core.keypoints import MIRROR
from dwpose_ros.estimation import backends
from dwpose_ros.estimation.crop_geometry import around
from dwpose_ros.estimation.crops import CpuCrops
from dwpose_ros.evaluation.simcc import SimccNetwork, decode


class Flipped:
    """Estimator that averages the SimCC maps of each crop and its mirror image.

    It runs the model's own file on onnxruntime, since other estimators return points, not maps.

    Args:
        model: pose network, a name from the registry or the path of an ONNX file; empty: DWPose's.
        device: where it runs.

    Raises:
        ModelError: the model or the device is not available.
    """

    def __init__(self, model: str, device: str) -> None:
        path = backends.find(model or backends.MODEL)
        self._network = SimccNetwork(path, device)
        self.name, self.runs_on = f"{path.stem}, flip test", self._network.runs_on

    def estimate(self, rgb: np.ndarray, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Do as `TopDown.estimate`, but without clamping scores, which may exceed 1."""
        size = self._network.size
        centers, scales = around(boxes, size)
        crops = CpuCrops().people(rgb, centers, scales, size)
        x, y = self._network(crops)
        mirrored_x, mirrored_y = self._network(crops[:, :, ::-1])
        points, scores = decode(
            (x + mirrored_x[:, MIRROR, ::-1]) / 2, (y + mirrored_y[:, MIRROR]) / 2
        )
        return points / size * scales[:, None] + (centers - scales / 2)[:, None], scores

    def close(self) -> None:
        self._network = None  # type: ignore[assignment]
