#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A typical camera driver: a reliable publisher with the middleware's own defaults.

Prints how many images it sent, once it is told to end by SIGINT.
"""

from __future__ import annotations

import array
import os
import signal
import sys
import time

for _name in (
    "FASTRTPS_DEFAULT_PROFILES_FILE",
    "FASTDDS_DEFAULT_PROFILES_FILE",
    "CYCLONEDDS_URI",
):  # which rclpy reads only when a node is made
    os.environ.pop(_name, None)

import rclpy  # noqa: E402
from rclpy.qos import QoSProfile, ReliabilityPolicy  # noqa: E402
from rclpy.signals import SignalHandlerOptions  # noqa: E402
from sensor_msgs.msg import Image  # noqa: E402

MATCHED_S = 0.5  # from the first subscription seen, until the subscriber sees the publisher, too


def main() -> None:
    width, height, rate, depth = map(int, sys.argv[1:5])
    # Shells make background jobs ignore SIGINT.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    rclpy.init(args=[], signal_handler_options=SignalHandlerOptions.NO)
    node = rclpy.create_node("driver")
    publisher = node.create_publisher(
        Image, "image_raw", QoSProfile(depth=depth, reliability=ReliabilityPolicy.RELIABLE)
    )
    message = Image(width=width, height=height, encoding="bgr8", step=3 * width)
    message.data = array.array("B", os.urandom(3 * width) * height)
    message.header.frame_id = "camera"
    sent = 0
    try:
        while publisher.get_subscription_count() == 0:
            time.sleep(0.05)
        time.sleep(MATCHED_S)
        due = time.monotonic()
        while True:
            message.header.stamp = node.get_clock().now().to_msg()
            publisher.publish(message)
            sent += 1
            due = max(due + 1 / rate, time.monotonic() - 1 / rate)
            time.sleep(max(0.0, due - time.monotonic()))
    except KeyboardInterrupt:
        print(sent, flush=True)
    time.sleep(1.0)  # let the last images arrive
    rclpy.shutdown()


if __name__ == "__main__":
    main()
