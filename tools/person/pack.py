# SPDX-License-Identifier: Apache-2.0
"""Renders to the atlas: cut to the person, WebP with alpha, and one table of where all is."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from PIL import Image

from dwpose_ros.capture.storage import write_atomically

MARGIN = 4  # px of transparency kept around the person
ALPHA_QUALITY = 90
LEAST_PART = 0.01  # of the person that a part beside them must have
DENOISE = 2.0  # of the renderer's grain, which would cost twice the bytes


class Told(NamedTuple):
    """What pictures show."""

    views: list[dict[str, Any]]
    """Of each picture: name, kind, posture, yaw, distance, height, ppm, the edges left, right, top
    and bottom in metres, xy (133, 2) px and visible (133,)."""
    postures: dict[str, Any]
    """(133, 3) m of each: ahead, to the left, up."""
    stature_m: float
    about: dict[str, Any]
    """Of the person: age_years, seat, stick, without."""


def pack(renders: Path, told: Told, out: Path, quality: int = 90) -> int:
    """Write the pictures NAME.png of a folder into one file of the atlas; return its size."""
    views = told.views
    xy = np.array([v["xy"] for v in views], np.float32)
    origin = np.empty((len(views), 2), np.float32)
    pictures = []
    for i, view in enumerate(views):
        rgba = cv2.cvtColor(
            cv2.imread(str(renders / f"{view['name']}.png"), -1), cv2.COLOR_BGRA2RGBA
        )
        x, y, picture = _cut(rgba, view)
        xy[i] -= (x, y)
        # Where the point of the ground below the person's axis is, if seen from its own height.
        origin[i] = (-view["left"] * view["ppm"] - 0.5 - x, view["top"] * view["ppm"] - 0.5 - y)
        coded = io.BytesIO()
        Image.fromarray(picture).save(
            coded, "webp", quality=quality, method=6, alpha_quality=ALPHA_QUALITY
        )
        pictures.append(coded.getvalue())
    write(out, told, pictures, xy, origin)
    return out.stat().st_size


def write(
    out: Path, told: Told, pictures: list[bytes], xy: np.ndarray, origin: np.ndarray
) -> None:
    """Write a file of the atlas.

    Args:
        out: the file.
        told: what the pictures show.
        pictures: each as the bytes of a WebP file.
        xy: (n, 133, 2) px, their points.
        origin: (n, 2) px, the ground below the person's axis.
    """
    views, postures = told.views, list(told.postures)
    file = io.BytesIO()
    np.savez_compressed(
        file,
        names=np.array([v["name"] for v in views]),
        bust=np.array([v["kind"] == "bust" for v in views]),
        posture=np.array([v["posture"] for v in views]),
        yaw_deg=np.array([v["yaw"] for v in views], np.float32),
        distance_m=np.array([v["distance"] for v in views], np.float32),
        height_m=np.array([v["height"] for v in views], np.float32),
        px_per_m=np.array([v["ppm"] for v in views], np.float32),
        origin=origin,
        xy=np.round(xy * 32) / np.float32(32),  # such numbers take fewer bytes
        visible=np.array([v["visible"] for v in views]),
        postures=np.array(postures),
        xyz=np.array([told.postures[p] for p in postures], np.float32),
        stature_m=np.float32(told.stature_m),
        about=np.array(json.dumps(told.about)),
        webp=np.frombuffer(b"".join(pictures), np.uint8),
        ends=np.cumsum([len(picture) for picture in pictures]),
    )
    write_atomically({out: file.getvalue()})


def _cut(rgba, view):
    """Left, top and the picture of what is not transparent; the renderer's grain smoothed."""
    # A few wisps of hair float above the head, where the rest of their strand is transparent.
    clear = (rgba[..., 3] > 64).astype(np.uint8)
    _, label, about, _ = cv2.connectedComponentsWithStats(clear)
    size = about[:, cv2.CC_STAT_AREA] * (np.arange(len(about)) > 0)
    person = (size[label] >= LEAST_PART * size.max()).astype(np.uint8)
    rgba[cv2.dilate(person, np.ones((5, 5), np.uint8)) == 0] = 0  # but not its soft edge
    alpha = rgba[..., 3] > 2
    rows, columns = np.flatnonzero(alpha.any(1)), np.flatnonzero(alpha.any(0))
    height, width = alpha.shape
    inside = columns[0] > 0 and columns[-1] < width - 1 and rows[0] > 0
    if not inside or (view["kind"] == "full" and rows[-1] == height - 1):
        raise SystemExit(
            f"the person does not fit into the render {view['name']} of "
            f"{view['left']}..{view['right']} by {view['bottom']}..{view['top']} m: "
            "widen it in plan.py"
        )
    top, bottom = max(0, rows[0] - MARGIN), min(height, rows[-1] + 1 + MARGIN)
    left, right = max(0, columns[0] - MARGIN), min(width, columns[-1] + 1 + MARGIN)
    picture = rgba[top:bottom, left:right].copy()
    # Colour is given to the transparent pixels next to the person: it is what scaling mixes in.
    color = np.ascontiguousarray(picture[..., :3])
    solid = (picture[..., 3] > 127).astype(np.uint8)
    spread, near = cv2.blur(color * solid[..., None], (9, 9)), cv2.blur(solid * 255, (9, 9))
    fill = (spread.astype(np.float32) * 255 / np.maximum(near, 1)[..., None]).clip(0, 255)
    color = np.where(solid[..., None] > 0, color, fill.astype(np.uint8))
    picture[..., :3] = cv2.fastNlMeansDenoisingColored(color, None, DENOISE, DENOISE, 5, 13)
    return int(left), int(top), picture
