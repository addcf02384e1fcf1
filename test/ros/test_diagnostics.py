"""What nodes say of themselves on /diagnostics, and that saying it harms nobody."""

from __future__ import annotations

import sys
import threading

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from harness import wait_until
from rclpy.qos import QoSProfile
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from dwpose_ros.images import fill, fill_compressed
from dwpose_ros.nodes import common
from dwpose_ros.nodes.camera import Camera
from dwpose_ros.nodes.capture import Capture
from dwpose_ros.nodes.downstream import Downstream
from dwpose_ros.nodes.flow import Flow
from dwpose_ros.nodes.guidance import Guidance
from dwpose_ros.nodes.hri import Hri
from dwpose_ros.nodes.markers import Markers
from dwpose_ros.nodes.overlay import Overlay
from dwpose_ros.nodes.pose import Pose
from dwpose_ros.nodes.simulation import Simulation
from dwpose_ros.nodes.speech import Speech

OK, WARN, ERROR = DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR
NODES = (Camera, Capture, Downstream, Guidance, Hri, Markers, Overlay, Pose, Simulation, Speech)


@pytest.mark.parametrize("kind", NODES)
def test_a_node_survives_getting_worse_and_better_in_any_order(peer, monkeypatch, kind):
    """rclpy refuses a log call whose severity is not that of the last time."""
    levels = [OK, WARN, ERROR, OK, ERROR, WARN, OK, WARN, ERROR]
    judged = iter(levels)
    monkeypatch.setattr(common, "judged", lambda node, *_: DiagnosticStatus(
        level=next(judged), message="by the test", name=node.get_name()))
    node = kind()
    try:
        for _ in levels:
            node._watch()
    finally:
        node.destroy_node()
    assert next(judged, None) is None


def test_figures_can_be_read_while_messages_arrive():
    """By the timer of the diagnostics, while a worker publishes."""
    one, stop = Flow("/poses"), threading.Event()

    def publish() -> None:
        now = 0.0
        while not stop.is_set():
            now += 0.01
            one.tick(now, 0.02)
    thread = threading.Thread(target=publish, daemon=True)
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    thread.start()
    try:
        for _ in range(3000):
            one.rate_hz(1e9), one.age_ms(), one.silent_s(1e9), one.period_s(), one.recent_age_s()
    finally:
        sys.setswitchinterval(before)
        stop.set()
        thread.join()


@pytest.fixture
def pose(run, pose_model, detector_model):
    return lambda **more: run("pose", model=pose_model(),
                              detector=detector_model([[0, 0, 9, 9]], [0.9]), **more)


def image(peer, ahead_s: float = 0.0, kind: type = Image):
    """A picture that was taken so long after now."""
    now = peer.node.get_clock().now().nanoseconds + int(ahead_s * 1e9)
    header = Header(frame_id="camera")
    header.stamp.sec, header.stamp.nanosec = divmod(now, 10**9)
    pixels = np.zeros((48, 64, 3), np.uint8)
    return (fill if kind is Image else fill_compressed)(kind(header=header), pixels)


class Stream:
    """Publishes what `make` gives at 20 Hz, until it is closed."""

    def __init__(self, peer, msg_type, topic: str, make, qos=5) -> None:
        publisher = peer.node.create_publisher(msg_type, topic, qos)
        self._timer = peer.node.create_timer(0.05, lambda: publisher.publish(make()))
        self._node = peer.node

    def close(self) -> None:
        self._node.destroy_timer(self._timer)


def status_of(peer, node: str):
    """A function that gives the newest status of a node."""
    from diagnostic_msgs.msg import DiagnosticArray
    told = peer.listen(DiagnosticArray, "/diagnostics")
    return lambda: next((m.status[0] for m in reversed(told) if m.status[0].name == node), None)
