# SPDX-License-Identifier: Apache-2.0
"""Entities, of which launch descriptions are made."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Union

if TYPE_CHECKING:
    from launch.conditions import Condition
    from launch.launch_context import LaunchContext

Entities = Union["LaunchDescriptionEntity", Iterable["LaunchDescriptionEntity"], None]


class LaunchDescriptionEntity:
    """Anything that can be part of a launch description."""

    condition: Condition | None = None

    def visit(self, context: LaunchContext) -> Entities:
        """Do the work of this entity, and return the entities to visit next."""

    def describe_sub_entities(self) -> list[LaunchDescriptionEntity]:
        """Return the entities in this one, as far as they are known before the launch."""
        return []

    def declared_arguments(self) -> list[LaunchDescriptionEntity]:
        """Return the DeclareLaunchArgument actions among this entity and those in it."""
        return [a for sub in self.describe_sub_entities() for a in sub.declared_arguments()]


class Action(LaunchDescriptionEntity):
    """Does something, if its condition holds. Subclasses implement `execute`."""

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
        """Do the work, and return the entities to visit next."""


def as_list(entities: Entities) -> list[LaunchDescriptionEntity]:
    """Return one entity, several or None as a list. Raises TypeError for anything else."""
    given = (
        []
        if entities is None
        else (list(entities) if isinstance(entities, Iterable) else [entities])
    )
    for entity in given:
        if not isinstance(entity, LaunchDescriptionEntity):
            raise TypeError(
                f"{entity!r} cannot be part of a launch description: it must be an "
                "action, such as launch_ros.actions.Node(...)"
            )
    return given
