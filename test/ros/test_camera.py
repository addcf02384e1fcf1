# SPDX-License-Identifier: Apache-2.0
"""The camera node on files, and without a camera."""

from __future__ import annotations

import http.server
import signal
import threading
import time

import cv2
import numpy as np
import pytest
from films import matroska
from harness import wait_until
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters
from sensor_msgs.msg import CameraInfo, Image

from dwpose_ros.ros.conversions import stamp_ns
from dwpose_ros.ros.qos import NEWEST_IMAGE


@pytest.fixture
def folder(tmp_path):
    """Three images of 64 x 48, each of one colour."""
    made = tmp_path / "images"
    made.mkdir()
    for i, colour in enumerate([(255, 0, 0), (0, 255, 0), (0, 0, 255)]):
        cv2.imwrite(str(made / f"{i}.png"), np.full((48, 64, 3), colour, np.uint8))
    return made


def test_images_are_published_in_order_with_the_time_they_are_shown(peer, run, folder):
    images = peer.listen(Image, "image_raw", NEWEST_IMAGE)
    infos = peer.listen(CameraInfo, "camera_info")
    run("camera", source=folder, rate=10.0, loop=True, frame_id="lens")
    wait_until(lambda: len(images) >= 6)
    assert {(i.width, i.height, i.encoding, i.step) for i in images} == {(64, 48, "bgr8", 192)}
    assert {i.header.frame_id for i in images} == {"lens"}
    blues = [i.data[0] for i in images]
    assert blues[:6].count(255) == 2  # every third is blue
    gaps = np.diff([stamp_ns(i.header) for i in images]) / 1e9
    assert np.median(gaps) == pytest.approx(0.1, abs=0.03)
    age = time.time() - stamp_ns(images[-1].header) / 1e9
    assert 0 <= age < 1.0
    wait_until(lambda: infos)
    assert (infos[0].width, infos[0].height) == (64, 48)
    assert stamp_ns(infos[-1].header) in [stamp_ns(i.header) for i in images]


def test_the_rate_changes_while_it_runs_and_the_source_does_not(peer, run, folder):
    images = peer.listen(Image, "image_raw", NEWEST_IMAGE)
    run("camera", source=folder, rate=2.0, loop=True)
    wait_until(lambda: images)

    def change(name, **value):
        return peer.call(
            SetParameters,
            "/camera/set_parameters",
            parameters=[Parameter(name=name, value=ParameterValue(**value))],
        ).results[0]

    assert change("rate", type=ParameterType.PARAMETER_DOUBLE, double_value=40.0).successful
    before = len(images)
    wait_until(lambda: len(images) > before + 20)
    refused = change("source", type=ParameterType.PARAMETER_STRING, string_value="1")
    assert not refused.successful and "while the node is unconfigured" in refused.reason
    refused = change("rate", type=ParameterType.PARAMETER_DOUBLE, double_value=-1.0)
    assert not refused.successful and "range" in refused.reason


