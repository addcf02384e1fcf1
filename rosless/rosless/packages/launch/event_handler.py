"""The base of all event handlers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable, Union

from launch.action import Entities
from launch.event import Event

if TYPE_CHECKING:
    from launch.launch_context import LaunchContext

Reaction = Union[Entities, Callable[[Event, "LaunchContext"], Entities]]


class EventHandler:
    """Entities to visit when an event comes, or a function (event, context) that returns them."""

    def __init__(self, *, matcher: Callable[[Event], bool], entities: Reaction = None,
                 handle_once: bool = False) -> None:
        self.matcher = matcher
        self.entities = entities
        self.handle_once = handle_once

    def matches(self, event: Event) -> bool:
        return self.matcher(event)

    def handle(self, event: Event, context: LaunchContext) -> Entities:
        return self.entities(event, context) if callable(self.entities) else self.entities
