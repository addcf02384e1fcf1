"""Where frames come from: webcams, videos, image files and streams."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from dwpose_ros.core.errors import DwposeError

os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "8")  # fatal; read at the first video
IMAGES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff")


class SourceError(DwposeError):
    """A source that cannot be opened. `may_come_back` is True for cameras and streams."""

    def __init__(self, text: str, may_come_back: bool) -> None:
        super().__init__(text)
        self.may_come_back = may_come_back


class Source(Protocol):
    """Something that gives frames."""

    description: str
    live: bool  # it may be unplugged, and come back
    paced: bool  # frames are there at once and are to be shown at `rate`
    rate: float  # frames a second of its own; 0 if unknown

    def read(self) -> np.ndarray | None:
        """The next frame (h, w, 3) uint8 BGR; None at the end, or where none came."""
        ...

    def rewind(self) -> bool:
        """Begin again; False where that gives no frame."""
        ...

    def close(self) -> None:
        """Release the device."""
        ...


def open_source(name: str, width: int = 0, height: int = 0) -> Source:
    """Open '0' or '/dev/video0', a file, a folder of images, or a URL, at a size in pixels.

    Where only one of width and height is given, the other follows; where none is, the source's
    own size is kept. Raises SourceError.
    """
    if not name:
        raise SourceError("source is empty: give a camera's number or /dev/..., a video, "
                          "an image, a folder of images, or a URL", False)
    path = Path(os.path.expanduser(name))
    if re.fullmatch(r"\d+", name) or name.startswith("/dev/"):
        return Video(int(name) if name.isdigit() else name, f"camera {name}", width, height, True)
    if re.match(r"[a-z][a-z0-9+.-]*://", name):
        return Video(name, f"stream {name}", width, height, True)
    if not path.exists():
        raise SourceError(f"source {name!r} does not exist: give a camera's number or /dev/..., "
                          "a video, an image, a folder of images, or a URL", False)
    if path.is_dir() or path.suffix.lower() in IMAGES:
        return Images(path, width, height)
    return Video(str(path), f"video {name}", width, height, False)


class Video:
    """What OpenCV's VideoCapture reads."""

    def __init__(self, target: int | str, description: str, width: int, height: int,
                 live: bool) -> None:
        self.live, self.paced = live, not live
        self._size = width, height
        self._capture = _quietly(lambda: cv2.VideoCapture(target))
        if not self._capture.isOpened():
            why = ("is it plugged in, free, and may you read it?" if live
                   else "it is no video that this OpenCV can read")
            raise SourceError(f"{description} cannot be opened: {why}", live)
        if live:
            self._capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)  # never a frame that waited
            for key, value in ((cv2.CAP_PROP_FRAME_WIDTH, width),
                               (cv2.CAP_PROP_FRAME_HEIGHT, height)):
                if value:
                    self._capture.set(key, value)
        self.rate = float(self._capture.get(cv2.CAP_PROP_FPS) or 0)
        if not 0 < self.rate < 1000:
            self.rate = 0.0 if live else 30.0
        size = [int(self._capture.get(p)) for p in (cv2.CAP_PROP_FRAME_WIDTH,
                                                    cv2.CAP_PROP_FRAME_HEIGHT)]
        self.description = f"{description}: {size[0]}x{size[1]}, {self.rate:g} frames/s"

    def read(self) -> np.ndarray | None:
        there, frame = self._capture.read()
        return _resized(frame, self._size) if there and frame is not None else None

    def rewind(self) -> bool:
        self._capture.set(cv2.CAP_PROP_POS_FRAMES, 0)
        there, _ = self._capture.read()
        self._capture.set(cv2.CAP_PROP_POS_FRAMES, 0)
        return there

    def close(self) -> None:
        self._capture.release()


class Images:
    """An image file, shown for ever, or the images of a folder by name."""

    live, paced, rate = False, True, 10.0

    def __init__(self, path: Path, width: int, height: int) -> None:
        self._size = width, height
        self._single = path.is_file()
        self._paths = [path] if self._single else sorted(
            p for p in path.iterdir() if p.suffix.lower() in IMAGES)
        if not self._paths:
            raise SourceError(f"folder {path} has no image ({', '.join(IMAGES)})", False)
        self._next = 0
        self._shown: np.ndarray | None = None
        if self._single and self.read() is None:
            raise SourceError(f"image {path} cannot be read: it is damaged or of another format",
                              False)
        self.description = f"{len(self._paths)} image(s) of {path}"

    def read(self) -> np.ndarray | None:
        if self._single and self._shown is not None:
            return self._shown
        while self._next < len(self._paths):
            frame = _imread(self._paths[self._next])
            self._next += 1
            if frame is not None:
                self._shown = _resized(frame, self._size)
                return self._shown
        return None

    def rewind(self) -> bool:
        readable, self._next = self._shown is not None, 0
        return readable

    def close(self) -> None:
        """Nothing is held open."""


def _resized(frame: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The frame at a width and height, of which one that is 0 follows the other."""
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


def _imread(path: Path) -> np.ndarray | None:
    try:
        return cv2.imread(str(path), cv2.IMREAD_COLOR)
    except cv2.error:  # it claims a size that nobody can hold
        return None


def _quietly(make):
    """Without OpenCV's own complaints, since ours say the same in one line."""
    level = cv2.setLogLevel(0) if hasattr(cv2, "setLogLevel") else None
    try:
        return make()
    finally:
        if level is not None:
            cv2.setLogLevel(level)
