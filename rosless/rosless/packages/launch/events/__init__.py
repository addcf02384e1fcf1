"""Events, and what finds the action they mean."""

from __future__ import annotations

from typing import Callable

from launch.action import Action
from launch.event import Event
from launch.events import process


class Shutdown(Event):
    """Everything is to end."""

    name = "launch.events.Shutdown"

    def __init__(self, *, reason: str = "reason not given", due_to_sigint: bool = False) -> None:
        self.reason = reason
        self.due_to_sigint = due_to_sigint


def matches_action(target: Action) -> Callable[[Action], bool]:
    """A matcher for exactly this action."""
    return lambda action: action is target
