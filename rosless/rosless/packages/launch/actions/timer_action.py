# SPDX-License-Identifier: Apache-2.0
"""The action that executes others later."""

from __future__ import annotations

from typing import Any, Callable, Iterable

from launch.action import Action, LaunchDescriptionEntity, as_list
from launch.launch_context import LaunchContext
from launch.some_substitutions_type import SomeSubstitutionsType
from launch.utilities import seconds


class TimerAction(Action):
    """Executes actions after `period` seconds, with the launch configurations of now."""

    def __init__(
        self, *, period: float | SomeSubstitutionsType, actions: Iterable[Action], **others: Any
    ) -> None:
        super().__init__(**others)
        self._period = period
        self.actions = as_list(actions)
        self._cancel: Callable[[], object] = lambda: None

    def execute(self, context: LaunchContext) -> None:
        visit = context.later()
        self._cancel = context.service.start_timer(
            seconds(context, self._period, "TimerAction period"), lambda: visit(self.actions)
        )

    def cancel(self) -> None:
        self._cancel()

    def describe_sub_entities(self) -> list[LaunchDescriptionEntity]:
        return self.actions
