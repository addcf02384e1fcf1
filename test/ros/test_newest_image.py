# SPDX-License-Identifier: Apache-2.0
"""Which images the pose node takes up, and what it counts as the work of each."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import numpy as np
import pytest
from harness import wait_until
from rclpy.parameter import Parameter
from rclpy.time import Time
from std_msgs.msg import Header

from dwpose_ros.core.person_poses import PersonPoses
from dwpose_ros.nodes import pose
from dwpose_ros.ros import local_topics
from dwpose_ros.ros.local_topics import LocalImage
from dwpose_ros.tracking.load_adapter import Effort, LoadAdapter

BGR = np.full((48, 64, 3), 90, np.uint8)


def header_of(stamp_ns: int) -> Header:
    return Header(stamp=Time(nanoseconds=stamp_ns).to_msg())


def stamped(stamp_ns: int) -> LocalImage:
    return LocalImage.of(header_of(stamp_ns), BGR)


PERIOD_NS = 33_333_333  # of images at 30 Hz


@pytest.fixture
def pose_node(spin, monkeypatch):
    """pose_node(track) -> an active pose node that calls `track(rgb, time_s)` for each image."""

    def make(track):
        track.detections, track.follows, track.detect_every = 0, False, 1
        track.close = lambda: None
        estimator = SimpleNamespace(name="none", runs_on=SimpleNamespace(_asdict=dict))
        monkeypatch.setattr(pose, "load", lambda *_, **__: (estimator, "for a test"))
        monkeypatch.setattr(pose, "PoseTracker", lambda *_: track)
        node = spin(pose.PoseNode())
        assert node.start()
        # The stamps are the test's, and do not wait for a busy machine.
        node.set_parameters([Parameter("max_age", value=0.0)])
        return node

    return make


def test_the_load_of_a_frame_is_decoding_and_engine_but_the_engine_s_time_its_own(
    pose_node, monkeypatch
):
    clock, loads = SimpleNamespace(now=100.0), []

    def decode(msg) -> np.ndarray:
        clock.now += 0.020
        return BGR

    def track(rgb, time_s) -> PersonPoses:
        clock.now += 0.010
        return PersonPoses.none()

    monkeypatch.setattr(pose, "to_rgb", decode)
    node = pose_node(track)
    monkeypatch.setattr(
        pose, "time", SimpleNamespace(perf_counter=lambda: clock.now, monotonic=lambda: clock.now)
    )
    monkeypatch.setattr(
        LoadAdapter, "__call__", lambda _, now, busy_s, *more: loads.append(busy_s)
    )
    node._process(LocalImage.of(Header(stamp=node.get_clock().now().to_msg()), BGR))
    assert loads == [pytest.approx(0.030)]
    assert node.details()["engine p50 (ms)"] == "10.0"


def test_no_image_older_than_a_period_is_taken_up(pose_node, monkeypatch):
    """However long the engine is at work: then the newest is next, and the others are dropped."""
    monkeypatch.setattr(LoadAdapter, "__call__", lambda *_: None)  # a busy machine leaves none out
    at_work, goes_on = threading.Semaphore(0), threading.Semaphore(0)
    taken: list[int] = []

    def track(rgb, time_s) -> PersonPoses:
        taken.append(round(time_s * 1e9))
        at_work.release()
        assert goes_on.acquire(timeout=60.0)
        return PersonPoses.none()

    node = pose_node(track)
    begin = node.get_clock().now().nanoseconds
    camera = local_topics.Publisher("/image_raw", "/camera")
    # By reference, once the publishers of earlier tests have left the graph.
    wait_until(lambda: all(one._subscription is None for one in node._adaptive))
    frame = 0
    for while_at_work in (0, 1, 7, 2):
        for _ in range(while_at_work + 1):
            frame += 1
            for reader in camera.readers():
                reader.receive(stamped(begin + frame * PERIOD_NS))
        newest = begin + frame * PERIOD_NS
        if len(taken) > 0:
            goes_on.release()
        assert at_work.acquire(timeout=60.0)
        assert abs(taken[-1] - newest) < PERIOD_NS
    goes_on.release()
    camera.close()
    assert len(taken) == 4 and node._worker.dropped == 1 + 7 + 2


@pytest.mark.parametrize("sent_every", [1, 2])
def test_every_second_image_is_used_whether_or_not_the_camera_leaves_out_the_others(
    pose_node, monkeypatch, sent_every
):
    node = pose_node(lambda rgb, time_s: PersonPoses.none())
    used: list[int] = []
    monkeypatch.setattr(
        node, "_worker", SimpleNamespace(put=used.append, stop=lambda: None, dropped=0)
    )
    for i in range(12):  # their stamps tell the period, however fast they come
        node._on_image(stamped((80 + i) * PERIOD_NS))
    monkeypatch.setattr(LoadAdapter, "__call__", lambda *_: True)
    monkeypatch.setattr(LoadAdapter, "effort", Effort(10, 2))
    node._adapt(0.0, False)
    used.clear()
    for i in range(1, 41, sent_every):
        node._on_image(
            stamped((100 + i) * PERIOD_NS + (-1) ** i * 5_000_000)
        )  # they are not exact
    assert len(used) == 20 and node._skipped == (20 if sent_every == 1 else 0)
