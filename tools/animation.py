# SPDX-License-Identifier: Apache-2.0
"""An animated picture (GIF) of a session: the camera's images, and the instructions below.

Layout and encoding only; Pillow writes the texts and the file.
"""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw

from dwpose_ros.visualization.captions import font

WIDTH, BAR = 480, 52  # px: of the animation, and the height of the bar with the text
RATE = 5.0  # pictures a second: enough to follow a walking person, and a small file
LAST_S = 3.0  # how long the last picture is shown
COLORS = 128  # of the palette that all pictures share
GROUND, TEXT, ACCENT = (24, 26, 31), (236, 238, 242), (255, 176, 64)


class Animation:
    """Collects pictures at `RATE`; write them at the end."""

    def __init__(self) -> None:
        self._pictures: list[Image.Image] = []
        self._times_s: list[float] = []

    def add(self, seconds: float, bgr: np.ndarray, text: str, accent: bool = False) -> None:
        """Show an image (h, w, 3) uint8 and a text from `seconds` on; `accent` colours the text.

        Images that come faster than `RATE` are left out, unless they are accented.
        """
        if self._times_s and not accent and seconds - self._times_s[-1] < 0.95 / RATE:
            return
        height = round(WIDTH * bgr.shape[0] / bgr.shape[1])
        small = cv2.resize(bgr, (WIDTH, height), interpolation=cv2.INTER_AREA)
        picture = Image.new("RGB", (WIDTH, height + BAR), GROUND)
        picture.paste(Image.fromarray(cv2.cvtColor(small, cv2.COLOR_BGR2RGB)), (0, 0))
        pen = ImageDraw.Draw(picture)
        pen.text(
            (WIDTH / 2, height + BAR / 2),
            text,
            ACCENT if accent else TEXT,
            _fitting(pen, text, WIDTH - 24),
            anchor="mm",
        )
        self._pictures.append(picture)
        self._times_s.append(seconds)

    def write(self, path: Path) -> None:
        """Write the GIF, whole or not at all. Raises ValueError without pictures, and OSError."""
        if not self._pictures:
            raise ValueError(f"{path}: there are no pictures to write")
        palette = _palette(self._pictures)
        pictures = [p.quantize(palette=palette, dither=Image.Dither.NONE) for p in self._pictures]
        lengths_ms = [
            *(1000 * np.diff(self._times_s)).round(-1).astype(int).tolist(),
            int(1000 * LAST_S),
        ]
        temporary = path.with_suffix(".part.gif")
        pictures[0].save(
            temporary,
            save_all=True,
            append_images=pictures[1:],
            duration=lengths_ms,
            loop=0,
            optimize=True,
        )
        os.replace(temporary, path)


def _palette(pictures: list[Image.Image]) -> Image.Image:
    """Return one palette for all pictures, made from every tenth. Different ones would flicker."""
    some = pictures[::10]
    strip = Image.new("RGB", (WIDTH, some[0].height * len(some)))
    for i, picture in enumerate(some):
        strip.paste(picture, (0, i * picture.height))
    return strip.quantize(COLORS, method=Image.Quantize.MEDIANCUT)


def _fitting(pen: ImageDraw.ImageDraw, text: str, width: float):
    """Return the largest font up to 22 px in which the text fits."""
    for size in range(22, 9, -1):
        if pen.textlength(text, font(size)) <= width:
            break
    return font(size)
