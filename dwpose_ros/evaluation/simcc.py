# SPDX-License-Identifier: Apache-2.0
"""Run SimCC networks without the graph rewrite, to get their complete maps."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dwpose_ros.core.errors import ModelError
from dwpose_ros.core.keypoints import COUNT
from dwpose_ros.estimation.conventions import MEAN, SPLIT, STD
from dwpose_ros.estimation.runtimes import open_network
from dwpose_ros.estimation.runtimes.target import MAX_BATCH, ExecutionTarget, line


class SimccNetwork:
    """A SimCC network as its authors run it: crops in, complete maps out.

    Raises:
        ModelError: the file is missing or corrupt, or not such a network; then the message gives
            the shapes found and wanted.
    """

    def __init__(self, path: Path | str, device: str = "cpu") -> None:
        self._network = open_network(path, ExecutionTarget("onnxruntime", device, "fp32"))
        self.runs_on = self._network.target
        shapes = list(self._network.inputs.values())
        if len(shapes) != 1 or len(shapes[0]) != 4 or shapes[0][1] != 3 or not all(shapes[0][2:]):
            raise ModelError(
                f"{path}: inputs are {self._network.inputs}; wanted one, "
                "(batch, 3, height, width), with a fixed height and width"
            )
        ((self.input, (batch, _, height, width)),) = self._network.inputs.items()
        self.size, self._at_once = (width, height), batch or MAX_BATCH
        try:
            found = [
                a.shape
                for a in self._network(
                    {self.input: np.zeros((batch or 1, 3, height, width), np.float32)}
                )
            ]
        except Exception as err:  # onnxruntime's own exceptions share no base
            raise ModelError(
                f"{path}: does not run on float32 (1, 3, {height}, {width}): {line(err)}"
            ) from err
        wanted = [(batch or 1, COUNT, SPLIT * width), (batch or 1, COUNT, SPLIT * height)]
        if found != wanted or batch > 1:
            raise ModelError(
                f"{path}: outputs are {', '.join(map(str, found))}; wanted simcc_x "
                f"{(1, *wanted[0][1:])} and simcc_y {(1, *wanted[1][1:])}"
            )

    def __call__(self, crops: Sequence[np.ndarray] | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the maps (n, 133, 2 w) and (n, 133, 2 h) of n > 0 crops (h, w, 3) uint8 RGB."""
        found = [
            self.run(prepare(crops[i : i + self._at_once]))
            for i in range(0, len(crops), self._at_once)
        ]
        x, y = (np.concatenate(maps) for maps in zip(*found))
        return x, y

    def run(self, blob: np.ndarray) -> list[np.ndarray]:
        """Return the maps of images (n, 3, h, w) float32, as made by `prepare`."""
        return self._network({self.input: blob})


def prepare(crops: Sequence[np.ndarray] | np.ndarray) -> np.ndarray:
    """Convert crops (h, w, 3) uint8 RGB to the network's input, (n, 3, h, w) float32."""
    blob = np.stack(list(crops)).astype(np.float32)
    return np.ascontiguousarray(((blob - MEAN.ravel()) / STD.ravel()).transpose(0, 3, 1, 2))


def decode(simcc_x: np.ndarray, simcc_y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return points (n, 133, 2) in pixels of the input, and scores (n, 133).

    The score is the lower of the two peaks, not clipped. As in mmpose, a point without a positive
    peak is at bin -1 (here: -0.5 px).
    """
    points = np.stack([simcc_x.argmax(-1), simcc_y.argmax(-1)], -1).astype(np.float32)
    scores = np.minimum(simcc_x.max(-1), simcc_y.max(-1))
    points[~(scores > 0)] = -1
    return points / SPLIT, scores
