# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import io
import struct
import sys
import tracemalloc
import zlib
from array import array
from types import SimpleNamespace

import cv2
import numpy as np
import PIL.Image
import pytest

from dwpose_ros.core import images
from dwpose_ros.core import jpeg as jpegs
from dwpose_ros.core.image_encodings import ENCODINGS, PLANAR
from dwpose_ros.core.images import (
    ImageDamaged,
    ImageError,
    decode,
    encode,
    fill,
    fill_compressed,
    to_bgr,
    to_depth,
    to_rgb,
)

RED, GREEN, BLUE, WHITE, BLACK = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255,) * 3, (0,) * 3


def message(
    encoding: str, width: int, height: int, data, step: int | None = None, big: bool = False
):
    """Anything with the fields of a sensor_msgs/Image."""
    data = array("B", data)
    step = len(data) // height if step is None else step
    return SimpleNamespace(
        encoding=encoding, width=width, height=height, step=step, is_bigendian=int(big), data=data
    )


# One pixel of each colour (RGB, in that order) as each encoding has it, from its definition.
PIXELS = {
    "bgr8": {RED: (0, 0, 255), GREEN: (0, 255, 0), BLUE: (255, 0, 0)},
    "8UC3": {RED: (0, 0, 255), GREEN: (0, 255, 0), BLUE: (255, 0, 0)},
    "rgb8": {RED: (255, 0, 0), GREEN: (0, 255, 0), BLUE: (0, 0, 255)},
    "bgra8": {RED: (0, 0, 255, 9), GREEN: (0, 255, 0, 9), BLUE: (255, 0, 0, 9)},
    "rgba8": {RED: (255, 0, 0, 9), GREEN: (0, 255, 0, 9), BLUE: (0, 0, 255, 9)},
    "mono8": {WHITE: (255,), BLACK: (0,), (99,) * 3: (99,)},
    "8UC1": {WHITE: (255,), BLACK: (0,), (99,) * 3: (99,)},
}
# The same for two pixels of one colour: ITU-R BT.601 of limited range, U Y V Y or Y U Y V.
YUV = {
    RED: (90, 82, 240),
    GREEN: (54, 145, 34),
    BLUE: (240, 41, 110),
    WHITE: (128, 235, 128),
    BLACK: (128, 16, 128),
}


@pytest.mark.parametrize(
    "encoding, colour, pixel",
    [
        (encoding, colour, pixel)
        for encoding, table in PIXELS.items()
        for colour, pixel in table.items()
    ],
)
def test_colours(encoding, colour, pixel):
    msg = message(encoding, 3, 2, pixel * 6)
    assert np.array_equal(to_rgb(msg), np.full((2, 3, 3), colour))
    assert np.array_equal(to_bgr(msg), np.full((2, 3, 3), colour[::-1]))


@pytest.mark.parametrize(
    "encoding, order",
    [("yuv422", "uyvy"), ("uyvy", "uyvy"), ("yuv422_yuy2", "yuyv"), ("yuyv", "yuyv")],
)
@pytest.mark.parametrize("colour", YUV)
def test_colours_of_packed_yuv(encoding, order, colour):
    u, y, v = YUV[colour]
    pair = (u, y, v, y) if order == "uyvy" else (y, u, y, v)
    msg = message(encoding, 4, 2, pair * 4)
    assert to_rgb(msg).shape == (2, 4, 3)
    assert np.abs(to_rgb(msg).astype(int) - colour).max() <= 2
    assert np.abs(to_bgr(msg).astype(int) - colour[::-1]).max() <= 2


@pytest.mark.parametrize("encoding", ["mono16", "16UC1"])
@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("padding", [0, 1, 6])
def test_16_bits_are_shown_in_their_range_in_either_byte_order(encoding, big, padding):
    """A depth image in millimetres would be black, were its upper byte taken."""
    values = np.array([[500, 1000], [1500, 2500]], ">u2" if big else "<u2")
    rows = b"".join(row.tobytes() + b"\x77" * padding for row in values)
    msg = message(encoding, 2, 2, rows, step=4 + padding, big=big)
    wanted = np.array([[0, 63.75], [127.5, 255]])
    for image in (to_bgr(msg), to_rgb(msg)):
        assert image.dtype == np.uint8 and np.abs(image - wanted[..., None]).max() <= 1


