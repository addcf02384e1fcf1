# SPDX-License-Identifier: Apache-2.0
"""Clocks that go on while ROS time stands still or begins again, as a bag's does."""

import time

from rclpy.clock import Clock, ClockType  # Humble has no rclpy.clock_type

STEADY = Clock(clock_type=ClockType.STEADY_TIME)


def since_boot() -> float:
    """Return the time since the machine started, s, with that in which it was suspended."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()  # not Linux
