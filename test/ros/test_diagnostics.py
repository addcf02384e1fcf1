# SPDX-License-Identifier: Apache-2.0
"""What nodes say of themselves on /diagnostics, and that saying it harms nobody."""

from __future__ import annotations

import os
import re
import signal
import sys
import threading
import time

import cv2
import numpy as np
import pytest
from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from harness import wait_until
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header
from visualization_msgs.msg import MarkerArray

from dwpose_ros.core.images import fill, fill_compressed
from dwpose_ros.msg import WholeBodyPose
from dwpose_ros.nodes.camera import CameraNode
from dwpose_ros.nodes.capture import CaptureNode
from dwpose_ros.nodes.downstream import DownstreamNode
from dwpose_ros.nodes.guidance import GuidanceNode
from dwpose_ros.nodes.hri import HriNode
from dwpose_ros.nodes.markers import MarkersNode
from dwpose_ros.nodes.overlay import OverlayNode
from dwpose_ros.nodes.pose import PoseNode
from dwpose_ros.nodes.simulation import SimulationNode
from dwpose_ros.nodes.speech import SpeechNode
from dwpose_ros.ros import health, peers
from dwpose_ros.ros.conversions import stamp_ns
from dwpose_ros.ros.middleware_environment import FAST_DDS_VARIABLES, UDP
from dwpose_ros.ros.shipped_files import share
from dwpose_ros.ros.topic_stats import TopicStats

OK, WARN, ERROR = DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR
NODES = (
    CameraNode,
    CaptureNode,
    DownstreamNode,
    GuidanceNode,
    HriNode,
    MarkersNode,
    OverlayNode,
    PoseNode,
    SimulationNode,
    SpeechNode,
)


@pytest.mark.parametrize("kind", NODES)
def test_a_node_survives_getting_worse_and_better_in_any_order(peer, monkeypatch, kind):
    """rclpy refuses a log call whose severity is not that of the last time."""
    levels = [OK, WARN, ERROR, OK, ERROR, WARN, OK, WARN, ERROR]
    statuses = iter(levels)
    monkeypatch.setattr(
        health,
        "status_of",
        lambda node, *_: DiagnosticStatus(
            level=next(statuses), message="by the test", name=node.get_name()
        ),
    )
    node = kind()
    try:
        for _ in levels:
            node.health.watch()
    finally:
        node.destroy_node()
    assert next(statuses, None) is None


def test_figures_can_be_read_while_messages_arrive():
    """By the timer of the diagnostics, while a worker publishes."""
    one, stop = TopicStats("/poses"), threading.Event()

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
    return lambda **more: run(
        "pose", model=pose_model(), detector=detector_model([[0, 0, 9, 9]], [0.9]), **more
    )


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
    told = peer.listen(DiagnosticArray, "/diagnostics")
    return lambda: next((m.status[0] for m in reversed(told) if m.status[0].name == node), None)


def message_of(peer, node: str, level: bytes = WARN):
    """The first message of a node's diagnostics at that level."""
    status = status_of(peer, node)
    return wait_until(lambda: (one := status()) and one.level == level and one.message, 30.0)


def test_images_without_a_stamp_are_guided_by_and_said_to_have_none(peer, pose):
    poses = peer.listen(WholeBodyPose, "wholebody_pose")
    pose()

    def unstamped():
        msg = image(peer)
        msg.header.stamp = Time()
        return msg

    stream = Stream(peer, Image, "image_raw", unstamped)
    assert "messages on /image_raw have no stamp" in message_of(peer, "pose")
    wait_until(lambda: poses)
    now = peer.node.get_clock().now().nanoseconds
    assert 0 <= now - stamp_ns(poses[-1].header) < 30e9
    stream.close()


@pytest.mark.parametrize(
    "ahead_s, level, told",
    [
        (
            5.0,
            WARN,
            r"stamps on /image_raw are (4\.9|5\.0) s ahead of this node's clock: the clock of "
            "the machine that stamps the images is ahead",
        ),
        (-5.0, ERROR, r"images are 5\.\d s old and not processed"),
    ],
)
def test_clocks_that_differ_are_named(peer, pose, ahead_s, level, told):
    pose()
    stream = Stream(peer, Image, "image_raw", lambda: image(peer, ahead_s))
    assert re.match(told, message_of(peer, "pose", level))
    stream.close()


