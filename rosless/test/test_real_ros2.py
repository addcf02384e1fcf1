"""Together with a real ROS 2 (rmw_cyclonedds), both ways.

DWPOSE_ROS2_SETUP names the script that sources it, such as /opt/ros/jazzy/setup.bash.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rcl_interfaces.msg import ParameterEvent
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, QoSProfile, qos_profile_sensor_data
from rosless.interfaces import serialize, type_hash
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


def in_ros2(command: str) -> list[str]:
    environment = {n: v for n, v in os.environ.items() if n.startswith("ROS_")}
    again = "; ".join(f"export {n}={shlex.quote(v)}" for n, v in environment.items())
    return ["bash", "-c", f". {shlex.quote(SETUP)} && {again}; "
                          f"export RMW_IMPLEMENTATION=rmw_cyclonedds_cpp; exec {command}"]


def clean_environment() -> dict[str, str]:
    return {n: v for n, v in os.environ.items() if n not in ("PYTHONPATH", "VIRTUAL_ENV")}


def real(*words: str) -> str:
    """What a command writes under the real ROS 2."""
    done = subprocess.run(in_ros2(shlex.join(words)), env=clean_environment(), text=True,
                          capture_output=True, timeout=30.0)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def far():
    """The node ECHO."""
    process = subprocess.Popen(in_ros2("python3 -c " + shlex.quote(ECHO)), text=True,
                               stdout=subprocess.PIPE, env=clean_environment(),
                               start_new_session=True)
    assert process.stdout.readline() == "ready\n"
    yield process
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def patterned_image() -> Image:
    pixels = np.random.default_rng(1).integers(0, 256, 1280 * 720 * 3, np.uint8)
    return Image(header=Header(frame_id="é" * 7), width=1280, height=720, step=3840,
                 encoding="bgr8", data=pixels)


MESSAGES = [
    patterned_image(), CameraInfo(k=np.arange(9.0), d=[0.5] * 5, distortion_model="plumb_bob"),
    DiagnosticArray(status=[
        DiagnosticStatus(level=level, name=name, values=[KeyValue(key=name, value="v" * n)
                                                         for n in range(4)])
        for level, name in ((b"\0", ""), (b"\2", "two"), (b"\xff", "odd"))])]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda m: type(m).__name__)
def test_topics(far, peer, message):
    node, got = peer().node(), []
    kind = type(message)
    qos = qos_profile_sensor_data if kind is Image else 10
    node.create_subscription(kind, f"/back/{kind.__name__}", got.append, qos)
    publisher = node.create_publisher(kind, f"/forth/{kind.__name__}", qos)
    wait_until(lambda: publisher.get_subscription_count() and node.count_publishers(
        f"/back/{kind.__name__}"))

    def sent() -> bool:  # best effort may lose the first ones
        publisher.publish(message)
        return bool(got)
    wait_until(sent)
    assert got[0] == message


def test_latched_topics(far, peer):
    got = []
    peer().node().create_subscription(String, "/latched", got.append, QoSProfile(
        depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL))
    wait_until(lambda: got == [String(data="é")])


def test_services_both_ways(far, peer):
    """Our client asks the real node, which asks our service."""
    def set_(request, response):
        response.success, response.message = request.data, "there"
        return response
    node = peer().node()
    node.create_service(SetBool, "/set", set_)
    client = peer().node("client").create_client(SetBool, "/ask")
    assert client.wait_for_service(10.0)
    for data in (True, False):
        assert client.call(SetBool.Request(data=data), 10.0) == SetBool.Response(
            success=data, message="there and back")


def test_the_graph_is_one(far, peer):
    node = peer("-r", "__ns:=/near").node("rosless")
    node.create_service(SetBool, "flip", print)
    wait_until(lambda: ("real", "/far") in node.get_node_names_and_namespaces())
    info, = node.get_publishers_info_by_topic("/back/Image")
    assert (info.node_name, info.topic_type) == ("real", "sensor_msgs/msg/Image")
    assert ("/ask", ["std_srvs/srv/SetBool"]) in (
        node.get_service_names_and_types_by_node("real", "/far"))
    assert {"/far/real", "/near/rosless"} <= set(
        real("ros2", "node", "list", "--no-daemon", "--spin-time", "2").split())
    told = real("ros2", "node", "info", "--no-daemon", "--spin-time", "2", "/near/rosless")
    assert "/near/flip: std_srvs/srv/SetBool" in told


def test_parameters_from_both_sides(far, peer, program):
    node = peer().node("near")
    node.declare_parameter("width", 640)
    events = []
    node.create_subscription(ParameterEvent, "/parameter_events", events.append, 100)
    ros2 = "import sys; from rosless.ros2 import main; sys.exit(main())"
    assert program(ros2, "param", "get", "/far/real", "rate").end() == (
        0, "Double value is: 30.0\n", "")
    assert program(ros2, "param", "set", "/far/real", "names", "[c]").end()[0] == 0
    wait_until(lambda: any(e.node == "/far/real" for e in events))
    assert program(ros2, "param", "get", "/far/real", "names").end()[1] == (
        "String values are: ['c']\n")
    options = ["--no-daemon", "--spin-time", "2"]
    assert real("ros2", "param", "get", *options, "/near", "width") == "Integer value is: 640\n"
    assert "successful" in real("ros2", "param", "set", *options, "/near", "width", "320")
    assert node.get_parameter("width") == Parameter("width", value=320)


def test_bytes_and_hashes_are_the_same(far):
    code = ("from rclpy.serialization import serialize_message as s; import std_msgs.msg as m; "
            "print(s(m.Header(frame_id='x')).hex())")
    assert real("python3", "-c", code).strip() == serialize(Header(frame_id="x")).hex()
    info = real("ros2", "topic", "info", "-v", "--no-daemon", "--spin-time", "2", "/latched")
    assert type_hash("std_msgs/msg/String") in info
