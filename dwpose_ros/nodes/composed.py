# SPDX-License-Identifier: Apache-2.0
"""Several nodes in one process, which pass images to each other by reference.

    ros2 run dwpose_ros composed camera pose guidance capture --ros-args -p camera:source:=0

A node of one's own is named as MODULE:CLASS, and derives from `ManagedNode`.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from importlib.util import find_spec

from rclpy.utilities import remove_ros_args

from dwpose_ros.core.text import one_line
from dwpose_ros.ros.managed_node import ManagedNode
from dwpose_ros.ros.node_main import MISTAKE, run

USAGE = (
    "composed: name the nodes of the process, such as `composed camera pose`, "
    "or MODULE:CLASS for one of your own"
)


class CompositionError(ValueError):
    """A node that cannot be had; the message says why."""


def node_class(name: str) -> type[ManagedNode]:
    """Return the class of one of our nodes, such as "pose", or of MODULE:CLASS.

    Raises:
        CompositionError: there is none.
    """
    module, separator, cls = name.partition(":")
    if not separator:
        module, cls = f"dwpose_ros.nodes.{name}", f"{name.capitalize()}Node"
        if not name.isidentifier() or find_spec(module) is None:
            raise CompositionError(f"there is no node {name!r} in dwpose_ros")
    try:
        found = getattr(importlib.import_module(module), cls)
    except (ImportError, AttributeError, ValueError, TypeError) as err:
        raise CompositionError(f"{name}: {err}") from err
    if not (isinstance(found, type) and issubclass(found, ManagedNode)):
        raise CompositionError(f"{name} is no ManagedNode")
    return found


def node_classes(names: Sequence[str]) -> list[type[ManagedNode]]:
    """Return the classes of several nodes.

    Raises:
        CompositionError: one is unknown, or named twice.
    """
    if not names:
        raise CompositionError(USAGE)
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise CompositionError(f"composed: {', '.join(twice)} is named twice")
    return [node_class(name) for name in names]


def main() -> None:
    try:
        makes = node_classes(remove_ros_args(sys.argv)[1:])
    except (ValueError, RuntimeError) as err:  # the latter is RCLError, of ROS arguments
        print(one_line(err), file=sys.stderr)
        sys.exit(MISTAKE)
    run(*makes)
