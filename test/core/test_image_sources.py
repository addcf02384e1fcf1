# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import functools
import http.server
import os
import struct
import threading
import time
import zlib
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from films import COLOURS, matroska
from skimage.data import astronaut

from dwpose_ros.core.image_files import IMAGES, images_of
from dwpose_ros.core.image_sources import SourceError, open_source


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


def test_an_address_where_nobody_answers():
    told = refused("http://127.0.0.1:9/film", True)
    assert "cannot be opened: is the address right" in told and "plugged" not in told


@pytest.mark.parametrize("name", ["97", "/dev/video97"])
def test_a_camera_that_is_not_there_may_come(name):
    assert refused(name, True).startswith(f"camera {name} cannot be opened: is it plugged in")


@pytest.mark.parametrize(
    "name", ["rtsp://127.0.0.1:9/x", "http://127.0.0.1:9/x.mjpg", "udpx://nothing"]
)
def test_a_stream_that_is_not_there_may_come(name):
    start = time.monotonic()
    assert refused(name, True).startswith(f"stream {name} cannot be opened")
    assert time.monotonic() - start < 5


@pytest.mark.parametrize(
    "name",
    [
        "missing.mp4",
        "no/such/folder",
        "missing.png",
        "-1",
        "1x",
        "~nobody_of_that_name/x.mp4",
        "x\0y",
    ],
)
def test_what_does_not_exist_is_told_with_what_could(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert refused(name, False).startswith(
        f"source {name!r} does not exist: give a camera's number or /dev/..., a video, an image, "
    )


@pytest.mark.parametrize(
    "content",
    [b"", b"just text\n" * 99, b"\0\0\0\x18ftypmp42"],
    ids=["empty", "text", "beginning"],
)
@pytest.mark.parametrize("suffix", [".mp4", ".avi", ""])
def test_a_file_that_is_no_video(tmp_path, content, suffix, capfd):
    path = tmp_path / f"film{suffix}"
    path.write_bytes(content)
    assert refused(str(path), False) == (
        f"video {path} cannot be opened: it is no video that this OpenCV can read"
    )
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


@pytest.mark.parametrize(
    "width, height, shape",
    [
        (0, 0, (48, 64, 3)),
        (64, 48, (48, 64, 3)),
        (32, 24, (24, 32, 3)),
        (100, 20, (20, 100, 3)),
        (32, 0, (24, 32, 3)),
        (0, 24, (24, 32, 3)),
        (0, 96, (96, 128, 3)),
    ],
)
def test_a_size_is_applied_to_videos(video, width, height, shape):
    source = open_source(str(video), width, height)
    assert source.read().shape == source.read().shape == shape
    source.close()


@pytest.mark.parametrize(
    "width, height, shape",
    [
        (0, 0, (30, 40, 3)),
        (20, 15, (15, 20, 3)),
        (20, 0, (15, 20, 3)),
        (1, 1, (1, 1, 3)),
        (0, 1, (1, 1, 3)),
    ],
)
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
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", 200000, 200000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(10)))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    "broken",
    [b"", b"no image", b"\xff\xd8\xff\xe0", huge_png()],
    ids=["empty", "text", "beginning", "huge"],
)
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
        f"image {path} cannot be read: it is damaged or of another format"
    )


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


def turned(path, degrees: int) -> None:
    """Write into an MP4 that it is to be turned, as phones do."""
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4 + 40  # the matrix of a version 0 header
    one = 1 << 16
    a, b = {90: (0, one), 180: (-one, 0), 270: (0, -one)}[degrees]
    data[at : at + 36] = struct.pack(">9i", a, b, 0, -b, a, 0, 0, 0, 1 << 30)
    path.write_bytes(data)


@pytest.mark.parametrize(
    "degrees, shape, code",
    [
        (90, (64, 48), cv2.ROTATE_90_CLOCKWISE),
        (180, (48, 64), cv2.ROTATE_180),
        (270, (64, 48), cv2.ROTATE_90_COUNTERCLOCKWISE),
    ],
)
def test_a_phones_video_is_upright(tmp_path, degrees, shape, code):
    path = tmp_path / "phone.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), 10, (64, 48))
    filmed = np.zeros((48, 64, 3), np.uint8)
    filmed[:24, :32] = 255
    for _ in range(3):
        writer.write(filmed)
    writer.release()
    turned(path, degrees)
    source = open_source(str(path))
    for _ in range(2):
        frame = source.read()
        assert frame.shape[:2] == shape
        assert np.abs(frame.astype(int) - cv2.rotate(filmed, code)).mean() < 10
        assert source.rewind()
    assert f"{shape[1]}x{shape[0]}" in source.description
    source.close()


def test_frames_have_the_times_at_which_they_were_filmed(tmp_path):
    times = [0, 40, 80, 1080, 1100, 2100]
    matroska(tmp_path / "phone.mkv", times)
    source = open_source(str(tmp_path / "phone.mkv"))
    for _ in range(2):
        told = []
        while source.grab():
            told.append(source.time_s)
            assert colour_of(source.retrieve()) == COLOURS[(len(told) - 1) % 5]
        assert np.array(told) - told[0] == pytest.approx(np.array(times) / 1e3, abs=0.002)
        assert source.rewind()
    source.close()


