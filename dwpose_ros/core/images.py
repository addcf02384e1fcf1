# SPDX-License-Identifier: Apache-2.0
"""Converts sensor_msgs/Image and CompressedImage to numpy and back, without copies if possible.

Works on any object with the fields of the messages. cv_bridge is used for rare encodings only, as
its builds against NumPy 1 crash with NumPy 2.
"""

from __future__ import annotations

import functools
import subprocess
import sys
from array import array
from typing import Any

import cv2
import numpy as np

from dwpose_ros.core.errors import DwposeError
from dwpose_ros.core.image_encodings import DEPTHS, ENCODINGS, PLANAR
from dwpose_ros.core.jpeg import JpegDamaged, decode_jpeg, is_jpeg

_TRY_CV_BRIDGE = """
from cv_bridge import CvBridge
from sensor_msgs.msg import Image
CvBridge().imgmsg_to_cv2(Image(height=2, width=2, encoding="rgb8", step=6, data=bytes(12)), "bgr8")
"""


class ImageError(DwposeError):
    """An image message that cannot be read; the text gives the values."""


class ImageDamaged(ImageError):
    """A compressed image of which a part is lost."""


def to_bgr(msg: Any) -> np.ndarray:
    """Return an Image or CompressedImage message as (h, w, 3) uint8 BGR; a read-only view of bgr8.

    More than 8 bits are scaled to the range of values in the image. Raises ImageError.
    """
    return _convert(msg, "bgr8") if hasattr(msg, "encoding") else decode(msg)


def to_rgb(msg: Any) -> np.ndarray:
    """Return an Image or CompressedImage message as (h, w, 3) uint8 RGB; a read-only view of rgb8.

    More than 8 bits are scaled to the range of values in the image. Raises ImageError.
    """
    if hasattr(msg, "encoding"):
        return _convert(msg, "rgb8")
    return _decode(msg.data, msg.format, "rgb8")


def to_depth(msg: Any) -> np.ndarray:
    """Return a depth image (REP 118) as a read-only view (h, w): uint16 in mm (16UC1,
    mono16), or float32 in m (32FC1). Raises ImageError.
    """
    if msg.encoding not in DEPTHS:
        raise ImageError(
            f"depth image encoding {msg.encoding!r} is not supported; use one of "
            f"{', '.join(DEPTHS)}"
        )
    return _pixels(msg, 1, DEPTHS[msg.encoding])


def _convert(msg: Any, wanted: str) -> np.ndarray:
    if msg.encoding in PLANAR:
        _, *codes = PLANAR[msg.encoding]
        return cv2.cvtColor(_planes(msg), codes[wanted == "rgb8"])
    if msg.encoding not in ENCODINGS:
        return _ask_cv_bridge(msg, wanted)
    channels, dtype, *_ = ENCODINGS[msg.encoding]
    return _coloured(_pixels(msg, channels, dtype), msg.encoding, wanted)


def _coloured(pixels: np.ndarray, encoding: str, wanted: str) -> np.ndarray:
    """Convert pixels (h, w) or (h, w, channels) of one of ENCODINGS to (h, w, 3) uint8."""
    if pixels.dtype.itemsize > 1:
        pixels = _to_8_bits(pixels[..., :3] if pixels.ndim == 3 else pixels)
    code: Any = ENCODINGS[encoding][2 + (wanted == "rgb8")]
    return pixels if code is None else cv2.cvtColor(np.ascontiguousarray(pixels), code)


def _to_8_bits(pixels: np.ndarray) -> np.ndarray:
    """Scale the range of values in the image to 8 bits: nobody knows how many bits are used."""
    if pixels.dtype.kind == "u":
        pixels = pixels.astype(np.uint16)  # in this machine's byte order
        range_8 = np.empty(pixels.shape, np.uint8)
        return cv2.normalize(pixels, range_8, 0, 255, cv2.NORM_MINMAX, cv2.CV_8U)
    there = np.isfinite(pixels)  # depth images have NaN and infinity
    low, high = (pixels[there].min(), pixels[there].max()) if there.any() else (0.0, 0.0)
    with np.errstate(all="ignore"):
        scaled = (pixels.astype(np.float64) - low) * (255 / (float(high) - low or np.inf))
    return np.rint(np.where(there, scaled, 0)).astype(np.uint8)


