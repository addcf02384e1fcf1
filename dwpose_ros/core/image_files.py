# SPDX-License-Identifier: Apache-2.0
"""Tells which files are pictures, and lists the pictures of a folder."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np

from dwpose_ros.core.images import ImageError, decode_file

_T = TypeVar("_T")
IMAGES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff")
_JPEG = b"\xff\xd8\xff"
_BEGINNINGS = (
    _JPEG,
    b"\x89PNG\r\n\x1a\n",
    b"BM.{4}\0{4}",
    b"RIFF.{4}WEBP",
    b"II\\*\0",
    b"MM\0\\*",
    b"P[1-6]\\s",
    b"\0\0\0\x0cjP  \r\n\x87\n",
)
_MOST_OF_A_PICTURE = 1 << 26  # bytes
_SET_LOG_LEVEL = getattr(cv2, "setLogLevel", None) or getattr(  # the latter as of OpenCV 5
    getattr(getattr(cv2, "utils", None), "logging", None), "setLogLevel", None
)


def is_image(path: Path) -> bool:
    """Return whether a file holds one picture: by its first bytes or, if it is damaged, by
    its name.
    """
    named = path.suffix.lower() in IMAGES
    try:
        with path.open("rb") as file:
            begin = file.read(16)
            if not any(re.match(pattern, begin, re.S) for pattern in _BEGINNINGS):
                return named and not _is_video(path)
            if named or begin[:3] != _JPEG:
                return True
            file.seek(0)  # motion JPEG is one picture after the other
            return b"\xff\xd9" + _JPEG not in file.read(_MOST_OF_A_PICTURE)
    except OSError:
        return named


def _is_video(path: Path) -> bool:
    capture = without_opencv_log(lambda: cv2.VideoCapture(str(path)))
    try:
        return capture.isOpened() and without_opencv_log(capture.grab)
    finally:
        capture.release()


def images_of(folder: Path) -> list[Path]:
    """Return the images of a folder in natural order: 2 comes before 10."""

    def natural(path: Path) -> tuple:
        parts = re.split("([0-9]+)", path.name.lower())
        return [(int(p) if i % 2 else p) for i, p in enumerate(parts)], path.name

    return sorted(
        (
            p
            for p in folder.iterdir()
            if p.is_file() and (p.suffix.lower() in IMAGES or is_image(p))
        ),
        key=natural,
    )


def read_image(path: Path) -> np.ndarray | None:
    """Return the picture, (h, w, 3) uint8 BGR; None if the file cannot be read."""
    try:
        return decode_file(path.read_bytes())
    except (OSError, ImageError):
        return None


def without_opencv_log(make: Callable[[], _T]) -> _T:
    """Call without OpenCV's own log lines, since our errors say the same."""
    level = _SET_LOG_LEVEL(0) if _SET_LOG_LEVEL else None
    try:
        return make()
    finally:
        if _SET_LOG_LEVEL and level is not None:
            _SET_LOG_LEVEL(level)
