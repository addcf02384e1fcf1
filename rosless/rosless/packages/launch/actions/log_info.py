# SPDX-License-Identifier: Apache-2.0
"""The action that logs a line."""

from __future__ import annotations

from typing import Any

from launch.action import Action
from launch.launch_context import LaunchContext
from launch.logging import get_logger
from launch.some_substitutions_type import SomeSubstitutionsType
from launch.utilities import text_of


class LogInfo(Action):
    """Logs a line."""

    def __init__(self, *, msg: SomeSubstitutionsType, **others: Any) -> None:
        super().__init__(**others)
        self._message = msg

    def execute(self, context: LaunchContext) -> None:
        get_logger("launch.user").info(text_of(context, self._message))
