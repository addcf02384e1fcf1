# SPDX-License-Identifier: Apache-2.0
"""The part of the ROS 2 Python API that runs on Eclipse Cyclone DDS, for machines without ROS 2.

`rclpy`, `launch`, `launch_ros`, `ament_index_python` and `cv_bridge` lie in `packages/`, and the
message packages are made on import by `interfaces`. `activate` (called by `rosless.pth` whenever
Python starts) makes them importable. Where a real ROS 2 provides `rclpy`, every import finds the
real packages, and of ours only those that it lacks, which then speak through its public API.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader

PACKAGES = os.path.join(os.path.dirname(__file__), "packages")
PROVIDED = ("rclpy", "launch", "launch_ros", "ament_index_python", "cv_bridge")
_TOGETHER = {"launch", "launch_ros"}  # ours of the one knows nothing of a real other
_MORE = "see rosless/README.md for what it has; a full ROS 2 has the rest"


def ros2_is_sourced() -> bool:
    """Whether a real ROS 2 provides `rclpy` in this environment."""
    return is_real("rclpy")


def is_real(name: str) -> bool:
    """Whether a package is installed besides what rosless supplies."""
    spec = PathFinder.find_spec(name)
    return spec is not None and spec.origin is not None  # None: a mere folder of that name


def supplied() -> list[str]:
    """The packages of PROVIDED that rosless supplies here: all, or what a real ROS 2 lacks."""
    if not ros2_is_sourced():
        return list(PROVIDED)
    real = {name for name in PROVIDED if is_real(name)}
    if real & _TOGETHER:
        real |= _TOGETHER
    return [name for name in PROVIDED if name not in real]


def activate() -> None:
    """Make rosless importable under ROS 2's names, but for what a real ROS 2 has."""
    if any(isinstance(finder, _Packages) for finder in sys.meta_path):
        return
    if names := supplied():
        sys.meta_path.insert(0, _Packages(names))  # a folder named `launch` must not come before
    if "rclpy" in names:
        sys.meta_path.append(_Messages())
    elif names and os.path.isdir(os.path.join(sys.prefix, "share", "ament_index")):
        # ROS 2 as wheels, which nobody sources; its ament_index_python would find no packages.
        os.environ.setdefault("AMENT_PREFIX_PATH", sys.prefix)


class _Packages(MetaPathFinder):
    """Finds the packages that rosless supplies, and says which of their modules it lacks."""

    def __init__(self, names: list[str]) -> None:
        self._names = names

    def find_spec(self, name: str, path=None, target=None) -> ModuleSpec | None:
        if name.partition(".")[0] not in self._names:
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
        if (
            rest in (["msg"], ["srv"], ["action"])
            or not rest
            and (
                package.endswith(("_msgs", "_interfaces", "_srvs", "_common"))
                or index.interface_files(package)
            )
        ):
            from rosless.interfaces import InterfaceLoader  # heavy: only where messages are used

            return InterfaceLoader.spec(name)
        return None
