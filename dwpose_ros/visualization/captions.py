# SPDX-License-Identifier: Apache-2.0
"""A line of text over an image. Pillow writes it, since OpenCV knows no accents."""

from __future__ import annotations

import contextlib
import importlib.util
import subprocess
import unicodedata
from functools import lru_cache
from pathlib import Path
from typing import Any

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


@lru_cache(maxsize=64)
def _font_for(text: str) -> str | None:
    """A font file with all letters of a text: DejaVu Sans, or what fontconfig knows of."""
    file = _font_file()
    if file and _has(file, text):
        return file
    letters = " ".join(f"{ord(c):x}" for c in sorted(set(text)))
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        file = subprocess.run(
            ["fc-match", "-f", "%{file}", f"sans:charset={letters}"],
            capture_output=True,
            text=True,
            timeout=5.0,
        ).stdout
        if _has(file, text):  # it proposes one in any case
            return file
    return None


def _has(file: str, text: str) -> bool:
    """Whether a font has all letters of a text. Raises OSError if it is no font."""
    letters = ImageFont.truetype(file, 20)
    box = bytes(letters.getmask("\U0010ffff"))  # what it draws for those it lacks
    return all(c.isspace() or bytes(letters.getmask(c)) != box for c in set(text))


def plain(text: str, code: str = "") -> str:
    """An instruction in ASCII: without accents, or, of another script, its code: "move closer"."""
    letters = unicodedata.normalize("NFKD", text.replace("ß", "ss"))
    if code and any(c.isalpha() and not c.isascii() for c in letters):
        return code.replace("_", " ")
    return "".join(c for c in letters if c.isascii())


def font(size: float, file: str | None = None) -> Any:
    """A font for texts over images, so many pixels large; of a file, or DejaVu Sans."""
    file, size = file or _font_file(), max(1, int(size))
    if file:
        return ImageFont.truetype(file, size)
    try:
        return ImageFont.load_default(size)
    except TypeError:  # before Pillow 10.1 its own font has one size
        return ImageFont.load_default()


@lru_cache(maxsize=8)
def _letters(text: str, code: str, width: int, height: int) -> np.ndarray:
    """(height, width, 1) share of white in the strip, 0..1."""
    strip = Image.new("L", (width, height), 0)
    pen = ImageDraw.Draw(strip)
    file = _font_for(text)
    if not file:  # there would be a box for each letter
        text = plain(text, code)
    size = height * 0.55
    size *= min(1.0, 0.95 * width / max(pen.textlength(text, font=font(size, file)), 1))
    pen.text((width / 2, height / 2), text, fill=255, font=font(size, file), anchor="mm")
    return np.asarray(strip, np.float32)[..., None] / 255


def draw_caption(bgr: np.ndarray, text: str, code: str = "") -> np.ndarray:
    """Write one line at the bottom of an image (h, w, 3) uint8, in place; gives the image back.

    `code` is an instruction's, which is written instead where no font has the text's script.
    """
    height = max(16, bgr.shape[0] // 14)
    text = " ".join(text.split())
    if text and bgr.shape[0] > height:
        strip = bgr[-height:]
        letters = _letters(text, code, bgr.shape[1], height)
        strip[:] = strip * (_DARKEN * (1 - letters)) + 255 * letters
    return bgr