def test_time_goes_on_where_opencv_tells_none(tmp_path, monkeypatch):
    """OpenCV 4.5 tells 0 of the last frames of most videos."""
    matroska(tmp_path / "phone.mkv", [0, 40, 80, 120, 160, 200])
    source = open_source(str(tmp_path / "phone.mkv"))
    period = 1 / source.rate
    for _ in range(2):
        told = iter([0.0, 40.0, 80.0, 80.0, 0.0, 0.0])
        capture = source._capture
        fake = SimpleNamespace(
            grab=capture.grab, get=lambda key, told=told: next(told), release=capture.release
        )
        monkeypatch.setattr(source, "_capture", fake)
        times = [source.time_s for _ in range(6) if source.grab()]
        assert times == pytest.approx([0, 0.04, 0.08, 0.08, 0.08 + period, 0.08 + 2 * period])
        assert source.rewind()
    source.close()


@pytest.fixture
def serve(tmp_path):
    """serve() -> URL of the folder, by a server that cannot begin in the middle of a file."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_) -> None:
            pass

    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=str(tmp_path))
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield lambda: f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.mark.parametrize(
    "name",
    [
        "file://{folder}/{file}",
        "file://localhost{folder}/{file}",
        "FILE:{folder}/{file}",
        "{url}/{file}",
    ],
)
def test_a_recorded_video_is_one_by_whichever_name(video, tmp_path, serve, name):
    name = name.format(folder=tmp_path, file=video.name, url=serve())
    source = open_source(name)
    assert (source.live, source.paced, source.rate) == (False, True, 12.0)
    for _ in range(2):
        assert played(source) == COLOURS
        assert source.rewind()
    source.close()


def test_a_files_url_may_name_images_too_and_spaces(folder):
    path = folder(**{"a b_png": COLOURS[0]}).rename(folder().parent / "my images")
    for url in (path.as_uri(), (path / "a b.png").as_uri()):
        assert "%20" in url and colour_of(open_source(url).read()) == COLOURS[0]
    assert "does not exist" in refused("file:///no/such.mp4", False)


def test_a_folder_is_shown_as_people_count(folder):
    names = ["10.png", "2.png", "1.png", "img11.png", "Img2.png", "img1b.png", "img1a.png"]
    path = folder(**{n.replace(".", "_"): COLOURS[0] for n in names})
    assert [p.name for p in images_of(path)] == [
        "1.png",
        "2.png",
        "10.png",
        "img1a.png",
        "img1b.png",
        "Img2.png",
        "img11.png",
    ]


def test_files_are_known_by_their_content(folder, video):
    path = folder(a_png=COLOURS[0], b_jpg=COLOURS[1])
    (path / "a.png").rename(path / "a")
    (path / "b.jpg").rename(path / "b.dat")
    (path / "notes").write_text("no image")
    assert played(open_source(str(path))) == COLOURS[:2]
    assert colour_of(open_source(str(path / "a")).read()) == COLOURS[0]
    for suffix in ("jpg", "png", "txt", ""):
        renamed = video.with_name(f"film.{suffix}")
        renamed.write_bytes(video.read_bytes())
        assert played(open_source(str(renamed))) == COLOURS


def test_motion_jpeg_is_a_video_and_a_picture_with_another_behind_it_is_not(tmp_path):
    frames = b"".join(
        cv2.imencode(".jpg", np.full((48, 64, 3), colour, np.uint8))[1].tobytes()
        for colour in COLOURS
    )
    (tmp_path / "film.mjpeg").write_bytes(frames)
    (tmp_path / "phone.jpg").write_bytes(frames)
    assert played(open_source(str(tmp_path / "film.mjpeg"))) == COLOURS
    source = open_source(str(tmp_path / "phone.jpg"))
    assert {colour_of(source.read()) for _ in range(9)} == {COLOURS[0]}


def test_a_damaged_photograph_is_no_picture(folder):
    path = folder(a_png=COLOURS[0])
    photograph = cv2.imencode(".jpg", astronaut())[1].tobytes()
    (path / "b.jpg").write_bytes(photograph[: len(photograph) // 2] + b"\xff\xd9")
    assert played(open_source(str(path))) == COLOURS[:1]
    assert "is damaged" in refused(str(path / "b.jpg"), False)


def test_a_pipe_does_not_block(tmp_path):
    os.mkfifo(tmp_path / "pipe.mp4")
    assert refused(str(tmp_path / "pipe.mp4"), False).endswith("is neither a file nor a folder")
    os.mkfifo(tmp_path / "pipe.jpg")
    assert refused(str(tmp_path), False).startswith(f"folder {tmp_path} has no image")


def test_a_damaged_frame_of_a_webcam_is_none(monkeypatch):
    """One that gives JPEGs, which OpenCV would fill up with grey."""
    whole = cv2.imencode(".jpg", astronaut())[1].tobytes()
    sent = [whole, whole[:9000] + b"\xff\xd9", whole]

    class Webcam:
        raw = False

        def __init__(self, target):
            assert target == 0

        def isOpened(self):
            return True

        def set(self, key, value):
            self.raw |= (key, value) == (cv2.CAP_PROP_CONVERT_RGB, 0)
            return True

        def get(self, key):
            return {cv2.CAP_PROP_FOURCC: cv2.VideoWriter_fourcc(*"MJPG")}.get(key, 30)

        def getBackendName(self):
            return "V4L2"

        def grab(self):
            return bool(sent)

        def retrieve(self):
            data = np.frombuffer(sent.pop(0), np.uint8)
            return True, data[None] if self.raw else cv2.imdecode(data, cv2.IMREAD_COLOR)

    monkeypatch.setattr(cv2, "VideoCapture", Webcam)
    source = open_source("0")
    assert [source.grab() and source.retrieve() is not None for _ in range(4)] == [
        True,
        False,
        True,
        False,
    ]
