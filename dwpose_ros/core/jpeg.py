# SPDX-License-Identifier: Apache-2.0
"""Decode JPEGs and reject damaged ones.

If data is missing, libjpeg fills the rest of the image with grey and only warns. OpenCV does not
pass the warning on; simplejpeg, which uses the same libjpeg-turbo at the same speed, does. rosdep
has no key for simplejpeg, so it may be missing: then OpenCV decodes, and damage goes unnoticed.
"""

from __future__ import annotations

import functools
import logging
import re

import numpy as np

try:
    import simplejpeg
except ImportError:
    simplejpeg = None

END = b"\xff\xd9"
MOST_PIXELS = 1 << 27  # a header of a few bytes can claim any size; OpenCV has its own limit
# Some cameras pad their JPEGs to a fixed size, which is harmless.
FILLER = re.compile(r"Corrupt JPEG data: (\d+) extraneous bytes before marker 0xd[0-79]$")
FEW = 16  # bytes; so few extra bytes count as padding, whatever their values
DAMAGE = ("Corrupt JPEG data", "Premature end of JPEG file", "Inconsistent progression")
HARMLESS = "bad ICC marker"


class JpegDamaged(ValueError):
    """The JPEG's data is incomplete or corrupt; the message is libjpeg's."""


def is_jpeg(data: np.ndarray) -> bool:
    """Whether the bytes, (n,) uint8, start with a JPEG's signature."""
    return data[:3].tobytes() == b"\xff\xd8\xff"


def decode_jpeg(data: np.ndarray) -> np.ndarray | None:
    """Decode a JPEG's bytes, (n,) uint8.

    Returns:
        The image, (h, w, 3) uint8 BGR. None if OpenCV has to decode it: CMYK, an image with EXIF
        data (it may need rotation), or anything else that simplejpeg cannot read.

    Raises:
        JpegDamaged: the data is incomplete or corrupt.
    """
    if simplejpeg is None:
        _warn()
        return None
    try:
        height, width, *_ = simplejpeg.decode_jpeg_header(data, strict=False)
    except (ValueError, KeyError):  # KeyError: an unsupported number of channels
        return None
    if height * width > MOST_PIXELS:
        return None
    # An image with EXIF data is only checked for damage here, at an eighth of its size.
    turned = b"Exif\0" in data[:1024].tobytes()
    options = dict(colorspace="GRAY", min_factor=8) if turned else dict(colorspace="BGR")
    try:
        image = simplejpeg.decode_jpeg(data, **options)
    except (ValueError, KeyError) as err:
        data, whole = _whole(data, str(err), options)
        if not whole:
            return None
        image = simplejpeg.decode_jpeg(data, strict=False, **options)
    return None if turned else image


def _whole(data: np.ndarray, complaint: str, options: dict) -> tuple[np.ndarray, bool]:
    """Decide whether data about which libjpeg complained can still be decoded.

    Returns:
        The data, with a missing end marker added, and whether simplejpeg can decode it. False
        means that it is not damaged, but only OpenCV can read it.

    Raises:
        JpegDamaged: the data is incomplete or corrupt.
    """
    if complaint.startswith(DAMAGE[1]) and END not in data[-64:].tobytes():
        # Some cameras omit the end marker. With it added, libjpeg reports only real damage.
        data = np.concatenate([data, np.frombuffer(END, np.uint8)])
        try:
            simplejpeg.decode_jpeg(data, **options)
            return data, True
        except ValueError as err:
            complaint = str(err)
    if filler := FILLER.match(complaint):
        count = int(filler[1])
        end = data.tobytes().rfind(END)
        if count <= FEW or len(set(data[max(0, end - count) : end].tobytes())) == 1:
            return data, True
    if complaint.startswith(DAMAGE) and HARMLESS not in complaint:
        raise JpegDamaged(complaint)
    return data, False


@functools.cache
def _warn() -> None:
    logging.getLogger(__name__).warning(
        "simplejpeg is not installed: damaged JPEGs are taken for good ones, and what is lost of "
        "them is grey; pip install simplejpeg"
    )