def _planes(msg: Any) -> np.ndarray:
    """Return (3/2 h, w) uint8 as OpenCV expects it, of one of PLANAR."""
    width, height, step = msg.width, msg.height, msg.step
    paired, *_ = PLANAR[msg.encoding]
    if not width or not height:
        raise ImageError(f"image is {width}x{height}: it has no pixels")
    if width % 2 or height % 2:
        raise ImageError(
            f"image is {width}x{height}, but {msg.encoding} holds squares of 2x2 pixels"
        )
    if step < width or not paired and step % 2:
        raise ImageError(
            f"image step is {step} bytes, but a row of {width} {msg.encoding} pixels "
            f"has {width}{'' if paired else ', and an even number'}"
        )
    rows = height * 3 // 2
    least = step * (rows - 1) + width if paired else step * rows - (step - width) // 2
    if len(msg.data) < least:
        raise ImageError(
            f"image data has {len(msg.data)} bytes, but {height} rows of "
            f"{msg.encoding} with step {step} need {step * rows}"
        )
    if paired or step == width:
        return np.ascontiguousarray(
            np.ndarray((rows, width), np.uint8, msg.data, strides=(step, 1))
        )
    luma: np.ndarray = np.ndarray((height, width), np.uint8, msg.data, strides=(step, 1))
    chroma: np.ndarray = np.ndarray(
        (height, width // 2), np.uint8, msg.data, step * height, (step // 2, 1)
    )
    return np.concatenate([luma, chroma.reshape(-1, width)])


def _pixels(msg: Any, channels: int, dtype: str) -> np.ndarray:
    """Return (h, w, channels), or (h, w) for one channel, as a read-only view."""
    kind = np.dtype(dtype).newbyteorder(">" if msg.is_bigendian else "<")
    row = msg.width * channels * kind.itemsize
    if not msg.width or not msg.height:
        raise ImageError(f"image is {msg.width}x{msg.height}: it has no pixels")
    if channels == 2 and msg.width % 2:
        raise ImageError(f"image width is {msg.width}, but {msg.encoding} holds pairs of pixels")
    if msg.step < row:
        raise ImageError(
            f"image step is {msg.step} bytes, but a row of {msg.width} "
            f"{msg.encoding} pixels has {row}"
        )
    if len(msg.data) < msg.step * (msg.height - 1) + row:
        raise ImageError(
            f"image data has {len(msg.data)} bytes, but {msg.height} rows with step "
            f"{msg.step} need {msg.step * msg.height}"
        )
    pixels: np.ndarray = np.ndarray(
        (msg.height, msg.width, channels),
        kind,
        msg.data,
        strides=(msg.step, channels * kind.itemsize, kind.itemsize),
    )
    pixels.flags.writeable = False  # it is the message's own
    return pixels if channels > 1 else pixels[..., 0]


def _ask_cv_bridge(msg: Any, wanted: str) -> np.ndarray:
    try:
        if _cv_bridge_crashes():
            raise ImportError(
                "cv_bridge was built against NumPy 1 and crashes with NumPy "
                f"{np.__version__}: pip install 'numpy<2'"
            )
        from cv_bridge import CvBridge

        return CvBridge().imgmsg_to_cv2(msg, wanted)
    except Exception as err:  # cv_bridge raises its own, and whatever its build lacks
        raise ImageError(
            f"image encoding {msg.encoding!r} is not supported ({err}); use one of "
            f"{', '.join([*ENCODINGS, *PLANAR])}"
        ) from err


@functools.cache
def _cv_bridge_crashes() -> bool:
    """Return whether cv_bridge would crash this process; another process tries it."""
    if np.__version__.startswith("1."):
        return False
    return (
        subprocess.run(
            [sys.executable, "-c", _TRY_CV_BRIDGE], capture_output=True, check=False
        ).returncode
        < 0
    )


def fill(msg: Any, pixels: np.ndarray, encoding: str = "bgr8") -> Any:
    """Put pixels, (h, w, 3) or (h, w), into an Image message, and return it."""
    pixels = np.ascontiguousarray(pixels)
    msg.height, msg.width = pixels.shape[:2]
    msg.encoding, msg.is_bigendian = encoding, 0
    msg.step = pixels.strides[0]
    data = array("B")
    data.frombytes(pixels.data.cast("B"))  # bytes would be checked one by one in rclpy
    msg.data = data
    return msg


def fill_compressed(msg: Any, bgr: np.ndarray, suffix: str = "jpg", quality: int = 95) -> Any:
    """Encode (h, w, 3) uint8 BGR as 'jpg' or 'png' into a CompressedImage, and return it."""
    msg.data = array("B", encode(bgr, suffix, quality))
    msg.format = "jpeg" if suffix == "jpg" else suffix
    return msg


def encode(bgr: np.ndarray, suffix: str, quality: int = 95) -> bytes:
    """Encode (h, w, 3) uint8 BGR as 'jpg' or 'png'. Raises ImageError."""
    options = [cv2.IMWRITE_JPEG_QUALITY, quality] if suffix == "jpg" else []
    try:
        encoded, data = cv2.imencode(f".{suffix}", bgr, options)
    except cv2.error:
        encoded = False
    if not encoded:
        raise ImageError(f"image of shape {bgr.shape} cannot be encoded as {suffix}")
    return data.tobytes()


def _imdecode(data: np.ndarray) -> np.ndarray | None:
    """Decode to (h, w, 3) BGR of 8 or 16 bits or floats. Raises cv2.error."""
    if data[:4].tobytes() not in (b"II*\0", b"MM\0*"):
        return cv2.imdecode(data, cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH)
    image = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)  # TIFFs of floats are not read otherwise
    if image is None:
        return None
    return image[..., :3] if image.ndim == 3 else cv2.cvtColor(image, cv2.COLOR_GRAY2BGR)


