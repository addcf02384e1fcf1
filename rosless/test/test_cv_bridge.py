# SPDX-License-Identifier: Apache-2.0
"""cv_bridge: conversions between images and arrays, and those that it refuses."""

from __future__ import annotations

from array import array

import numpy as np
import pytest
from cv_bridge import CvBridge, CvBridgeError
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

bridge = CvBridge()
RED = {
    "bgr8": [0, 0, 255],
    "rgb8": [255, 0, 0],
    "bgra8": [0, 0, 255, 255],
    "rgba8": [255, 0, 0, 255],
}


def image(pixels, encoding: str, padding: int = 0, **fields) -> Image:
    """Return a message with these pixels, and with unused bytes at the end of each row."""
    rows = np.ascontiguousarray(pixels).reshape(len(pixels), -1).view(np.uint8)
    rows = np.pad(rows, ((0, 0), (0, padding)), constant_values=77)
    fields = {"height": len(pixels), "width": np.shape(pixels)[1], "step": rows.shape[1], **fields}
    return Image(encoding=encoding, data=array("B", rows.tobytes()), **fields)


@pytest.mark.parametrize(
    "encoding, dtype, channels",
    [
        ("bgr8", "u1", 3),
        ("rgba8", "u1", 4),
        ("mono8", "u1", 1),
        ("mono16", "u2", 1),
        ("8UC1", "u1", 1),
        ("8UC2", "u1", 2),
        ("16UC1", "u2", 1),
        ("16SC1", "i2", 1),
        ("32FC1", "f4", 1),
        ("32FC3", "f4", 3),
        ("32SC1", "i4", 1),
        ("64FC1", "f8", 1),
    ],
)
@pytest.mark.parametrize("padding", [0, 5, 8])
@pytest.mark.parametrize("big", [False, True])
def test_pixels_come_as_they_were_sent(encoding, dtype, channels, padding, big):
    stored = (">" if big else "<") + dtype
    pixels = np.arange(3 * 4 * channels).reshape(3, 4, channels).astype(stored)
    got = bridge.imgmsg_to_cv2(image(pixels, encoding, padding, is_bigendian=int(big)))
    assert got.dtype == np.dtype(dtype) and got.dtype.isnative
    assert got.shape == ((3, 4) if channels == 1 else (3, 4, channels))
    assert np.array_equal(got.ravel(), pixels.ravel())


def test_nothing_is_copied_where_nothing_is_converted():
    message = image(np.zeros((2, 2, 3), np.uint8), "bgr8")
    bridge.imgmsg_to_cv2(message)[0, 0, 0] = 9
    assert message.data[0] == 9


@pytest.mark.parametrize("source", RED)
@pytest.mark.parametrize("target", RED)
def test_red_stays_red(source, target):
    pixels = np.full((2, 2, len(RED[source])), RED[source], np.uint8)
    assert bridge.imgmsg_to_cv2(image(pixels, source, 3), target)[1, 1].tolist() == RED[target]


@pytest.mark.parametrize(
    "encoding, pixels, bgr",
    [
        ("mono8", [[7, 7], [7, 7]], [7, 7, 7]),
        ("yuv422", [[[128, 90], [128, 90]]], [86, 86, 86]),  # U Y V Y
        ("yuv422_yuy2", [[[90, 128], [90, 128]]], [86, 86, 86]),
        ("bayer_rggb8", [[255, 0, 255, 0], [0, 0, 0, 0]] * 2, [0, 0, 255]),
        ("bayer_bggr8", [[255, 0, 255, 0], [0, 0, 0, 0]] * 2, [255, 0, 0]),
    ],
)
def test_colours_of_other_encodings(encoding, pixels, bgr):
    got = bridge.imgmsg_to_cv2(image(np.array(pixels, np.uint8), encoding), "bgr8")
    assert got[0, 0].tolist() == bgr


