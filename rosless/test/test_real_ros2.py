# SPDX-License-Identifier: Apache-2.0
"""rosless and a real ROS 2 (rmw_cyclonedds), both ways.

DWPOSE_ROS2_SETUP is the path of the script that sources it, such as /opt/ros/jazzy/setup.bash.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from lifecycle_msgs.msg import Transition, TransitionEvent
from lifecycle_msgs.srv import ChangeState, GetAvailableStates, GetAvailableTransitions, GetState
from rcl_interfaces.msg import ParameterEvent
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, QoSProfile, qos_profile_sensor_data
from rosless.messages import serialize, type_hash
from rosless_helpers import wait_until
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header, String
from std_srvs.srv import SetBool

SETUP = os.environ.get("DWPOSE_ROS2_SETUP", "")
pytestmark = pytest.mark.skipif(not SETUP, reason="DWPOSE_ROS2_SETUP names no ROS 2")

# A node on the real ROS 2 that sends back what it hears.
ECHO = """
import rclpy
from rclpy.qos import QoSProfile, DurabilityPolicy, qos_profile_sensor_data
from diagnostic_msgs.msg import DiagnosticArray
from rcl_interfaces.srv import GetParameters
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import String
from std_srvs.srv import SetBool
rclpy.init()
node = rclpy.create_node("real", namespace="/far")
node.declare_parameter("rate", 30.0)
node.declare_parameter("names", ["a", "b"])
for kind, qos in ((Image, qos_profile_sensor_data), (DiagnosticArray, 10), (CameraInfo, 10)):
    out = node.create_publisher(kind, "/back/" + kind.__name__, qos)
    node.create_subscription(kind, "/forth/" + kind.__name__, out.publish, qos)
node.create_publisher(String, "/latched", QoSProfile(
    depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)).publish(String(data="é"))

async def ask(request, response):
    answer = await set_.call_async(SetBool.Request(data=request.data))
    response.success, response.message = answer.success, answer.message + " and back"
    return response
group = rclpy.callback_groups.ReentrantCallbackGroup()
set_ = node.create_client(SetBool, "/set", callback_group=group)
node.create_service(SetBool, "/ask", ask)
print("ready", flush=True)
rclpy.spin(node)
"""


# A managed node that answers what it hears while it is active.
MANAGED = """
import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.lifecycle import LifecycleNode, TransitionCallbackReturn
from std_msgs.msg import String

class Managed(LifecycleNode):
    def on_configure(self, state):
        self.out = self.create_lifecycle_publisher(String, "said", 10)
        self.timer = self.create_timer(0.1, lambda: self.out.publish(String(data="here")))
        return super().on_configure(state)

    def on_deactivate(self, state):
        return TransitionCallbackReturn.FAILURE

    def on_shutdown(self, state):
        raise OSError("no such device")

rclpy.init()
node = Managed("managed", namespace="/far")
print("ready", flush=True)
try:
    rclpy.spin(node)
except (KeyboardInterrupt, ExternalShutdownException):
    pass
