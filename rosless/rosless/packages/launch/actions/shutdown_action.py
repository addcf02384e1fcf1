# SPDX-License-Identifier: Apache-2.0
"""The action that ends the launch."""

from __future__ import annotations

from typing import Any

from launch import events
from launch.action import Action
from launch.events.process import ProcessExited
from launch.launch_context import LaunchContext
from launch.logging import get_logger


class Shutdown(Action):
    """Ends the launch."""

    def __init__(self, *, reason: str = "reason not given", **others: Any) -> None:
        super().__init__(**others)
        self._reason = reason

    def execute(self, context: LaunchContext) -> None:
        event = getattr(context.locals, "event", None)
        if isinstance(event, ProcessExited):
            get_logger("launch").info(
                f"process[{event.process_name}] was required: shutting down launched system"
            )
        context.service.emit_event(events.Shutdown(reason=self._reason))
