# SPDX-License-Identifier: Apache-2.0
"""Sources of frames: webcams, videos, image files and streams."""

from __future__ import annotations

import math
import os
import re
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote

import cv2
import numpy as np

from dwpose_ros.core.errors import DwposeError
from dwpose_ros.core.image_files import IMAGES, images_of, is_image, read_image, without_opencv_log
from dwpose_ros.core.images import ImageError, decode_file

os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # quiet; read at the first video

BROWSER = "browser"  # the source whose pictures a page of the screen sends


class SourceError(DwposeError):
    """A source that cannot be opened. `may_come_back` is True for cameras and streams."""

    def __init__(self, text: str, may_come_back: bool) -> None:
        super().__init__(text)
        self.may_come_back = may_come_back


class Source(Protocol):
    """A source of frames."""

    description: str
    live: bool  # it may be unplugged, and come back
    paced: bool  # frames are there at once and are to be shown one after the other
    rate: float  # frames a second of its own, on average; 0 if unknown
    length: int  # frames in all, as its container says; 0 if unknown
    time_s: float  # of the grabbed frame from a recording's beginning on; NaN if unknown
    stamp_ns: int | None  # when the grabbed frame was taken, since the epoch; None: just now
    missing: str  # why a live source may have no frame

    def grab(self) -> bool:
        """Take the next frame; False at the end, or where none came."""
        ...

    def retrieve(self) -> np.ndarray | None:
        """The grabbed frame, (h, w, 3) uint8 BGR; None where it cannot be decoded."""
        ...

    def read(self) -> np.ndarray | None:
        """Both at once."""
        ...

    def rewind(self) -> bool:
        """Begin again; False where that gives no frame."""
        ...

    def close(self) -> None:
        """Release the device."""
        ...


def local(name: str) -> Path | None:
    """Return the path of a source that is a file or a folder, also as `file://`; None for
    cameras and streams, which take their time to open.
    """
    if re.fullmatch(r"\d+", name) or name.startswith("/dev/") or name == BROWSER:
        return None
    if name.lower().startswith("file:"):
        return Path(unquote(re.sub("^file:(//(localhost)?(?=/))?", "", name, flags=re.I)))
    return (
        None if re.match(r"[a-z][a-z0-9+.-]*://", name, re.I) else Path(os.path.expanduser(name))
    )


def open_source(name: str, width: int = 0, height: int = 0) -> Source:
    """Open '0' or '/dev/video0', a file, a folder of images, or a URL, at a size in pixels.

    The kind of a file is told by its content. If only width or height is given, the other follows;
    if neither is, the source keeps its own size. Raises SourceError.
    """
    if not name:
        raise SourceError(
            "source is empty: give a camera's number or /dev/..., a video, "
            "an image, a folder of images, or a URL",
            False,
        )
    path = local(name)
    if path is None:
        if "://" in name:
            return VideoSource(name, f"stream {name}", width, height, live=None)
        return VideoSource(
            int(name) if name.isdigit() else name, f"camera {name}", width, height, True
        )
    try:
        there, plain = path.exists(), path.is_file() or path.is_dir()
    except (OSError, ValueError):  # a name that no file can have
        there = plain = False
    if not there:
        raise SourceError(
            f"source {name!r} does not exist: give a camera's number or /dev/..., "
            "a video, an image, a folder of images, or a URL",
            False,
        )
    if not plain:  # to open a pipe waits for whoever writes to it
        raise SourceError(f"source {name!r} is neither a file nor a folder", False)
    if path.is_dir() or is_image(path):
        return Images(path, width, height)
    return VideoSource(str(path), f"video {name}", width, height, live=False)


class _Reader:
    """Base class of sources."""

    time_s = math.nan
    stamp_ns: int | None = None
    missing = "no more frames, the camera may be unplugged"
    length = 0

    def grab(self) -> bool:
        raise NotImplementedError

    def retrieve(self) -> np.ndarray | None:
        raise NotImplementedError

    def read(self) -> np.ndarray | None:
        return self.retrieve() if self.grab() else None