def decode(msg: Any) -> np.ndarray:
    """Decode a CompressedImage message to (h, w, 3) uint8 BGR. Raises ImageError."""
    return _decode(msg.data, msg.format, "bgr8")


def decode_file(data: Any) -> np.ndarray:
    """Decode the bytes of an image file to (h, w, 3) uint8 BGR. Raises ImageError."""
    return _decode(data, "", "bgr8")


def _decode(encoded: Any, form: str, wanted: str) -> np.ndarray:
    try:
        data = np.frombuffer(encoded, np.uint8)
        image = decode_jpeg(data) if is_jpeg(data) else None
        if image is None:
            image = _imdecode(data)
    except JpegDamaged as err:
        raise ImageDamaged(
            f"compressed image ({form!r}, {len(encoded)} bytes) is damaged: {err}"
        ) from err
    except (cv2.error, ValueError):  # no data at all, or a size that nobody can hold
        image = None
    if image is None:
        raise ImageError(f"compressed image ({form!r}, {len(encoded)} bytes) cannot be decoded")
    # image_transport writes the image's encoding, and the data's where that is another. It leaves
    # a Bayer pattern in its one channel.
    encoding, _, stored = (part.strip() for part in form.partition(";"))
    mosaic = (
        encoding in ENCODINGS
        and encoding.startswith("bayer_")
        and (not stored.endswith("bgr8") and bool((image.min(2) == image.max(2)).all()))
    )
    if mosaic:
        return _coloured(image[..., 0], encoding, wanted)
    return _coloured(image, "bgr8", wanted)
