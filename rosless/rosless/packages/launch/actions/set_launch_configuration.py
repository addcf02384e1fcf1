# SPDX-License-Identifier: Apache-2.0
"""The action that sets a launch configuration."""

from __future__ import annotations

from typing import Any

from launch.action import Action
from launch.launch_context import LaunchContext
from launch.some_substitutions_type import SomeSubstitutionsType
from launch.utilities import text_of


class SetLaunchConfiguration(Action):
    """Sets a launch configuration."""

    def __init__(
        self, name: SomeSubstitutionsType, value: SomeSubstitutionsType, **others: Any
    ) -> None:
        super().__init__(**others)
        self._name, self._value = name, value

    def execute(self, context: LaunchContext) -> None:
        self._target(context)[text_of(context, self._name)] = text_of(context, self._value)

    def _target(self, context: LaunchContext):
        return context.launch_configurations
