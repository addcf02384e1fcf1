# SPDX-License-Identifier: Apache-2.0
"""Where are people in the image? Two kinds of detector, told apart by what their graph gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np

from dwpose_ros.core.errors import ModelError
from dwpose_ros.estimation.crops import crops_for
from dwpose_ros.estimation.graph_rewrite import PERSON, STRIDES, detector_network
from dwpose_ros.estimation.runtimes import open_network
from dwpose_ros.estimation.runtimes.target import ExecutionTarget, Network, line

MIN_SCORE = 0.3
NMS_IOU = 0.45


class Detector(Protocol):
    def __call__(self, frame: Any) -> tuple[np.ndarray, np.ndarray]:
        """Boxes (n, 4) float32, x1 y1 x2 y2 in pixels, may reach past the border; scores (n,).

        ``frame`` is an RGB image, (h, w, 3) uint8, where crops are cut: on the CPU, itself.
        """
        ...


class Yolox:
    """YOLOX (Ge et al., 2021), as DWPose's official onnx code runs it: raw 0..255, own decode.

    That code hands the network whatever it was given; BGR is what it was trained on.
    """

    def __init__(self, network: Network, min_score: float) -> None:
        self._network, self._min_score = network, min_score
        self._size = _size(network)
        self._grid, self._stride = _anchors(self._size)
        self._crops = crops_for(network.place)

    def __call__(self, frame: Any) -> tuple[np.ndarray, np.ndarray]:
        image, ratio = self._crops.letterbox(frame, self._size)
        out = self._network({"image": image})[0][0]
        # Below min_score nothing can suppress what is above it, so the rest is decoded for few.
        few = out[:, 4] > self._min_score
        out = out[few]
        with np.errstate(over="ignore"):  # an absurd size becomes inf and is dropped below
            half = np.exp(out[:, 2:4]) * self._stride[few] / 2
        center = (out[:, :2] + self._grid[few]) * self._stride[few]
        boxes = np.hstack([center - half, center + half]) / np.float32(ratio)
        good = sound(boxes)
        boxes, scores = boxes[good], out[good, 4]
        # The official NMS counts pixels, x2 - x1 + 1.
        xywh = np.hstack([boxes[:, :2], boxes[:, 2:] - boxes[:, :2] + 1])
        best = cv2.dnn.NMSBoxes(xywh.tolist(), scores.tolist(), self._min_score, NMS_IOU)
        keep = np.asarray(best, int).reshape(-1)  # an empty tuple where there is nobody
        return boxes[keep], scores[keep]


class Rtmdet:
    """RTMDet (Lyu et al., 2022) as mmdeploy exports it: NMS inside, boxes in input pixels."""

    def __init__(self, network: Network, min_score: float) -> None:
        self._network, self._min_score = network, min_score
        self._size = _size(network)
        self._crops = crops_for(network.place)

    def __call__(self, frame: Any) -> tuple[np.ndarray, np.ndarray]:
        image, ratio = self._crops.letterbox(frame, self._size)
        dets, labels = self._network({"image": image})
        people = dets[0][(labels[0] == PERSON) & (dets[0, :, 4] > self._min_score)]
        boxes = people[:, :4] / np.float32(ratio)
        good = sound(boxes)
        return boxes[good], people[good, 4]


def open_detector(
    path: Path | str,
    place: ExecutionTarget = ExecutionTarget(),
    *,
    size: int = 0,
    min_score: float = MIN_SCORE,
) -> Detector:
    """Open a person detector of either kind; ModelError where the graph is neither.

    ``size`` is the side of its square input, in pixels, where the file leaves that open.
    """
    network = open_network(detector_network(path, size), place)
    detector = (Yolox if network.outputs == ("cells",) else Rtmdet)(network, min_score)
    try:
        detector(crops_for(network.place).upload(np.zeros((64, 64, 3), np.uint8)))  # the slow run
    except Exception as err:  # runtimes' own exceptions share no narrower base
        raise ModelError(f"{path}: does not run on {network.place}: {line(err)}") from err
    return detector


def sound(boxes: np.ndarray) -> np.ndarray:
    """Which of the boxes (n, 4) are finite and have an area, (n,) bool."""
    return np.isfinite(boxes).all(1) & (boxes[:, 2:] > boxes[:, :2]).all(1)


def _size(network: Network) -> tuple[int, int]:
    return network.inputs["image"][2], network.inputs["image"][1]


def _anchors(size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """YOLOX's cells, finest first: their column and row (n, 2) and their stride (n, 1)."""
    grids, strides = [], []
    for stride in STRIDES:
        rows, columns = np.mgrid[: size[1] // stride, : size[0] // stride]
        grids.append(np.stack([columns, rows], -1).reshape(-1, 2))
        strides.append(np.full((rows.size, 1), stride))
    return np.concatenate(grids).astype(np.float32), np.concatenate(strides).astype(np.float32)
