# SPDX-License-Identifier: Apache-2.0
"""What a launch description is made of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Union

if TYPE_CHECKING:
    from launch.conditions import Condition
    from launch.launch_context import LaunchContext

Entities = Union["LaunchDescriptionEntity", Iterable["LaunchDescriptionEntity"], None]


class LaunchDescriptionEntity:
    """Anything that can stand in a launch description."""

    condition: Condition | None = None

    def visit(self, context: LaunchContext) -> Entities:
        """Do what it is for, and return what is to be visited next."""

    def describe_sub_entities(self) -> list[LaunchDescriptionEntity]:
        """What it holds, as far as that is known before launching."""
        return []


class Action(LaunchDescriptionEntity):
    """Does something when visited, unless its condition says no. Subclasses write `execute`."""

    def __init__(self, *, condition: Condition | None = None, **unsupported: Any) -> None:
        if unsupported:
            names = ", ".join(f"{name}=..." for name in sorted(unsupported))
            raise NotImplementedError(
                f"rosless has no {type(self).__name__}({names}); a full ROS 2 may have it"
            )
        self.condition = condition

    def visit(self, context: LaunchContext) -> Entities:
        if self.condition is None or self.condition.evaluate(context):
            return self.execute(context)
        return None

    def execute(self, context: LaunchContext) -> Entities:
        """Do it. Returned entities are visited next."""


def as_list(entities: Entities) -> list[LaunchDescriptionEntity]:
    """One entity, several or none, as a list. Raises TypeError for anything else."""
    given = (
        []
        if entities is None
        else (list(entities) if isinstance(entities, Iterable) else [entities])
    )
    for entity in given:
        if not isinstance(entity, LaunchDescriptionEntity):
            raise TypeError(
                f"{entity!r} cannot stand in a launch description: it must be an "
                "action, such as launch_ros.actions.Node(...)"
            )
    return given
