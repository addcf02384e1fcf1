# SPDX-License-Identifier: Apache-2.0
"""Convert between ROS images and OpenCV's arrays."""

from __future__ import annotations

import re
from array import array
from typing import NamedTuple

import cv2
import numpy as np
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header


class CvBridgeError(TypeError):
    """Raised for an image that contradicts itself, or a conversion that is impossible."""


class Encoding(NamedTuple):
    """How the pixels of an encoding are stored."""

    dtype: np.dtype
    channels: int
    colour: str = ""  # OpenCV's name of the colour space; empty for plain numbers


# OpenCV names a Bayer pattern after the second and third pixel of the second row; ROS names it
# after the first pixels.
_BAYER = {"rggb": "BayerBG", "bggr": "BayerRG", "gbrg": "BayerGR", "grbg": "BayerGB"}
_NAMED = {
    **{
        f"{name}{bits}": Encoding(np.dtype(f"u{bits // 8}"), channels, colour)
        for bits in (8, 16)
        for name, channels, colour in [
            ("bgr", 3, "BGR"),
            ("rgb", 3, "RGB"),
            ("bgra", 4, "BGRA"),
            ("rgba", 4, "RGBA"),
            ("mono", 1, "GRAY"),
            *((f"bayer_{p}", 1, c) for p, c in _BAYER.items()),
        ]
    },
    **{
        name: Encoding(np.dtype("u1"), 2, colour)
        for name, colour in [
            ("yuv422", "YUV_UYVY"),
            ("uyvy", "YUV_UYVY"),
            ("yuv422_yuy2", "YUV_YUY2"),
            ("yuyv", "YUV_YUY2"),
        ]
    },
}
_DTYPES = {"8U": "u1", "8S": "i1", "16U": "u2", "16S": "i2", "32S": "i4", "32F": "f4", "64F": "f8"}
_TARGETS = ("BGR", "RGB", "BGRA", "RGBA", "GRAY")


def parse_encoding(name: str) -> Encoding:
    """Return how an encoding stores pixels. Raises CvBridgeError if it is unknown."""
    if name in _NAMED:
        return _NAMED[name]
    match = re.fullmatch(r"(8U|8S|16U|16S|32S|32F|64F)(?:C([1-9]\d*))?", name)
    if not match:
        raise CvBridgeError(
            f"unknown image encoding {name!r}: it must be one of "
            f"{', '.join(_NAMED)} or of the form 8UC3, 16UC1, 32FC1"
        )
    return Encoding(np.dtype(_DTYPES[match[1]]), int(match[2] or 1))


class CvBridge:
    """Converts between `sensor_msgs` and arrays of shape (height, width[, channels])."""

    def imgmsg_to_cv2(self, img_msg: Image, desired_encoding: str = "passthrough") -> np.ndarray:
        """Return the image as an array; without a conversion, it shares the message's memory.

        Raises CvBridgeError if the message contradicts itself or cannot be converted.
        """
        encoding = parse_encoding(img_msg.encoding)
        return _convert(_view(img_msg, encoding), encoding, img_msg.encoding, desired_encoding)

    def cv2_to_imgmsg(
        self, cvim: np.ndarray, encoding: str = "passthrough", header: Header | None = None
    ) -> Image:
        """Return an array as a message. Raises CvBridgeError if the encoding does not fit."""
        height, width, channels = _shape(cvim)
        if encoding == "passthrough":
            encoding = _plain_name(cvim.dtype, channels)
        wanted = parse_encoding(encoding)
        if wanted[:2] != (cvim.dtype.newbyteorder("="), channels):
            raise CvBridgeError(
                f"encoding specified as {encoding}, but image has incompatible "
                f"type {_plain_name(cvim.dtype, channels)}"
            )
        big = cvim.dtype.newbyteorder(">") == cvim.dtype and cvim.itemsize > 1
        message = Image(
            height=height,
            width=width,
            encoding=encoding,
            is_bigendian=int(big),
            step=width * channels * cvim.itemsize,
        )
        if header is not None:
            message.header = header
        message.data = _bytes(np.ascontiguousarray(cvim))
        return message

    def compressed_imgmsg_to_cv2(
        self, cmprs_img_msg: CompressedImage, desired_encoding: str = "passthrough"
    ) -> np.ndarray:
        """Return the decoded image. Raises CvBridgeError if OpenCV cannot decode it."""
        data = np.frombuffer(cmprs_img_msg.data, np.uint8)
        image = cv2.imdecode(data, cv2.IMREAD_UNCHANGED) if len(data) else None
        if image is None:
            raise CvBridgeError(
                f"compressed image of format {cmprs_img_msg.format!r} and "
                f"{len(data)} bytes cannot be decoded"
            )
        *_, channels = _shape(image)
        name = {1: "mono", 3: "bgr", 4: "bgra"}[channels] + str(image.itemsize * 8)
        if name not in _NAMED:  # for example a TIFF of floats
            name = _plain_name(image.dtype, channels)
        return _convert(image, parse_encoding(name), name, desired_encoding)

    def cv2_to_compressed_imgmsg(
        self, cvim: np.ndarray, dst_format: str = "jpg"
    ) -> CompressedImage:
        """Return an array, with colours in OpenCV's order, as a compressed message."""
        _shape(cvim)
        try:
            done, data = cv2.imencode("." + dst_format, cvim)
        except cv2.error as err:
            raise CvBridgeError(
                f"image of shape {cvim.shape} and {cvim.dtype} cannot be written "
                f"as {dst_format!r}: {err}"
            ) from err
        if not done:
            raise CvBridgeError(f"image cannot be written as {dst_format!r}")
        message = CompressedImage(format=dst_format)
        message.data = _bytes(data)
        return message

    def encoding_to_dtype_with_channels(self, encoding: str) -> tuple[str, int]:
        parsed = parse_encoding(encoding)
        return parsed.dtype.name, parsed.channels


