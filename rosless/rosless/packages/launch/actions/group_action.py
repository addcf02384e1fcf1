# SPDX-License-Identifier: Apache-2.0
"""The action that groups others."""

from __future__ import annotations

from typing import Any, Iterable

from launch.action import Action, Entities, LaunchDescriptionEntity, as_list
from launch.launch_context import LaunchContext


class GroupAction(Action):
    """Groups actions under one condition; if `scoped`, undoes at its end what they set."""

    def __init__(self, actions: Iterable[Action], *, scoped: bool = True, **others: Any) -> None:
        super().__init__(**others)
        self.actions = as_list(actions)
        self._scoped = scoped

    def execute(self, context: LaunchContext) -> Entities:
        if not self._scoped:
            return self.actions
        with context.scope():
            context.visit(self.actions)
        return None

    def describe_sub_entities(self) -> list[LaunchDescriptionEntity]:
        return self.actions