"""


def in_ros2(command: str) -> list[str]:
    environment = {n: v for n, v in os.environ.items() if n.startswith("ROS_")}
    again = "; ".join(f"export {n}={shlex.quote(v)}" for n, v in environment.items())
    return [
        "bash",
        "-c",
        f". {shlex.quote(SETUP)} && {again}; "
        f"export RMW_IMPLEMENTATION=rmw_cyclonedds_cpp; exec {command}",
    ]


def clean_environment() -> dict[str, str]:
    return {n: v for n, v in os.environ.items() if n not in ("PYTHONPATH", "VIRTUAL_ENV")}


def ended(*words: str) -> tuple[int, str, str]:
    """Run a command on the real ROS 2; return its exit code, output and errors."""
    done = subprocess.run(
        in_ros2(shlex.join(words)),
        env=clean_environment(),
        text=True,
        capture_output=True,
        timeout=30.0,
    )
    return done.returncode, done.stdout, done.stderr


def real(*words: str) -> str:
    """Run a command on the real ROS 2; return its output."""
    code, out, err = ended(*words)
    assert code == 0, err
    return out


def start_in_ros2(code: str) -> subprocess.Popen:
    """Start a Python program on the real ROS 2; return it when it is ready."""
    process = subprocess.Popen(
        in_ros2("python3 -c " + shlex.quote(code)),
        text=True,
        stdout=subprocess.PIPE,
        env=clean_environment(),
        start_new_session=True,
    )
    assert process.stdout.readline() == "ready\n"
    return process


@pytest.fixture(scope="module")
def far():
    """The node ECHO."""
    process = start_in_ros2(ECHO)
    yield process
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def patterned_image() -> Image:
    pixels = np.random.default_rng(1).integers(0, 256, 1280 * 720 * 3, np.uint8)
    return Image(
        header=Header(frame_id="é" * 7),
        width=1280,
        height=720,
        step=3840,
        encoding="bgr8",
        data=pixels,
    )


MESSAGES = [
    patterned_image(),
    CameraInfo(k=np.arange(9.0), d=[0.5] * 5, distortion_model="plumb_bob"),
    DiagnosticArray(
        status=[
            DiagnosticStatus(
                level=level,
                name=name,
                values=[KeyValue(key=name, value="v" * n) for n in range(4)],
            )
            for level, name in ((b"\0", ""), (b"\2", "two"), (b"\xff", "odd"))
        ]
    ),
]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda m: type(m).__name__)
def test_topics(far, peer, message):
    node, got = peer().node(), []
    kind = type(message)
    qos = qos_profile_sensor_data if kind is Image else 10
    node.create_subscription(kind, f"/back/{kind.__name__}", got.append, qos)
    publisher = node.create_publisher(kind, f"/forth/{kind.__name__}", qos)
    wait_until(
        lambda: (
            publisher.get_subscription_count() and node.count_publishers(f"/back/{kind.__name__}")
        )
    )

    def sent() -> bool:  # best effort may lose the first ones
        publisher.publish(message)
        return bool(got)

    wait_until(sent)
    assert got[0] == message


def test_latched_topics(far, peer):
    got = []
    peer().node().create_subscription(
        String,
        "/latched",
        got.append,
        QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL),
    )
    wait_until(lambda: got == [String(data="é")])


def test_services_both_ways(far, peer):
    """A client of rosless calls the real node, which calls a service of rosless."""

    def set_(request, response):
        response.success, response.message = request.data, "there"
        return response

    node = peer().node()
    node.create_service(SetBool, "/set", set_)
    client = peer().node("client").create_client(SetBool, "/ask")
    assert client.wait_for_service(10.0)
    for data in (True, False):
        assert client.call(SetBool.Request(data=data), 10.0) == SetBool.Response(
            success=data, message="there and back"
        )


def test_the_graph_is_one(far, peer):
    node = peer("-r", "__ns:=/near").node("rosless")
    node.create_service(SetBool, "flip", print)
    wait_until(lambda: ("real", "/far") in node.get_node_names_and_namespaces())
    (info,) = node.get_publishers_info_by_topic("/back/Image")
    assert (info.node_name, info.topic_type) == ("real", "sensor_msgs/msg/Image")
    assert ("/ask", ["std_srvs/srv/SetBool"]) in (
        node.get_service_names_and_types_by_node("real", "/far")
    )
    assert {"/far/real", "/near/rosless"} <= set(
        real("ros2", "node", "list", "--no-daemon", "--spin-time", "2").split()
    )
    told = real("ros2", "node", "info", "--no-daemon", "--spin-time", "2", "/near/rosless")
    assert "/near/flip: std_srvs/srv/SetBool" in told


def test_parameters_from_both_sides(far, peer, program):
    node = peer().node("near")
    node.declare_parameter("width", 640)
    events = []
    node.create_subscription(ParameterEvent, "/parameter_events", events.append, 100)
    ros2 = "import sys; from rosless.ros2 import main; sys.exit(main())"
    assert program(ros2, "param", "get", "/far/real", "rate").end() == (
        0,
        "Double value is: 30.0\n",
        "",
    )
    assert program(ros2, "param", "set", "/far/real", "names", "[c]").end()[0] == 0
    wait_until(lambda: any(e.node == "/far/real" for e in events))
    assert program(ros2, "param", "get", "/far/real", "names").end()[1] == (
        "String values are: ['c']\n"
    )
    options = ["--no-daemon", "--spin-time", "2"]
    assert real("ros2", "param", "get", *options, "/near", "width") == "Integer value is: 640\n"
    assert "successful" in real("ros2", "param", "set", *options, "/near", "width", "320")
    assert node.get_parameter("width") == Parameter("width", value=320)


def test_bytes_and_hashes_are_the_same(far):
    code = (
        "from rclpy.serialization import serialize_message as s; import std_msgs.msg as m; "
        "print(s(m.Header(frame_id='x')).hex())"
    )
    assert real("python3", "-c", code).strip() == serialize(Header(frame_id="x")).hex()
    info = real("ros2", "topic", "info", "-v", "--no-daemon", "--spin-time", "2", "/latched")
    assert type_hash("std_msgs/msg/String") in info


# Managed nodes: a command, with its exit code, output and errors.
LIFE = [
    ("nodes", 0, "/far/managed\n", ""),
    ("get", 0, "/far/managed: unconfigured [1]\n", ""),
    (
        "list /far/managed",
        0,
        "- configure [1]\n\tStart: unconfigured\n\tGoal: configuring\n"
        "- shutdown [5]\n\tStart: unconfigured\n\tGoal: shuttingdown\n",
        "",
    ),
    (
        "set /far/managed activate",
        1,
        "",
        "Unknown transition requested, available ones are:\n- configure [1]\n- shutdown [5]\n",
    ),
    ("set /far/managed configure", 0, "Transitioning successful\n", ""),
    ("set far/managed 3", 0, "Transitioning successful\n", ""),
    ("set /far/managed deactivate", 0, "", "Transitioning failed\n"),
    ("get /far/managed", 0, "active [3]\n", ""),
    ("set /far/managed shutdown", 0, "", "Transitioning failed\n"),
    ("get /far/managed", 0, "unconfigured [1]\n", ""),
    ("get /nope", 1, "", "Node not found\n"),
]


@pytest.mark.parametrize(
    "command, managed", [("real", "real"), ("real", "ours"), ("ours", "real")]
)
def test_a_managed_node_s_life(peer, program, command, managed):
    said = []
    peer().node().create_subscription(String, "/far/said", said.append, 10)
    ros2 = "import sys; from rosless.ros2 import main; sys.exit(main())"
    if managed == "real":
        process = start_in_ros2(MANAGED)
    else:
        process = program(MANAGED).popen
        assert process.stdout.readline() == "ready\n"
    try:
        for words, *expected in LIFE:
            arguments = ["lifecycle", *words.split()]
            done = (
                ended("ros2", *arguments, "--no-daemon", "--spin-time", "1")
                if command == "real"
                else program(ros2, *arguments).end()
            )
            assert done == tuple(expected), words
            if words.endswith("configure"):
                assert not said
        assert said[0] == String(data="here")
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def test_a_real_managed_node_and_ours_answer_the_same(peer, program):
    node, events = peer().node(), []
    topic = "/far/managed/transition_event"
    node.create_subscription(TransitionEvent, topic, events.append, 10)

    def ask(kind, name: str, **fields):
        client = node.create_client(kind, f"/far/managed/{name}")
        assert client.wait_for_service(10.0)
        return client.call(kind.Request(**fields), 10.0)

    def life_of(process) -> list:
        """Return all its answers and events."""
        events.clear()
        answers = [
            ask(GetAvailableStates, "get_available_states"),
            ask(GetAvailableTransitions, "get_transition_graph"),
        ]
        for label in ("configure", "nope", "activate", "deactivate", "shutdown"):
            answers += [
                ask(ChangeState, "change_state", transition=Transition(label=label)),
                ask(GetState, "get_state"),
                ask(GetAvailableTransitions, "get_available_transitions"),
            ]
        wait_until(lambda: len(events) == 9)
        os.killpg(process.pid, signal.SIGINT)
        process.communicate(timeout=10.0)
        wait_until(lambda: not node.count_publishers(topic))
        return [answers, [*events]]

    ours = program(MANAGED).popen
    assert ours.stdout.readline() == "ready\n"
    assert life_of(ours) == life_of(start_in_ros2(MANAGED))
