# SPDX-License-Identifier: Apache-2.0
"""A contact sheet: each instruction with its time and the camera's image, and the captures.

Layout only; Pillow writes the texts.
"""

from __future__ import annotations

from typing import NamedTuple, Sequence

import cv2
import numpy as np
from PIL import Image, ImageDraw

from dwpose_ros.visualization.captions import font

COLUMNS, CAPTURES_ACROSS = 4, 2
TILE, GAP = (432, 243), 24  # px
CAPTURE = (888, 500)  # px; two and the gap between them are as wide as four tiles
HEADER, HEADING, LINE = 84, 56, 24  # px high: the title, a section's title, a line below a tile
GROUND, TEXT, FAINT, ACCENT = (24, 26, 31), (236, 238, 242), (150, 156, 168), (255, 176, 64)


class Tile(NamedTuple):
    """A picture and its caption."""

    bgr: np.ndarray
    """(h, w, 3) uint8 of any size."""
    mark: str
    """Short, in the accent's colour."""
    text: str


def contact_sheet(
    title: str, subtitle: str, moments: Sequence[Tile], captures: Sequence[Tile]
) -> np.ndarray:
    """(h, w, 3) uint8 BGR: the moments in rows of four, then the captures, twice as large."""
    width = COLUMNS * (TILE[0] + GAP) + GAP
    sections = [
        ("What was said", moments, TILE, COLUMNS, 2),
        ("What was captured", captures, CAPTURE, CAPTURES_ACROSS, 1),
    ]
    height = HEADER + sum(
        HEADING + -(-len(tiles) // across) * _row(size, lines)
        for _, tiles, size, across, lines in sections
        if tiles
    )
    sheet = Image.new("RGB", (width, height), GROUND)
    pen = ImageDraw.Draw(sheet)
    pen.text((GAP, GAP), title, TEXT, font(32), anchor="lt")
    pen.text((width - GAP, GAP + 12), subtitle, FAINT, font(20), anchor="rt")
    top = HEADER
    for heading, tiles, size, across, lines in sections:
        if not tiles:
            continue
        pen.line((GAP, top, width - GAP, top), (58, 62, 72), 2)
        pen.text((GAP, top + HEADING / 2), heading, FAINT, font(20), anchor="lm")
        top += HEADING
        for i in range(0, len(tiles), across):
            for k, tile in enumerate(tiles[i : i + across]):
                _draw(sheet, pen, tile, (GAP + k * (size[0] + GAP), top), size, lines)
            top += _row(size, lines)
    return cv2.cvtColor(np.asarray(sheet), cv2.COLOR_RGB2BGR)


def _row(size: tuple[int, int], lines: int) -> int:
    return size[1] + 12 + lines * LINE + GAP


def _draw(
    sheet: Image.Image,
    pen: ImageDraw.ImageDraw,
    tile: Tile,
    place: tuple[int, int],
    size: tuple[int, int],
    lines: int,
) -> None:
    """Draw a tile: the whole picture in its frame, and the mark and the text below."""
    (x, y), (w, h) = place, size
    scale = min(w / tile.bgr.shape[1], h / tile.bgr.shape[0])
    small = cv2.resize(
        tile.bgr,
        None,
        fx=scale,
        fy=scale,
        interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR,
    )
    picture = Image.fromarray(cv2.cvtColor(small, cv2.COLOR_BGR2RGB))
    pen.rectangle((x, y, x + w - 1, y + h - 1), (0, 0, 0))
    sheet.paste(picture, (x + (w - picture.width) // 2, y + (h - picture.height) // 2))
    top = y + h + 12 + LINE / 2
    pen.text((x, top), tile.mark, ACCENT, font(18), anchor="lm")
    indent = pen.textlength(tile.mark, font(18)) + 14
    size_px, wrapped = _wrap(pen, tile.text, w - indent, lines)
    for i, line in enumerate(wrapped):
        pen.text((x + indent, top + i * LINE), line, TEXT, font(size_px), anchor="lm")


def _wrap(pen: ImageDraw.ImageDraw, text: str, width: float, most: int) -> tuple[int, list[str]]:
    """Return the font's size in px, and the lines; the size is smaller if they are too many."""
    for size_px in range(18, 7, -1):
        lines = [""]
        for word in text.split():
            longer = f"{lines[-1]} {word}".strip()
            if lines[-1] and pen.textlength(longer, font(size_px)) > width:
                lines.append(word)
            else:
                lines[-1] = longer
        if len(lines) <= most and all(pen.textlength(x, font(size_px)) <= width for x in lines):
            break
    return size_px, lines[:most]
