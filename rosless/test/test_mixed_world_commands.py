# SPDX-License-Identifier: Apache-2.0
"""rosless's packages that use rclpy: on its own and, with `make test-ros2`, on a real one."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import threading
import time

import pytest
import supervised
from rosless_helpers import LIMIT_S

SPEAKING = "import sys; from rosless.ros2 import main; sys.exit(main())"


@pytest.fixture
def ros2():
    """ros2("topic list") -> its output, after it has succeeded."""

    def run(words: str, code: int = 0) -> str:
        done = supervised.run([sys.executable, "-c", SPEAKING, *shlex.split(words)])
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    return run


@pytest.fixture
def started(tmp_path):
    """started(*words) -> a process with its output line by line, which ends with the test."""
    running: list[subprocess.Popen] = []

    def start(*words: str, env: dict[str, str] | None = None) -> subprocess.Popen:
        running.append(
            supervised.popen(
                [*words], text=True, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
            )
        )
        return running[-1]

    yield start
    for process in running:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)
        process.communicate(timeout=LIMIT_S)


def until(process: subprocess.Popen, text: str) -> str:
    """Return the lines up to the next one that contains a text."""
    told = ""
    for line in process.stdout:
        told += line
        if text in line:
            return told
    pytest.fail(f"{text!r} was not said:\n{told}")


MANAGED = """#!/usr/bin/env python3
import os, rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.lifecycle import LifecycleNode, TransitionCallbackReturn

class Managed(LifecycleNode):
    def on_activate(self, state):
        print("active", os.getpid(), flush=True)
        return super().on_activate(state)

rclpy.init()
node = Managed("managed")
try:
    rclpy.spin(node)
except (KeyboardInterrupt, ExternalShutdownException):
    pass
"""
LAUNCH = """
from launch import LaunchDescription
from launch.actions import EmitEvent, RegisterEventHandler
from launch.events import matches_action
from launch_ros.actions import LifecycleNode
from launch_ros.event_handlers import OnStateTransition
from launch_ros.events.lifecycle import ChangeState
from lifecycle_msgs.msg import Transition

managed = LifecycleNode(package='demo', executable='managed', name='managed', namespace='left',
                        output='screen', respawn=True)
def change(transition_id):
    return EmitEvent(event=ChangeState(lifecycle_node_matcher=matches_action(managed),
                                       transition_id=transition_id))
def generate_launch_description():
    from launch.event_handlers import OnProcessStart
    return LaunchDescription([
        RegisterEventHandler(OnProcessStart(
            target_action=managed, on_start=[change(Transition.TRANSITION_CONFIGURE)])),
        RegisterEventHandler(OnStateTransition(
            target_lifecycle_node=managed, start_state='configuring', goal_state='inactive',
            entities=[change(Transition.TRANSITION_ACTIVATE)])), managed])
