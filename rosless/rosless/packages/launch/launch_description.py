# SPDX-License-Identifier: Apache-2.0
"""Launch descriptions: lists of entities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterable

from launch.action import LaunchDescriptionEntity, as_list

if TYPE_CHECKING:
    from launch.actions import DeclareLaunchArgument
    from launch.launch_context import LaunchContext


class LaunchDescription(LaunchDescriptionEntity):
    """What a launch file's `generate_launch_description` returns."""

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
        """Return the arguments of this and of included launch files, each name once."""
        found: dict[str, DeclareLaunchArgument] = {}
        for argument in self.declared_arguments():
            found.setdefault(argument.name, argument)
        return list(found.values())
