from __future__ import annotations

import struct
import sys
import zlib
from array import array
from types import SimpleNamespace

import numpy as np
import pytest

from dwpose_ros import images
from dwpose_ros.images import (_ENCODINGS, ImageError, decode, encode, fill, fill_compressed,
                               to_bgr, to_depth, to_rgb)

RED, GREEN, BLUE, WHITE, BLACK = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255,) * 3, (0,) * 3


def message(encoding: str, width: int, height: int, data, step: int | None = None,
            big: bool = False):
    """Anything with the fields of a sensor_msgs/Image."""
    data = array("B", data)
    step = len(data) // height if step is None else step
    return SimpleNamespace(encoding=encoding, width=width, height=height, step=step,
                           is_bigendian=int(big), data=data)


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
YUV = {RED: (90, 82, 240), GREEN: (54, 145, 34), BLUE: (240, 41, 110), WHITE: (128, 235, 128),
       BLACK: (128, 16, 128)}


@pytest.mark.parametrize("encoding, colour, pixel", [
    (encoding, colour, pixel) for encoding, table in PIXELS.items()
    for colour, pixel in table.items()])
def test_colours(encoding, colour, pixel):
    msg = message(encoding, 3, 2, pixel * 6)
    assert np.array_equal(to_rgb(msg), np.full((2, 3, 3), colour))
    assert np.array_equal(to_bgr(msg), np.full((2, 3, 3), colour[::-1]))


@pytest.mark.parametrize("encoding, order", [
    ("yuv422", "uyvy"), ("uyvy", "uyvy"), ("yuv422_yuy2", "yuyv"), ("yuyv", "yuyv")])
@pytest.mark.parametrize("colour", YUV)
def test_colours_of_packed_yuv(encoding, order, colour):
    u, y, v = YUV[colour]
    pair = (u, y, v, y) if order == "uyvy" else (y, u, y, v)
    msg = message(encoding, 4, 2, pair * 4)
    assert to_rgb(msg).shape == (2, 4, 3)
    assert np.abs(to_rgb(msg).astype(int) - colour).max() <= 2
    assert np.abs(to_bgr(msg).astype(int) - colour[::-1]).max() <= 2


def test_the_tables_above_have_every_encoding():
    bayer = {name for name in _ENCODINGS if name.startswith("bayer_")}  # have a test of their own
    assert set(_ENCODINGS) - bayer == {
        *PIXELS, "mono16", "16UC1", "yuv422", "uyvy", "yuv422_yuy2", "yuyv"}


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


@pytest.mark.parametrize("encoding, pixel", [
    ("rgb8", (1, 2, 3)), ("bgr8", (3, 2, 1)), ("rgba8", (1, 2, 3, 4)), ("bgra8", (3, 2, 1, 4))])
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


@pytest.mark.parametrize("convert, encoding", [(to_bgr, "bgr8"), (to_bgr, "8UC3"),
                                               (to_rgb, "rgb8")])
@pytest.mark.parametrize("padding", [0, 5])
def test_what_needs_no_conversion_is_not_copied(convert, encoding, padding):
    msg = message(encoding, 4, 3, bytes((12 + padding) * 3), step=12 + padding)
    view = convert(msg)
    assert np.shares_memory(view, np.frombuffer(msg.data, np.uint8))
    assert not view.flags.writeable  # it is the message's own
    msg.data[0] = 200
    assert view[0, 0, 0] == 200


@pytest.mark.parametrize("data", [bytes, bytearray, memoryview,
                                  lambda b: np.frombuffer(b, np.uint8)])
def test_any_buffer_will_do(data):
    msg = message("rgb8", 2, 2, RED * 4)
    msg.data = data(bytes(RED * 4))
    assert np.array_equal(to_bgr(msg), np.full((2, 2, 3), RED[::-1]))