"""


@pytest.fixture
def demo(tmp_path) -> dict[str, str]:
    """An environment with a package `demo`, which has a managed node."""
    prefix = tmp_path / "prefix"
    for file, text in (
        ("share/ament_index/resource_index/packages/demo", ""),
        ("share/demo/launch/demo.launch.py", LAUNCH),
        ("lib/demo/managed", MANAGED),
    ):
        (prefix / file).parent.mkdir(parents=True, exist_ok=True)
        (prefix / file).write_text(text)
    (prefix / "lib/demo/managed").chmod(0o755)
    known = [str(prefix), os.environ.get("AMENT_PREFIX_PATH", sys.prefix)]
    return {**os.environ, "AMENT_PREFIX_PATH": os.pathsep.join(known)}


def test_launch_leads_a_managed_node_which_is_killed_and_lives_again(started, demo, ros2):
    launch = started(sys.executable, "-c", SPEAKING, "launch", "demo", "demo.launch.py", env=demo)
    first = until(launch, "active").split()[-1]
    assert "active [3]" in ros2("lifecycle get /left/managed")
    os.kill(int(first), signal.SIGKILL)
    assert until(launch, "active").split()[-1] != first
    launch.send_signal(signal.SIGINT)
    told, _ = launch.communicate(timeout=LIMIT_S)
    assert launch.returncode == 0 and "process has finished cleanly" in told


TALKER = """
import rclpy
from geometry_msgs.msg import PoseArray, Pose, Point
from rcl_interfaces.msg import ParameterDescriptor
rclpy.init()
node = rclpy.create_node("talker", namespace="/far")
node.declare_parameter("rate", 30.0)
node.declare_parameter("names", ["a", "b"])
out = node.create_publisher(PoseArray, "poses", 10)
message = PoseArray(poses=[Pose(position=Point(x=1.5))])
message.header.frame_id = "map"
node.create_timer(0.05, lambda: out.publish(message))
print("ready", flush=True)
rclpy.spin(node)
"""


@pytest.fixture
def talker(started):
    until(started(sys.executable, "-c", TALKER), "ready")


def test_topics_and_parameters_by_command(talker, ros2):
    assert "/far/talker" in ros2("node list")
    assert "/far/poses [geometry_msgs/msg/PoseArray]" in ros2("topic list -t")
    assert ros2("topic echo --once /far/poses --field 'poses[0].position.x'") == "1.5\n---\n"
    assert "frame_id: map" in ros2("topic echo --once /far/poses")
    assert ros2("param get /far/talker rate") == "Double value is: 30.0\n"
    assert ros2("param set /far/talker names '[c]'") == "Set parameter successful\n"
    assert "names:\n    - c\n" in ros2("param dump /far/talker")


def test_what_is_no_message_of_the_type_is_told_in_a_line(ros2):
    for values, told in (
        ("{nam: 1}", "has no field 'nam'"),
        ("[1]", "must be a mapping"),
        ("{pose: {position: {x: [1]}}}", "position.x"),
    ):
        words = f"topic pub --once -w 0 /x geometry_msgs/msg/PoseStamped {shlex.quote(values)}"
        said = ros2(words, code=1)
        assert told.rpartition(".")[2] in said and "Traceback" not in said
    assert "publishing #1" in ros2(
        "topic pub --once -w 0 /x geometry_msgs/msg/PoseStamped "
        "'{header: auto, pose: {position: {x: 1}}}'"
    )


def test_a_bag_holds_what_came_before_the_signal(talker, started, ros2, tmp_path):
    bag = tmp_path / "bag"
    recorder = started(sys.executable, "-c", SPEAKING, "bag", "record", "/far/poses", "-o", bag)
    until(recorder, "Subscribed to topic '/far/poses'")
    ros2("topic echo --once /far/poses")
    recorder.send_signal(signal.SIGINT)
    until(recorder, "Recording stopped")
    assert recorder.wait(LIMIT_S) == 0
    told = ros2(f"bag info {bag}")
    assert "/far/poses | Type: geometry_msgs/msg/PoseArray | Count: " in told
    assert "Count: 0" not in told


@pytest.mark.parametrize("endless", [False, True])
def test_a_recorder_that_is_stopped_writes_what_has_come(tmp_path, endless):
    """It writes all of it, but stops if more and more messages come."""
    from rosbags.rosbag2 import Reader, StoragePlugin, Writer
    from rosless.ros2 import connected
    from rosless.ros2.bag_record import Recorder
    from std_msgs.msg import String

    with connected(signals=False) as node:
        publisher = node.create_publisher(String, "/count", 100)
        ended = threading.Event()

        def go_on() -> None:
            while not ended.is_set():
                publisher.publish(String(data="more"))

        talker = threading.Thread(target=go_on)

        def stopped() -> bool:
            if not publisher.get_subscription_count():
                return False
            for number in range(30):
                publisher.publish(String(data=str(number)))
            if endless:
                talker.start()
            time.sleep(0.3)  # so that the last messages arrive
            return True

        try:
            with Writer(tmp_path / "bag", version=9, storage_plugin=StoragePlugin.MCAP) as writer:
                Recorder(node, writer, {"/count"}, False).run(stopped)
        finally:
            ended.set()
            if talker.is_alive():
                talker.join()
    with Reader(tmp_path / "bag") as bag:
        assert bag.message_count >= 30 if endless else bag.message_count == 30


def test_images_by_cv_bridge():
    import numpy as np
    from cv_bridge import CvBridge

    pixels = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    message = CvBridge().cv2_to_imgmsg(pixels, "bgr8")
    assert (CvBridge().imgmsg_to_cv2(message) == pixels).all()
    assert CvBridge().imgmsg_to_cv2(message, "mono8").shape == (2, 4)
