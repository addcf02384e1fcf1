# SPDX-License-Identifier: Apache-2.0
"""Events about managed nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable

from launch.event import Event
from lifecycle_msgs.msg import Transition, TransitionEvent

from launch_ros.events.matchers import matches_node_name  # noqa: F401

if TYPE_CHECKING:
    from launch_ros.actions import LifecycleNode


class ChangeState(Event):
    """Asks managed nodes for a transition, such as `Transition.TRANSITION_CONFIGURE`."""

    name = "launch_ros.events.lifecycle.ChangeState"
    valid_transitions = {
        getattr(Transition, name): name
        for name in (
            "TRANSITION_CREATE",
            "TRANSITION_CONFIGURE",
            "TRANSITION_CLEANUP",
            "TRANSITION_ACTIVATE",
            "TRANSITION_DEACTIVATE",
            "TRANSITION_UNCONFIGURED_SHUTDOWN",
            "TRANSITION_INACTIVE_SHUTDOWN",
            "TRANSITION_ACTIVE_SHUTDOWN",
            "TRANSITION_DESTROY",
        )
    }

    def __init__(
        self, *, lifecycle_node_matcher: Callable[[LifecycleNode], bool], transition_id: int
    ) -> None:
        """Make the event for the nodes that match. Raises ValueError for an unknown id."""
        if transition_id not in self.valid_transitions:
            known = ", ".join(
                f"{name}: {number}" for number, name in self.valid_transitions.items()
            )
            raise ValueError(
                f"given transition_id of '{transition_id}', expected one of {{{known}}}"
            )
        self.lifecycle_node_matcher = lifecycle_node_matcher
        self.transition_id = transition_id


class StateTransition(Event):
    """The managed node of `action` has gone from one state to another."""

    name = "launch_ros.events.lifecycle.StateTransition"

    def __init__(self, *, action: LifecycleNode, msg: TransitionEvent) -> None:
        self.action, self.msg = action, msg
        self.timestamp = msg.timestamp
        self.transition = msg.transition.label  # ROS 2's own nodes leave it empty
        self.start_state = msg.start_state.label
        self.goal_state = msg.goal_state.label
