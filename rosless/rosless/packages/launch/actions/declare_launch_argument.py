# SPDX-License-Identifier: Apache-2.0
"""The action that declares an argument of a launch file."""

from __future__ import annotations

from typing import Any, Iterable

from launch.action import Action
from launch.launch_context import LaunchContext
from launch.some_substitutions_type import SomeSubstitutionsType
from launch.utilities import normalize_to_list_of_substitutions, perform_substitutions


class DeclareLaunchArgument(Action):
    """Declares an argument of the launch file: a launch configuration that users can set."""

    def __init__(
        self,
        name: str,
        *,
        default_value: SomeSubstitutionsType | None = None,
        description: str | None = None,
        choices: Iterable[str] | None = None,
        **others: Any,
    ) -> None:
        super().__init__(**others)
        self.name = name
        self.default_value = (
            None if default_value is None else normalize_to_list_of_substitutions(default_value)
        )
        self.choices = None if choices is None else list(choices)
        if self.choices == [] or (
            self.choices and isinstance(default_value, str) and default_value not in self.choices
        ):
            raise ValueError(
                f'Argument "{name}": default_value {default_value!r} is not among '
                f"its choices {self.choices}"
            )
        self.description = description or "no description given"
        if self.choices:
            self.description = f"{self.description.rstrip('.')}. Valid choices are: {self.choices}"

    def declared_arguments(self) -> list[DeclareLaunchArgument]:
        return [self]

    def execute(self, context: LaunchContext) -> None:
        configurations = context.launch_configurations
        if self.name not in configurations:
            if self.default_value is None:
                raise RuntimeError(
                    f'Required launch argument "{self.name}" (description: '
                    f'"{self.description}") was not provided'
                )
            configurations[self.name] = perform_substitutions(context, self.default_value)
        value = configurations[self.name]
        if self.choices and value not in self.choices:
            raise RuntimeError(
                f'Argument "{self.name}" provided value "{value}" is not valid. '
                f"Valid options are: {self.choices}"
            )
