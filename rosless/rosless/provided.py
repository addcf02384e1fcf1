# SPDX-License-Identifier: Apache-2.0
"""Which of ROS 2's packages are installed for real, and which of them rosless supplies."""

from __future__ import annotations

from importlib.machinery import PathFinder

PROVIDED = ("rclpy", "launch", "launch_ros", "ament_index_python", "cv_bridge")
_TOGETHER = {"launch", "launch_ros"}  # rosless's launch_ros needs rosless's launch, and vice versa


def ros2_is_sourced() -> bool:
    """Return whether a real ROS 2 provides `rclpy` in this environment."""
    return is_real("rclpy")


def is_real(name: str) -> bool:
    """Return whether a package is installed that rosless does not supply."""
    spec = PathFinder.find_spec(name)
    return spec is not None and spec.origin is not None  # None: a mere folder of that name


def supplied() -> list[str]:
    """Return the packages that rosless supplies here: all, or those that a real ROS 2 lacks."""
    if not ros2_is_sourced():
        return list(PROVIDED)
    real = {name for name in PROVIDED if is_real(name)}
    if real & _TOGETHER:
        real |= _TOGETHER
    return [name for name in PROVIDED if name not in real]