@pytest.mark.parametrize("encoding, width, height, step, length, said", [
    ("bgr8", 4, 4, 11, 48, "step is 11 bytes, but a row of 4 bgr8 pixels has 12"),
    ("mono16", 4, 4, 7, 48, "step is 7 bytes, but a row of 4 mono16 pixels has 8"),
    ("yuv422", 4, 4, 0, 48, "step is 0 bytes, but a row of 4 yuv422 pixels has 8"),
    ("bgr8", 4, 4, 12, 47, "data has 47 bytes, but 4 rows with step 12 need 48"),
    ("bgr8", 4, 4, 12, 0, "data has 0 bytes, but 4 rows with step 12 need 48"),
    ("bgr8", 4, 4, 2**32 - 1, 48, "data has 48 bytes, but 4 rows with step 4294967295 need"),
    ("bgr8", 2**31, 2**31, 2**32 - 1, 48, "step is 4294967295 bytes, but a row of 2147483648"),
    ("bgr8", 0, 4, 0, 0, "image is 0x4"), ("bgr8", 4, 0, 12, 0, "image is 4x0"),
    ("mono8", 0, 0, 0, 0, "image is 0x0"),
    ("yuv422", 3, 2, 6, 12, "width is 3, but yuv422 holds pairs of pixels"),
])
@pytest.mark.parametrize("convert", [to_bgr, to_rgb])
def test_what_a_message_says_of_itself_must_be_true(encoding, width, height, step, length, said,
                                                    convert):
    msg = SimpleNamespace(encoding=encoding, width=width, height=height, step=step,
                          is_bigendian=0, data=array("B", bytes(length)))
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
    with pytest.raises(ImageError, match="'32FC1' is not supported .*cv_bridge"):
        to_bgr(message("32FC1", 1, 1, bytes(4)))


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
            to_bgr(message("32FC1", 1, 1, bytes(4)))
    finally:
        images._cv_bridge_crashes.cache_clear()


def test_common_encodings_do_not_ask_for_cv_bridge(monkeypatch):
    monkeypatch.setitem(sys.modules, "cv_bridge", None)
    for encoding, table in PIXELS.items():
        to_bgr(message(encoding, 2, 1, next(iter(table.values())) * 2))


def empty():
    return SimpleNamespace()


@pytest.mark.parametrize("encoding, shape", [
    ("bgr8", (5, 7, 3)), ("rgb8", (5, 7, 3)), ("mono8", (5, 7)), ("bgra8", (5, 7, 4))])
def test_fill(encoding, shape):
    pixels = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    msg = fill(empty(), pixels, encoding)
    assert (msg.height, msg.width, msg.encoding, msg.is_bigendian) == (5, 7, encoding, 0)
    assert msg.step == pixels[0].size
    assert isinstance(msg.data, array) and msg.data.typecode == "B"
    assert np.array_equal(np.frombuffer(msg.data, np.uint8).reshape(shape), pixels)


@pytest.mark.parametrize("view", [
    lambda a: a[..., ::-1], lambda a: a[::2, 1::3], lambda a: a.transpose(1, 0, 2),
    lambda a: a[:, ::-1], lambda a: a[2:, 3:], np.asfortranarray])
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


@pytest.mark.parametrize("shape, suffix", [
    ((0, 0, 3), "jpg"), ((4, 4, 3), "docx"), ((1, 66000, 3), "jpg"), ((4, 4, 7), "png")])
def test_what_cannot_be_encoded(shape, suffix):
    with pytest.raises(ImageError) as caught:
        encode(np.zeros(shape, np.uint8), suffix)
    assert str(caught.value) == f"image of shape {shape} cannot be encoded as {suffix}"


def huge_png() -> bytes:
    """A few bytes that claim to be an image of 40 thousand megapixels."""
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(
            ">I", zlib.crc32(kind + data))

    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 200000, 200000, 8, 2,
                                                              0, 0, 0))
            + chunk(b"IDAT", zlib.compress(bytes(10))) + chunk(b"IEND", b""))


@pytest.mark.parametrize("data", [
    b"", b"x", b"\xff\xd8\xff", bytes(1000), huge_png()],
    ids=["empty", "text", "beginning", "zeros", "huge"])
def test_what_cannot_be_decoded(data):
    with pytest.raises(ImageError) as caught:
        decode(SimpleNamespace(format="jpeg", data=array("B", data)))
    assert str(caught.value) == (
        f"compressed image ('jpeg', {len(data)} bytes) cannot be decoded")


@pytest.mark.parametrize("encoding, code, values, kind", [
    ("16UC1", "H", (0, 1500, 65535), "uint16"), ("mono16", "H", (0, 1500, 65535), "uint16"),
    ("32FC1", "f", (0.0, 1.5, np.nan), "float32")])
@pytest.mark.parametrize("big", [False, True])
def test_depth_is_given_as_it_is(encoding, code, values, kind, big):
    row = struct.pack(f"{'>' if big else '<'}3{code}", *values) + b"pad!"
    depth = to_depth(message(encoding, 3, 2, row * 2, big=big))
    assert np.array_equal(depth, [values] * 2, equal_nan=code == "f")
    assert depth.dtype.newbyteorder("=") == kind and not depth.flags.writeable


def test_a_picture_is_no_depth():
    with pytest.raises(ImageError, match="'bgr8' is not supported; use one of 16UC1"):
        to_depth(message("bgr8", 1, 1, [0, 0, 0]))
