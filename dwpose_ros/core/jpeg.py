# SPDX-License-Identifier: Apache-2.0
"""JPEGs, whole ones only.

Where data is missing libjpeg fills the rest of the picture with grey and goes on with a warning,
which OpenCV does not pass on. simplejpeg, the same libjpeg-turbo at the same speed, does. rosdep
has no key for it, so it may be missing: then OpenCV decodes, and damage is not seen.
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
MOST_PIXELS = 1 << 27  # a few bytes may claim any size; OpenCV has a limit of its own
# Some cameras fill their frames up: that is harmless, as far as it is filler.
FILLER = re.compile(r"Corrupt JPEG data: (\d+) extraneous bytes before marker 0xd[0-79]$")
FEW = 16  # bytes that are filler, whatever they are
DAMAGE = ("Corrupt JPEG data", "Premature end of JPEG file", "Inconsistent progression")
HARMLESS = "bad ICC marker"


class JpegDamaged(ValueError):
    """Data is missing or wrong; the message is libjpeg's."""


def is_jpeg(data: np.ndarray) -> bool:
    """Whether bytes (n,) uint8 begin as a JPEG."""
    return data[:3].tobytes() == b"\xff\xd8\xff"


def decode_jpeg(data: np.ndarray) -> np.ndarray | None:
    """(h, w, 3) uint8 BGR of bytes (n,) uint8.

    None where it is left to OpenCV: CMYK, pictures to be turned by their EXIF, anything else that
    simplejpeg does not read. Raises JpegDamaged.
    """
    if simplejpeg is None:
        _warn()
        return None
    try:
        height, width, *_ = simplejpeg.decode_jpeg_header(data, strict=False)
    except (ValueError, KeyError):  # KeyError: a number of channels that it does not know
        return None
    if height * width > MOST_PIXELS:
        return None
    # A turned picture is only checked here, and at an eighth of its size.
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
    """The data as it can be decoded, after libjpeg's complaint; False where that is no damage, but
    OpenCV has to read it. Raises JpegDamaged."""
    if complaint.startswith(DAMAGE[1]) and END not in data[-64:].tobytes():
        # Some cameras leave the end marker out; with it only what is really missing is told.
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
