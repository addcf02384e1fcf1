# SPDX-License-Identifier: Apache-2.0
"""Nodes that share a process, from the inside: one calls another in its own thread."""

from __future__ import annotations

import sys
import threading
from types import SimpleNamespace

import numpy as np
import pytest
from harness import send_until, wait_until
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.time import Time
from sensor_msgs.msg import CameraInfo
from std_msgs.msg import Bool, Header

from dwpose_ros.core.person_poses import PersonPoses
from dwpose_ros.msg import Guidance, WholeBodyPose
from dwpose_ros.nodes import camera, capture, guidance, pose, speech
from dwpose_ros.nodes.overlay import OverlayNode
from dwpose_ros.ros import local_topics, node_main
from dwpose_ros.ros.latest_only_worker import StillRunning
from dwpose_ros.ros.local_topics import LocalImage
from dwpose_ros.ros.qos import LATCHED
from dwpose_ros.tracking.load_adapter import Effort, LoadAdapter

BGR = np.full((48, 64, 3), 90, np.uint8)


def header_of(stamp_ns: int) -> Header:
    return Header(stamp=Time(nanoseconds=stamp_ns).to_msg())


def stamped(stamp_ns: int) -> LocalImage:
    return LocalImage.of(header_of(stamp_ns), BGR)


@pytest.fixture
def impatient():
    """Threads that take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def test_the_overlay_takes_images_while_it_looks_for_one(spin, impatient):
    """Images come in the camera's thread."""
    node = spin(OverlayNode())
    # It looks through all for the one whose time is nearest.
    node._images = SimpleNamespace(unstamped=True, period_s=lambda: 0.0)
    images = [stamped(i) for i in range(1, 15000)]

    def come() -> None:
        for image in images:
            node._on_image(image)

    coming = threading.Thread(target=come)
    coming.start()
    looks = 0
    while coming.is_alive():
        assert node.companion(WholeBodyPose(header=header_of(0))) is None
        looks += 1
    assert looks > 10
    assert node.companion(WholeBodyPose(header=images[-1].header)) is images[-1]


def test_the_overlay_is_drawn_for_a_node_of_the_same_process(peer, spin):
    node = spin(OverlayNode())
    assert node.start()
    overlays: list[LocalImage] = []
    reader = local_topics.Reader("/overlay", overlays.append, lambda: None)
    images = local_topics.Publisher("/image_raw", "/camera")
    estimator = local_topics.Publisher("/wholebody_pose", "/pose")
    wait_until(lambda: images.readers() and estimator.readers())

    def send() -> None:
        header = Header(stamp=node.get_clock().now().to_msg())
        for one in images.readers():
            one.receive(LocalImage.of(header, BGR))
        for one in estimator.readers():
            one.receive(WholeBodyPose(header=header, width=64, height=48))

    send_until(send, lambda: overlays)
    assert (overlays[0].width, overlays[0].height) == (64, 48)
    reader.close()
    wait_until(lambda: not images.readers())
    images.close()
    estimator.close()


class Ended(Exception):
    pass


def test_a_node_that_does_not_end_keeps_no_other_from_ending(monkeypatch):
    done: list[str] = []

    class Node:
        def __init__(self, name: str, stuck: bool = False) -> None:
            self.name, self.stuck = name, stuck

        def close(self) -> None:
            done.append(f"close {self.name}")
            if self.stuck:
                raise StillRunning("a driver hangs")

        def destroy_node(self) -> None:
            done.append(f"destroy {self.name}")

    def end(code: int) -> None:
        done.append(f"exit {code}")
        raise Ended

    monkeypatch.setattr(node_main.os, "_exit", end)
    with pytest.raises(Ended):
        node_main._close([Node("pose"), Node("camera", stuck=True), Node("capture")], 3)
    assert done == [
        "close pose",
        "destroy pose",
        "close camera",  # what it uses must not be taken down
        "close capture",
        "destroy capture",
        "exit 3",
    ]


def test_a_sentence_that_cannot_begin_leaves_nothing_that_is_watched(peer, spin, monkeypatch):
    """Else the guidance would wait for its end, and a timer would look for it for ever."""
    speaking = peer.listen(Bool, "speaking", LATCHED)
    monkeypatch.setattr(speech.SpeechNode, "_find_engine", lambda _: None)
    node = spin(speech.SpeechNode())
    assert node.start()
    node._say("Take a step back.")
    assert node._timer is not None
    wait_until(lambda: [msg.data for msg in speaking] == [False, True])

    def fails(text: str) -> None:
        raise RuntimeError("no thread can be started")

    monkeypatch.setattr(node, "_begin", fails)
    with pytest.raises(RuntimeError):
        node._say("Hold still.")
    assert node._timer is None
    wait_until(lambda: [msg.data for msg in speaking] == [False, True, False])


