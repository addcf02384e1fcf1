# SPDX-License-Identifier: Apache-2.0
"""The action that emits an event."""

from __future__ import annotations

from typing import Any

from launch.action import Action
from launch.event import Event
from launch.launch_context import LaunchContext


class EmitEvent(Action):
    """Emits an event."""

    def __init__(self, *, event: Event, **others: Any) -> None:
        super().__init__(**others)
        self._event = event

    def execute(self, context: LaunchContext) -> None:
        context.service.emit_event(self._event)
