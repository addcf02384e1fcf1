# SPDX-License-Identifier: Apache-2.0
"""Several nodes in one process."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from harness import parameter_words, send_until, wait_until
from rcl_interfaces.srv import GetParameters
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image

from dwpose_ros.msg import PersonPose, WholeBodyPose
from dwpose_ros.nodes.composed import CompositionError, node_classes
from dwpose_ros.nodes.pose import PoseNode

BEST_EFFORT = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
FAULTY = """
from dwpose_ros.ros.managed_node import ManagedNode
from dwpose_ros.ros.transport import declare_transport, image_input


class FaultyNode(ManagedNode):
    def __init__(self):
        super().__init__("faulty")
        declare_transport(self)

    def activate(self):
        image_input(self, "image_raw", self._on_image)
        self.every(0.1, self._look)

    def _on_image(self, msg):
        raise RuntimeError(f"no {msg.encoding} today")

    def _look(self):
        raise LookupError("nothing to be seen")
"""
COUNTER = """
import cv2

from dwpose_ros.ros.managed_node import ManagedNode


class CounterNode(ManagedNode):
    def __init__(self):
        super().__init__("counter")

    def activate(self):
        self.get_logger().info(f"OpenCV has {cv2.getNumThreads()} threads")
"""


@pytest.fixture
def picture(tmp_path) -> Path:
    path = tmp_path / "still.png"
    cv2.imwrite(str(path), np.full((480, 640, 3), 90, np.uint8))
    return path


@pytest.fixture
def compose(command):
    """compose("camera", "capture", **{"camera:source": "a.png"}) -> the Process of both."""

    def start(*names: str, env: dict[str, str] | None = None, **parameters):
        words = [*names, *parameter_words(parameters)]
        return command("ros2", "run", "dwpose_ros", "composed", *words, env=env)

    return start


@pytest.fixture
def told(peer):
    """told("camera") -> the newest figures of that node, by name."""
    heard = peer.listen(DiagnosticArray, "/diagnostics")

    def newest(name: str) -> dict[str, str]:
        found = [m.status[0] for m in heard if m.status[0].name == name]
        return {v.key: v.value for v in found[-1].values} if found else {}

    newest.heard = heard
    return newest


def test_images_go_by_reference_while_nobody_outside_wants_them(
    peer, compose, told, picture, tmp_path
):
    compose(
        "capture",
        "camera",
        **{"camera:source": picture, "camera:loop": True, "capture:folder": tmp_path},
    )
    wait_until(lambda: int(told("capture").get("in /image_raw messages", 0)) > 20)
    wait_until(lambda: "out /image_raw messages" in told("camera"))
    assert not peer.node.get_subscriptions_info_by_topic("/image_raw")
    # Nothing is lost: what has been published had arrived before.
    figures = told("camera"), told("capture")
    sent, arrived = figures[0]["out /image_raw messages"], figures[1]["in /image_raw messages"]
    assert abs(int(sent) - int(arrived)) <= 40  # they tell at different moments of a second
    assert not peer.node.get_subscriptions_info_by_topic("/camera_info")
    assert int(figures[1]["in /camera_info messages"]) > 20


def test_who_is_outside_gets_images_and_is_heard(peer, compose, told, picture, image, tmp_path):
    compose(
        "capture",
        "camera",
        **{"camera:source": picture, "camera:loop": True, "capture:folder": tmp_path},
    )
    images = peer.listen(Image, "image_raw", BEST_EFFORT)
    wait_until(lambda: images)
    assert (images[0].width, images[0].height, images[0].encoding) == (640, 480, "bgr8")
    assert bytes(images[0].data) == bytes([90]) * (640 * 480 * 3)
    publisher = peer.node.create_publisher(Image, "image_raw", BEST_EFFORT)
    wait_until(lambda: peer.node.get_subscriptions_info_by_topic("/image_raw")[1:])
    # Meanwhile none comes twice: by reference, and as a message too.
    sent, arrived = "out /image_raw messages", "in /image_raw messages"
    wait_until(lambda: sent in told("camera") and arrived in told("capture"))
    before = told("camera"), told("capture")
    wait_until(lambda: int(told("camera")[sent]) > int(before[0][sent]) + 90)
    gone = int(told("camera")[sent]) - int(before[0][sent])
    assert int(told("capture")[arrived]) - int(before[1][arrived]) < gone + 60
    peer.node.destroy_publisher(publisher)
    # Afterwards only the test's own subscription is left.
    wait_until(lambda: not peer.node.get_subscriptions_info_by_topic("/image_raw")[1:])


def test_a_fault_stays_in_its_node(peer, compose, told, picture, tmp_path):
    (tmp_path / "trouble_maker.py").write_text(FAULTY)
    path = os.pathsep.join(filter(None, [str(tmp_path), os.environ.get("PYTHONPATH")]))
    process = compose(
        "camera",
        "trouble_maker:FaultyNode",
        env={"PYTHONPATH": path},
        **{"camera:source": picture, "camera:loop": True},
    )
    wait_until(lambda: int(told("faulty").get("faults", 0)) > 5)
    process.says("nothing to be seen")
    process.says("no bgr8 today")  # raised in the camera's thread
    infos = "out /camera_info messages"
    sent = int(wait_until(lambda: told("camera").get(infos)))
    wait_until(lambda: int(told("camera")[infos]) > sent + 30)
    assert told("camera")["faults"] == "0"
    worst = [m.status[0] for m in told.heard if m.status[0].name == "faulty"]
    assert max(status.level for status in worst) == DiagnosticStatus.ERROR
    assert process.stop() == 0


@pytest.mark.parametrize("given, threads", [({}, 1), ({"OPENCV_FOR_THREADS_NUM": "2"}, 2)])
def test_opencv_has_one_thread_unless_the_user_wants_more(compose, tmp_path, given, threads):
    (tmp_path / "counter.py").write_text(COUNTER)
    path = os.pathsep.join(filter(None, [str(tmp_path), os.environ.get("PYTHONPATH")]))
    process = compose("counter:CounterNode", env={"PYTHONPATH": path, **given})
    process.says(f"OpenCV has {threads} threads")


def test_they_end_together(compose, picture):
    process = compose("camera", "markers", **{"camera:source": picture, "camera:loop": True})
    process.says(str(picture.name))
    assert process.stop(signal.SIGTERM) == 0


def test_a_second_ctrl_c_is_no_fault(compose, picture):
    """As a terminal and launch both send one."""
    process = compose("camera", "markers", **{"camera:source": picture, "camera:loop": True})
    process.says(str(picture.name))
    os.killpg(process.popen.pid, signal.SIGINT)
    time.sleep(0.02)
    assert process.stop() == 0 and "Traceback" not in process.output


def test_one_that_cannot_work_ends_them_all(compose, picture):
    process = compose(
        "camera",
        "pose",
        **{"camera:source": picture, "pose:backend": "dwpose", "pose:model": "/absent.onnx"},
    )
    assert process.ended() == 2
    assert "/absent.onnx" in process.output and "Traceback" not in process.output


def test_a_parameter_file_that_is_gone_is_no_crash(command):
    """After which launch would start it again and again."""
    file = ("--ros-args", "--params-file", "/none.yaml")
    process = command("ros2", "run", "dwpose_ros", "composed", "camera", "markers", *file)
    assert process.ended() == 2
    assert "/none.yaml" in process.output and "Traceback" not in process.output


def test_parameters_and_names_are_each_node_s_own(peer, compose, picture):
    compose(
        "camera",
        "markers",
        "overlay",
        **{"camera:source": picture, "camera:autostart": False, "overlay:jpeg_quality": 33},
    )
    names = {"camera", "markers", "overlay"}
    wait_until(lambda: names <= set(peer.node.get_node_names()))
    for node, parameter, field, value in (
        ("overlay", "jpeg_quality", "integer_value", 33),
        ("camera", "jpeg_quality", "integer_value", 80),
        ("camera", "autostart", "bool_value", False),
    ):
        answer = peer.call(GetParameters, f"/{node}/get_parameters", names=[parameter])
        assert getattr(answer.values[0], field) == value


@pytest.mark.parametrize(
    "names, told",
    [
        ([], "name the nodes"),
        (["camera", "cammera"], "there is no node 'cammera'"),
        (["camera", "pose", "camera"], "camera is named twice"),
        (["managed.node:X"], "managed"),
        (["os.path:join"], "is no ManagedNode"),
        (["dwpose_ros.nodes.pose:None"], "None"),
        (["../pose"], "there is no node"),
        ([":Foo"], ":Foo"),
        ([".x:Foo"], ".x:Foo"),
    ],
)
def test_what_is_no_node_is_refused(names, told):
    with pytest.raises(CompositionError, match=told):
        node_classes(names)


def test_nodes_are_named_by_file_or_by_class():
    assert node_classes(["pose", "dwpose_ros.nodes.pose:PoseNode"]) == [PoseNode] * 2


def test_a_mistake_is_one_line(compose):
    process = compose("cammera")
    assert process.ended() == 2
    assert process.told() == ["there is no node 'cammera' in dwpose_ros"]


def test_messages_from_outside_are_still_checked(peer, compose, told, image, tmp_path, picture):
    """Also where the pose node shares the process."""
    process = compose(
        "capture",
        "pose",
        **{"pose:autostart": False, "capture:folder": tmp_path},
    )
    wait_until(lambda: "capture" in peer.node.get_node_names())
    publisher = peer.node.create_publisher(WholeBodyPose, "wholebody_pose", 5)
    bad = WholeBodyPose(width=640, height=480, persons=[PersonPose(id=1, score=7.0)])
    wait_until(lambda: publisher.get_subscription_count())
    send_until(lambda: publisher.publish(bad), lambda: "scores" in process.output)


def test_a_machine_that_does_not_keep_up_does_less_for_each_frame(
    peer, compose, told, picture, standing_model, detector_model
):
    """It says so once for each step, and the diagnostics have it."""
    process = compose(
        "pose",
        "camera",
        **{
            "camera:source": picture,
            "camera:rate": 1000.0,
            "pose:model": standing_model(),
            "pose:detector": detector_model([[100, 20, 220, 220]], [0.9]),
            "pose:max_detect_every": 3,
        },
    )
    process.says("the detector now runs once in 2 frames")
    process.says("the detector now runs once in 3 frames")
    process.says("and every second frame is left out")
    # The camera does not even decode those.
    wait_until(lambda: int(told("camera").get("frames left out", 0)) > 100)
    wait_until(lambda: told("pose")["every n-th frame is used"] == "2")
    assert told("pose")["detector runs on every n-th frame"] == "3"
    assert process.output.count("once in 2 frames") == 1
