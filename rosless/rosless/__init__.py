# SPDX-License-Identifier: Apache-2.0
"""The part of the ROS 2 Python API that runs on Eclipse Cyclone DDS, for machines without ROS 2.

`rclpy`, `launch`, `launch_ros`, `ament_index_python` and `cv_bridge` are in `packages/`; message
packages are made when they are imported, see `interfaces`. `activate` (which `rosless.pth` calls
whenever Python starts) makes all of them importable. If a real ROS 2 provides `rclpy`, every
import finds the real packages; rosless then supplies only what that ROS 2 lacks, and uses only the
public API of its `rclpy`.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader

from rosless.provided import PROVIDED, is_real, ros2_is_sourced, supplied

__all__ = ["PROVIDED", "activate", "is_real", "ros2_is_sourced", "supplied"]

PACKAGES = os.path.join(os.path.dirname(__file__), "packages")
# Python itself tries these when it starts, or has them on other systems only. To look for them as
# packages would be slow, and impossible while that which looks is itself being imported.
_PYTHONS_OWN = sys.stdlib_module_names | {"sitecustomize", "usercustomize"}
_MORE = "see rosless/README.md for what it has; a full ROS 2 has the rest"


def activate() -> None:
    """Make rosless's packages importable under ROS 2's names, except those of a real ROS 2."""
    if any(isinstance(finder, _Packages) for finder in sys.meta_path):
        return
    if names := supplied():
        sys.meta_path.insert(0, _Packages(names))  # a folder named `launch` must not come before
    if "rclpy" in names:
        sys.meta_path.append(_Messages())
    elif names and os.path.isdir(os.path.join(sys.prefix, "share", "ament_index")):
        # ROS 2 as wheels: nobody sources it, so its ament_index_python would find no packages.
        os.environ.setdefault("AMENT_PREFIX_PATH", sys.prefix)


class _Packages:
    """Finds the packages that rosless supplies, and names the modules that they lack."""

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
    """Loads a module that names what it lacks of the real one.

    It raises ImportError, since `from module import name` would hide any other error.
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


class _Messages:
    """Makes message packages; Python asks it after all other finders."""

    def find_spec(self, name: str, path=None, target=None) -> ModuleSpec | None:
        if name.partition(".")[0] in _PYTHONS_OWN:
            return None
        from rosless import index  # lazily: Python's start must stay fast

        package, *rest = name.split(".")
        if (
            rest in (["msg"], ["srv"], ["action"])
            or not rest
            and (
                package.endswith(("_msgs", "_interfaces", "_srvs", "_common"))
                or index.interface_files(package)
            )
        ):
            from rosless.interfaces import InterfaceLoader  # lazily: it takes long to load

            return InterfaceLoader.spec(name)
        return None
