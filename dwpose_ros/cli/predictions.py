# SPDX-License-Identifier: Apache-2.0
"""The files that `predict` writes. A file gets its final name only when it is complete."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TextIO

import cv2
import numpy as np

from dwpose_ros.capture.storage import pose_document, write_atomically
from dwpose_ros.core.errors import DwposeError
from dwpose_ros.core.images import encode
from dwpose_ros.core.keypoints import NAMES
from dwpose_ros.core.person_poses import PersonPoses
from dwpose_ros.visualization.drawing import draw
from dwpose_ros.visualization.openpose import draw_pose_map, to_openpose

LIVE_RATE = 30.0  # frames/s of videos of a camera whose rate is unknown


class PredictError(DwposeError):
    """A file cannot be read or written; the message says which, and what would be right."""


class Wanted(NamedTuple):
    """What to write of each source, and where."""

    folder: Path
    json: bool
    openpose: bool
    overlay: bool
    threshold: float
    """Points with a score up to this are neither drawn nor written to OpenPose's JSON."""

    def files(self, name: str, video: bool) -> dict[str, Path]:
        """Return the files of one source by their kind: json, openpose, map and overlay."""
        picture = ("mp4", "mp4") if video else ("png", "jpg")
        endings = {}
        if self.json:
            endings["json"] = ".jsonl" if video else ".json"
        if self.openpose:
            endings |= {"openpose": "_openpose.json", "map": f"_openpose.{picture[0]}"}
        if self.overlay:
            endings["overlay"] = f"_overlay.{picture[1]}"
        return {kind: self.folder / f"{name}{ending}" for kind, ending in endings.items()}