@pytest.mark.parametrize(
    "name, content, expected",
    [
        ("absent.mp4", None, "does not exist"),
        ("broken.mp4", b"no video", "no video that this OpenCV can read"),
        ("broken.png", b"no image", "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_read_ends_the_node_with_one_line(
    run, tmp_path, name, content, expected
):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    camera = run("camera", source=path)
    assert camera.ended() == 2
    assert expected in camera.output and str(path) in camera.output
    assert "Traceback" not in camera.output


def test_a_camera_that_is_not_there_is_waited_for(run):
    camera = run("camera", source="/dev/video77")
    camera.says("trying again")
    assert camera.popen.poll() is None
    assert camera.stop(signal.SIGINT) == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_cleanly(run, folder, number):
    camera = run("camera", source=folder, loop=True)
    camera.says("image(s)")
    # `ros2 run` of ROS 2 dies of SIGTERM itself; the node, in its group, ends by its own will.
    assert camera.stop(number, 5.0) in (0, -signal.SIGTERM)
    assert "Traceback" not in camera.output


def test_a_wrong_parameter_type_is_one_line(run, folder):
    camera = run("camera", source=folder, rate="fast")
    assert camera.ended() == 2
    assert "rate" in camera.output and "fast" in camera.output
    assert "Traceback" not in camera.output


class Stream:
    """A network camera: motion JPEG over HTTP, which can be unplugged and plugged in again."""

    def __init__(self) -> None:
        _, jpeg = cv2.imencode(".jpg", np.full((48, 64, 3), 128, np.uint8))
        part = (
            b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(jpeg)
            + jpeg.tobytes()
            + b"\r\n"
        )
        stream = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if stream.unplugged:
                    return self.send_error(503)
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
                self.end_headers()
                while not stream.unplugged:
                    self.wfile.write(part)
                    time.sleep(0.03)

            def log_message(self, *_) -> None:
                pass

        self.unplugged = False
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/stream.mjpg"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.unplugged = True
        self._server.shutdown()


def test_a_camera_that_is_unplugged_comes_back(peer, run):
    stream = Stream()
    images = peer.listen(Image, "image_raw", NEWEST_IMAGE)
    camera = run("camera", source=stream.url)
    wait_until(lambda: images)
    stream.unplugged = True
    camera.says("may be unplugged", 40.0)
    camera.says("trying again", 40.0)
    stream.unplugged = False
    before = len(images)
    wait_until(lambda: len(images) > before + 3)
    stream.close()
    assert camera.stop(signal.SIGINT, 15.0) == 0


def test_it_ends_quietly_while_it_waits_for_subscribers(run, folder):
    """Asking a publisher is an error once the context is shut down: tried at several moments."""
    for moment in (0.0, 0.01, 0.02, 0.03, 0.04):
        camera = run("camera", source=folder)
        camera.says("image")
        time.sleep(moment)
        assert camera.stop() == 0 and "Traceback" not in camera.output


CALIBRATION = """image_width: 128
image_height: 96
distortion_model: plumb_bob
camera_matrix: {rows: 3, cols: 3, data: [110.0, 0, 64, 0, 110, 48, 0, 0, 1]}
distortion_coefficients: {rows: 1, cols: 5, data: [0, 0, 0, 0, 0]}
rectification_matrix: {rows: 3, cols: 3, data: [1, 0, 0, 0, 1, 0, 0, 0, 1]}
projection_matrix: {rows: 3, cols: 4, data: [110, 0, 64, 0, 0, 110, 48, 0, 0, 0, 1, 0]}
"""


def test_a_calibration_is_scaled_to_the_pictures(peer, run, folder, tmp_path):
    (tmp_path / "c.yaml").write_text(CALIBRATION)
    peer.listen(Image, "image_raw", NEWEST_IMAGE)
    infos = peer.listen(CameraInfo, "camera_info")
    camera = run("camera", source=folder, loop=True, calibration=tmp_path / "c.yaml")
    wait_until(lambda: infos)
    assert (infos[0].width, infos[0].height) == (64, 48)
    assert list(infos[0].k) == [55.0, 0, 32, 0, 55, 24, 0, 0, 1]
    assert list(infos[0].p) == [55.0, 0, 32, 0, 0, 55, 24, 0, 0, 0, 1, 0]
    camera.says("for 128x96 pixels, was scaled to 64x48")


def test_a_calibration_of_another_aspect_ratio_is_not_published(peer, run, folder, tmp_path):
    (tmp_path / "c.yaml").write_text(CALIBRATION.replace("96", "72"))
    peer.listen(Image, "image_raw", NEWEST_IMAGE)
    infos = peer.listen(CameraInfo, "camera_info")
    camera = run("camera", source=folder, loop=True, calibration=tmp_path / "c.yaml")
    wait_until(lambda: infos)
    assert (infos[0].width, infos[0].height) == (64, 48) and not any(infos[0].k)
    camera.says("for 128x72 pixels and does not fit 64x48")


def test_a_recording_is_shown_at_its_frames_own_times(peer, run, tmp_path):
    """As phones film: with a pause between some frames, which an average would spread out.

    The median of several showings counts: on a busy machine some frames are late.
    """
    matroska(tmp_path / "film.mkv", [0, 100, 200, 1200, 1300, 1400])
    images = peer.listen(Image, "image_raw", 100)
    camera = run("camera", source=(tmp_path / "film.mkv").as_uri(), loop=True)
    wait_until(lambda: len(images) >= 7 * 6)
    stamps = np.array([stamp_ns(i.header) for i in images[: 7 * 6]]) / 1e9
    gaps = np.median(np.diff(stamps.reshape(7, 6), axis=1), axis=0)
    assert gaps == pytest.approx([0.1, 0.1, 1.0, 0.1, 0.1], abs=0.06)
    assert camera.popen.poll() is None
