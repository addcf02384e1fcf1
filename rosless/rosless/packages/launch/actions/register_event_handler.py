# SPDX-License-Identifier: Apache-2.0
"""The action that registers an event handler."""

from __future__ import annotations

from typing import Any

from launch.action import Action
from launch.event_handlers import EventHandler
from launch.launch_context import LaunchContext


class RegisterEventHandler(Action):
    """Registers an event handler, which then handles events until the launch ends."""

    def __init__(self, event_handler: EventHandler, **others: Any) -> None:
        super().__init__(**others)
        self._handler = event_handler

    def execute(self, context: LaunchContext) -> None:
        context.service.add_handler(self._handler)
