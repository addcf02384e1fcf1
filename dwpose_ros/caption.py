"""A line of text over an image. Pillow writes it, since OpenCV knows no accents."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

_DARKEN = 0.35  # what is left of the image behind the text


@lru_cache(maxsize=8)
def _letters(text: str, width: int, height: int) -> np.ndarray:
    """(height, width, 1) share of white in the strip, 0..1."""
    strip = Image.new("L", (width, height), 0)
    pen = ImageDraw.Draw(strip)
    size = height * 0.55
    font = ImageFont.load_default(size)
    size *= min(1.0, 0.95 * width / max(pen.textlength(text, font=font), 1))
    pen.text((width / 2, height / 2), text, fill=255, font=ImageFont.load_default(size),
             anchor="mm")
    return np.asarray(strip, np.float32)[..., None] / 255


def draw_caption(bgr: np.ndarray, text: str) -> np.ndarray:
    """Write one line at the bottom of an image (h, w, 3) uint8, in place; gives the image back."""
    height = max(16, bgr.shape[0] // 14)
    if text and bgr.shape[0] > height:
        strip = bgr[-height:]
        letters = _letters(" ".join(text.split()), bgr.shape[1], height)
        strip[:] = strip * (_DARKEN * (1 - letters)) + 255 * letters
    return bgr
