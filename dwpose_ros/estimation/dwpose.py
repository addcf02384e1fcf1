# SPDX-License-Identifier: Apache-2.0
"""DWPose (Yang et al., 2023): find people, cut each one out, read 133 points off its SimCC maps.

Geometry, decoding and scores are those of the authors' own ``onnx`` branch, in numbers; three
things differ: an empty room gives nobody instead of a ghost of the whole image, scores are clamped
to 0..1, and points lie between the maps' bins unless ``subpixel`` is off.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from dwpose_ros.core.errors import ModelError
from dwpose_ros.core.keypoints import COUNT
from dwpose_ros.core.person_poses import PersonPoses
from dwpose_ros.estimation.crop_geometry import around
from dwpose_ros.estimation.crops import crops_for
from dwpose_ros.estimation.detectors import open_detector, sound
from dwpose_ros.estimation.estimator import check_image
from dwpose_ros.estimation.graph_rewrite import SPLIT, pose_network
from dwpose_ros.estimation.runtimes import open_network
from dwpose_ros.estimation.runtimes.target import MAX_BATCH, ExecutionTarget, line

ONE_BY_ONE_PX = 192 * 256  # larger crops leave a CPU's caches: together they took 3 % longer
LIMIT_PX = 1e6  # a box beyond is absurd, and would overflow OpenCV's fixed point


class DWPose:
    """The estimator of a pose model and a detector, both ONNX files of any published size.

    Where the detector is None, it can only estimate. ``subpixel`` reads points between the bins
    of the SimCC maps. ``detector_size`` is the side of the detector's input in pixels, where its
    file leaves that open; 0 is 640. Raises ModelError where a file is missing, corrupt or not
    such a network, and where the ``place`` cannot be had.
    """

    def __init__(
        self,
        model: Path | str,
        detector: Path | str | None,
        place: ExecutionTarget = ExecutionTarget(),
        *,
        subpixel: bool = True,
        detector_size: int = 0,
    ) -> None:
        # TensorRT and OpenVINO bring a network to float16 themselves.
        half = (
            place.precision == "fp16"
            and place.runtime == "onnxruntime"
            and (place.device != "tensorrt")
        )
        self.name = Path(model).stem
        self._network = open_network(pose_network(model, half=half, subpixel=subpixel), place)
        self.runs_on = self._network.place
        batch, height, width, _ = self._network.inputs["crops"]
        self._size, self._batch = (width, height), batch or MAX_BATCH
        if self.runs_on[:2] == ("onnxruntime", "cpu") and width * height > ONE_BY_ONE_PX:
            self._batch = 1
        # What was good enough for the pose network is so for the detector, or nothing is.
        where = place._replace(device=self.runs_on.device)
        if half:
            where = where._replace(precision="auto")  # its own NMS is in float32 only
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
        """Where people are: boxes (n, 4), x1 y1 x2 y2 in pixels, and scores (n,), float32."""
        check_image(rgb)
        return self._detector(self._crops.upload(rgb))

    def estimate(self, rgb: np.ndarray, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The people in boxes (n, 4): xy (n, 133, 2) in pixels of the image, scores (n, 133).

        In a box without an area, or that is not finite, nothing is seen: its scores are 0.
        """
        check_image(rgb)
        boxes = np.asarray(boxes, np.float32).reshape(-1, 4)
        good = sound(boxes) & (np.abs(boxes) < LIMIT_PX).all(1)
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
        """Take the slow first runs now, and an error too."""
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
    """Points (n, 133, 2) in pixels of the network's input, and scores (n, 133) in 0..1.

    A point is where each SimCC axis peaks (Li et al., 2022), its score the lower of the two
    peaks. One without a positive peak has score 0 and stands at the official code's (-1, -1) bins.
    """
    unseen = ~(scores > 0)  # not (scores <= 0), which is also False for NaN
    points = (bins + offsets).astype(np.float32)
    points[unseen] = -1
    return points / SPLIT, np.where(unseen, 0, np.clip(scores, 0, 1)).astype(np.float32)