def test_16_bits_without_contrast():
    assert not to_bgr(message("mono16", 2, 1, [5, 1] * 2)).any()


def test_byte_order_does_not_matter_to_bytes():
    assert tuple(to_rgb(message("rgb8", 1, 1, RED, big=True))[0, 0]) == RED


@pytest.mark.parametrize(
    "encoding, pixel",
    [("rgb8", (1, 2, 3)), ("bgr8", (3, 2, 1)), ("rgba8", (1, 2, 3, 4)), ("bgra8", (3, 2, 1, 4))],
)
@pytest.mark.parametrize("padding", [1, 4, 100])
def test_padded_rows(encoding, pixel, padding):
    row = bytes(pixel * 4) + b"\xee" * padding
    msg = message(encoding, 4, 3, row * 3, step=len(row))
    assert np.array_equal(to_rgb(msg), np.full((3, 4, 3), (1, 2, 3)))


def test_the_last_row_may_lack_its_padding():
    row = bytes(RED * 2) + b"\xee" * 10
    msg = message("rgb8", 2, 2, row + row[:6], step=16)
    assert np.array_equal(to_rgb(msg), np.full((2, 2, 3), RED))


def test_rows_and_columns_stay_in_place():
    pixels = np.arange(2 * 3 * 3, dtype=np.uint8)
    assert np.array_equal(to_bgr(message("bgr8", 3, 2, pixels)), pixels.reshape(2, 3, 3))


@pytest.mark.parametrize(
    "convert, encoding", [(to_bgr, "bgr8"), (to_bgr, "8UC3"), (to_rgb, "rgb8")]
)
@pytest.mark.parametrize("padding", [0, 5])
def test_what_needs_no_conversion_is_not_copied(convert, encoding, padding):
    msg = message(encoding, 4, 3, bytes((12 + padding) * 3), step=12 + padding)
    view = convert(msg)
    assert np.shares_memory(view, np.frombuffer(msg.data, np.uint8))
    assert not view.flags.writeable  # it is the message's own
    msg.data[0] = 200
    assert view[0, 0, 0] == 200


@pytest.mark.parametrize(
    "data", [bytes, bytearray, memoryview, lambda b: np.frombuffer(b, np.uint8)]
)
def test_any_buffer_will_do(data):
    msg = message("rgb8", 2, 2, RED * 4)
    msg.data = data(bytes(RED * 4))
    assert np.array_equal(to_bgr(msg), np.full((2, 2, 3), RED[::-1]))


@pytest.mark.parametrize(
    "encoding, width, height, step, length, said",
    [
        ("bgr8", 4, 4, 11, 48, "step is 11 bytes, but a row of 4 bgr8 pixels has 12"),
        ("mono16", 4, 4, 7, 48, "step is 7 bytes, but a row of 4 mono16 pixels has 8"),
        ("yuv422", 4, 4, 0, 48, "step is 0 bytes, but a row of 4 yuv422 pixels has 8"),
        ("bgr8", 4, 4, 12, 47, "data has 47 bytes, but 4 rows with step 12 need 48"),
        ("bgr8", 4, 4, 12, 0, "data has 0 bytes, but 4 rows with step 12 need 48"),
        ("bgr8", 4, 4, 2**32 - 1, 48, "data has 48 bytes, but 4 rows with step 4294967295 need"),
        ("bgr8", 2**31, 2**31, 2**32 - 1, 48, "step is 4294967295 bytes, but a row of 2147483648"),
        ("bgr8", 0, 4, 0, 0, "image is 0x4"),
        ("bgr8", 4, 0, 12, 0, "image is 4x0"),
        ("mono8", 0, 0, 0, 0, "image is 0x0"),
        ("yuv422", 3, 2, 6, 12, "width is 3, but yuv422 holds pairs of pixels"),
    ],
)
@pytest.mark.parametrize("convert", [to_bgr, to_rgb])
def test_what_a_message_says_of_itself_must_be_true(
    encoding, width, height, step, length, said, convert
):
    msg = SimpleNamespace(
        encoding=encoding,
        width=width,
        height=height,
        step=step,
        is_bigendian=0,
        data=array("B", bytes(length)),
    )
    with pytest.raises(ImageError) as caught:
        convert(msg)
    assert said in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("encoding", ["", "BGR8", "jpeg", "nonsense", "64FC7"])
