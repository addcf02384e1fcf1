# SPDX-License-Identifier: Apache-2.0
"""Event handlers: what to do on an event."""

from __future__ import annotations

from typing import Callable, Union

from launch import events
from launch.action import Action, Entities
from launch.event import Event
from launch.events.process import ProcessEvent, ProcessExited, ProcessStarted
from launch.launch_context import LaunchContext

Reaction = Union[Entities, Callable[[Event, LaunchContext], Entities]]
Target = Union[Action, Callable[[Action], bool], None]


class EventHandler:
    """Entities to visit on an event, or a function (event, context) that returns them."""

    def __init__(
        self,
        *,
        matcher: Callable[[Event], bool],
        entities: Reaction = None,
        handle_once: bool = False,
    ) -> None:
        self.matcher = matcher
        self.entities = entities
        self.handle_once = handle_once

    def matches(self, event: Event) -> bool:
        return self.matcher(event)

    def handle(self, event: Event, context: LaunchContext) -> Entities:
        return self.entities(event, context) if callable(self.entities) else self.entities


def _of(kind: type[ProcessEvent], target: Target) -> Callable[[Event], bool]:
    """Return a matcher for events of `kind` about `target`; None means every process."""

    def matcher(event: Event) -> bool:
        if not isinstance(event, kind):
            return False
        if target is None or event.action is target:
            return True
        return not isinstance(target, Action) and target(event.action)

    return matcher


class OnProcessStart(EventHandler):
    """Handles the start of the process of `target_action`."""

    def __init__(
        self, *, on_start: Reaction, target_action: Target = None, handle_once: bool = False
    ) -> None:
        super().__init__(
            matcher=_of(ProcessStarted, target_action), entities=on_start, handle_once=handle_once
        )


class OnProcessExit(EventHandler):
    """Handles the end of the process of `target_action`, whatever the reason."""

    def __init__(
        self, *, on_exit: Reaction, target_action: Target = None, handle_once: bool = False
    ) -> None:
        super().__init__(
            matcher=_of(ProcessExited, target_action), entities=on_exit, handle_once=handle_once
        )


class OnShutdown(EventHandler):
    """Handles the beginning of the shutdown."""

    def __init__(self, *, on_shutdown: Reaction, handle_once: bool = False) -> None:
        super().__init__(
            matcher=lambda event: isinstance(event, events.Shutdown),
            entities=on_shutdown,
            handle_once=handle_once,
        )