@pytest.mark.parametrize(
    "transport, kind, told",
    [
        (
            "raw",
            CompressedImage,
            "publishes it as sensor_msgs/msg/CompressedImage, but this node reads sensor_msgs/msg/Image: "
            "image_transport:=compressed image_topic:=/image_raw",
        ),
        (
            "compressed",
            Image,
            "publishes it as sensor_msgs/msg/Image, but this node reads "
            "sensor_msgs/msg/CompressedImage: image_transport:=raw image_topic:=/image_raw",
        ),
    ],
)
def test_a_topic_of_another_type_is_named(peer, pose, transport, kind, told):
    pose(image_transport=transport)
    topic = "image_raw" if transport == "raw" else "image_raw/compressed"
    stream = Stream(peer, kind, topic, lambda: image(peer, kind=kind))
    assert told in message_of(peer, "pose")
    stream.close()


def test_a_camera_that_waits_is_not_called_silent(peer, run, pose, tmp_path):
    """At a start the camera waits for the pose node, which loads its networks."""
    cv2.imwrite(str(tmp_path / "still.png"), np.zeros((48, 64, 3), np.uint8))
    status = status_of(peer, "capture")
    capture = run("capture", folder=tmp_path)
    camera = run("camera", source=tmp_path / "still.png", wait_for_node="pose")
    wait_until(
        lambda: (
            (one := status())
            and one.message == ("waits for /camera, which is inactive")
            and one.level == OK
        ),
        30.0,
    )
    pose()
    wait_until(lambda: (one := status()) and one.message == "running", 30.0)
    assert "image_raw for" not in capture.output and camera.popen.poll() is None


def test_who_was_deactivated_is_named_as_that(peer, run, tmp_path):
    cv2.imwrite(str(tmp_path / "still.png"), np.zeros((48, 64, 3), np.uint8))
    images = peer.listen(Image, "image_raw")
    run("capture", folder=tmp_path)
    run("camera", source=tmp_path / "still.png")
    wait_until(lambda: images)
    peer.call(
        ChangeState,
        "/camera/change_state",
        transition=Transition(id=Transition.TRANSITION_DEACTIVATE),
    )
    status = status_of(peer, "capture")
    wait_until(
        lambda: (
            (one := status())
            and "/camera publishes it (sensor_msgs/msg/Image, reliable), but is inactive"
            in one.message
            and one.level == WARN
        )
    )


def test_a_start_goes_on_though_the_other_node_hung_for_a_while(peer, run, tmp_path):
    """A request that is lost meanwhile is sent again."""
    cv2.imwrite(str(tmp_path / "still.png"), np.zeros((48, 64, 3), np.uint8))
    # Fast DDS takes a process that hangs for a second for dead, and may send it no more by shared
    # memory; by UDP it does.
    profile = str(share("config", UDP))
    other = run("speech", dict.fromkeys(FAST_DDS_VARIABLES, profile), autostart=False)
    peer.call(GetState, "/speech/get_state")
    images = peer.listen(Image, "image_raw")
    run("camera", source=tmp_path / "still.png", wait_for_node="speech")
    os.killpg(other.popen.pid, signal.SIGSTOP)
    try:
        wait_until(lambda: peer.node.count_publishers("image_raw"))
        asked = time.monotonic()
        wait_until(lambda: time.monotonic() - asked > 3 * peers.ASK_AGAIN_S)
    finally:
        os.killpg(other.popen.pid, signal.SIGCONT)
    for step in (Transition.TRANSITION_CONFIGURE, Transition.TRANSITION_ACTIVATE):
        assert peer.call(
            ChangeState, "/speech/change_state", transition=Transition(id=step)
        ).success
    wait_until(lambda: images, 15.0)  # half of what is waited in vain


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_node_that_loads_though_nothing_hears_it(
    run, pose_model, detector_model, tmp_path, number
):
    (tmp_path / "deaf").mkdir()
    (tmp_path / "deaf" / "onnxruntime.py").write_text(
        "import time\nprint('loading', flush=True)\nwhile True:\n"
        "    try:\n        time.sleep(60)\n    except BaseException:\n        pass\n"
    )
    node = run(
        "pose",
        model=pose_model(),
        detector=detector_model([[0, 0, 9, 9]], [0.9]),
        env={
            "PYTHONPATH": os.pathsep.join(
                filter(None, [str(tmp_path / "deaf"), os.environ.get("PYTHONPATH", "")])
            )
        },
    )
    node.says("loading")
    assert node.stop(number, timeout_s=30.0) == 0
    node.says("did not end within")


def test_an_image_without_a_frame_is_said_to_be_shown_nowhere(peer, run):
    run("markers")
    peer.listen(MarkerArray, "markers")
    stream = Stream(
        peer,
        WholeBodyPose,
        "wholebody_pose",
        lambda: WholeBodyPose(
            header=Header(stamp=peer.node.get_clock().now().to_msg()), width=64, height=48
        ),
    )
    assert message_of(peer, "markers") == (
        "poses on /wholebody_pose have an empty frame_id, where RViz shows nothing: set "
        "header.frame_id in the camera's driver"
    )
    stream.close()
