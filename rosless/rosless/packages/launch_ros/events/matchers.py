# SPDX-License-Identifier: Apache-2.0
"""Which nodes an event is for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable

if TYPE_CHECKING:
    from launch_ros.actions import Node


def matches_node_name(node_name: str) -> Callable[[Node], bool]:
    """Nodes of this full name; the leading slash may be left out."""
    full = "/" + node_name.lstrip("/")
    return lambda action: action.node_name == full
