"""DWPose (Yang et al., 2023): find people, cut each one out, read 133 points off its SimCC maps.

Geometry, decoding and scores are those of the authors' own ``onnx`` branch, in numbers; only
two things differ: an empty room gives nobody instead of a ghost of the whole image, and scores
are clamped to 0..1.
"""

from __future__ import annotations

import logging
from pathlib import Path

import cv2
import numpy as np

from dwpose_ros.keypoints import COUNT
from dwpose_ros.pose.detectors import open_detector
from dwpose_ros.pose.people import ModelError, People, check_image
from dwpose_ros.pose.session import Session

PADDING = 1.25  # how much of the surroundings the network was trained to see with a person
SPLIT = 2  # SimCC bins per pixel of the network's input
MEAN = np.array([123.675, 116.28, 103.53], np.float32).reshape(1, 3, 1, 1)  # RGB
STD = np.array([58.395, 57.12, 57.375], np.float32).reshape(1, 3, 1, 1)

_log = logging.getLogger(__name__)


class DWPose:
    """The estimator of a pose model and a detector, both ONNX files of any published size.

    Raises ModelError where a file is missing, corrupt or not such a network, and where the
    ``device`` (auto, cpu or cuda) cannot be had.
    """

    def __init__(self, model: Path | str, detector: Path | str, device: str = "auto") -> None:
        self._session = Session(model, device)
        self._size = self._session.size
        self._check()
        self._detector = open_detector(detector, device)
        self.name = self._session.path.stem
        self.runs_on = "+".join(sorted({self._session.runs_on, self._detector.runs_on}))
        if device == "auto" and self.runs_on != "cuda":
            _log.warning("no CUDA in this onnxruntime: %s runs on %s", self.name, self.runs_on)

    def __call__(self, rgb: np.ndarray) -> People:
        boxes, box_scores = self.detect(rgb)
        if not len(boxes):
            return People.none()
        return People.of(*self.estimate(rgb, boxes), boxes, box_scores)

    def detect(self, rgb: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Where people are: boxes (n, 4), x1 y1 x2 y2 in pixels, and scores (n,), float32."""
        check_image(rgb)
        return self._detector(rgb)

    def estimate(self, rgb: np.ndarray, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The people in boxes (n, 4): xy (n, 133, 2) in pixels of the image, scores (n, 133)."""
        check_image(rgb)
        centers, scales = frame(boxes, self._size)
        crops = [warp(rgb, *at, self._size) for at in zip(centers, scales)]
        points, scores = decode(*self._infer(crops))
        xy = points / self._size * scales[:, None] + (centers - scales / 2)[:, None]
        return xy, scores

    def close(self) -> None:
        self._session = self._detector = None  # type: ignore[assignment]

    def _infer(self, crops: list[np.ndarray]) -> list[np.ndarray]:
        blob: np.ndarray = cv2.dnn.blobFromImages(crops)
        blob -= MEAN
        blob /= STD
        if self._session.batch == 0:
            return self._session(blob)
        one_by_one = [self._session(image[None]) for image in blob]
        return [np.concatenate(maps) for maps in zip(*one_by_one)]

    def _check(self) -> None:
        (width, height), batch = self._size, self._session.batch
        if not width or not height or batch > 1:
            raise ModelError(
                f"{self._session.path}: input is (batch {batch or 'any'}, 3, {height or 'any'}, "
                f"{width or 'any'}); wanted a fixed height and width, and batch 1 or any"
            )
        shapes = self._session.probe(self._size)
        wanted = [(1, COUNT, width * SPLIT), (1, COUNT, height * SPLIT)]
        if shapes != wanted:
            raise ModelError(
                f"{self._session.path}: outputs are {', '.join(map(str, shapes))}; "
                f"wanted simcc_x {wanted[0]} and simcc_y {wanted[1]}"
            )


def frame(boxes: np.ndarray, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Centre and extent, (n, 2) each, of what the network looks at for boxes (n, 4), in pixels.

    The padded box, its shorter side lengthened to the aspect of ``size`` (width, height).
    """
    centers = (boxes[:, :2] + boxes[:, 2:]) * np.float32(0.5)
    width, height = ((boxes[:, 2:] - boxes[:, :2]) * np.float32(PADDING)).T
    aspect = np.float32(size[0] / size[1])
    wide = width > height * aspect
    scales = np.stack(
        [np.where(wide, width, height * aspect), np.where(wide, width / aspect, height)], 1
    )
    return centers, scales


def warp(
    image: np.ndarray, center: np.ndarray, scale: np.ndarray, size: tuple[int, int]
) -> np.ndarray:
    """Cut ``scale`` pixels around ``center`` out of the image, resampled to ``size``."""
    target = np.array(size, np.float32) / 2
    matrix = cv2.getAffineTransform(_triangle(center, scale[0]), _triangle(target, size[0]))
    return cv2.warpAffine(image, matrix, size, flags=cv2.INTER_LINEAR)


def _triangle(center: np.ndarray, width: float) -> np.ndarray:
    """Three points that fix the place and size of a rectangle, (3, 2) float32.

    The official code's, in its order of rounding: so crops are equal to the last grey level.
    """
    up = np.array([center[0], center[1] - width / 2], np.float32)
    return np.stack([center, up, up - np.array([center[1] - up[1], 0], np.float32)])


def decode(simcc_x: np.ndarray, simcc_y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points (n, 133, 2) in pixels of the network's input and scores (n, 133) of SimCC maps.

    A point is where each axis peaks (Li et al., 2022), its score the lower of the two peaks. A
    point without a positive peak has score 0 and stands at the official code's (-1, -1) bins.
    """
    points = np.stack([simcc_x.argmax(-1), simcc_y.argmax(-1)], -1).astype(np.float32)
    scores = np.minimum(simcc_x.max(-1), simcc_y.max(-1))
    points[~(scores > 0)] = -1  # not (scores <= 0), which is also False for NaN
    return points / SPLIT, np.clip(np.nan_to_num(scores, nan=0.0), 0.0, 1.0)
