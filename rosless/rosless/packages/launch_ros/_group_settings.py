# SPDX-License-Identifier: Apache-2.0
"""What the nodes of a group have in common: namespace, parameters and remappings.

They are kept in launch configurations, and so have their scope. Never change them in place: outer
scopes hold the same lists.
"""

from __future__ import annotations

from typing import Any

from launch.launch_context import LaunchContext

NAMESPACE, PARAMETERS, REMAPPINGS = "ros_namespace", "global_params", "ros_remaps"


def below(namespace: str | None, name: str) -> str:
    """Return a name in a namespace, which is absolute; an absolute name stays as it is."""
    if not name.startswith("/"):
        name = f"{(namespace or '').rstrip('/')}/{name}"
    return name.rstrip("/") or "/"


def add(context: LaunchContext, key: str, value: Any) -> None:
    """Add a value to the list of PARAMETERS or REMAPPINGS for the nodes that follow."""
    configurations: dict[str, Any] = context.launch_configurations
    configurations[key] = [*configurations.get(key, ()), value]