def test_depth_is_scaled_between_8_and_16_bits():
    assert bridge.imgmsg_to_cv2(image(np.uint8([[255]]), "mono8"), "mono16")[0, 0] == 65535
    assert bridge.imgmsg_to_cv2(image(np.uint16([[65535]]), "mono16"), "mono8")[0, 0] == 255


@pytest.mark.parametrize(
    "change, message",
    [
        ({"step": 11}, "step is 11 bytes, but a row of 4 pixels in bgr8 has 12"),
        ({"height": 9}, "data has 36 bytes, but 9 rows of step 12 have 108"),
        ({"width": 0}, "image is empty: 0x3"),
        ({"encoding": "bgr9"}, "unknown image encoding 'bgr9': it must be one of bgr8, rgb8"),
    ],
)
def test_messages_that_lie_are_refused(change, message):
    lying = image(np.zeros((3, 4, 3), np.uint8), "bgr8")
    for name, value in change.items():
        setattr(lying, name, value)
    with pytest.raises(CvBridgeError, match=message):
        bridge.imgmsg_to_cv2(lying)


@pytest.mark.parametrize(
    "source, target, message",
    [
        ("8UC3", "bgr8", "is not a color format"),
        ("bgr8", "8UC1", "has 3 channels, but .8UC1. has 1: they must have the same"),
        ("bgr8", "bayer_rggb8", "cannot be converted"),
        ("bgr8", "yuv422", "cannot be converted"),
    ],
)
def test_conversions_that_make_no_sense_are_refused(source, target, message):
    with pytest.raises(CvBridgeError, match=message):
        bridge.imgmsg_to_cv2(image(np.zeros((2, 2, 3), np.uint8), source), target)


def test_an_array_becomes_a_message():
    pixels = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    message = bridge.cv2_to_imgmsg(pixels[:, ::2], "bgr8", Header(frame_id="camera"))
    assert (message.height, message.width, message.step, message.encoding) == (2, 2, 6, "bgr8")
    assert message.header.frame_id == "camera"
    assert message.data.tobytes() == pixels[:, ::2].tobytes()
    assert bridge.cv2_to_imgmsg(np.zeros((2, 2), np.float32)).encoding == "32FC1"
    assert bridge.cv2_to_imgmsg(np.zeros((2, 2), ">u2"), "mono16").is_bigendian == 1


@pytest.mark.parametrize(
    "array_, encoding, message",
    [
        (np.zeros((2, 2), np.uint8), "bgr8", "specified as bgr8, but image has .* type 8UC1"),
        (np.zeros((2, 2), np.int64), "passthrough", "an image of int64 has no encoding"),
        (np.zeros((0, 2), np.uint8), "mono8", r"without a 0, not \(0, 2\)"),
        ([[1]], "mono8", "must be a numpy.ndarray, not list"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(array_, encoding, message):
    with pytest.raises(TypeError, match=message):  # CvBridgeError is a TypeError
        bridge.cv2_to_imgmsg(array_, encoding)


def test_compressed_images():
    pixels = np.full((8, 8, 3), RED["bgr8"], np.uint8)
    message = bridge.cv2_to_compressed_imgmsg(pixels, "png")
    assert message.format == "png"
    assert np.array_equal(bridge.compressed_imgmsg_to_cv2(message), pixels)
    assert bridge.compressed_imgmsg_to_cv2(message, "rgb8")[0, 0].tolist() == RED["rgb8"]
    assert len(bridge.cv2_to_compressed_imgmsg(pixels).data)  # jpg
    for data in (b"", b"nonsense"):
        with pytest.raises(CvBridgeError, match="'jpeg' and . bytes cannot be decoded"):
            bridge.compressed_imgmsg_to_cv2(CompressedImage(format="jpeg", data=data))
    with pytest.raises(CvBridgeError, match="'xyz'"):
        bridge.cv2_to_compressed_imgmsg(pixels, "xyz")
