# SPDX-License-Identifier: Apache-2.0
"""Write a line of text over an image, with Pillow, since OpenCV cannot draw accents."""

from __future__ import annotations

import contextlib
import importlib.util
import subprocess
import unicodedata
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont, features

# Latin letters that are not a plain one with an accent.
_LATIN = str.maketrans(
    {"ß": "ss", "ł": "l", "Ł": "L", "ı": "i", "ø": "o", "Ø": "O", "đ": "d", "Đ": "D", "’": "'"}
)
_DARKEN = 0.35  # brightness of the image behind the text


@lru_cache(maxsize=1)
def _font_file() -> str | None:
    """Return the file of DejaVu Sans, from the system or from matplotlib; None if not found."""
    places = ["DejaVuSans.ttf"]  # Pillow searches the system's font folders
    spec = importlib.util.find_spec("matplotlib")
    for folder in spec.submodule_search_locations or () if spec else ():
        places.append(str(Path(folder, "mpl-data", "fonts", "ttf", "DejaVuSans.ttf")))
    for place in places:
        with contextlib.suppress(OSError):
            return ImageFont.truetype(place, 10).path
    return None


@lru_cache(maxsize=64)
def _font_for(text: str) -> str | None:
    """Return a font file that has all letters of a text: DejaVu Sans, or one from fontconfig."""
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
        if _has(file, text):  # fontconfig also proposes fonts that lack letters
            return file
    return None


def _has(file: str, text: str) -> bool:
    """Whether a font has all letters of a text. Raises OSError if the file is not a font."""
    letters = ImageFont.truetype(file, 20)
    box = bytes(letters.getmask("\U0010ffff"))  # the glyph for missing letters
    return all(c.isspace() or bytes(letters.getmask(c)) != box for c in set(text))


def _needs_layout(text: str) -> bool:
    """Whether letters join, or go from right to left, as in Arabic and Hindi."""
    return any(
        unicodedata.bidirectional(c) in ("R", "AL") or unicodedata.category(c) in ("Mn", "Mc")
        for c in unicodedata.normalize("NFC", text)
    )


@lru_cache(maxsize=1)
def _can_lay_out() -> bool:
    """Whether Pillow has what such scripts need: Raqm, with HarfBuzz and FriBiDi."""
    return all(features.check(name) for name in ("raqm", "fribidi", "harfbuzz"))


def plain(text: str, code: str = "") -> str:
    """Convert an instruction to ASCII.

    Accents are removed; a text in another script is replaced by its code, as "move closer".
    """
    letters = unicodedata.normalize("NFKD", text.translate(_LATIN))
    if code and any(c.isalpha() and not c.isascii() for c in letters):
        return code.replace("_", " ")
    return "".join(c for c in letters if c.isascii())


def font(size: float, file: str | None = None) -> Any:
    """Load a font of `size` pixels from a file, or DejaVu Sans."""
    file, size = file or _font_file(), max(1, int(size))
    if file:
        return ImageFont.truetype(file, size)
    try:
        return ImageFont.load_default(size)
    except TypeError:  # before Pillow 10.1 its built-in font has only one size
        return ImageFont.load_default()


@lru_cache(maxsize=8)
def _letters(text: str, code: str, width: int, height: int) -> np.ndarray:
    """Render a text to (height, width, 1) float32, the opacity of the letters, 0..1."""
    strip = Image.new("L", (width, height), 0)
    pen = ImageDraw.Draw(strip)
    file = _font_for(text)
    if not file or _needs_layout(text) and not _can_lay_out():  # else boxes, or loose letters
        text = plain(text, code)
    size = height * 0.55
    size *= min(1.0, 0.95 * width / max(pen.textlength(text, font=font(size, file)), 1))
    pen.text((width / 2, height / 2), text, fill=255, font=font(size, file), anchor="mm")
    return np.asarray(strip, np.float32)[..., None] / 255


def draw_caption(bgr: np.ndarray, text: str, code: str = "") -> np.ndarray:
    """Write one line of text at the bottom of an image, which is modified and returned.

    Args:
        bgr: (h, w, 3) uint8.
        text: the text.
        code: the instruction's code, which is written instead if no font has the text's script.
    """
    height = max(16, bgr.shape[0] // 14)
    text = " ".join(text.split())
    if text and bgr.shape[0] > height:
        strip = bgr[-height:]
        letters = _letters(text, code, bgr.shape[1], height)
        strip[:] = strip * (_DARKEN * (1 - letters)) + 255 * letters
    return bgr
