# SPDX-License-Identifier: Apache-2.0
"""The action that sets a parameter of several nodes."""

from __future__ import annotations

from typing import Any

from launch.action import Action
from launch.launch_context import LaunchContext
from launch.some_substitutions_type import SomeSubstitutionsType

from launch_ros._group_settings import PARAMETERS, add
from launch_ros.parameter_descriptions import evaluate_parameters


class SetParameter(Action):
    """Sets a parameter of the nodes that follow in this group."""

    def __init__(self, name: SomeSubstitutionsType, value: Any, **others: Any) -> None:
        super().__init__(**others)
        self._name, self._value = name, value

    def execute(self, context: LaunchContext) -> None:
        parameters = evaluate_parameters(context, {self._name: self._value})
        add(context, PARAMETERS, parameters)
