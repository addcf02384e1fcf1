# SPDX-License-Identifier: Apache-2.0
"""A list of what to launch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterable

from launch.action import LaunchDescriptionEntity, as_list

if TYPE_CHECKING:
    from launch.actions import DeclareLaunchArgument
    from launch.launch_context import LaunchContext


class LaunchDescription(LaunchDescriptionEntity):
    """What `generate_launch_description` of a launch file returns."""

    def __init__(self, initial_entities: Iterable[LaunchDescriptionEntity] | None = None) -> None:
        self.entities = as_list(initial_entities)

    def add_entity(self, entity: LaunchDescriptionEntity) -> None:
        self.entities += as_list(entity)

    add_action = add_entity

    def visit(self, context: LaunchContext) -> list[LaunchDescriptionEntity]:
        return self.entities

    def describe_sub_entities(self) -> list[LaunchDescriptionEntity]:
        return self.entities

    def get_launch_arguments(self) -> list[DeclareLaunchArgument]:
        """Arguments declared here and in what is included, each name once."""
        from launch.actions import DeclareLaunchArgument

        found: dict[str, DeclareLaunchArgument] = {}
        rest = [*self.entities]
        while rest:
            entity = rest.pop(0)
            if isinstance(entity, DeclareLaunchArgument):
                found.setdefault(entity.name, entity)
            rest[:0] = entity.describe_sub_entities()
        return list(found.values())
