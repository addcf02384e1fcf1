# SPDX-License-Identifier: Apache-2.0
"""Event handlers: what to do on an event of a node."""

from __future__ import annotations

from typing import Callable

from launch.event import Event
from launch.event_handlers import EventHandler, Reaction

from launch_ros.actions import LifecycleNode
from launch_ros.events.lifecycle import StateTransition


class OnStateTransition(EventHandler):
    """Handles a managed node's change from one state to another.

    The node and the labels are conditions, each if it is given. A `matcher` replaces them all.
    """

    def __init__(
        self,
        *,
        entities: Reaction,
        target_lifecycle_node: LifecycleNode | None = None,
        transition: str | None = None,
        start_state: str | None = None,
        goal_state: str | None = None,
        matcher: Callable[[Event], bool] | None = None,
        handle_once: bool = False,
    ) -> None:
        if not isinstance(target_lifecycle_node, (LifecycleNode, type(None))):
            raise TypeError(
                "OnStateTransition requires a 'LifecycleNode' action as the target, "
                f"not {target_lifecycle_node!r}"
            )
        wanted = {
            "action": target_lifecycle_node,
            "transition": transition,
            "start_state": start_state,
            "goal_state": goal_state,
        }

        def matches(event: Event) -> bool:
            return isinstance(event, StateTransition) and all(
                value is None or getattr(event, name) == value for name, value in wanted.items()
            )

        super().__init__(matcher=matcher or matches, entities=entities, handle_once=handle_once)
