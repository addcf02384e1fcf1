"""A line of text over an image. Pillow writes it, since OpenCV knows no accents."""

from __future__ import annotations

import contextlib
import importlib.util
import unicodedata
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

_DARKEN = 0.35  # what is left of the image behind the text


@lru_cache(maxsize=1)
def _font_file() -> str | None:
    """DejaVu Sans, the system's or the one in matplotlib; None if there is neither."""
    places = ["DejaVuSans.ttf"]  # Pillow looks in the system's folders
    spec = importlib.util.find_spec("matplotlib")
    for folder in spec.submodule_search_locations or () if spec else ():
        places.append(str(Path(folder, "mpl-data", "fonts", "ttf", "DejaVuSans.ttf")))
    for place in places:
        with contextlib.suppress(OSError):
            return ImageFont.truetype(place, 10).path
    return None


def font(size: float):
    """The font for texts over images, so many pixels large."""
    file, size = _font_file(), max(1, int(size))
    if file:
        return ImageFont.truetype(file, size)
    try:
        return ImageFont.load_default(size)
    except TypeError:  # before Pillow 10.1 its own font has one size
        return ImageFont.load_default()


@lru_cache(maxsize=8)
def _letters(text: str, width: int, height: int) -> np.ndarray:
    """(height, width, 1) share of white in the strip, 0..1."""
    strip = Image.new("L", (width, height), 0)
    pen = ImageDraw.Draw(strip)
    if not _font_file():  # Pillow's own font has no accents, and draws a box for each
        text = "".join(c for c in unicodedata.normalize("NFD", text)
                       if not unicodedata.combining(c))
    size = height * 0.55
    size *= min(1.0, 0.95 * width / max(pen.textlength(text, font=font(size)), 1))
    pen.text((width / 2, height / 2), text, fill=255, font=font(size), anchor="mm")
    return np.asarray(strip, np.float32)[..., None] / 255


def draw_caption(bgr: np.ndarray, text: str) -> np.ndarray:
    """Write one line at the bottom of an image (h, w, 3) uint8, in place; gives the image back."""
    height = max(16, bgr.shape[0] // 14)
    text = " ".join(text.split())
    if text and bgr.shape[0] > height:
        strip = bgr[-height:]
        letters = _letters(text, bgr.shape[1], height)
        strip[:] = strip * (_DARKEN * (1 - letters)) + 255 * letters
    return bgr
