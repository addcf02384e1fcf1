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

from dwpose_ros.msg import Guidance, WholeBodyPose
from dwpose_ros.nodes import camera, capture, guidance, speech
from dwpose_ros.nodes.overlay import OverlayNode
from dwpose_ros.ros import local_topics, node_main
from dwpose_ros.ros.latest_only_worker import StillRunning
from dwpose_ros.ros.local_topics import LocalImage
from dwpose_ros.ros.qos import LATCHED

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
    wait_until(lambda: speaking and speaking[-1].data)

    def fails(text: str) -> None:
        raise RuntimeError("no thread can be started")

    monkeypatch.setattr(node, "_begin", fails)
    with pytest.raises(RuntimeError):
        node._say("Hold still.")
    assert node._timer is None
    wait_until(lambda: not speaking[-1].data)


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
    made, message_of = [], guidance.guidance_of
    monkeypatch.setattr(
        guidance, "guidance_of", lambda told: made.append(told) or message_of(told)
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
