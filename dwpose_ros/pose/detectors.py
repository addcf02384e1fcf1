"""Where are people in the image? Two kinds of detector, told apart by what their graph gives."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from dwpose_ros.pose.people import ModelError
from dwpose_ros.pose.session import Session

MIN_SCORE = 0.3
NMS_IOU = 0.45
STRIDES = (8, 16, 32)
PAD = 114  # the grey both kinds were trained with
PERSON = 0  # of the 80 COCO classes

# mmdetection's normalisation, in the BGR order both kinds were trained in.
RTMDET_MEAN = np.array([103.53, 116.28, 123.675], np.float32).reshape(1, 3, 1, 1)
RTMDET_STD = np.array([57.375, 57.12, 58.395], np.float32).reshape(1, 3, 1, 1)


class Detector(Protocol):
    runs_on: str

    def __call__(self, rgb: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Boxes (n, 4) float32, x1 y1 x2 y2 in pixels, may reach past the border; scores (n,)."""
        ...


class Yolox:
    """YOLOX (Ge et al., 2021), as DWPose's official onnx code runs it: raw 0..255, own decode.

    That code hands the network whatever it was given; BGR is what it was trained on.
    """

    def __init__(self, session: Session, size: tuple[int, int], min_score: float) -> None:
        self._session, self._size, self._min_score = session, size, min_score
        self._grid, self._stride = _anchors(size)
        self.runs_on = session.runs_on

    def __call__(self, rgb: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        image, ratio = letterbox(rgb, self._size)
        out = self._session(image)[0][0]
        scores = out[:, 4] * out[:, 5 + PERSON]
        # Below min_score nothing can suppress what is above it, so the rest is decoded for few.
        few = scores > self._min_score
        out, scores = out[few], scores[few]
        with np.errstate(over="ignore"):  # an absurd size becomes inf and is dropped below
            half = np.exp(out[:, 2:4]) * self._stride[few] / 2
        center = (out[:, :2] + self._grid[few]) * self._stride[few]
        boxes = np.hstack([center - half, center + half]) / np.float32(ratio)
        boxes, scores = _sound(boxes, scores)
        # The official NMS counts pixels, x2 - x1 + 1.
        xywh = np.hstack([boxes[:, :2], boxes[:, 2:] - boxes[:, :2] + 1])
        best = cv2.dnn.NMSBoxes(xywh.tolist(), scores.tolist(), self._min_score, NMS_IOU)
        keep = np.asarray(best, int).reshape(-1)  # an empty tuple where there is nobody
        return boxes[keep], scores[keep]


class Rtmdet:
    """RTMDet (Lyu et al., 2022) as mmdeploy exports it: NMS inside, boxes in input pixels."""

    def __init__(self, session: Session, size: tuple[int, int], min_score: float) -> None:
        self._session, self._size, self._min_score = session, size, min_score
        self.runs_on = session.runs_on

    def __call__(self, rgb: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        image, ratio = letterbox(rgb, self._size)
        image -= RTMDET_MEAN
        image /= RTMDET_STD
        dets, labels = self._session(image)
        people = dets[0][(labels[0] == PERSON) & (dets[0, :, 4] > self._min_score)]
        return _sound(people[:, :4] / np.float32(ratio), people[:, 4])


def open_detector(
    path: Path | str, device: str = "auto", min_score: float = MIN_SCORE
) -> Detector:
    """Open a person detector of either kind; ModelError where the graph is neither."""
    session = Session(path, device)
    width, height = session.size
    # Where the file leaves the size open: YOLOX's own 640; it serves RTMDet as well.
    size = width or 640, height or 640
    if size[0] % STRIDES[-1] or size[1] % STRIDES[-1] or session.batch > 1:
        raise ModelError(
            f"{session.path}: input is (batch {session.batch}, 3, {size[1]}, {size[0]}); "
            f"wanted batch 1 and height and width multiples of {STRIDES[-1]}"
        )
    shapes = session.probe(size)
    anchors = len(_anchors(size)[0])
    if len(shapes) == 1 and shapes[0][:2] == (1, anchors) and shapes[0][2:] >= (6,):
        return Yolox(session, size, min_score)
    if len(shapes) == 2 and shapes[0] == (*shapes[1], 5) and len(shapes[1]) == 2:
        return Rtmdet(session, size, min_score)
    raise ModelError(
        f"{session.path}: outputs are {', '.join(map(str, shapes))}; wanted YOLOX's "
        f"(1, {anchors}, 5 + classes), or RTMDet's dets (1, n, 5) and labels (1, n)"
    )


def letterbox(rgb: np.ndarray, size: tuple[int, int]) -> tuple[np.ndarray, float]:
    """Fit an RGB image into the top left of a grey (width, height), as BGR 0..255.

    Gives (1, 3, height, width) float32 and the factor that source pixels were multiplied by.
    """
    width, height = size
    ratio = min(height / rgb.shape[0], width / rgb.shape[1])
    w, h = (max(1, int(side * ratio)) for side in (rgb.shape[1], rgb.shape[0]))
    padded = np.full((height, width, 3), PAD, np.uint8)
    padded[:h, :w] = cv2.resize(rgb, (w, h), interpolation=cv2.INTER_LINEAR)
    return cv2.dnn.blobFromImage(padded, swapRB=True), ratio


def _anchors(size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """YOLOX's cells, finest first: their column and row (n, 2) and their stride (n, 1)."""
    grids, strides = [], []
    for stride in STRIDES:
        rows, columns = np.mgrid[: size[1] // stride, : size[0] // stride]
        grids.append(np.stack([columns, rows], -1).reshape(-1, 2))
        strides.append(np.full((rows.size, 1), stride))
    return np.concatenate(grids).astype(np.float32), np.concatenate(strides).astype(np.float32)


def _sound(boxes: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Without boxes that are empty, infinite or not a number."""
    sound = np.isfinite(boxes).all(1) & (boxes[:, 2:] > boxes[:, :2]).all(1)
    return boxes[sound], scores[sound]
