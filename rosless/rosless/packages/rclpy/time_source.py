# SPDX-License-Identifier: Apache-2.0
"""The source of a node's time: `/clock` or the system's clock."""

from __future__ import annotations

from rosgraph_msgs.msg import Clock as ClockMsg

from rclpy.clock import ROSClock
from rclpy.qos import qos_profile_sensor_data
from rclpy.subscription import Subscription
from rclpy.time import Time


class TimeSource:
    """Sets a node's clock by `/clock` while the parameter `use_sim_time` is true."""

    def __init__(self, node, clock: ROSClock) -> None:
        self._node, self._clock = node, clock
        self._subscription: Subscription | None = None

    def use_sim_time(self, active: bool) -> None:
        """Follow `/clock`, or else the system's clock."""
        if active and self._subscription is None:
            self._clock._simulated_ns = 0
            self._subscription = self._node.create_subscription(
                ClockMsg, "/clock", self._tick, qos_profile_sensor_data
            )
        elif not active and self._subscription is not None:
            self._node.destroy_subscription(self._subscription)
            self._subscription = self._clock._simulated_ns = None

    def _tick(self, msg: ClockMsg) -> None:
        self._clock._simulated_ns = Time.from_msg(msg.clock).nanoseconds
