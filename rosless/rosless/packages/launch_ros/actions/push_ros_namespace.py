# SPDX-License-Identifier: Apache-2.0
"""The action that puts nodes into a namespace."""

from __future__ import annotations

from typing import Any

from launch.action import Action
from launch.launch_context import LaunchContext
from launch.some_substitutions_type import SomeSubstitutionsType
from launch.utilities import text_of

from launch_ros._group_settings import NAMESPACE, below


class PushRosNamespace(Action):
    """Puts the nodes that follow in this group into a namespace."""

    def __init__(self, namespace: SomeSubstitutionsType, **others: Any) -> None:
        super().__init__(**others)
        self._namespace = namespace

    def execute(self, context: LaunchContext) -> None:
        pushed = text_of(context, self._namespace)
        if pushed:
            outer = context.launch_configurations.get(NAMESPACE)
            context.launch_configurations[NAMESPACE] = below(outer, pushed)


PushROSNamespace = PushRosNamespace
