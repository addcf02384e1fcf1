# SPDX-License-Identifier: Apache-2.0
"""Actions between rosless and a real ROS 2, both ways; see test_real_ros2.py."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess

import pytest
from action_msgs.msg import GoalStatus
from rclpy.action import ActionClient, ActionServer
from rosless_helpers import wait_until
from test_actions import ROS2, CancelResponse, Fibonacci, count
from test_real_ros2 import SETUP, clean_environment, in_ros2, real

pytestmark = pytest.mark.skipif(not SETUP, reason="DWPOSE_ROS2_SETUP names no ROS 2")
KIND = "example_interfaces/action/Fibonacci"

SERVER = """
import time, rclpy
from rclpy.action import ActionServer, CancelResponse
from example_interfaces.action import Fibonacci
def execute(handle):
    numbers = [0, 1]
    while len(numbers) <= handle.request.order or handle.request.order == -1:
        if handle.is_cancel_requested:
            handle.canceled()
            return Fibonacci.Result(sequence=numbers)
        numbers.append((numbers[-1] + numbers[-2]) % 1000)
        handle.publish_feedback(Fibonacci.Feedback(sequence=numbers))
        time.sleep(0.02)
    handle.succeed()
    return Fibonacci.Result(sequence=numbers)
rclpy.init()
node = rclpy.create_node("real", namespace="/far")
server = ActionServer(node, Fibonacci, "count", execute,
                      cancel_callback=lambda handle: CancelResponse.ACCEPT)
print("ready", flush=True)
rclpy.spin(node, rclpy.executors.MultiThreadedExecutor())
"""

CLIENT = """
import rclpy
from rclpy.action import ActionClient
from example_interfaces.action import Fibonacci
rclpy.init()
node = rclpy.create_node("real")
client = ActionClient(node, Fibonacci, "/near/count")
assert client.wait_for_server(20.0)
def done(future):
    rclpy.spin_until_future_complete(node, future, timeout_sec=20.0)
    return future.result()
told = []
handle = done(client.send_goal_async(
    Fibonacci.Goal(order=4), lambda message: told.append(len(message.feedback.sequence))))
answer = done(handle.get_result_async())
print(answer.status, answer.result.sequence.tolist(), told[:2])
handle = done(client.send_goal_async(Fibonacci.Goal(order=-1)))
print(len(done(handle.cancel_goal_async()).goals_canceling))
print(done(handle.get_result_async()).status)
"""


@pytest.fixture(scope="module")
def far():
    """The node SERVER."""
    process = subprocess.Popen(
        in_ros2("python3 -c " + shlex.quote(SERVER)),
        text=True,
        stdout=subprocess.PIPE,
        env=clean_environment(),
        start_new_session=True,
    )
    assert process.stdout.readline() == "ready\n"
    yield process
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


@pytest.fixture
def near(peer):
    """A server of rosless, for clients of the real ROS 2."""
    return ActionServer(
        peer(executor="MultiThreadedExecutor").node("rosless", namespace="/near"),
        Fibonacci,
        "count",
        count,
        cancel_callback=lambda handle: CancelResponse.ACCEPT,
    )


def test_our_client_and_a_real_server(far, peer):
    client = ActionClient(peer().node(), Fibonacci, "/far/count")
    assert client.wait_for_server(20.0)
    told = []
    handle = wait_until(
        client.send_goal_async(
            Fibonacci.Goal(order=4), lambda m: told.append(m.feedback.sequence.tolist())
        ).result
    )
    answer = wait_until(handle.get_result_async().result)
    assert (answer.status, answer.result.sequence.tolist()) == (
        GoalStatus.STATUS_SUCCEEDED,
        [0, 1, 1, 2, 3],
    )
    wait_until(lambda: handle.status == GoalStatus.STATUS_SUCCEEDED)
    assert told[:2] == [[0, 1, 1], [0, 1, 1, 2]]
    handle = wait_until(client.send_goal_async(Fibonacci.Goal(order=-1)).result)
    assert wait_until(handle.cancel_goal_async().result).goals_canceling
    assert wait_until(handle.get_result_async().result).status == GoalStatus.STATUS_CANCELED


def test_a_real_client_and_our_server(near):
    assert real("python3", "-c", CLIENT).splitlines() == ["4 [0, 1, 1, 2, 3] [3, 4]", "1", "5"]


def test_commands_of_both_worlds_say_the_same(far, near, program):
    for server in ("/near/count", "/far/count"):
        words = ("action", "send_goal", server, KIND, "{order: 3}", "-f")
        ours, theirs = program(ROS2, *words).end()[1], real("ros2", *words)
        # In ROS 2, feedback that arrives with the acceptance may be called back before it.
        assert sorted(re.sub("ID: .*", "ID", ours).splitlines()) == (
            sorted(re.sub("ID: .*", "ID", theirs).splitlines())
        )
    listed = program(ROS2, "action", "list", "-t").end()[1]
    assert (
        listed
        == real("ros2", "action", "list", "-t")
        == (f"/far/count [{KIND}]\n/near/count [{KIND}]\n")
    )
    words = ("node", "info", "/near/rosless")
    assert program(ROS2, *words).end()[1] == real(
        "ros2", "node", "info", "--no-daemon", "--spin-time", "2", "/near/rosless"
    )
