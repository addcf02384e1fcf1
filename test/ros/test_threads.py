# SPDX-License-Identifier: Apache-2.0
"""Threads that do not end when they are asked to, and what fails inside them."""

from __future__ import annotations

import socket
import threading
from types import SimpleNamespace

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from harness import wait_until
from rclpy.lifecycle import TransitionCallbackReturn
from test_faults import Health

from dwpose_ros.core.person_poses import PersonPoses
from dwpose_ros.nodes import pose
from dwpose_ros.ros import on_demand_node
from dwpose_ros.ros.latest_only_worker import LatestOnlyWorker

SUCCESS, FAILURE = TransitionCallbackReturn.SUCCESS, TransitionCallbackReturn.FAILURE


class Estimator:
    """One that works on an image until the test lets it go on."""

    name, runs_on = "slow", SimpleNamespace(_asdict=dict)

    def __init__(self) -> None:
        self.at_work, self.goes_on, self.closed = threading.Event(), threading.Event(), False

    def __call__(self, rgb):
        self.at_work.set()
        self.goes_on.wait(30.0)
        assert not self.closed, "closed while it was at work"
        return PersonPoses.none()

    def close(self) -> None:
        self.closed = True


def test_an_estimator_is_not_closed_while_it_is_at_work(monkeypatch, spin, image, active):
    estimator = Estimator()
    monkeypatch.setattr(pose, "load", lambda *_, **__: (estimator, "for a test"))
    monkeypatch.setattr(pose, "PoseTracker", lambda estimator, *_: Untracked(estimator))
    node = spin(pose.PoseNode())
    assert node.start()
    node._worker.put(image(np.zeros((48, 64, 3), np.uint8)))
    assert estimator.at_work.wait(5.0)
    assert node.trigger_deactivate() == FAILURE
    assert "thread pose is still at work" in node.last_error
    assert active("pose") and not estimator.closed
    estimator.goes_on.set()
    assert wait_until(lambda: node.trigger_deactivate() == SUCCESS)
    assert node.trigger_cleanup() == SUCCESS and estimator.closed and node.last_error == ""


class Untracked:
    detections, detect_every, follows = 0, 1, False

    def __init__(self, estimator) -> None:
        self._estimator, self.close = estimator, estimator.close

    def __call__(self, rgb, time_s):
        return [], self._estimator(rgb)


def test_a_node_that_is_still_drawing_is_not_called_inactive(spin):
    drawing, done = threading.Event(), threading.Event()

    class Slow(on_demand_node.OnDemandNode):
        def draw(self, pose, companion):
            drawing.set()
            done.wait(30.0)

    node = spin(Slow("slow"))
    assert node.start()
    node._worker.put((None, None))
    assert drawing.wait(5.0)
    assert node.trigger_deactivate() == FAILURE
    done.set()
    assert node.trigger_deactivate() == SUCCESS


def test_a_node_that_cannot_draw_says_so(peer, spin):
    health = Health(peer)

    class Broken(on_demand_node.OnDemandNode):
        def draw(self, pose, companion):
            if pose is None:
                raise ValueError("there is nothing to draw")

    node = spin(Broken("broken"))
    assert node.start()
    node._worker.put((None, None))
    wait_until(
        lambda: (
            (told := health.of("broken"))
            and told.level == DiagnosticStatus.ERROR
            and ("there is nothing to draw" in told.message)
        )
    )
    node._worker.put((0, None))
    wait_until(lambda: health.well("broken"))
    node.trigger_deactivate()


@pytest.fixture
def silent():
    """URL of a server that accepts and says nothing, for ever."""
    listener = socket.create_server(("127.0.0.1", 0))
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/stream.mjpg", listener
    listener.close()


def test_a_stream_that_hangs_does_not_hold_up_ctrl_c(run, silent):
    url, listener = silent
    node = run("camera", source=url)
    connection, _ = listener.accept()
    assert node.stop(timeout_s=7.0) == 0 and "Traceback" not in node.output
    connection.close()


def test_the_same_error_of_each_frame_is_logged_now_and_then(peer):
    """Though it names another number each time, as the bytes of a damaged image."""
    logged, done = [], threading.Semaphore(0)

    def fail(number: int) -> None:
        done.release()
        raise ValueError(f"image of {number} bytes is damaged" if number < 9 else "another")

    worker = LatestOnlyWorker(fail, SimpleNamespace(error=logged.append), "of_a_test")
    for number in (1, 2, 3, 9):
        worker.put(number)
        assert done.acquire(timeout=5.0)
    worker.stop()
    assert logged == ["ValueError: image of 1 bytes is damaged", "ValueError: another"]
