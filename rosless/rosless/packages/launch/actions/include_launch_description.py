# SPDX-License-Identifier: Apache-2.0
"""The action that includes another launch file."""

from __future__ import annotations

from typing import Any, Iterable, Union

from launch.action import Action, LaunchDescriptionEntity
from launch.launch_context import LaunchContext
from launch.launch_description_sources import AnyLaunchDescriptionSource, LaunchDescriptionSource
from launch.some_substitutions_type import SomeSubstitutionsType
from launch.utilities import text_of


class IncludeLaunchDescription(Action):
    """Includes another launch file.

    The launch configurations that it sets stay set, unless this action is in a GroupAction.
    """

    def __init__(
        self,
        launch_description_source: Union[LaunchDescriptionSource, SomeSubstitutionsType],
        *,
        launch_arguments: Iterable[tuple[SomeSubstitutionsType, SomeSubstitutionsType]]
        | None = None,
        **others: Any,
    ) -> None:
        super().__init__(**others)
        if not isinstance(launch_description_source, LaunchDescriptionSource):
            launch_description_source = AnyLaunchDescriptionSource(launch_description_source)
        self.source = launch_description_source
        self._arguments = list(launch_arguments or ())

    def execute(self, context: LaunchContext) -> None:
        before, context.launch_file = context.launch_file, self.source.locate(context)
        try:
            description = self.source.get_launch_description(context)
            for name, value in self._arguments:
                context.launch_configurations[text_of(context, name)] = text_of(context, value)
            context.visit(description)
        finally:
            context.launch_file = before

    def describe_sub_entities(self) -> list[LaunchDescriptionEntity]:
        try:
            return [self.source.get_launch_description(LaunchContext())]
        except Exception:  # the path is not known yet, or wrong: the launch will tell
            return []