def make_folder(folder: Path) -> None:
    """Make the output folder if it does not exist. Raises PredictError if it is not writable."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as err:
        raise _cannot_write(folder, err) from err


def write_image(
    wanted: Wanted, name: str, file: str, bgr: np.ndarray, poses: PersonPoses, model: str
) -> list[Path]:
    """Write all files of one image (h, w, 3) uint8 BGR, or none. Raises PredictError."""
    height, width = bgr.shape[:2]
    make: dict[str, Callable[[], bytes]] = {
        "json": lambda: _json(
            pose_document(
                {"file": file},
                width,
                height,
                model,
                NAMES,
                _persons(poses.with_ids(range(1, len(poses) + 1))),
            )
        ),
        "openpose": lambda: _json(to_openpose(poses, width, height, wanted.threshold)),
        "map": lambda: encode(draw_pose_map(poses, width, height, wanted.threshold), "png"),
        "overlay": lambda: encode(draw(bgr, poses, wanted.threshold), "jpg"),
    }
    files = wanted.files(name, video=False)
    try:
        return write_atomically({path: make[kind]() for kind, path in files.items()})
    except OSError as err:
        raise _cannot_write(wanted.folder, err) from err


class VideoFiles:
    """Writes the files of one video frame by frame; a context manager.

    Files are written in a hidden folder, and `finish` moves them to their places. Without it they
    are removed.

    Args:
        wanted: which files, and where.
        name: beginning of the files' names.
        file: the source, as it is named in the JSON.
        model: the estimator's name.
        rate: of the videos, frames/s; 0: LIVE_RATE.
        live: frames come irregularly; they are repeated or left out, so that the videos run at
            the speed of reality.
    """

    def __init__(
        self, wanted: Wanted, name: str, file: str, model: str, rate: float, live: bool
    ) -> None:
        self._wanted, self._file, self._model = wanted, file, model
        self._rate, self._live = rate or LIVE_RATE, live
        self.files = wanted.files(name, video=True)
        self._texts: dict[str, TextIO] = {}
        self._videos: dict[str, cv2.VideoWriter] = {}
        self._size = (0, 0)
        self.frames = self._filmed = 0

    def __enter__(self) -> VideoFiles:
        try:
            self._folder = Path(tempfile.mkdtemp(prefix=".predict_", dir=self._wanted.folder))
        except OSError as err:
            raise _cannot_write(self._wanted.folder, err) from err
        return self

    def __exit__(self, *_: object) -> None:
        self._close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def add(self, bgr: np.ndarray, poses: PersonPoses, time_s: float) -> None:
        """Add a frame (h, w, 3) uint8 BGR that was taken ``time_s`` after the first."""
        if not self.frames:
            self._size = bgr.shape[1], bgr.shape[0]
        if (bgr.shape[1], bgr.shape[0]) != self._size:
            raise PredictError(
                f"{self._file}: frame {self.frames} is {bgr.shape[1]}x{bgr.shape[0]}, those "
                f"before it are {self._size[0]}x{self._size[1]}"
            )
        try:
            self._add_texts(poses, time_s)
        except OSError as err:
            raise _cannot_write(self._wanted.folder, err) from err
        repeat = max(0, round(time_s * self._rate) + 1 - self._filmed) if self._live else 1
        if repeat and "overlay" in self.files:
            self._film("overlay", draw(bgr, poses, self._wanted.threshold), repeat)
        if repeat and "map" in self.files:
            self._film("map", draw_pose_map(poses, *self._size, self._wanted.threshold), repeat)
        self._filmed += repeat
        self.frames += 1

    def finish(self) -> list[Path]:
        """Move the files to their places, and return their paths."""
        try:
            if "openpose" in self._texts:
                self._texts["openpose"].write("\n]\n")
            self._close()
            for path in self.files.values():
                with (self._folder / path.name).open("rb") as file:
                    os.fsync(file.fileno())
            for path in self.files.values():
                os.replace(self._folder / path.name, path)
        except OSError as err:
            raise _cannot_write(self._wanted.folder, err) from err
        return list(self.files.values())

    def _add_texts(self, poses: PersonPoses, time_s: float) -> None:
        width, height = self._size
        if "json" in self.files:
            frame = {
                "header": {
                    "file": self._file,
                    "frame": self.frames,
                    "time_s": round(time_s, 6),
                },
                "width": width,
                "height": height,
                "model": self._model,
                "persons": _persons(poses),
            }
            self._text("json").write(_json(frame).decode() + "\n")
        if "openpose" in self.files:
            frame = to_openpose(poses, width, height, self._wanted.threshold)
            before = ",\n" if self.frames else "[\n"
            self._text("openpose").write(before + _json(frame).decode())

    def _text(self, kind: str) -> TextIO:
        if kind not in self._texts:
            self._texts[kind] = (self._folder / self.files[kind].name).open("w", encoding="utf-8")
        return self._texts[kind]

    def _film(self, kind: str, bgr: np.ndarray, repeat: int) -> None:
        if kind not in self._videos:
            path = self._folder / self.files[kind].name
            writer = cv2.VideoWriter(
                str(path), cv2.VideoWriter.fourcc(*"mp4v"), self._rate, _even(self._size)
            )
            if not writer.isOpened():
                raise PredictError(
                    f"{self.files[kind]}: this OpenCV cannot write MP4 videos of "
                    f"{self._size[0]}x{self._size[1]}; use --json"
                )
            self._videos[kind] = writer
        bgr = cv2.copyMakeBorder(
            bgr, 0, bgr.shape[0] % 2, 0, bgr.shape[1] % 2, cv2.BORDER_REPLICATE
        )
        for _ in range(repeat):
            self._videos[kind].write(bgr)

    def _close(self) -> None:
        for text in self._texts.values():
            text.close()
        for video in self._videos.values():
            video.release()


def _even(size: tuple[int, int]) -> tuple[int, int]:
    """Return a size that MP4 videos can have, at most one row and one column larger."""
    return size[0] + size[0] % 2, size[1] + size[1] % 2


def _persons(poses: PersonPoses) -> list[dict[str, Any]]:
    """Return people for `pose_document`."""
    rows = np.concatenate([poses.xy, poses.scores[..., None]], 2).astype(float)
    return [
        {
            "id": int(i),
            "score": round(float(score), 3),
            "box": box.astype(float).round(2).tolist(),
            "keypoints": points.round(3).tolist(),
        }
        for i, score, box, points in zip(poses.ids, poses.box_scores, poses.boxes, rows)
    ]


def _json(document: Any) -> bytes:
    return json.dumps(document, allow_nan=False).encode()


def _cannot_write(folder: Path, err: OSError) -> PredictError:
    return PredictError(f"{folder}: cannot be written to: {err.strerror or err}")
