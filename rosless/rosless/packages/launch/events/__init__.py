# SPDX-License-Identifier: Apache-2.0
"""Events: things that happened, or that are requested."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable

from launch.event import Event
from launch.events import process  # noqa: F401

if TYPE_CHECKING:
    from launch.action import Action


def matches_action(target_action: Action) -> Callable[[Action], bool]:
    """Return a matcher for exactly this action."""
    return lambda action: action is target_action


class Shutdown(Event):
    """The launch must end."""

    name = "launch.events.Shutdown"

    def __init__(self, *, reason: str = "reason not given", due_to_sigint: bool = False) -> None:
        self.reason, self.due_to_sigint = reason, due_to_sigint