def test_an_unknown_encoding_is_named_with_those_there_are(encoding):
    with pytest.raises(ImageError) as caught:
        to_bgr(message(encoding, 2, 2, bytes(12)))
    message_text = str(caught.value)
    assert message_text.startswith(f"image encoding {encoding!r} is not supported (")
    assert "use one of bgr8, rgb8," in message_text and "\n" not in message_text


def test_without_cv_bridge_an_unknown_encoding_is_an_image_error(monkeypatch):
    monkeypatch.setitem(sys.modules, "cv_bridge", None)
    with pytest.raises(ImageError, match="'64FC1' is not supported .*cv_bridge"):
        to_bgr(message("64FC1", 1, 1, bytes(8)))


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("pattern", ["rggb", "bggr", "gbrg", "grbg"])
def test_bayer(pattern, bits):
    colour = {"r": 0, "g": 51, "b": 255}
    tile = np.array([colour[c] for c in pattern], f"<u{bits // 8}").reshape(2, 2)
    msg = message(f"bayer_{pattern}{bits}", 8, 6, np.tile(tile, (3, 4)).tobytes())
    assert (to_bgr(msg) == [255, 51, 0]).all() and (to_rgb(msg) == [0, 51, 255]).all()


def test_a_cv_bridge_that_would_crash_is_left_alone(monkeypatch):
    monkeypatch.setattr(images, "_TRY_CV_BRIDGE", "import os; os.abort()")
    monkeypatch.setattr(np, "__version__", "2.1.0")
    images._cv_bridge_crashes.cache_clear()
    try:
        with pytest.raises(ImageError, match="built against NumPy 1 and crashes with NumPy 2.1.0"):
            to_bgr(message("64FC1", 1, 1, bytes(8)))
    finally:
        images._cv_bridge_crashes.cache_clear()


def test_common_encodings_do_not_ask_for_cv_bridge(monkeypatch):
    monkeypatch.setitem(sys.modules, "cv_bridge", None)
    for encoding, table in PIXELS.items():
        to_bgr(message(encoding, 2, 1, next(iter(table.values())) * 2))


def empty():
    return SimpleNamespace()


@pytest.mark.parametrize(
    "encoding, shape",
    [("bgr8", (5, 7, 3)), ("rgb8", (5, 7, 3)), ("mono8", (5, 7)), ("bgra8", (5, 7, 4))],
)
def test_fill(encoding, shape):
    pixels = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    msg = fill(empty(), pixels, encoding)
    assert (msg.height, msg.width, msg.encoding, msg.is_bigendian) == (5, 7, encoding, 0)
    assert msg.step == pixels[0].size
    assert isinstance(msg.data, array) and msg.data.typecode == "B"
    assert np.array_equal(np.frombuffer(msg.data, np.uint8).reshape(shape), pixels)


@pytest.mark.parametrize(
    "view",
    [
        lambda a: a[..., ::-1],
        lambda a: a[::2, 1::3],
        lambda a: a.transpose(1, 0, 2),
        lambda a: a[:, ::-1],
        lambda a: a[2:, 3:],
        np.asfortranarray,
    ],
)
def test_pixels_that_are_not_in_one_piece_come_back(view):
    pixels = view(np.random.default_rng(0).integers(0, 256, (9, 12, 3), np.uint8))
    assert not pixels.flags.c_contiguous
    assert np.array_equal(to_bgr(fill(empty(), pixels)), pixels)


def test_a_real_message_takes_it():
    message_type = pytest.importorskip("sensor_msgs.msg").Image
    pixels = np.full((2, 2, 3), RED, np.uint8)
    assert np.array_equal(to_bgr(fill(message_type(), pixels, "rgb8")), pixels[..., ::-1])


def test_what_was_read_can_be_written_again():
    msg = message("bgr8", 2, 2, bytes(range(16)), step=8)  # read-only, and with padding
    again = fill(empty(), to_bgr(msg))
    assert again.step == 6 and np.array_equal(to_bgr(again), to_bgr(msg))


@pytest.mark.parametrize("suffix, said, error", [("png", "png", 0), ("jpg", "jpeg", 3)])
def test_compressed_there_and_back(suffix, said, error):
    pixels = np.full((16, 24, 3), RED[::-1], np.uint8)
    msg = fill_compressed(empty(), pixels, suffix)
    assert msg.format == said and isinstance(msg.data, array)
    assert np.abs(decode(msg).astype(int) - pixels).max() <= error


