# SPDX-License-Identifier: Apache-2.0
"""Bags of rosless and of rosbag2, both ways; see test_real_ros2.py."""

from __future__ import annotations

import shlex
import signal
import subprocess
import time

import numpy as np
import pytest
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rosless_helpers import wait_until
from sensor_msgs.msg import Image
from std_msgs.msg import Header, String
from test_actions import ROS2
from test_real_ros2 import SETUP, clean_environment, in_ros2, real, start_in_ros2

HAS_BAGS = (
    bool(SETUP)
    and not subprocess.run(
        in_ros2("ros2 bag info --help"), env=clean_environment(), capture_output=True
    ).returncode
)
pytestmark = pytest.mark.skipif(not HAS_BAGS, reason="DWPOSE_ROS2_SETUP names no rosbag2")
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
BEST_EFFORT = QoSProfile(depth=10, reliability=ReliabilityPolicy.BEST_EFFORT)
STORAGES = ["mcap", "sqlite3", "mcap --storage-preset-profile zstd_fast"]
COUNT = 12

# Prints what it has heard, when it has heard everything.
LISTENER = f"""
import rclpy
from rclpy.qos import QoSProfile, DurabilityPolicy, qos_profile_sensor_data
from sensor_msgs.msg import Image
from std_msgs.msg import Header, String
rclpy.init()
node, heard = rclpy.create_node("listener"), []
latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
node.create_subscription(String, "/map", lambda m: heard.append(m.data), latched)
node.create_subscription(Header, "/late", lambda m: heard.append(m.frame_id), 10)
node.create_subscription(Image, "/image", lambda m: heard.append(bytes(m.data[:4]).hex()),
                         qos_profile_sensor_data)
print("ready", flush=True)
while len(heard) < {COUNT + 2}:
    rclpy.spin_once(node)
print(sorted(heard), flush=True)
"""
HEARD = sorted(["é", "last", *(f"{n:02x}010203" for n in range(COUNT))])


@pytest.fixture
def ros2(program):
    """ros2("bag info x") -> a Program."""
    return lambda words: program(ROS2, *shlex.split(words))


def publish(node) -> None:
    """Publish a latched text, images, and a topic that appears late."""
    node.create_publisher(String, "map", LATCHED).publish(String(data="é"))
    images = node.create_publisher(Image, "image", BEST_EFFORT)
    wait_until(images.get_subscription_count)
    time.sleep(1.2)  # a recording without messages is written too
    for number in range(COUNT):
        pixels = np.resize(np.array([number, 1, 2, 3], np.uint8), 64 * 48 * 3)
        images.publish(Image(width=64, height=48, step=192, encoding="bgr8", data=pixels))
        time.sleep(0.05)
    late = node.create_publisher(Header, "late", 10)
    wait_until(late.get_subscription_count)
    late.publish(Header(frame_id="last"))
    time.sleep(0.5)  # so that it arrives
    node.destroy_node()


@pytest.mark.parametrize("storage", STORAGES)
def test_rosbag2_reads_what_is_recorded(peer, ros2, tmp_path, storage):
    bag = tmp_path / "bag"
    recorder = ros2(f"bag record /map /image /late -o {bag} -s {storage}")
    publish(peer().node())
    recorder.popen.send_signal(signal.SIGINT)
    assert recorder.end()[0] == 0
    told = real("ros2", "bag", "info", str(bag))
    for topic, kind, count in (
        ("/map", "std_msgs/msg/String", 1),
        ("/late", "std_msgs/msg/Header", 1),
        ("/image", "sensor_msgs/msg/Image", COUNT),
    ):
        assert f"Topic: {topic} | Type: {kind} | Count: {count} |" in told
    listener = start_in_ros2(LISTENER)
    try:
        real("ros2", "bag", "play", str(bag), "--delay", "1.5", "-r", "0.5")
        out, _ = listener.communicate(timeout=10.0)
        assert out == f"{HEARD}\n"
    finally:
        listener.kill()


@pytest.mark.parametrize(
    "storage",
    [
        *STORAGES,
        "mcap --compression-mode file --compression-format zstd",
        "sqlite3 --compression-mode message --compression-format zstd",
    ],
)
def test_what_rosbag2_records_is_read(peer, ros2, tmp_path, storage):
    bag = tmp_path / "bag"
    recorder = subprocess.Popen(
        in_ros2(
            shlex.join(
                [
                    "ros2",
                    "bag",
                    "record",
                    "/map",
                    "/image",
                    "/late",
                    "-o",
                    str(bag),
                    "-s",
                    *storage.split(),
                ]
            )
        ),
        env=clean_environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    publish(peer().node())
    recorder.send_signal(signal.SIGINT)
    _, err = recorder.communicate(timeout=20.0)
    assert (bag / "metadata.yaml").exists(), err
    code, told, err = ros2(f"bag info {bag}").end()
    assert (code, err) == (0, "")
    assert f"Topic: /image | Type: sensor_msgs/msg/Image | Count: {COUNT} |" in told
    node, heard = peer().node(), []
    node.create_subscription(String, "/map", lambda m: heard.append(m.data), LATCHED)
    node.create_subscription(Header, "/late", lambda m: heard.append(m.frame_id), 10)
    node.create_subscription(
        Image, "/image", lambda m: heard.append(bytes(m.data[:4]).hex()), BEST_EFFORT
    )
    code, _, err = ros2(f"bag play {bag} -r 0.5").end()
    assert (code, err) == (0, "")
    wait_until(lambda: sorted(heard) == HEARD, 5.0)
