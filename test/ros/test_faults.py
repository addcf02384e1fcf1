# SPDX-License-Identifier: Apache-2.0
"""Nodes that are killed, and what the others say and do about it."""

from __future__ import annotations

import os
import re
import signal
import time

import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from harness import wait_until
from rclpy.qos import QoSProfile
from test_system import both_ways, launched, networks  # noqa: F401

from dwpose_ros.msg import Guidance, WholeBodyPose
from dwpose_ros.srv import Capture


class Health:
    """What /diagnostics says of each node, newest last."""

    def __init__(self, peer) -> None:
        self._told = peer.listen(DiagnosticArray, "/diagnostics")

    def of(self, node: str) -> DiagnosticStatus | None:
        return next((m.status[0] for m in reversed(self._told) if m.status[0].name == node), None)

    def forget(self) -> None:
        """What was said before something happened."""
        self._told.clear()

    def well(self, *nodes: str) -> bool:
        return all((one := self.of(n)) and one.level == DiagnosticStatus.OK for n in nodes)


def pid_of(launch, node: str) -> int:
    """The newest process of a node that was launched."""
    return int(
        re.findall(rf"\[{node}-\d+\]: process started with pid \[(\d+)\]", launch.output)[-1]
    )


@pytest.mark.parametrize(
    "killed, who_say_so",
    [
        ("pose", ("guidance", "capture")),
        ("camera", ("pose", "capture")),
        ("simulation", ("pose", "capture")),
    ],
)
def test_the_others_say_so_within_a_second_and_all_recovers(
    peer,
    launched,  # noqa: F811
    killed,
    who_say_so,
):
    health, poses = Health(peer), peer.listen(WholeBodyPose, "wholebody_pose")
    guidance = peer.listen(Guidance, "guidance")
    source = {"source": "sim"} if killed == "simulation" else {}
    launch = launched(**source, loop="true", composed="false")
    nodes = ("pose", "guidance", "capture", "overlay", "downstream")
    wait_until(lambda: poses and health.well(*nodes))
    time.sleep(1.0)  # a steady state
    os.kill(pid_of(launch, killed), signal.SIGKILL)
    # On a busy machine they may tell first of what is late.
    wait_until(lambda: all(health.of(n).message.startswith("nothing on /") for n in who_say_so))
    assert {health.of(n).level for n in who_say_so} == {DiagnosticStatus.WARN}
    # Who died has come back, and all go on.
    launch.says(f"the {killed} node died")
    wait_until(lambda: health.well(*nodes))
    before = len(poses), len(guidance)
    wait_until(lambda: len(poses) > before[0] and len(guidance) > before[1])
    assert launch.stop() == 0 and "Traceback" not in launch.output


@pytest.mark.parametrize("killed", ["guidance", "capture", "overlay", "downstream"])
def test_who_gives_nothing_on_comes_back_too(peer, launched, killed):  # noqa: F811
    health, poses = Health(peer), peer.listen(WholeBodyPose, "wholebody_pose")
    launch = launched(loop="true", composed="false")
    wait_until(lambda: poses and health.well(killed))
    os.kill(pid_of(launch, killed), signal.SIGKILL)
    launch.says(f"the {killed} node died")
    health.forget()
    wait_until(lambda: health.well(killed))
    if killed == "capture":
        # Its first frames and poses have yet to come.
        wait_until(lambda: peer.call(Capture, "capture", label="again").success)
    assert launch.stop() == 0 and "Traceback" not in launch.output


def test_a_process_of_several_nodes_comes_back_as_one(peer, launched):  # noqa: F811
    health, poses = Health(peer), peer.listen(WholeBodyPose, "wholebody_pose")
    launch = launched(loop="true", composed="true")
    nodes = ("pose", "guidance", "capture", "overlay", "markers", "downstream")
    wait_until(lambda: poses and health.well(*nodes))
    os.kill(pid_of(launch, "composed"), signal.SIGKILL)
    launch.says("the process of guidance, capture, camera, pose, overlay, markers died")
    health.forget()
    poses.clear()
    wait_until(lambda: poses and health.well(*nodes))
    wait_until(lambda: peer.call(Capture, "capture", label="again").success)
    assert launch.stop() == 0 and "Traceback" not in launch.output


def test_nothing_is_said_once_no_pose_comes(peer, launched):  # noqa: F811
    guidance = peer.listen(Guidance, "guidance")
    launch = launched(loop="true", composed="false")
    wait_until(lambda: guidance and guidance[-1].code)
    pid = pid_of(launch, "pose")
    os.kill(pid, signal.SIGSTOP)  # hangs, as a driver can
    try:
        wait_until(lambda: guidance[-1].code == "no_pose")
        assert (guidance[-1].text, guidance[-1].person_id) == ("", 0)
        response = wait_until(
            lambda: not (r := peer.call(Capture, "capture", label="stale")).success and r
        )
        assert "no frame with a pose in the last" in response.message
    finally:
        os.kill(pid, signal.SIGCONT)
    wait_until(lambda: guidance[-1].code != "no_pose")


@both_ways
def test_a_flood_of_requests_is_answered_and_the_rest_goes_on(
    peer,
    launched,  # noqa: F811
    composed,
):
    poses = peer.listen(WholeBodyPose, "wholebody_pose")
    launched(loop="true", composed=composed)
    wait_until(lambda: poses)
    wait_until(lambda: peer.call(Capture, "capture", label="first").success)
    # By default a client keeps 10 requests, and loses the first of more.
    client = peer.node.create_client(Capture, "capture", qos_profile=QoSProfile(depth=100))
    assert client.wait_for_service(20.0)
    asked = [client.call_async(Capture.Request(label=f"no{i}")) for i in range(40)]
    wait_until(lambda: all(f.done() for f in asked))
    answers = [f.result() for f in asked]
    taken = {a.capture.image_path for a in answers if a.success}
    assert len(taken) == sum(a.success for a in answers) >= 10  # none overwrote another's
    assert all(os.path.exists(path) for path in taken)
    before = len(poses)
    wait_until(lambda: len(poses) > before)


def test_a_subscriber_that_is_slow_holds_nobody_up(peer, launched, command):  # noqa: F811
    """It gets fewer images; the others get all of their poses."""
    poses = peer.listen(WholeBodyPose, "wholebody_pose")

    def so_many() -> int:
        """Poses in two seconds."""
        before = len(poses)
        time.sleep(2.0)
        return len(poses) - before

    launched(loop="true")
    wait_until(lambda: poses)
    alone = so_many()
    slow = command("ros2", "topic", "echo", "/overlay")  # prints each byte, and takes a core
    wait_until(lambda: slow.output)
    assert so_many() > alone / 3
