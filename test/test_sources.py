from __future__ import annotations

import struct
import time
import zlib

import cv2
import numpy as np
import pytest
from skimage.data import astronaut

from dwpose_ros.sources import IMAGES, SourceError, open_source

COLOURS = [(0, 0, 255), (0, 255, 0), (255, 0, 0), (0, 255, 255), (255, 0, 255)]  # BGR


@pytest.fixture
def video(tmp_path):
    """Five frames, each of one colour, 64 x 48 at 12 Hz."""
    path = tmp_path / "colours.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 12, (64, 48))
    assert writer.isOpened()
    for colour in COLOURS:
        writer.write(np.full((48, 64, 3), colour, np.uint8))
    writer.release()
    return path


@pytest.fixture
def folder(tmp_path):
    """folder(name=colour, ...) -> a folder with these images, 40 x 30."""
    path = tmp_path / "images"
    path.mkdir()

    def _make(**images):
        for name, colour in images.items():
            name = name.replace("_", ".")
            assert cv2.imwrite(str(path / name), np.full((30, 40, 3), colour, np.uint8))
        return path

    return _make


def colour_of(frame) -> tuple[int, int, int] | None:
    """The colour of COLOURS that a frame shows."""
    if frame is None:
        return None
    mean = frame.reshape(-1, 3).mean(0)
    return min(COLOURS, key=lambda colour: np.abs(mean - colour).sum())


def played(source) -> list:
    frames = []
    while (frame := source.read()) is not None:
        assert frame.dtype == np.uint8 and frame.ndim == 3
        frames.append(colour_of(frame))
        assert len(frames) < 100
    return frames


def refused(name: str, may_come_back: bool) -> str:
    with pytest.raises(SourceError) as caught:
        open_source(name)
    assert caught.value.may_come_back is may_come_back
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("name", ["97", "/dev/video97"])
def test_a_camera_that_is_not_there_may_come(name):
    assert refused(name, True).startswith(f"camera {name} cannot be opened: is it plugged in")


@pytest.mark.parametrize("name", ["rtsp://127.0.0.1:9/x", "http://127.0.0.1:9/x.mjpg",
                                  "udpx://nothing"])
def test_a_stream_that_is_not_there_may_come(name):
    start = time.monotonic()
    assert refused(name, True).startswith(f"stream {name} cannot be opened")
    assert time.monotonic() - start < 5


@pytest.mark.parametrize("name", ["missing.mp4", "no/such/folder", "missing.png", "-1", "1x",
                                  "~nobody_of_that_name/x.mp4", "x\0y"])
