# SPDX-License-Identifier: Apache-2.0
"""The camera node with a webcam that does as the test says."""

from __future__ import annotations

import math
import threading

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from harness import wait_until
from rclpy.lifecycle import TransitionCallbackReturn
from sensor_msgs.msg import Image
from test_faults import Health

from dwpose_ros.nodes import camera
from dwpose_ros.ros import local_topics
from dwpose_ros.ros.conversions import stamp_ns
from dwpose_ros.ros.qos import NEWEST_IMAGE

SUCCESS, FAILURE = TransitionCallbackReturn.SUCCESS, TransitionCallbackReturn.FAILURE


class Webcam:
    """A source that does as the test says: `grabs` are True, False, or an exception; then it goes
    on giving frames. It waits where `stalled` is not set."""

    live, paced, rate, description, time_s = True, False, 0.0, "a webcam", float("nan")
    stamp_ns, missing = None, "no more frames, the camera may be unplugged"

    def __init__(self, shade: int = 1, grabs=()) -> None:
        self.shade, self._grabs = shade, list(grabs)
        self.goes_on, self.reading, self.closed = threading.Event(), threading.Event(), False
        self.goes_on.set()
        self.retrieved_ns = []
        self.clock = None

    def grab(self) -> bool:
        self.reading.set()
        self.goes_on.wait(30.0)
        assert not self.closed, "read after it was closed"
        threading.Event().wait(0.02)  # a camera's pace
        done = self._grabs.pop(0) if self._grabs else True
        if isinstance(done, Exception):
            raise done
        return done

    def retrieve(self):
        if self.clock:
            self.shade = len(self.retrieved_ns) % 256
            self.retrieved_ns.append(self.clock.now().nanoseconds)
        return np.full((48, 64, 3), self.shade, np.uint8)

    def read(self):
        return self.retrieve() if self.grab() else None

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def webcams(monkeypatch, spin):
    """webcams(source, ...) -> a configured camera node whose webcam is each of these in turn."""
    monkeypatch.setattr(camera, "RETRY_S", 0.05)

    def make(*sources):
        waiting = list(sources)
        monkeypatch.setattr(camera, "open_source", lambda *_: waiting.pop(0))
        node = spin(camera.CameraNode())
        node.left = waiting
        assert node.trigger_configure() == SUCCESS
        return node

    return make


def test_a_camera_that_hangs_is_not_called_inactive_and_never_read_by_two(peer, webcams, active):
    images, health = peer.listen(Image, "image_raw", NEWEST_IMAGE), Health(peer)
    first, second = Webcam(1), Webcam(2)
    node = webcams(first, second)
    assert node.trigger_activate() == SUCCESS
    wait_until(lambda: images)
    first.goes_on.clear()
    first.reading.clear()
    assert first.reading.wait(5.0)
    assert node.trigger_deactivate() == FAILURE
    assert active("camera") and not first.closed
    assert "thread camera is still at work" in node.last_error
    wait_until(
        lambda: (
            (told := health.of("camera"))
            and told.level == DiagnosticStatus.ERROR
            and ("still at work" in told.message)
        )
    )
    first.goes_on.set()
    wait_until(lambda: first.closed)
    assert node.trigger_deactivate() == SUCCESS and node.last_error == ""
    assert node.trigger_activate() == SUCCESS
    images.clear()
    wait_until(lambda: len(images) > 5)
    assert {i.data[0] for i in images} == {2}
    assert sum(t.name == "camera" for t in threading.enumerate()) == 1


def test_an_error_while_reading_is_told_and_the_camera_opened_again(peer, webcams):
    images, health = peer.listen(Image, "image_raw", NEWEST_IMAGE), Health(peer)
    broken, mended = Webcam(1, [True, RuntimeError("the driver broke")]), Webcam(2)
    node = webcams(broken, mended)
    mended.goes_on.clear()
    assert node.trigger_activate() == SUCCESS
    wait_until(
        lambda: (
            (told := health.of("camera"))
            and told.level == DiagnosticStatus.ERROR
            and ("RuntimeError: the driver broke" in told.message)
        )
    )
    assert broken.closed
    mended.goes_on.set()
    wait_until(lambda: images and images[-1].data[0] == 2)
    wait_until(lambda: health.well("camera"))