PERIOD_NS = 33_333_333  # of images at 30 Hz


@pytest.fixture
def pose_node(spin, monkeypatch):
    """pose_node(track) -> an active pose node that calls `track(rgb, time_s)` for each image."""

    def make(track):
        track.detections, track.follows, track.close = 0, False, lambda: None
        estimator = SimpleNamespace(name="none", runs_on=SimpleNamespace(_asdict=dict))
        monkeypatch.setattr(pose, "load", lambda *_, **__: (estimator, "for a test"))
        monkeypatch.setattr(pose, "PoseTracker", lambda *_: track)
        node = spin(pose.PoseNode())
        assert node.start()
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


def test_no_image_older_than_a_period_is_taken_up(pose_node):
    """However long the engine is at work: then the newest is next, and the others are dropped."""
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
    wait_until(camera.readers)
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
    monkeypatch.setattr(node, "_worker", SimpleNamespace(put=used.append, stop=lambda: None))
    monkeypatch.setattr(node, "_load", SimpleNamespace(effort=Effort(10, 2)))
    monkeypatch.setattr(node, "_period_s", PERIOD_NS / 1e9)
    for i in range(1, 41, sent_every):
        node._on_image(stamped((100 + i) * PERIOD_NS + (-1) ** i * 5_000_000))  # they are not exact
    assert len(used) == 20 and node._skipped == (20 if sent_every == 1 else 0)


def test_an_image_may_come_while_the_capture_node_subscribes(spin, monkeypatch, tmp_path):
    """As from a camera that is already at work."""
    subscribe = capture.image_input

    def at_once(node, topic, callback, **more):
        callback(stamped(10**9))
        return subscribe(node, topic, callback, **more)

    monkeypatch.setattr(capture, "image_input", at_once)
    monkeypatch.setattr(capture, "FOLDER", str(tmp_path))
    node = spin(capture.CaptureNode())
    assert node.trigger_configure() == TransitionCallbackReturn.SUCCESS
    assert node.trigger_activate() == TransitionCallbackReturn.SUCCESS
    assert node._buffer.newest_ns == 10**9


def test_what_is_taken_directly_comes_in_the_thread_of_who_publishes(spin):
    node = spin(OverlayNode())
    assert node.start()
    threads: list[int] = []
    node.input(
        WholeBodyPose, "some_pose", lambda _: threads.append(threading.get_ident()), 1, direct=True
    )
    publisher = local_topics.Publisher("/some_pose", "/pose")
    for reader in publisher.readers():
        reader.receive(WholeBodyPose())
    publisher.close()
    assert threads == [threading.get_ident()]


def test_every_camera_info_is_kept_as_it_was(spin):
    """Whoever takes one by reference keeps it longer than until the next frame."""
    node = spin(camera.CameraNode())
    assert node.trigger_configure() == TransitionCallbackReturn.SUCCESS
    infos: list[CameraInfo] = []
    reader = local_topics.Reader("/camera_info", infos.append, lambda: None)
    node._phase = "active"
    for seconds in (1, 2):
        node._publish(BGR, Time(seconds=seconds))
    reader.close()
    node._phase = "inactive"
    assert [info.header.stamp.sec for info in infos] == [1, 2]
    assert {(info.width, info.height) for info in infos} == {(64, 48)}


def test_an_instruction_that_nobody_reads_is_no_message_but_counts(peer, spin, monkeypatch):
    node = spin(guidance.GuidanceNode())
    assert node.start()
    made, message_of = [], guidance._message_of
    monkeypatch.setattr(
        guidance, "_message_of", lambda told: made.append(told) or message_of(told)
    )

    def look() -> None:
        header = Header(stamp=node.get_clock().now().to_msg())
        node._on_pose(WholeBodyPose(header=header, width=64, height=48))

    look()
    assert not made and node._guidance.stats.count == 1
    assert node._guidance.stats.age_ms()[1] >= 0
    heard = peer.listen(Guidance, "guidance")
    wait_until(node._guidance.wanted)
    send_until(look, lambda: heard)
    assert heard[-1].profile == "upper_body" and made
