# SPDX-License-Identifier: Apache-2.0
"""Matchers: which nodes an event is for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable

if TYPE_CHECKING:
    from launch_ros.actions import Node


def matches_node_name(node_name: str) -> Callable[[Node], bool]:
    """Return a matcher for nodes with this full name, whose first slash may be left out."""
    full = "/" + node_name.lstrip("/")
    return lambda action: action.node_name == full
