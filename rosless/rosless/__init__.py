"""The part of the ROS 2 Python API that runs on Eclipse Cyclone DDS, for machines without ROS 2.

`rclpy`, `launch`, `launch_ros`, `ament_index_python` and `cv_bridge` lie in `packages/`, and the
message packages are made on import by `interfaces`. `activate` (called by `rosless.pth` whenever
Python starts) makes all of them importable, or none: where a sourced ROS 2 provides `rclpy`,
every import finds the real packages, so the two worlds never mix in one process.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader

PACKAGES = os.path.join(os.path.dirname(__file__), "packages")
PROVIDED = ("rclpy", "launch", "launch_ros", "ament_index_python", "cv_bridge")
_MORE = "see rosless/README.md for what it has; a full ROS 2 has the rest"


def ros2_is_sourced() -> bool:
    """Whether a real ROS 2 provides `rclpy` in this environment."""
    return PathFinder.find_spec("rclpy") is not None


def activate() -> None:
    """Make rosless importable under ROS 2's names, unless a real ROS 2 is sourced."""
    active = any(isinstance(finder, _Packages) for finder in sys.meta_path)
    if not active and not ros2_is_sourced():
        sys.meta_path.insert(0, _Packages())  # a folder named `launch` must not come before
        sys.meta_path.append(_Messages())


class _Packages(MetaPathFinder):
    """Finds the packages that rosless brings, and says which of their modules it lacks."""

    def find_spec(self, name: str, path=None, target=None) -> ModuleSpec | None:
        if name.partition(".")[0] not in PROVIDED:
            return None
        spec = PathFinder.find_spec(name, path or [PACKAGES])
        if spec is None:
            raise ModuleNotFoundError(f"rosless has no module {name!r}: {_MORE}", name=name)
        spec.loader = _Loader(name, spec.origin)
        return spec


class _Loader(SourceFileLoader):
    """Loads a module that says what it lacks of the real one.

    It says so by an ImportError, since `from module import name` would hide any other.
    """

    def exec_module(self, module) -> None:
        super().exec_module(module)

        def missing(name: str):
            if name.startswith("_"):
                raise AttributeError(name)
            full = f"{module.__name__}.{name}"
            if PathFinder.find_spec(full, getattr(module, "__path__", [])):
                return import_module(full)
            raise ImportError(f"rosless has no {full}: {_MORE}")
        vars(module).setdefault("__getattr__", missing)


class _Messages(MetaPathFinder):
    """Makes message packages; asked when nobody else has the module."""

    def find_spec(self, name: str, path=None, target=None) -> ModuleSpec | None:
        from rosless import index  # later than at Python's start
        package, *rest = name.split(".")
        if rest in (["msg"], ["srv"], ["action"]) or not rest and (
                package.endswith(("_msgs", "_interfaces", "_srvs", "_common"))
                or index.interface_files(package)):
            from rosless.interfaces import InterfaceLoader  # heavy: only where messages are used
            return InterfaceLoader.spec(name)
        return None
