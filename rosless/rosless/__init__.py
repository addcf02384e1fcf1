"""The part of the ROS 2 Python API that runs on Eclipse Cyclone DDS, for machines without ROS 2.

`rclpy`, `launch`, `launch_ros`, `ament_index_python` and `cv_bridge` lie in `packages/`, and the
message packages are made on import by `interfaces`. `activate` (called by `rosless.pth` whenever
Python starts) makes all of them importable, or none: where a sourced ROS 2 provides `rclpy`,
every import finds the real packages, so the two worlds never mix in one process.
"""

from __future__ import annotations

import os
import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder

PACKAGES = os.path.join(os.path.dirname(__file__), "packages")
PROVIDED = ("rclpy", "launch", "launch_ros", "ament_index_python", "cv_bridge")


def ros2_is_sourced() -> bool:
    """Whether a real ROS 2 provides `rclpy` in this environment."""
    return PathFinder.find_spec("rclpy", [p for p in sys.path if p != PACKAGES]) is not None


def activate() -> None:
    """Make rosless importable under ROS 2's names, unless a real ROS 2 is sourced."""
    if PACKAGES not in sys.path and not ros2_is_sourced():
        sys.path.append(PACKAGES)
        sys.meta_path.append(_Finder())


class _Finder(MetaPathFinder):
    """Asked last: makes message packages, and explains what is not there."""

    def find_spec(self, name: str, path=None, target=None) -> ModuleSpec | None:
        package, *rest = name.split(".")
        if package in PROVIDED and rest:
            raise ModuleNotFoundError(
                f"rosless has no module {name!r}: see rosless/README.md for what it does; "
                "a full ROS 2 has the rest", name=name)
        if (len(rest) == 1 and rest[0] in ("msg", "srv")) or (
                not rest and package.endswith(("_msgs", "_interfaces", "_srvs", "_common"))):
            from rosless.interfaces import InterfaceLoader  # heavy: only where messages are used
            return InterfaceLoader.spec(name)
        return None


def missing(module: str):
    """A module's `__getattr__` that names what rosless lacks of the real module.

    It is an ImportError, since `from module import name` would hide the text of any other.
    """
    def __getattr__(name: str):
        if name.startswith("__"):
            raise AttributeError(name)
        raise ImportError(f"rosless has no {module}.{name}: see rosless/README.md for what it "
                          "does; a full ROS 2 has the rest")
    return __getattr__