def test_quality_is_of_the_jpeg():
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    low, high = (len(fill_compressed(empty(), pixels, "jpg", q).data) for q in (30, 95))
    assert low < high / 2


@pytest.mark.parametrize(
    "shape, suffix",
    [((0, 0, 3), "jpg"), ((4, 4, 3), "docx"), ((1, 66000, 3), "jpg"), ((4, 4, 7), "png")],
)
def test_what_cannot_be_encoded(shape, suffix):
    with pytest.raises(ImageError) as caught:
        encode(np.zeros(shape, np.uint8), suffix)
    assert str(caught.value) == f"image of shape {shape} cannot be encoded as {suffix}"


def huge_png() -> bytes:
    """A few bytes that claim to be an image of 40 thousand megapixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 200000, 200000, 8, 2, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(bytes(10)))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    "data",
    [b"", b"x", b"\xff\xd8\xff", bytes(1000), huge_png()],
    ids=["empty", "text", "beginning", "zeros", "huge"],
)
def test_what_cannot_be_decoded(data):
    with pytest.raises(ImageError) as caught:
        decode(SimpleNamespace(format="jpeg", data=array("B", data)))
    assert str(caught.value) == (f"compressed image ('jpeg', {len(data)} bytes) cannot be decoded")


@pytest.mark.parametrize(
    "encoding, code, values, kind",
    [
        ("16UC1", "H", (0, 1500, 65535), "uint16"),
        ("mono16", "H", (0, 1500, 65535), "uint16"),
        ("32FC1", "f", (0.0, 1.5, np.nan), "float32"),
    ],
)
@pytest.mark.parametrize("big", [False, True])
def test_depth_is_given_as_it_is(encoding, code, values, kind, big):
    row = struct.pack(f"{'>' if big else '<'}3{code}", *values) + b"pad!"
    depth = to_depth(message(encoding, 3, 2, row * 2, big=big))
    assert np.array_equal(depth, [values] * 2, equal_nan=code == "f")
    assert depth.dtype.newbyteorder("=") == kind and not depth.flags.writeable


def test_a_picture_is_no_depth():
    with pytest.raises(ImageError, match="'bgr8' is not supported; use one of 16UC1"):
        to_depth(message("bgr8", 1, 1, [0, 0, 0]))


def jpeg(quality: int = 90, **options: int) -> bytes:
    """A picture with detail everywhere, 160 x 120."""
    pixels = np.random.default_rng(0).integers(0, 256, (15, 20, 3), np.uint8)
    pixels = cv2.resize(pixels, (160, 120), interpolation=cv2.INTER_CUBIC)
    flags = [cv2.IMWRITE_JPEG_QUALITY, quality]
    for name, value in options.items():
        flags += [getattr(cv2, f"IMWRITE_JPEG_{name}"), value]
    return cv2.imencode(".jpg", pixels, flags)[1].tobytes()


def compressed(data: bytes, said: str = "jpeg"):
    return SimpleNamespace(format=said, data=array("B", data))


END = b"\xff\xd9"
RESTARTS = {"RST_INTERVAL": 2}


@pytest.mark.parametrize(
    "damage",
    [
        lambda d: d[: len(d) * 2 // 3] + END,
        lambda d: d[: len(d) * 2 // 3],
        lambda d: d[: len(d) // 2] + d[len(d) // 2 + 300 :],
        lambda d: d[:-20] + END,
        lambda d: d[: len(d) // 2] + bytes(400) + d[len(d) // 2 + 400 :],
    ],
    ids=["end lost", "cut off", "middle lost", "little lost", "zeroed"],
)
@pytest.mark.parametrize(
    "options", [{}, RESTARTS, {"PROGRESSIVE": 1}], ids=["plain", "restarts", "progressive"]
)
@pytest.mark.parametrize("convert", [to_bgr, to_rgb, decode])
def test_a_damaged_jpeg_is_refused(damage, options, convert):
    data = damage(jpeg(**options))
    with pytest.raises(ImageDamaged) as caught:
        convert(compressed(data))
    assert str(caught.value).startswith(f"compressed image ('jpeg', {len(data)} bytes) is damaged")
    assert "\n" not in str(caught.value)


def without_tables(data: bytes) -> bytes:
    """As motion JPEG cameras leave out the standard Huffman tables."""
    at = data.index(b"\xff\xc4")
    while at > 0:
        data = data[:at] + data[at + 2 + int.from_bytes(data[at + 2 : at + 4], "big") :]
        at = data.find(b"\xff\xc4")
    return data


def with_segment(data: bytes, marker: int, content: bytes) -> bytes:
    return (
        data[:2]
        + bytes([0xFF, marker])
        + (len(content) + 2).to_bytes(2, "big")
        + content
        + data[2:]
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d,
        lambda d: d + bytes(500),
        lambda d: d + b"\xff" * 50,
        lambda d: d + d,
        lambda d: d[:-2] + b"\0" + END,
        lambda d: d[:-2] + bytes(200) + END,
        lambda d: d[:-2] + b"\xff" * 200 + END,
        lambda d: d[:-2] + b"\1\2\3\4\5\6" + END,
        lambda d: d[:-2],
        without_tables,
        lambda d: with_segment(d, 0xE0, b"AVI1" + bytes(10)),
        lambda d: with_segment(d, 0xE2, b"ICC_PROFILE\0\7\3" + bytes(20)),
        lambda d: with_segment(d, 0xFE, b"a comment"),
        lambda d: with_segment(d, 0xE1, b"Exif\0\0" + d[:-300]),
    ],
    ids=[
        "plain",
        "zeros behind",
        "fill behind",
        "another behind",
        "a zero",
        "zeros",
        "fill",
        "a few bytes",
        "no end marker",
        "no tables",
        "AVI1",
        "odd ICC",
        "comment",
        "thumbnail",
    ],
)
@pytest.mark.parametrize("options", [{}, RESTARTS], ids=["plain", "restarts"])
def test_what_real_cameras_make_of_a_jpeg_is_no_damage(change, options):
    whole = cv2.imdecode(np.frombuffer(jpeg(**options), np.uint8), cv2.IMREAD_COLOR)
    assert np.array_equal(decode(compressed(change(jpeg(**options)))), whole)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_jpeg_that_is_to_be_turned_is(orientation):
    exif = (
        b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0"
        + bytes([orientation])
        + bytes(6)
    )
    data = with_segment(jpeg(), 0xE1, exif)
    wanted = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert np.array_equal(decode(compressed(data)), wanted)
    assert wanted.shape == ((160, 120, 3) if orientation > 4 else (120, 160, 3))
    with pytest.raises(ImageDamaged):
        decode(compressed(data[:-1000] + END))


def test_a_grey_jpeg_and_one_of_cmyk_are_read():
    grey = cv2.imencode(".jpg", np.full((16, 16), 77, np.uint8))[1].tobytes()
    assert (decode(compressed(grey)) == 77).all()
    file = io.BytesIO()
    PIL.Image.new("CMYK", (16, 16), (0, 255, 255, 0)).save(file, "JPEG")
    assert np.abs(to_rgb(compressed(file.getvalue())).astype(int) - RED).max() < 12


def test_without_simplejpeg_jpegs_are_still_read_and_that_is_said_once(monkeypatch, caplog):
    monkeypatch.setattr(jpegs, "simplejpeg", None)
    jpegs._warn.cache_clear()
    for _ in range(2):
        assert decode(compressed(jpeg())).shape == (120, 160, 3)
    assert [r.getMessage() for r in caplog.records if "pip install simplejpeg" in r.getMessage()]
    assert len(caplog.records) == 1
    jpegs._warn.cache_clear()


def test_a_jpeg_that_claims_to_be_huge_costs_no_memory():
    data = jpeg()
    at = data.index(b"\xff\xc0") + 5
    claims = data[:at] + b"\xff\xfe\xff\xfe" + data[at + 4 :]
    tracemalloc.start()
    with pytest.raises(ImageError):
        decode(compressed(claims))
    assert tracemalloc.get_traced_memory()[1] < 10**8
    tracemalloc.stop()


def scene() -> np.ndarray:
    """(64, 96, 3) BGR, smooth, from black to white."""
    ramp = np.linspace(0, 255, 96) * np.linspace(0.2, 1, 64)[:, None]
    made = np.stack([ramp, ramp[::-1], ramp[:, ::-1]], -1).round().astype(np.uint8)
    made[:8, :16], made[:8, 16:32] = 0, 255
    return made


SCENE = scene()
GREY = cv2.cvtColor(SCENE, cv2.COLOR_BGR2GRAY)
ALPHA = np.full((64, 96, 1), 9, np.uint8)


def mosaic(pattern: str) -> np.ndarray:
    """What a Bayer sensor of that pattern sees of the scene."""
    made = np.empty((64, 96), np.uint8)
    for i, letter in enumerate(pattern):
        y, x = divmod(i, 2)
        made[y::2, x::2] = SCENE[y::2, x::2, "bgr".index(letter)]
    return made


def planes(encoding: str) -> np.ndarray:
    i420 = cv2.cvtColor(SCENE, cv2.COLOR_BGR2YUV_I420)
    u, v = i420[64:80].reshape(-1), i420[80:].reshape(-1)
    chroma = {
        "nv12": np.stack([u, v], -1),
        "nv21": np.stack([v, u], -1),
        "yv12": np.concatenate([v, u]),
    }.get(encoding, np.concatenate([u, v]))
    return np.concatenate([i420[:64], chroma.reshape(32, 96)])


def packed(luma: int) -> np.ndarray:
    """YUV 4:2:2 whose pairs of bytes have the brightness first, or second."""
    i420 = cv2.cvtColor(SCENE, cv2.COLOR_BGR2YUV_I420)
    u, v = (np.repeat(i420[a : a + 16].reshape(32, 48), 2, 0) for a in (64, 80))
    made = np.empty((64, 96, 2), np.uint8)
    made[..., luma] = i420[:64]
    made[:, 0::2, 1 - luma], made[:, 1::2, 1 - luma] = u, v
    return made


RGB = SCENE[..., ::-1]
# Each encoding of sensor_msgs/image_encodings.hpp, and more that drivers send, and what of the
# scene has to be in it. Values of 12 bits stand for all above 8.
DEEP = 16
PATTERNS = ("rggb", "bggr", "gbrg", "grbg")
RAW = {
    "bgr8": SCENE,
    "8UC3": SCENE,
    "rgb8": RGB,
    "bgra8": np.dstack([SCENE, ALPHA]),
    "8UC4": np.dstack([SCENE, ALPHA]),
    "rgba8": np.dstack([RGB, ALPHA]),
    "bgr16": SCENE.astype("u2") * DEEP,
    "16UC3": SCENE.astype("u2") * DEEP,
    "rgb16": RGB.astype("u2") * DEEP,
    "bgra16": np.dstack([SCENE.astype("u2") * DEEP, ALPHA.astype("u2") * 7000]),
    "16UC4": np.dstack([SCENE.astype("u2") * DEEP, ALPHA.astype("u2") * 7000]),
    "rgba16": np.dstack([RGB.astype("u2") * DEEP, ALPHA.astype("u2") * 7000]),
    "mono8": GREY,
    "8UC1": GREY,
    "mono16": GREY.astype("u2") * DEEP,
    "16UC1": GREY.astype("u2") * DEEP,
    "32FC1": GREY.astype("f4") / 100,
    "32FC3": SCENE.astype("f4") / 255,
    "32FC4": np.dstack([SCENE.astype("f4") / 255, ALPHA.astype("f4")]),
    "yuv422": packed(1),
    "uyvy": packed(1),
    "yuv422_yuy2": packed(0),
    "yuyv": packed(0),
    **{name: planes(name) for name in ("nv12", "nv21", "i420", "yuv420", "yv12")},
    **{f"bayer_{pattern}8": mosaic(pattern) for pattern in PATTERNS},
    **{f"bayer_{pattern}16": mosaic(pattern).astype("u2") * DEEP for pattern in PATTERNS},
}


def test_the_table_has_every_encoding():
    assert RAW.keys() == ENCODINGS.keys() | PLANAR.keys()


def likeness(image: np.ndarray, encoding: str) -> float:
    """How far most of an image is from the scene, in values of 255."""
    grey = encoding in ("mono8", "8UC1", "mono16", "16UC1", "32FC1")
    wanted = np.dstack([GREY] * 3) if grey else SCENE
    assert image.shape == wanted.shape and image.dtype == np.uint8
    # Where colours jump, those of half the resolution are off.
    return float(np.percentile(np.abs(image.astype(int) - wanted)[:, 2:-2], 90))


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("padding", [0, 6])
@pytest.mark.parametrize("encoding", RAW)
def test_the_same_picture_in_every_encoding(encoding, padding, big):
    pixels = RAW[encoding]
    stored = pixels.astype(pixels.dtype.newbyteorder(">" if big else "<"))
    halves = encoding in ("i420", "yuv420", "yv12")  # two rows of colours in one
    rows = [row.tobytes() for row in stored]
    if halves:
        rows = rows[:64] + [half for row in rows[64:] for half in (row[:48], row[48:])]
    data = b"".join(
        row + b"\x55" * (padding // 2 if len(row) == 48 and halves else padding) for row in rows
    )
    msg = message(encoding, 96, 64, data, step=len(rows[0]) + padding, big=big)
    assert likeness(to_bgr(msg), encoding) <= 6
    assert np.array_equal(to_rgb(msg), to_bgr(msg)[..., ::-1])


@pytest.mark.parametrize("suffix", ["png", "tiff", "jpeg"])
@pytest.mark.parametrize(
    "encoding", [name for name in RAW if not (name in PLANAR or "yu" in name or "uyvy" in name)]
)
def test_the_same_picture_compressed(encoding, suffix):
    """As image_transport does it: colours become bgr, all else is stored as it is."""
    pixels = RAW[encoding]
    if suffix != "tiff" and pixels.dtype == "f4" or suffix == "jpeg" and pixels.itemsize > 1:
        pytest.skip("that format does not hold it")
    stored = ""
    if encoding.startswith("rgb"):
        pixels = np.dstack([pixels[..., 2::-1], pixels[..., 3:]])
    if encoding.startswith(("rgb", "bgr")):
        stored = f"bgr{pixels.itemsize * 8}"
    flags = [cv2.IMWRITE_JPEG_QUALITY, 100] if suffix == "jpeg" else []
    data = cv2.imencode(
        f".{suffix}", pixels[..., :3] if suffix == "jpeg" and pixels.ndim == 3 else pixels, flags
    )[1]
    msg = compressed(data.tobytes(), f"{encoding}; {suffix} compressed {stored}")
    raw = to_bgr(message(encoding, 96, 64, RAW[encoding].tobytes()))
    assert likeness(to_bgr(msg), encoding) <= 6
    off = np.abs(to_bgr(msg).astype(int) - raw)
    # TIFFs keep floats of three channels to 2 % only.
    assert (
        (np.percentile(off, 95) <= 4)
        if suffix == "jpeg"
        else (off.max() <= 9 * (encoding == "32FC3"))
    )
    assert np.array_equal(to_rgb(msg), to_bgr(msg)[..., ::-1])
    assert np.array_equal(decode(msg), to_bgr(msg))


def test_a_bayer_image_that_became_a_picture_stays_one():
    data = cv2.imencode(".png", SCENE)[1].tobytes()
    for stored in ("bgr8", ""):
        msg = compressed(data, f"bayer_rggb8; png compressed {stored}")
        assert np.array_equal(to_bgr(msg), SCENE)


def test_floats_that_are_no_numbers_are_black():
    values = np.array([[np.nan, np.inf, -np.inf, 1.0, 2.0, 3.0]], "<f4")
    assert to_bgr(message("32FC1", 6, 1, values.tobytes()))[0, :, 0].tolist() == [
        0,
        0,
        0,
        0,
        128,
        255,
    ]
    assert not to_bgr(message("32FC1", 2, 1, np.full(2, np.nan, "<f4").tobytes())).any()


@pytest.mark.parametrize(
    "encoding, width, height, step, length, said",
    [
        ("nv12", 5, 4, 5, 99, "image is 5x4, but nv12 holds squares of 2x2 pixels"),
        ("i420", 4, 3, 4, 99, "image is 4x3, but i420 holds"),
        ("nv21", 4, 4, 3, 99, "image step is 3 bytes, but a row of 4 nv21 pixels has 4"),
        ("yv12", 4, 4, 5, 99, "row of 4 yv12 pixels has 4, and an even number"),
        ("nv12", 4, 4, 4, 23, "data has 23 bytes, but 4 rows of nv12 with step 4 need 24"),
        ("i420", 4, 4, 4, 23, "data has 23 bytes, but 4 rows of i420 with step 4 need 24"),
        ("nv12", 0, 4, 4, 23, "image is 0x4: it has no pixels"),
    ],
)
def test_planes_must_be_what_they_say(encoding, width, height, step, length, said):
    with pytest.raises(ImageError, match=said):
        to_bgr(message(encoding, width, height, bytes(length), step=step))