def test_what_does_not_exist_is_told_with_what_could(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert refused(name, False).startswith(
        f"source {name!r} does not exist: give a camera's number or /dev/..., a video, an image, ")


@pytest.mark.parametrize("content", [b"", b"just text\n" * 99, b"\0\0\0\x18ftypmp42"],
                         ids=["empty", "text", "beginning"])
@pytest.mark.parametrize("suffix", [".mp4", ".avi", ""])
def test_a_file_that_is_no_video(tmp_path, content, suffix, capfd):
    path = tmp_path / f"film{suffix}"
    path.write_bytes(content)
    assert refused(str(path), False) == (
        f"video {path} cannot be opened: it is no video that this OpenCV can read")
    if tuple(map(int, cv2.__version__.split("-")[0].split(".")[:3])) >= (4, 5, 5):
        assert capfd.readouterr() == ("", "")  # one line says it, not OpenCV's and FFmpeg's too


def test_an_empty_folder(tmp_path):
    (tmp_path / "notes.txt").write_text("no image")
    message = refused(str(tmp_path), False)
    assert message == f"folder {tmp_path} has no image ({', '.join(IMAGES)})"


def test_a_video_plays_once(video):
    source = open_source(str(video))
    assert (source.live, source.paced, source.rate) == (False, True, 12.0)
    assert "64x48, 12 frames/s" in source.description
    assert played(source) == COLOURS
    assert source.read() is None
    source.close()


def test_a_video_begins_again(video):
    source = open_source(str(video))
    for _ in range(3):
        assert played(source) == COLOURS
        assert source.rewind()
    source.read()
    assert source.rewind() and played(source) == COLOURS
    source.close()


@pytest.mark.parametrize("width, height, shape", [
    (0, 0, (48, 64, 3)), (64, 48, (48, 64, 3)), (32, 24, (24, 32, 3)), (100, 20, (20, 100, 3)),
    (32, 0, (24, 32, 3)), (0, 24, (24, 32, 3)), (0, 96, (96, 128, 3))])
def test_a_size_is_applied_to_videos(video, width, height, shape):
    source = open_source(str(video), width, height)
    assert source.read().shape == source.read().shape == shape
    source.close()


@pytest.mark.parametrize("width, height, shape", [
    (0, 0, (30, 40, 3)), (20, 15, (15, 20, 3)), (20, 0, (15, 20, 3)), (1, 1, (1, 1, 3)),
    (0, 1, (1, 1, 3))])
def test_a_size_is_applied_to_images(folder, width, height, shape):
    path = folder(a_png=COLOURS[0])
    assert open_source(str(path), width, height).read().shape == shape
    assert open_source(str(path / "a.png"), width, height).read().shape == shape


def test_a_folder_is_shown_by_name(folder):
    path = folder(b_png=COLOURS[1], a_jpg=COLOURS[0], c_bmp=COLOURS[2])
    source = open_source(str(path))
    assert (source.live, source.paced) == (False, True) and source.rate > 0
    assert source.description == f"3 image(s) of {path}"
    assert played(source) == COLOURS[:3]
    assert source.read() is None
    assert source.rewind() and played(source) == COLOURS[:3]
    source.close()


def huge_png() -> bytes:
    """A few bytes that claim to be an image of 40 thousand megapixels."""
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(
            ">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 200000, 200000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(
        b"IDAT", zlib.compress(bytes(10))) + chunk(b"IEND", b"")


@pytest.mark.parametrize("broken", [b"", b"no image", b"\xff\xd8\xff\xe0", huge_png()],
                         ids=["empty", "text", "beginning", "huge"])
@pytest.mark.parametrize("name", ["0.png", "b.jpg", "z.png"])
def test_a_broken_image_among_good_ones_is_left_out(folder, broken, name):
    path = folder(a_png=COLOURS[0], c_png=COLOURS[1])
    (path / name).write_bytes(broken)
    (path / "notes.txt").write_text("none")
    (path / "folder.png").mkdir()
    source = open_source(str(path))
    for _ in range(2):
        assert played(source) == COLOURS[:2]
        assert source.rewind()


@pytest.mark.parametrize("broken", [b"", huge_png()], ids=["empty", "huge"])
def test_a_folder_of_broken_images_has_no_frame(folder, broken):
    """And says so on rewind, so that nobody loops over nothing for ever."""
    path = folder()
    (path / "a.png").write_bytes(broken)
    source = open_source(str(path))
    assert source.read() is None
    assert not source.rewind()


def test_a_single_image_is_shown_for_ever(folder):
    source = open_source(str(folder(only_PNG=COLOURS[3]) / "only.PNG"))
    assert source.paced and not source.live
    assert {colour_of(source.read()) for _ in range(200)} == {COLOURS[3]}
    assert source.rewind() and colour_of(source.read()) == COLOURS[3]
    source.close()


@pytest.mark.parametrize("broken", [b"", b"no image", huge_png()], ids=["empty", "text", "huge"])
def test_a_single_image_that_is_broken(tmp_path, broken):
    path = tmp_path / "x.png"
    path.write_bytes(broken)
    assert refused(str(path), False) == (
        f"image {path} cannot be read: it is damaged or of another format")


def test_a_photograph_comes_in_its_colours(tmp_path):
    """BGR, whatever the file holds: grey and transparent ones as well."""
    bgr = np.ascontiguousarray(astronaut()[..., ::-1])
    cv2.imwrite(str(tmp_path / "a.png"), bgr)
    cv2.imwrite(str(tmp_path / "b.png"), cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY))
    cv2.imwrite(str(tmp_path / "c.png"), cv2.cvtColor(bgr, cv2.COLOR_BGR2BGRA))
    source = open_source(str(tmp_path))
    colour, grey, transparent = source.read(), source.read(), source.read()
    assert np.array_equal(colour, bgr) and np.array_equal(transparent, bgr)
    assert grey.shape == bgr.shape and np.array_equal(grey[..., 0], grey[..., 2])


def test_home_is_expanded(folder, monkeypatch):
    path = folder(a_png=COLOURS[0])
    monkeypatch.setenv("HOME", str(path.parent))
    assert colour_of(open_source("~/images").read()) == COLOURS[0]