def _shape(image: np.ndarray) -> tuple[int, int, int]:
    if not isinstance(image, np.ndarray):
        raise TypeError(f"image must be a numpy.ndarray, not {type(image).__name__}")
    if image.ndim not in (2, 3) or not image.size:
        raise CvBridgeError(
            "image must have the shape (height, width) or (height, width, "
            f"channels) without a 0, not {image.shape}"
        )
    height, width, channels = (*image.shape, 1)[:3]
    return height, width, channels


def _plain_name(dtype: np.dtype, channels: int) -> str:
    for name, code in _DTYPES.items():
        if np.dtype(code) == dtype.newbyteorder("="):
            return f"{name}C{channels}"
    raise CvBridgeError(
        f"an image of {dtype} has no encoding: it must be one of "
        f"{', '.join(np.dtype(c).name for c in _DTYPES.values())}"
    )


def _view(message: Image, encoding: Encoding) -> np.ndarray:
    """Return the pixels in the machine's byte order, without a copy if that is possible."""
    height, width, step = message.height, message.width, message.step
    dtype, channels = encoding.dtype, encoding.channels
    row = width * channels * dtype.itemsize
    data = memoryview(message.data).cast("B") if len(message.data) else b""
    if not height or not width:
        raise CvBridgeError(f"image is empty: {width}x{height}")
    if step < row:
        raise CvBridgeError(
            f"step is {step} bytes, but a row of {width} pixels in {message.encoding} has {row}"
        )
    if len(data) < step * height:
        raise CvBridgeError(
            f"data has {len(data)} bytes, but {height} rows of step {step} have {step * height}"
        )
    stored = dtype.newbyteorder(">" if message.is_bigendian else "<")
    shape = (height, width) if channels == 1 else (height, width, channels)
    strides = (step, channels * dtype.itemsize, dtype.itemsize)[: len(shape)]
    image = np.ndarray(shape, stored, data, strides=strides)
    return image.astype(dtype) if stored != dtype else image


def _convert(
    image: np.ndarray, source: Encoding, source_name: str, target_name: str
) -> np.ndarray:
    if target_name in ("passthrough", "", source_name):
        return image
    target = parse_encoding(target_name)
    if target.colour and not source.colour:
        raise CvBridgeError(
            f"[{source_name}] is not a color format, but [{target_name}] is: "
            "the conversion does not make sense"
        )
    if target.colour in ("", source.colour):
        if source.channels != target.channels:
            raise CvBridgeError(
                f"[{source_name}] has {source.channels} channels, but [{target_name}] has "
                f"{target.channels}: they must have the same number"
            )
        return _scale(image, target.dtype)
    base, *variant = source.colour.split("_")  # YUV_UYVY to BGR is COLOR_YUV2BGR_UYVY
    code = getattr(cv2, "_".join(["COLOR", f"{base}2{target.colour}", *variant]), None)
    if target.colour not in _TARGETS or code is None:
        raise CvBridgeError(f"[{source_name}] cannot be converted to [{target_name}]")
    try:
        return _scale(cv2.cvtColor(np.ascontiguousarray(image), code), target.dtype)
    except cv2.error as err:
        raise CvBridgeError(
            f"[{source_name}] cannot be converted to [{target_name}]: {err}"
        ) from err


def _scale(image: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Convert pixels to `dtype`.

    Between 8 and 16 bits they are scaled, as in ROS; else each keeps its value, or gets the
    nearest one that the type has.
    """
    if image.dtype == dtype:
        return image
    factor = {(1, 2): 257.0, (2, 1): 1 / 257.0}.get((image.itemsize, dtype.itemsize), 1)
    if dtype.kind == "f":
        return image.astype(dtype)
    limits = np.iinfo(dtype)
    values = np.rint(np.nan_to_num(image * factor))
    return np.clip(values, limits.min, limits.max).astype(dtype)


def _bytes(pixels: np.ndarray) -> array:
    made = array("B")
    made.frombytes(memoryview(pixels).cast("B"))
    return made
