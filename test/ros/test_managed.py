# SPDX-License-Identifier: Apache-2.0
"""The managed life of all nodes: what exists when, and what a user may do to it."""

from __future__ import annotations

import os
import sys
import time

import cv2
import numpy as np
import pytest
import supervised
from harness import wait_until
from lifecycle_msgs.msg import State
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter as RclpyParameter
from sensor_msgs.msg import Image

from dwpose_ros.msg import WholeBodyPose
from dwpose_ros.ros import peers
from dwpose_ros.ros.managed_node import ManagedNode
from dwpose_ros.ros.qos import NEWEST_IMAGE

NODES = (
    "camera",
    "pose",
    "guidance",
    "capture",
    "speech",
    "overlay",
    "downstream",
    "simulation",
    "markers",
)
UNCONFIGURED, INACTIVE, ACTIVE = (
    State.PRIMARY_STATE_UNCONFIGURED,
    State.PRIMARY_STATE_INACTIVE,
    State.PRIMARY_STATE_ACTIVE,
)


@pytest.fixture
def networks(pose_model, detector_model, tmp_path) -> dict[str, dict]:
    """What some nodes need to work."""
    (tmp_path / "images").mkdir()
    cv2.imwrite(str(tmp_path / "images" / "0.png"), np.zeros((48, 64, 3), np.uint8))
    return {
        "camera": {"source": str(tmp_path / "images"), "rate": 20.0, "loop": True},
        "pose": {"model": pose_model(), "detector": detector_model([[0, 0, 9, 9]], [0.9])},
        "capture": {"folder": tmp_path},
        "downstream": {"folder": tmp_path},
    }


@pytest.mark.parametrize("name", NODES)
def test_each_node_can_be_led_through_its_life_twice(life, run, networks, name):
    node = run(name, autostart=False, **networks.get(name, {}))
    assert life(name) == UNCONFIGURED
    for _ in range(2):
        assert life(name, "configure") == INACTIVE
        assert life(name, "activate") == ACTIVE
        assert life(name, "deactivate") == INACTIVE
        assert life(name, "cleanup") == UNCONFIGURED
    assert life(name, "configure", "activate", "active_shutdown") == (
        State.PRIMARY_STATE_FINALIZED
    )
    assert node.stop() == 0 and "Traceback" not in node.output


def test_by_itself_it_becomes_active(life, run, networks):
    run("pose", **networks["pose"])
    wait_until(lambda: life("pose") == ACTIVE)


def test_inputs_exist_only_while_it_is_active(peer, life, run, networks):
    run("pose", autostart=False, **networks["pose"])
    images = peer.node.create_publisher(Image, "image_raw", NEWEST_IMAGE)
    poses = peer.node.create_subscription(WholeBodyPose, "wholebody_pose", print, 5)

    def listeners_and_talkers():
        return images.get_subscription_count(), peer.node.count_publishers(poses.topic_name)

    for steps, counts in [
        ((), (0, 0)),
        (("configure",), (0, 1)),
        (("activate",), (1, 1)),
        (("deactivate",), (0, 1)),
        (("cleanup",), (0, 0)),
    ]:
        life("pose", *steps)
        wait_until(lambda: listeners_and_talkers() == counts)


def test_the_camera_is_free_while_it_is_inactive(peer, life, run, networks):
    images = peer.listen(Image, "image_raw", NEWEST_IMAGE)
    run("camera", **networks["camera"])
    wait_until(lambda: images)
    life("camera", "deactivate")
    images.clear()
    with pytest.raises(BaseException, match="in vain"):
        wait_until(lambda: images, 1.0)
    life("camera", "activate")
    wait_until(lambda: images)


def test_what_cannot_be_configured_stays_where_it_was(peer, life, run):
    node = run("guidance", autostart=False, profile="no_such")
    assert life("guidance", "configure") == UNCONFIGURED and not life.succeeded
    node.says("no_such")
    response = peer.call(
        SetParameters,
        "/guidance/set_parameters",
        parameters=[
            Parameter(
                name="profile",
                value=ParameterValue(type=ParameterType.PARAMETER_STRING, string_value="face"),
            )
        ],
    )
    assert response.results[0].successful
    assert life("guidance", "configure", "activate") == ACTIVE


def test_a_node_begins_after_another(life, run, networks):
    """As our launch files want it of camera and pose."""
    run("camera", wait_for_node="pose", **networks["camera"])
    wait_until(lambda: life("camera") == INACTIVE)
    run("pose", autostart=False, **networks["pose"])
    assert life("pose", "configure") == INACTIVE
    time.sleep(1.0)
    assert life("camera") == INACTIVE
    assert life("pose", "activate") == ACTIVE
    wait_until(lambda: life("camera") == ACTIVE)


def test_who_was_led_elsewhere_waits_for_nobody(spin, monkeypatch):
    """It would become active again by itself, against the user."""
    monkeypatch.setattr(peers, "START_S", 1.0)
    node = spin(ManagedNode("waiting"))
    node.set_parameters([RclpyParameter("wait_for_node", value="nobody")])
    assert node.start() and node.value("wait_for_node") == "nobody"
    assert node.trigger_activate() == TransitionCallbackReturn.SUCCESS
    assert node.trigger_deactivate() == TransitionCallbackReturn.SUCCESS
    began = []
    peers.WaitForActive(node, "nobody", lambda: began.append(True))
    wait_until(lambda: began)  # who waits since later, in the same executor
    assert not node.active


