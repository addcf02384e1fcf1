# SPDX-License-Identifier: Apache-2.0
"""Clocks: system time, steady time, and ROS time, which `/clock` can set."""

from __future__ import annotations

import time

from rclpy.clock_type import ClockType
from rclpy.duration import Duration
from rclpy.time import Time


class Clock:
    """Tells the time of one clock type."""

    def __init__(self, *, clock_type: ClockType = ClockType.SYSTEM_TIME) -> None:
        self.clock_type = clock_type
        self._simulated_ns: int | None = None

    @property
    def ros_time_is_active(self) -> bool:
        """Whether `/clock` sets this clock."""
        return self._simulated_ns is not None

    def now(self) -> Time:
        return Time(nanoseconds=self._now_ns(), clock_type=self.clock_type)

    def _now_ns(self) -> int:
        if self._simulated_ns is not None:
            return self._simulated_ns
        if self.clock_type == ClockType.STEADY_TIME:
            return time.monotonic_ns()
        return time.time_ns()

    def _timer_ns(self) -> int:
        """Return the time for timers, which changes of the system's clock must not disturb."""
        return time.monotonic_ns() if self._simulated_ns is None else self._simulated_ns

    def sleep_for(self, rel_time: Duration, context=None) -> bool:
        """Sleep; return False if the context was shut down meanwhile."""
        return self.sleep_until(self.now() + rel_time, context)

    def sleep_until(self, until: Time, context=None) -> bool:
        """Sleep; return False if the context was shut down meanwhile."""
        from rclpy.utilities import get_default_context

        context = context or get_default_context()
        while context.ok():
            left = (until - self.now()).nanoseconds / 1e9
            if left <= 0:
                return True
            time.sleep(min(left, 0.05))
        return False


class ROSClock(Clock):
    """A clock of ROS time."""

    def __init__(self) -> None:
        super().__init__(clock_type=ClockType.ROS_TIME)
