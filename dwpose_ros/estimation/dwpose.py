# SPDX-License-Identifier: Apache-2.0
"""DWPose (Yang et al., 2023): detect people, crop each one, decode 133 points from SimCC maps.

Geometry, decoding and scores match the authors' ``onnx`` branch numerically, with three
differences: an image without people gives no pose (instead of one of the whole image), scores are
clamped to 0..1, and points are read between the maps' bins unless ``subpixel`` is off.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from dwpose_ros.core.errors import ModelError
from dwpose_ros.core.keypoints import COUNT
from dwpose_ros.core.person_poses import PersonPoses, valid_boxes
from dwpose_ros.estimation.conventions import SPLIT
from dwpose_ros.estimation.crop_geometry import around
from dwpose_ros.estimation.crops import crops_for
from dwpose_ros.estimation.detectors import open_detector
from dwpose_ros.estimation.estimator import check_image
from dwpose_ros.estimation.graph_rewrite import pose_network
from dwpose_ros.estimation.runtimes import open_network
from dwpose_ros.estimation.runtimes.target import MAX_BATCH, ExecutionTarget, line

ONE_BY_ONE_PX = 192 * 256  # a batch of larger crops exceeds a CPU's caches and takes 3 % longer


class DWPose:
    """Top-down estimator made of a pose network and a person detector.

    Args:
        model: the pose network's ONNX file, of any published size.
        detector: the detector's ONNX file; None: only `estimate` works.
        target: where both networks run.
        subpixel: read points between the bins of the SimCC maps.
        detector_size: side of the detector's input in pixels, if its file leaves that open;
            0: 640.

    Raises:
        ModelError: a file is missing, corrupt or not such a network, or the execution target is
            not available.
    """

    def __init__(
        self,
        model: Path | str,
        detector: Path | str | None,
        target: ExecutionTarget = ExecutionTarget(),
        *,
        subpixel: bool = True,
        detector_size: int = 0,
    ) -> None:
        # TensorRT and OpenVINO convert a network to float16 themselves.
        half = (
            target.precision == "fp16"
            and target.runtime in ("auto", "onnxruntime")
            and (target.device != "tensorrt")
        )
        self.name = Path(model).stem
        self._network = open_network(pose_network(model, half=half, subpixel=subpixel), target)
        self.runs_on = self._network.target
        batch, height, width, _ = self._network.inputs["crops"]
        self._size, self._batch = (width, height), batch or MAX_BATCH
        if self.runs_on[:2] == ("onnxruntime", "cpu") and width * height > ONE_BY_ONE_PX:
            self._batch = 1
        # The detector has to run on the device that was found for the pose network.
        where = target._replace(device=self.runs_on.device)
        if half:
            where = where._replace(precision="auto")  # a detector's NMS exists in float32 only
        self._detector = (
            _no_detector
            if detector is None
            else open_detector(detector, where, size=detector_size)
        )
        self._crops = crops_for(self.runs_on)
        self._warm_up()

    def __call__(self, rgb: np.ndarray) -> PersonPoses:
        check_image(rgb)
        frame = self._crops.upload(rgb)
        boxes, box_scores = self._detector(frame)
        if not len(boxes):
            return PersonPoses.none()
        return PersonPoses.of(*self._estimate(frame, boxes), boxes, box_scores)

    def detect(self, rgb: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return people's boxes (n, 4), x1 y1 x2 y2 in pixels, and scores (n,), float32."""
        check_image(rgb)
        return self._detector(self._crops.upload(rgb))

    def estimate(self, rgb: np.ndarray, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Estimate the pose in each box (n, 4), x1 y1 x2 y2 in pixels.

        Returns:
            xy (n, 133, 2) in pixels of the image, and scores (n, 133), 0..1. The scores of a box
            that has no area or is not finite are 0.
        """
        check_image(rgb)
        boxes = np.asarray(boxes, np.float32).reshape(-1, 4)
        good = valid_boxes(boxes)
        xy = np.zeros((len(boxes), COUNT, 2), np.float32)
        scores = np.zeros((len(boxes), COUNT), np.float32)
        if good.any():
            xy[good], scores[good] = self._estimate(self._crops.upload(rgb), boxes[good])
        return xy, scores

    def close(self) -> None:
        self._network = self._detector = self._crops = None  # type: ignore[assignment]

    def _estimate(self, frame: Any, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        centers, scales = around(boxes, self._size)
        points, scores = [], []
        for i in range(0, len(boxes), self._batch):
            some = slice(i, i + self._batch)
            crops = self._crops.people(frame, centers[some], scales[some], self._size)
            found = decode(*self._network({"crops": crops}))
            points.append(found[0])
            scores.append(found[1])
        xy = (
            np.concatenate(points) / self._size * scales[:, None] + (centers - scales / 2)[:, None]
        )
        return xy.astype(np.float32), np.concatenate(scores)

    def _warm_up(self) -> None:
        """Run once, so that the slow first run, or an error, happens at start-up."""
        black = np.zeros((64, 64, 3), np.uint8)
        try:
            self._estimate(self._crops.upload(black), np.array([[0, 0, 64, 64]], np.float32))
        except Exception as err:  # runtimes' own exceptions share no narrower base
            raise ModelError(f"{self.name}: does not run on {self.runs_on}: {line(err)}") from err


def _no_detector(_: Any) -> NoReturn:
    raise ModelError("this DWPose was made without a detector: give boxes to `estimate`")


def decode(
    bins: np.ndarray, scores: np.ndarray, offsets: np.ndarray | float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Convert the network's outputs to points.

    A point's coordinates are the peaks of its two SimCC axes (Li et al., 2022); its score is the
    lower of the two peak values. Without a positive peak the score is 0 and the point is at bins
    (-1, -1), as in the official code.

    Args:
        bins: (n, 133, 2) positions of the peaks.
        scores: (n, 133) peak values.
        offsets: (n, 133, 2) subpixel corrections of `bins`, if any.

    Returns:
        Points (n, 133, 2) in pixels of the network's input, and scores (n, 133), 0..1.
    """
    unseen = ~(scores > 0)  # not (scores <= 0), which is also False for NaN
    points = (bins + offsets).astype(np.float32)
    points[unseen] = -1
    return points / SPLIT, np.where(unseen, 0, np.clip(scores, 0, 1)).astype(np.float32)
