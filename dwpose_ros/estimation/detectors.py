# SPDX-License-Identifier: Apache-2.0
"""Person detectors: YOLOX and RTMDet, told apart by the outputs of their ONNX graphs."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np

from dwpose_ros.core.errors import ModelError
from dwpose_ros.core.person_poses import valid_boxes
from dwpose_ros.estimation.conventions import PERSON, STRIDES
from dwpose_ros.estimation.crops import crops_for
from dwpose_ros.estimation.graph_rewrite import detector_network
from dwpose_ros.estimation.runtimes import open_network
from dwpose_ros.estimation.runtimes.target import ExecutionTarget, Network, line

MIN_SCORE = 0.3  # of a box
NMS_IOU = 0.45


class Detector(Protocol):
    def __call__(self, frame: Any) -> tuple[np.ndarray, np.ndarray]:
        """Find the people in a frame.

        Args:
            frame: an RGB image as returned by `Crops.upload`; on the CPU, the array
                (h, w, 3) uint8 itself.

        Returns:
            Boxes (n, 4) float32, x1 y1 x2 y2 in pixels, which may extend beyond the image, and
            their scores (n,), 0..1.
        """
        ...


class Yolox:
    """YOLOX (Ge et al., 2021), as DWPose's official ONNX code runs it.

    The input is 0..255 without normalization, and the outputs are decoded here. The official code
    passes on the channel order that it is given; the network was trained on BGR.
    """

    def __init__(self, network: Network, min_score: float) -> None:
        self._network, self._min_score = network, min_score
        self._size = _size(network)
        self._grid, self._stride = _anchors(self._size)
        self._crops = crops_for(network.target)

    def __call__(self, frame: Any) -> tuple[np.ndarray, np.ndarray]:
        image, ratio = self._crops.letterbox(frame, self._size)
        out = self._network({"image": image})[0][0]
        # A box below min_score cannot suppress one above it, so only the few above are decoded.
        few = out[:, 4] > self._min_score
        out = out[few]
        with np.errstate(over="ignore"):  # a huge size becomes inf and is dropped below
            half = np.exp(out[:, 2:4]) * self._stride[few] / 2
        center = (out[:, :2] + self._grid[few]) * self._stride[few]
        boxes = np.hstack([center - half, center + half]) / np.float32(ratio)
        good = valid_boxes(boxes)
        boxes, scores = boxes[good], out[good, 4]
        # The official NMS counts pixels, x2 - x1 + 1.
        xywh = np.hstack([boxes[:, :2], boxes[:, 2:] - boxes[:, :2] + 1])
        best = cv2.dnn.NMSBoxes(xywh.tolist(), scores.tolist(), self._min_score, NMS_IOU)
        keep = np.asarray(best, int).reshape(-1)  # OpenCV gives an empty tuple for no boxes
        return boxes[keep], scores[keep]


class Rtmdet:
    """RTMDet (Lyu et al., 2022) as exported by mmdeploy: NMS is in the graph, and boxes are in
    pixels of the network's input."""

    def __init__(self, network: Network, min_score: float) -> None:
        self._network, self._min_score = network, min_score
        self._size = _size(network)
        self._crops = crops_for(network.target)

    def __call__(self, frame: Any) -> tuple[np.ndarray, np.ndarray]:
        image, ratio = self._crops.letterbox(frame, self._size)
        dets, labels = self._network({"image": image})
        people = dets[0][(labels[0] == PERSON) & (dets[0, :, 4] > self._min_score)]
        boxes = people[:, :4] / np.float32(ratio)
        good = valid_boxes(boxes)
        return boxes[good], people[good, 4]


def open_detector(
    path: Path | str,
    target: ExecutionTarget = ExecutionTarget(),
    *,
    size: int = 0,
    min_score: float = MIN_SCORE,
) -> Detector:
    """Open a YOLOX or RTMDet person detector.

    Args:
        path: the ONNX file.
        target: where the network runs.
        size: side of the square input in pixels, if the file leaves that open.
        min_score: boxes with a lower score are dropped, 0..1.

    Raises:
        ModelError: the file is missing, is neither kind of detector, or does not run.
    """
    network = open_network(detector_network(path, size), target)
    detector = (Yolox if network.outputs == ("cells",) else Rtmdet)(network, min_score)
    try:
        detector(crops_for(network.target).upload(np.zeros((64, 64, 3), np.uint8)))  # the slow run
    except Exception as err:  # runtimes' own exceptions share no narrower base
        raise ModelError(f"{path}: does not run on {network.target}: {line(err)}") from err
    return detector


def _size(network: Network) -> tuple[int, int]:
    return network.inputs["image"][2], network.inputs["image"][1]


def _anchors(size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Return the column and row (n, 2) and the stride (n, 1) of YOLOX's cells, finest first."""
    grids, strides = [], []
    for stride in STRIDES:
        rows, columns = np.mgrid[: size[1] // stride, : size[0] // stride]
        grids.append(np.stack([columns, rows], -1).reshape(-1, 2))
        strides.append(np.full((rows.size, 1), stride))
    return np.concatenate(grids).astype(np.float32), np.concatenate(strides).astype(np.float32)
