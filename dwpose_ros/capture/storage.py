# SPDX-License-Identifier: Apache-2.0
"""Write captures to disk: under temporary names, then renamed, so that no file is incomplete."""

from __future__ import annotations

import contextlib
import datetime
import json
import math
import os
import re
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dwpose_ros.capture.retention import PARTIAL
from dwpose_ros.core.errors import DwposeError
from dwpose_ros.core.images import encode
from dwpose_ros.core.text import shown
from dwpose_ros.quality import Quality

_PREFIX, _SUFFIX = PARTIAL.split("{}")


class CaptureError(DwposeError):
    """A capture cannot be taken or written; the message says why, on one line."""


class WriteError(CaptureError):
    """A capture cannot be written because of the disk or folder, not because of the request."""


class Files(NamedTuple):
    """The files of one capture."""

    image: Path
    pose: Path
    overlay: Path


def check_label(label: str) -> str:
    """Return the label. Raises CaptureError if it cannot be part of a file name."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{0,64}", label):
        raise CaptureError(
            f"label {shown(label)} cannot be part of a file name: use at most 64 "
            "letters, digits, '-' and '_'"
        )
    return label


def stem_of(label: str, stamp_ns: int) -> str:
    """Return the name of a capture's files without the endings: label and local time."""
    when = datetime.datetime.fromtimestamp(stamp_ns / 1e9)
    return f"{label or 'capture'}_{when:%Y%m%d-%H%M%S}-{stamp_ns // 10**6 % 1000:03d}"


def save(
    folder: Path,
    label: str,
    stamp_ns: int,
    image: bytes,
    suffix: str,
    pose: dict[str, Any],
    overlay_bgr: np.ndarray,
) -> Files:
    """Write a capture: an image, its pose as JSON and its overlay as JPEG.

    The file names contain the label and the image's stamp. Existing files are never overwritten.

    Args:
        folder: made if it does not exist.
        label: see `check_label`.
        stamp_ns: stamp of the image.
        image: the encoded image.
        suffix: of the image's file, such as "png".
        pose: the JSON document.
        overlay_bgr: (h, w, 3) uint8.

    Raises:
        CaptureError: a file cannot be written. Then no file of the capture is left.
    """
    stem = stem_of(label, stamp_ns)
    try:
        overlay = encode(overlay_bgr, "jpg")
        document = json.dumps(pose, allow_nan=False).encode()
    except ValueError as err:  # ImageError, or NaN or infinity, which JSON does not have
        raise CaptureError(f"the pose or its overlay cannot be written: {err}") from err
    contents = {f".{suffix}": image, ".json": document, "_overlay.jpg": overlay}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        number = 0
        while any((folder / f"{stem}{ending}").exists() for ending in contents):
            number += 1
            stem = f"{stem.rsplit('~', 1)[0]}~{number}"
        return Files(
            *write_atomically(
                {folder / f"{stem}{ending}": data for ending, data in contents.items()}
            )
        )
    except OSError as err:
        raise WriteError(_cannot_write(folder, err)) from err


def discard(files: Files) -> None:
    """Remove a capture's files; files that do not exist are ignored."""
    for path in files:
        with contextlib.suppress(OSError):
            path.unlink()


def unwritable(folder: Path) -> str:
    """Return why no capture can be written to a folder; empty if it can. Makes the folder."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return ""
    except OSError as err:
        return _cannot_write(folder, err)


def _cannot_write(folder: Path, err: OSError) -> str:
    return (
        f"cannot write to {folder}: {err.strerror or err}; free some space, or set the "
        "parameter folder to one that can be written"
    )


def write_atomically(contents: dict[Path, bytes]) -> list[Path]:
    """Write all files or none, each atomically. Raises OSError, and then removes what it wrote."""
    temporary: list[Path] = []
    placed: list[Path] = []
    try:
        for path, data in contents.items():
            handle, name = tempfile.mkstemp(_SUFFIX, _PREFIX, path.parent)
            temporary.append(Path(name))
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(name, 0o644)
        for part, path in zip(list(temporary), contents):
            os.replace(part, path)
            temporary.remove(part)
            placed.append(path)
    except BaseException:
        for path in (*temporary, *placed):
            with contextlib.suppress(OSError):
                path.unlink()
        raise
    return placed


def pose_document(
    header: dict[str, Any],
    width: int,
    height: int,
    model: str,
    names: tuple[str, ...],
    persons: list[dict[str, Any]],
) -> dict[str, Any]:
    """Return the JSON document of a pose: persons with `keypoints` rows of x, y (px) and score."""
    return {
        "header": header,
        "width": width,
        "height": height,
        "model": model,
        "keypoint_names": list(names),
        "persons": persons,
    }


def quality_document(quality: Quality) -> dict[str, Any]:
    """Return the JSON document of a quality. Unknown values are null, since JSON has no NaN."""

    def finite(value: float) -> float | None:
        return round(value, 4) if math.isfinite(value) else None

    return {
        "score": finite(quality.score),
        "measures": {
            m.name: {"value": finite(m.value), "score": finite(m.score), "unit": m.unit}
            for m in quality.measures
        },
    }
