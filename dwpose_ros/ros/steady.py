# SPDX-License-Identifier: Apache-2.0
"""The clock of timers that go on while ROS time stands still or begins again, as a bag's does."""

from rclpy.clock import Clock, ClockType  # Humble has no rclpy.clock_type

STEADY = Clock(clock_type=ClockType.STEADY_TIME)
