# SPDX-License-Identifier: Apache-2.0
"""Pictures to learn from, and the images that are put together of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from dwpose_ros.core.errors import DwposeError
from dwpose_ros.evaluation.coco import load_annotations
from training.detector.lesson import visible

PICTURES, VIDEOS = (".jpg", ".jpeg", ".png", ".webp"), (".mp4", ".mkv", ".avi", ".webm")
EVERY = 5  # frames of a video, of which one is taken
GRAY = 114  # where there is no picture, as in a letterbox
ALONE = 0.45  # share of the images that are of one picture, not of four
SCALES = (0.25, 1.5)  # of a picture, to fill its place
COLORLESS, BLURRED, CODED = 0.05, 0.15, 0.3  # shares of the images


class PicturesError(DwposeError):
    """Pictures cannot be read; the message says why."""


class Picture(NamedTuple):
    coded: bytes
    """A file."""
    boxes: np.ndarray | None
    """(n, 4) x1 y1 x2 y2 px of everybody in it, if that is known."""


class Sample(NamedTuple):
    """An image to learn from."""

    rgb: np.ndarray
    """(size, size, 3) uint8."""
    exact: np.ndarray
    """(n, 4) px, the people in the known part."""
    known: np.ndarray
    """(size, size) bool: the part in which `exact` has everybody."""


def read(source: Path) -> list[Picture]:
    """Read a folder that `tools.people` wrote, a folder of pictures, or a video.

    Raises:
        PicturesError: there is none, or it cannot be read.
        CocoError: the annotations cannot be read.
    """
    if source.is_file():
        return _frames(source)
    if (source / "annotations.json").is_file():
        data = load_annotations(source / "annotations.json")
        boxes: dict[int, list[list[float]]] = {image["id"]: [] for image in data["images"]}
        for annotation in data["annotations"]:
            x, y, w, h = annotation["bbox"]
            boxes[annotation["image_id"]].append([x, y, x + w, y + h])
        return [
            Picture(
                _bytes(source / "images" / image["file_name"]),
                np.array(boxes[image["id"]], np.float32).reshape(-1, 4),
            )
            for image in data["images"]
        ]
    files = sorted(p for p in source.rglob("*") if p.suffix.lower() in PICTURES)
    if not files:
        raise PicturesError(f"{source}: has no pictures; wanted some {', '.join(PICTURES)}")
    return [Picture(_bytes(path), None) for path in files]


def compose(rng: np.random.Generator, sources: Sequence[Sequence[Picture]], size: int) -> Sample:
    """Put an image together of one picture, or of four side by side.

    Args:
        rng: draws all.
        sources: pictures; each source gives as many as any other.
        size: of the image, px.
    """
    rgb = np.full((size, size, 3), GRAY, np.uint8)
    known = np.ones((size, size), bool)
    exact: list[np.ndarray] = []
    middle = (size, size) if rng.random() < ALONE else rng.integers(size // 4, 3 * size // 4, 2)
    for x1, x2 in ((0, middle[0]), (middle[0], size)):
        for y1, y2 in ((0, middle[1]), (middle[1], size)):
            if x1 < x2 and y1 < y2:
                source = sources[rng.integers(len(sources))]
                picture = source[rng.integers(len(source))]
                tile, boxes = _fill(rng, picture, int(x2 - x1), int(y2 - y1))
                rgb[y1:y2, x1:x2] = tile
                if boxes is None:
                    known[y1:y2, x1:x2] = False
                else:
                    exact.append(boxes + np.float32([x1, y1, x1, y1]))
    people = np.concatenate(exact) if exact else np.zeros((0, 4), np.float32)
    return Sample(_recolored(rng, rgb), people, known)


def _fill(
    rng: np.random.Generator, picture: Picture, width: int, height: int
) -> tuple[np.ndarray, np.ndarray | None]:
    """Return a picture scaled, moved and perhaps mirrored, (height, width, 3), and its boxes."""
    image = cv2.imdecode(np.frombuffer(picture.coded, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise PicturesError("a picture cannot be decoded; wanted JPEG, PNG or WebP")
    image = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
    h, w = image.shape[:2]
    low, high = np.log(SCALES)
    scale = float(np.exp(rng.uniform(low, high))) * max(width / w, height / h)
    stretch = float(np.exp(rng.normal(0, 0.07)))
    sx, sy = scale * stretch, scale / stretch
    spare = np.array([width - sx * w, height - sy * h])
    dx, dy = (rng.uniform(np.minimum(spare, 0.3 * spare), np.maximum(spare, 0.3 * spare))).tolist()
    mirrored = rng.random() < 0.5
    if mirrored:
        sx, dx = -sx, dx + sx * w
    matrix = np.array([[sx, 0, dx], [0, sy, dy]], np.float32)
    small = scale < 0.7
    if small:  # else thin lines would break
        image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        matrix[:, :2] /= scale
    tile = cv2.warpAffine(
        image, matrix, (width, height), flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT, borderValue=(GRAY, GRAY, GRAY),
    )  # fmt: skip
    if picture.boxes is None:
        return tile, None
    moved = picture.boxes * np.float32([sx, sy, sx, sy]) + np.float32([dx, dy, dx, dy])
    if mirrored:
        moved = moved[:, [2, 1, 0, 3]]
    return tile, visible(moved, width, height)


def _recolored(rng: np.random.Generator, rgb: np.ndarray) -> np.ndarray:
    """Return an image with other light, colour and faults."""
    out = rgb.astype(np.float32)
    mean = float(out.mean())
    out = (out - mean) * float(rng.uniform(0.6, 1.3)) + mean * float(rng.uniform(0.6, 1.35))
    out *= rng.uniform(0.85, 1.15, 3).astype(np.float32)
    if rng.random() < COLORLESS:
        out[:] = out.mean(2, keepdims=True)
    if rng.random() < BLURRED:
        out = cv2.GaussianBlur(out, (0, 0), float(rng.uniform(0.4, 1.6)))
    image = out.clip(0, 255).astype(np.uint8)
    if rng.random() < CODED:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(30, 90))]
        image = cv2.imdecode(cv2.imencode(".jpg", image, quality)[1], cv2.IMREAD_COLOR)
    return image


def _frames(video: Path) -> list[Picture]:
    capture = cv2.VideoCapture(str(video))
    frames = []
    try:
        for number in range(1 << 30):
            if not capture.grab():
                break
            if number % EVERY == 0:
                _, image = capture.retrieve()
                frames.append(Picture(cv2.imencode(".jpg", image)[1].tobytes(), None))
    finally:
        capture.release()
    if not frames:
        raise PicturesError(f"{video}: is no video that OpenCV can read")
    return frames


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as err:
        raise PicturesError(f"{path}: cannot be read: {err.strerror or err}") from err