class VideoSource(_Reader):
    """Anything that OpenCV's VideoCapture reads. If `live` is None, a video that knows its
    length is taken for a recording.
    """

    def __init__(
        self, target: int | str, description: str, width: int, height: int, live: bool | None
    ) -> None:
        self._size, self._target = (width, height), target
        self._raw = False  # JPEGs come as they are
        self._capture = self._open()
        if not self._capture.isOpened():
            self._capture.release()
            may_come_back = live is not False
            if not may_come_back:
                why = "it is no video that this OpenCV can read"
            elif "://" in str(target):
                why = "is the address right, does its host answer, and does it want a password?"
            else:
                why = "is it plugged in, free, and may you read it?"
            raise SourceError(f"{description} cannot be opened: {why}", may_come_back)
        if live is None:
            live = not 0 < self._capture.get(cv2.CAP_PROP_FRAME_COUNT) < 1e9
        self.live, self.paced = live, not live
        if live:
            self._capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)  # never a frame that waited
            for key, value in (
                (cv2.CAP_PROP_FRAME_WIDTH, width),
                (cv2.CAP_PROP_FRAME_HEIGHT, height),
            ):
                if value:
                    self._capture.set(key, value)
            if self._capture.get(cv2.CAP_PROP_FOURCC) == cv2.VideoWriter.fourcc(*"MJPG") and (
                self._capture.getBackendName() == "V4L2"
            ):
                # OpenCV would show a damaged JPEG, with its rest grey.
                self._raw = bool(self._capture.set(cv2.CAP_PROP_CONVERT_RGB, 0))
        self.rate = float(self._capture.get(cv2.CAP_PROP_FPS) or 0)
        if not 0 < self.rate < 1000:
            self.rate = 0.0 if live else 30.0
        if not live:
            self.length = max(0, int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT)))
        size = [
            int(self._capture.get(p))
            for p in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)
        ]
        self.description = f"{description}: {size[0]}x{size[1]}, {self.rate:g} frames/s"
        self._grabbed = False  # a frame that waits since rewind

    def _open(self) -> cv2.VideoCapture:
        capture = without_opencv_log(lambda: cv2.VideoCapture(self._target))
        if capture.isOpened():  # phones film upright by a note to turn the picture
            capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 1)
        return capture

    def grab(self) -> bool:
        there, self._grabbed = self._grabbed or self._capture.grab(), False
        if there and self.paced:
            told = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1e3
            # Of the last frames, which its decoder had kept back, OpenCV 4.5 tells 0.
            unknown = told == 0 and self.time_s >= 0
            self.time_s = self.time_s + 1 / self.rate if unknown else told
        return there

    def retrieve(self) -> np.ndarray | None:
        there, frame = self._capture.retrieve()
        if there and self._raw:
            try:
                frame = decode_file(frame.reshape(-1))
            except ImageError:
                return None
        return resized(frame, self._size) if there and frame is not None else None

    def rewind(self) -> bool:
        # Not by a seek: neither every file nor every server can do that.
        self._capture.release()
        self._capture = self._open()
        self._grabbed, self.time_s = self._capture.isOpened() and self._capture.grab(), math.nan
        return self._grabbed

    def close(self) -> None:
        self._capture.release()


class Images(_Reader):
    """An image file, shown forever, or the images of a folder by name."""

    live, paced, rate = False, True, 10.0

    def __init__(self, path: Path, width: int, height: int) -> None:
        self._size = width, height
        self._single = path.is_file()
        self._paths = [path] if self._single else images_of(path)
        if not self._paths:
            raise SourceError(f"folder {path} has no image ({', '.join(IMAGES)})", False)
        self.length = 0 if self._single else len(self._paths)
        self._next = 0
        self._shown: np.ndarray | None = None
        if self._single and not self.grab():
            raise SourceError(
                f"image {path} cannot be read: it is damaged or of another format", False
            )
        self.description = f"{len(self._paths)} image(s) of {path}"

    def grab(self) -> bool:
        if self._single and self._shown is not None:
            return True
        while self._next < len(self._paths):
            frame = read_image(self._paths[self._next])
            self._next += 1
            if frame is not None:
                self._shown = resized(frame, self._size)
                return True
        return False

    def retrieve(self) -> np.ndarray | None:
        return self._shown

    def rewind(self) -> bool:
        readable, self._next = self._shown is not None, 0
        return readable

    def close(self) -> None:
        """Nothing is held open."""


def resized(frame: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize a frame. Of width and height, one that is 0 follows the other."""
    if frame.ndim == 2:
        frame = cv2.cvtColor(frame, cv2.COLOR_GRAY2BGR)
    (width, height), (own_height, own_width) = size, frame.shape[:2]
    if not width and not height:
        return frame
    width = width or max(1, round(height * own_width / own_height))
    height = height or max(1, round(width * own_height / own_width))
    if (width, height) == (own_width, own_height):
        return frame
    return cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA)
