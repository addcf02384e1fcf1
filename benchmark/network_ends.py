#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The programs that network.py runs in its network namespaces: a reader and a watcher.

The reader receives the images. The watcher runs beside the camera, and reads from its diagnostics
how many images were sent.
"""

from __future__ import annotations

import json
import sys
import time

START_S = 10.0  # until the first image must have come
WARM_S = 2.0  # after it, before anything is counted
TRANSPORTS = {"raw": "image_raw", "compressed": "image_raw/compressed"}


def read(transport: str, seconds: float) -> None:
    """Subscribe as our nodes do, and print JSON lines: when counting began (ns), and what came.

    What came is a list of pairs: stamp of an image, and when it was read (both ns).

    Args:
        transport: one of TRANSPORTS.
        seconds: for which images are counted.
    """
    import rclpy
    from rclpy.qos import QoSProfile, ReliabilityPolicy
    from sensor_msgs.msg import CompressedImage, Image

    from dwpose_ros.ros.subscription import AdaptiveSubscription

    kind = Image if transport == "raw" else CompressedImage
    arrived: list[tuple[int, int]] = []  # ns: stamped, taken up

    def on_image(msg) -> None:
        stamp = msg.header.stamp
        arrived.append((stamp.sec * 10**9 + stamp.nanosec, time.time_ns()))

    rclpy.init(args=[])
    node = rclpy.create_node("reader")
    topic = f"/{TRANSPORTS[transport]}"
    subscription = AdaptiveSubscription(
        node,
        topic,
        f"sensor_msgs/msg/{kind.__name__}",
        QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT),
        lambda qos: node.create_subscription(kind, topic, on_image, qos),
        on_image,
        best=True,
    )
    node.create_timer(1.0, subscription.look)

    def spin(duration: float, until=lambda: False) -> None:
        end = time.monotonic() + duration
        while time.monotonic() < end and not until():
            rclpy.spin_once(node, timeout_sec=0.05)

    spin(START_S, until=lambda: arrived)
    spin(WARM_S)
    begin = time.time_ns()
    print(json.dumps(begin), flush=True)
    spin(seconds)
    print(json.dumps([a for a in arrived if a[1] >= begin]), flush=True)
    rclpy.spin(node)  # the camera sends only while somebody subscribes


def watch(transport: str) -> None:
    """Print JSON lines: a time (ns), and how many images the camera had sent by then."""
    import rclpy
    from diagnostic_msgs.msg import DiagnosticArray

    key = f"out /{TRANSPORTS[transport]} messages"

    def on_diagnostics(msg) -> None:
        counts = [
            v.value for s in msg.status if s.name == "camera" for v in s.values if v.key == key
        ]
        if counts:
            print(json.dumps([time.time_ns(), int(counts[0])]), flush=True)

    rclpy.init(args=[])
    node = rclpy.create_node("watcher")
    node.create_subscription(DiagnosticArray, "/diagnostics", on_diagnostics, 10)
    rclpy.spin(node)


def main() -> None:
    role, transport, *seconds = sys.argv[1:]
    if role == "read":
        read(transport, float(seconds[0]))
    else:
        watch(transport)


if __name__ == "__main__":
    main()
