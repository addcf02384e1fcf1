# SPDX-License-Identifier: Apache-2.0
"""`ros2 topic hz|bw|delay`: print a report each second, until Ctrl-C."""

from __future__ import annotations

import statistics
import time
from collections import deque
from typing import Callable

from rosless.ros2 import CommandError
from rosless.ros2.values import type_name


def hz(node, msg_type, args) -> None:
    """Report how often messages arrive."""
    arrivals: deque[float] = deque(maxlen=args.window + 1)
    _subscribe(node, msg_type, args.topic, lambda _: arrivals.append(time.monotonic()), raw=True)
    seen = [0.0]

    def report() -> str:
        if len(arrivals) < 2 or arrivals[-1] == seen[0]:
            return "no new messages"
        seen[0] = arrivals[-1]
        gaps = [b - a for a, b in zip(arrivals, list(arrivals)[1:])]
        return (
            f"average rate: {len(gaps) / sum(gaps):.3f}\n\tmin: {min(gaps):.3f}s "
            f"max: {max(gaps):.3f}s std dev: {statistics.pstdev(gaps):.5f}s "
            f"window: {len(gaps)}"
        )

    _each_second(node, report)


def bw(node, msg_type, args) -> None:
    """Report how many bytes messages take."""
    came: deque[tuple[float, int]] = deque(maxlen=args.window)
    _subscribe(
        node,
        msg_type,
        args.topic,
        lambda data: came.append((time.monotonic(), len(data))),
        raw=True,
    )
    print(f"Subscribed to [{args.topic}]", flush=True)

    def report() -> str:
        if len(came) < 2:
            return ""
        sizes = [size for _, size in came]
        rate = sum(sizes) / (time.monotonic() - came[0][0])
        rate_text, *texts = _bytes(rate, statistics.mean(sizes), min(sizes), max(sizes))
        mean, low, high = texts
        return (
            f"{rate_text}/s from {len(sizes)} messages\n"
            f"\tMessage size mean: {mean} min: {low} max: {high}"
        )

    _each_second(node, report)


def _bytes(rate: float, *sizes: float) -> list[str]:
    if rate < 1000:
        return [f"{n:.0f} B" for n in (rate, *sizes)]
    if rate < 1_000_000:
        return [f"{n / 1000:.2f} KB" for n in (rate, *sizes)]
    return [f"{n / 1_000_000:.2f} MB" for n in (rate, *sizes)]


def delay(node, msg_type, args) -> None:
    """Report how old messages are on arrival, by the stamps in their headers."""
    from rclpy.time import Time

    if "header" not in msg_type.get_fields_and_field_types():
        raise CommandError(
            f"{type_name(msg_type)} has no header, whose stamp would tell how old a message is"
        )
    delays: deque[int] = deque(maxlen=args.window)
    count = [0, 0]  # messages that came, and how many of them were reported

    def came(message) -> None:
        count[0] += 1
        delays.append((node.get_clock().now() - Time.from_msg(message.header.stamp)).nanoseconds)

    _subscribe(node, msg_type, args.topic, came)

    def report() -> str:
        if not delays:
            return ""
        if count[0] == count[1]:
            return "no new messages"
        count[1] = count[0]
        seconds = [ns / 1e9 for ns in delays]
        return (
            f"average delay: {statistics.mean(seconds):.3f}\n\tmin: {min(seconds):.3f}s "
            f"max: {max(seconds):.3f}s std dev: {statistics.pstdev(seconds):.5f}s "
            f"window: {len(seconds)}"
        )

    _each_second(node, report)


def _subscribe(node, msg_type, topic: str, callback: Callable, raw: bool = False) -> None:
    from rclpy.qos import qos_profile_sensor_data

    node.create_subscription(msg_type, topic, callback, qos_profile_sensor_data, raw=raw)


def _each_second(node, report: Callable[[], str]) -> None:
    import rclpy

    reported = time.monotonic()
    while rclpy.ok():
        rclpy.spin_once(node, timeout_sec=0.1)
        if time.monotonic() - reported >= 1.0:
            reported = time.monotonic()
            if text := report():
                print(text, flush=True)