def test_one_read_that_fails_does_not_close_the_camera(peer, webcams):
    images = peer.listen(Image, "image_raw", NEWEST_IMAGE)
    webcam = Webcam(1, [True, False, True, False, False, False, True])
    node = webcams(webcam, Webcam(2))
    assert node.trigger_activate() == SUCCESS
    wait_until(lambda: len(images) > 9)
    assert not webcam.closed and len(node.left) == 1
    assert node.details()["frames missed"] == 4


def test_a_camera_that_is_pulled_out_is_told_and_opened_again(peer, webcams):
    images, health = peer.listen(Image, "image_raw", NEWEST_IMAGE), Health(peer)
    pulled, back = Webcam(1, [True] + [False] * 99), Webcam(2)
    node = webcams(pulled, back)
    back.goes_on.clear()
    assert node.trigger_activate() == SUCCESS
    wait_until(lambda: (told := health.of("camera")) and "may be unplugged" in told.message)
    back.goes_on.set()
    wait_until(lambda: images and images[-1].data[0] == 2)
    assert pulled.closed


def test_a_stream_that_takes_long_to_open_does_not_hold_up_the_node(monkeypatch, webcams):
    node = webcams()
    opens, webcam = threading.Event(), Webcam()
    monkeypatch.setattr(camera, "open_source", lambda *_: opens.wait(30.0) and webcam)
    activated = threading.Event()
    threading.Thread(
        target=lambda: node.trigger_activate() and activated.set(), daemon=True
    ).start()
    assert activated.wait(5.0) and not opens.is_set()
    opens.set()
    wait_until(webcam.reading.is_set)


def test_a_frame_is_stamped_when_it_was_taken_not_when_it_was_decoded(peer, webcams):
    images = peer.listen(Image, "image_raw", NEWEST_IMAGE)
    webcam = Webcam()
    node = webcams(webcam)
    webcam.clock = node.get_clock()
    assert node.trigger_activate() == SUCCESS
    wait_until(lambda: images)
    shown = images[0]
    assert stamp_ns(shown.header) < webcam.retrieved_ns[shown.data[0]]


class _Film(Webcam):
    """A file, in which each frame is shown for `period_s`."""

    live, paced = False, True

    def __init__(self, period_s: float, waits: list[float]) -> None:
        super().__init__()
        self.rate, self._waits = 1 / period_s, waits

    def grab(self) -> bool:
        self._waits.append(math.nan)
        return True


class _Ending:
    """The order to end, which comes after 40 waits. None of them takes time."""

    def __init__(self) -> None:
        self.waits: list[float] = []

    def wait(self, seconds: float) -> bool:
        self.waits.append(seconds)
        return False

    def is_set(self) -> bool:
        return len(self.waits) > 40


@pytest.mark.parametrize("period_s, pause_s", [(10.0, camera.GIVE_WAY_S), (1e-9, 0.0)])
def test_between_frames_of_a_file_others_have_the_cores_if_there_is_time(
    webcams, monkeypatch, period_s, pause_s
):
    node, ending = webcams(), _Ending()
    node._missed = node._unused = 0
    monkeypatch.setattr(node, "_wait_for_subscribers", lambda _: None)
    monkeypatch.setattr(node, "_publish", lambda *_: ending.waits.append(math.inf))
    assert node._show(_Film(period_s, ending.waits), ending) == ""
    shown = [i for i, wait in enumerate(ending.waits) if wait == math.inf][1:-1]
    assert len(shown) > 5
    for i in shown:
        pause, read = ending.waits[i + 1 : i + 3]
        assert pause == pause_s and math.isnan(read)  # only then the next one is read


def test_frames_that_nobody_uses_are_not_decoded(peer, webcams):
    """While all who want images are in the camera's process, and say so."""
    webcam = Webcam()
    node = webcams(webcam)
    webcam.clock = node.get_clock()
    heard: list = []
    reader = local_topics.Reader("/image_raw", heard.append, lambda: None, every=lambda: 3)
    assert node.trigger_activate() == SUCCESS
    wait_until(lambda: len(heard) > 5)
    left_out, decoded = node.details()["frames left out"], len(webcam.retrieved_ns)
    assert 2 * (decoded - 1) <= left_out <= 2 * (decoded + 1)
    images = peer.listen(Image, "image_raw", NEWEST_IMAGE)
    wait_until(lambda: images)
    left_out = node.details()["frames left out"]
    count = len(heard)
    wait_until(lambda: len(heard) > count + 5)
    assert node.details()["frames left out"] == left_out  # others want all
    reader.close()
