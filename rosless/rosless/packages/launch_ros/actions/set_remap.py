# SPDX-License-Identifier: Apache-2.0
"""The action that remaps a name in several nodes."""

from __future__ import annotations

from typing import Any

from launch.action import Action
from launch.launch_context import LaunchContext
from launch.some_substitutions_type import SomeSubstitutionsType
from launch.utilities import text_of

from launch_ros._group_settings import REMAPPINGS, add


class SetRemap(Action):
    """Remaps a name in the nodes that follow in this group."""

    def __init__(
        self, src: SomeSubstitutionsType, dst: SomeSubstitutionsType, **others: Any
    ) -> None:
        super().__init__(**others)
        self._rule = src, dst

    def execute(self, context: LaunchContext) -> None:
        source, target = (text_of(context, side) for side in self._rule)
        add(context, REMAPPINGS, (source, target))