def test_nobody_is_waited_for_who_is_not_to_come(peer, monkeypatch):
    monkeypatch.setattr(peers, "START_S", 0.3)
    began = []
    peers.WaitForActive(peer.node, "nobody", lambda: began.append(time.monotonic()))
    wait_until(lambda: began)
    time.sleep(0.3)
    assert len(began) == 1


def test_a_transition_that_is_not_possible_is_refused(life, run):
    node = run("speech")
    wait_until(lambda: life("speech") == ACTIVE)
    for step in ("configure", "activate", "cleanup"):
        assert life("speech", step) == ACTIVE and not life.succeeded
    assert node.stop() == 0
    assert "Traceback" not in node.output and "callback failed" not in node.output


@pytest.mark.parametrize("name", ["screen", "pose"])
def test_what_fails_to_activate_leaves_no_thread(life, run, networks, tmp_path, name):
    wrong = {
        "screen": {"port": 0, "certificate": tmp_path / "none.pem"},
        "pose": {
            **networks["pose"],
            "qos_overrides./image_raw.subscription.reliability": "often",
        },
    }
    node = run(name, autostart=False, **wrong[name])
    assert life(name, "configure", "activate") == INACTIVE and not life.succeeded

    def threads() -> int:
        return len(os.listdir(f"/proc/{node.popen.pid}/task"))

    before = threads()
    assert life(name, *["activate"] * 5) == INACTIVE
    assert threads() <= before + 1  # the middleware may make one late


def test_ros2_lifecycle_leads_it_too(life, run):
    run("speech", autostart=False)
    life("speech")

    def ros2(*words: str) -> str:
        return supervised.run(["ros2", "lifecycle", *words]).stdout

    assert ros2("get", "/speech") == "unconfigured [1]\n"
    assert ros2("set", "/speech", "configure") == "Transitioning successful\n"
    assert "/speech" in ros2("nodes").split()


@pytest.mark.parametrize(
    "fault, told",
    [
        (
            "raise ModuleNotFoundError('No module named onnxruntime')",
            "No module named onnxruntime",
        ),
        ("raise RuntimeError('broken')", "Traceback"),
    ],
)
def test_no_fault_at_start_is_silent(run, networks, tmp_path, fault, told):
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "onnxruntime.py").write_text(fault)
    node = run(
        "pose",
        **networks["pose"],
        env={
            "PYTHONPATH": os.pathsep.join(
                filter(None, [str(tmp_path / "broken"), os.environ.get("PYTHONPATH", "")])
            )
        },
    )
    node.says(told)
    assert node.ended() != 0


@pytest.mark.parametrize("step", ["deactivate", "cleanup"])
def test_no_fault_at_the_end_is_silent_either(peer, step):
    class Stuck(ManagedNode):
        def let_go(self):
            raise RuntimeError("it does not let go")

    setattr(Stuck, step, Stuck.let_go)
    node = Stuck("stuck")
    try:
        assert node.start()
        led = node.trigger_deactivate()
        if step == "cleanup":
            led = node.trigger_cleanup()
        assert led != TransitionCallbackReturn.SUCCESS
        assert "RuntimeError: it does not let go" in node.last_error
    finally:
        node.destroy_node()


CUT_SHORT = """
import os, signal, time, rclpy
from dwpose_ros.ros.managed_node import ManagedNode
from dwpose_ros.ros.node_main import run

def cut_short(self, *_):
    os.kill(os.getpid(), signal.{number})
    while rclpy.ok():
        time.sleep(0.01)
    {fault}

class Cut(ManagedNode):
    def __init__(self):
        super().__init__("cut")
        {made}
Cut.{step} = cut_short
run(Cut)
"""


@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM"])
@pytest.mark.parametrize(
    "fault",
    [
        "raise ValueError('cut short')",
        "raise RuntimeError('cut')",
        "self.create_timer(1.0, print)",
    ],
)
@pytest.mark.parametrize("step", ["made", "configure", "activate"])
def test_a_signal_while_it_starts_is_no_fault(command, tmp_path, step, fault, number):
    script = tmp_path / "cut.py"
    script.write_text(
        CUT_SHORT.format(
            step=step, fault=fault, number=number, made="self.made()" if step == "made" else ""
        )
    )
    node = command(sys.executable, str(script))
    assert node.ended() == 0, node.output
    assert "Traceback" not in node.output


LEAVES = """
import os, signal, sys, weakref
from dwpose_ros.nodes.composed import node_classes
from dwpose_ros.ros import node_main

made, active = [], []

def watched(kind):
    class Watched(kind):
        def __init__(self):
            super().__init__()
            made.append(weakref.ref(self))

        def activate(self):
            super().activate()
            active.append(self.get_name())
            if len(active) == len(kinds):
                os.kill(os.getpid(), signal.SIGINT)
    return Watched

kinds = [watched(kind) for kind in node_classes(sys.argv.pop(1).split())]
try:
    node_main.run(*kinds)
finally:
    print("left over:", [ref() for ref in made if ref() is not None], sorted(active))
"""


@pytest.mark.parametrize("names", ["overlay", "guidance", "guidance markers"])
def test_nothing_of_a_node_is_left_for_the_exit_of_its_process(command, names):
    """What is, Fast DDS takes down beside its own threads, which may crash, or never end."""
    node = command(sys.executable, "-c", LEAVES, names)
    assert node.ended() == 0
    assert f"left over: [] {sorted(names.split())}" in node.output
