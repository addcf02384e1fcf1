# SPDX-License-Identifier: Apache-2.0
"""The 133 keypoints and their numbers, drawn on the simulated person."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image, ImageDraw

from dwpose_ros.core.keypoints import FACE, LEFT_HAND, NAMES, RIGHT_HAND, SKELETON
from dwpose_ros.simulation.camera import SimulatedCamera, SimulatedPerson
from dwpose_ros.simulation.scene import Scene
from dwpose_ros.visualization.captions import font

TITLE = 40  # px: height of a panel's title
GROUND, TEXT = (24, 26, 31), (236, 238, 242)
LEFT, RIGHT, MIDDLE = (130, 205, 255), (255, 190, 110), (255, 255, 170)  # RGB; the person's own
CAMERA = SimulatedCamera(width=2560, height=2560, horizontal_fov_deg=60.0, height_m=1.0)


class Panel(NamedTuple):
    """A part of the picture."""

    title: str
    person: SimulatedPerson
    camera_height_m: float
    points: range
    """Which keypoints are shown."""
    place: tuple[int, int]
    size: tuple[int, int]
    """px, in the whole picture."""
    text_px: int


def _all(*slices: slice) -> range:
    return range(slices[0].start, slices[-1].stop)


_BODY, _FACE = SimulatedPerson(distance_m=2.6, posture="a_pose"), SimulatedPerson(distance_m=1.0)
_HANDS = SimulatedPerson(distance_m=1.0, posture="hands_shown")
_MOUTH = FACE.start + 48  # the first point of the lips, which have a panel of their own
PANELS = (
    Panel("Body 0-16", _BODY, 1.0, range(17), (0, 0), (520, 1232), 20),
    Panel("Face 23-90", _FACE, 1.55, _all(FACE), (536, 0), (620, 620), 15),
    Panel("Mouth 71-90", _FACE, 1.55, range(_MOUTH, FACE.stop), (1172, 0), (364, 302), 14),
    Panel("Feet 17-22", _BODY, 1.0, range(15, 23), (1172, 318), (364, 302), 18),
    Panel("Right hand 112-132", _HANDS, 1.3, _all(RIGHT_HAND), (536, 636), (492, 596), 17),
    Panel("Left hand 91-111", _HANDS, 1.3, _all(LEFT_HAND), (1044, 636), (492, 596), 17),
)
SIZE = (1536, 1232)


def write(path: Path) -> None:
    """Write the picture as a JPEG. OSError where that fails."""
    sheet = Image.new("RGB", SIZE, GROUND)
    for panel in PANELS:
        sheet.paste(_draw(panel), panel.place)
    sheet.save(path, quality=85)


def _draw(panel: Panel) -> Image.Image:
    """Draw a panel: the person, enlarged, with the points and their numbers."""
    camera = SimulatedCamera(
        CAMERA.width, CAMERA.height, CAMERA.horizontal_fov_deg, panel.camera_height_m
    )
    scene = Scene(camera, noise=0.0)
    rgb = scene.render([panel.person])
    xy = scene.truth([panel.person]).xy[0]
    wanted = xy[list(panel.points)]
    picture, scale, corner = _cut(rgb, wanted, (panel.size[0], panel.size[1] - TITLE))
    xy = (xy - corner) * scale
    pen = ImageDraw.Draw(picture)
    for a, b in SKELETON:
        if a in panel.points and b in panel.points:
            pen.line((*xy[a], *xy[b]), (255, 255, 255), 2)
    middle = xy[list(panel.points)].mean(0)
    for i in panel.points:
        numbered = i < _MOUTH or i >= FACE.stop or panel.points.start == _MOUTH
        _number(pen, str(i) if numbered else "", NAMES[i], xy[i], middle, panel.text_px)
    whole = Image.new("RGB", panel.size, GROUND)
    whole.paste(picture, (0, TITLE))
    ImageDraw.Draw(whole).text((0, TITLE / 2), panel.title, TEXT, font(22), anchor="lm")
    return whole


def _cut(
    rgb: np.ndarray, points: np.ndarray, size: tuple[int, int]
) -> tuple[Image.Image, float, np.ndarray]:
    """Cut out the surroundings of points (n, 2), enlarged to `size`.

    Returns:
        The picture, the factor by which it is enlarged, and its corner in the image.
    """
    low, high = points.min(0), points.max(0)
    scale = float((np.array(size) / ((high - low) * 1.2 + 1)).min())
    corner = (low + high - np.array(size) / scale) / 2
    matrix = np.array([[scale, 0, -scale * corner[0]], [0, scale, -scale * corner[1]]])
    picture = cv2.warpAffine(
        rgb, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return (
        Image.fromarray((picture * 0.75).astype(np.uint8)),
        scale,
        corner,
    )  # darker, so that numbers stand out


def _number(
    pen: ImageDraw.ImageDraw,
    number: str,
    name: str,
    place: np.ndarray,
    middle: np.ndarray,
    text_px: int,
) -> None:
    """Draw a point, and its number on the side away from the middle of all points."""
    color = {"left": LEFT, "right": RIGHT}.get(name.split("_")[0], MIDDLE)
    x, y = place
    r = 3.5
    pen.ellipse((x - r, y - r, x + r, y + r), color, (0, 0, 0))
    away = place - middle
    away = away / max(np.linalg.norm(away), 1e-6) * (text_px * 0.5 + r + 5)
    pen.text(
        (x + away[0], y + away[1]),
        number,
        color,
        font(text_px),
        anchor="mm",
        stroke_width=2,
        stroke_fill=(0, 0, 0),
    )
