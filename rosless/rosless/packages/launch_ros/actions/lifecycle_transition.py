# SPDX-License-Identifier: Apache-2.0
"""The action that leads managed nodes through transitions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterable

from launch.action import Action
from launch.actions import EmitEvent, RegisterEventHandler
from launch.event import Event
from launch.event_handlers import EventHandler
from launch.launch_context import LaunchContext
from launch.logging import get_logger
from launch.some_substitutions_type import SomeSubstitutionsType
from launch.utilities import text_of

if TYPE_CHECKING:
    from launch_ros.events.lifecycle import StateTransition

_logger = get_logger("launch_ros.actions.lifecycle_node")


class LifecycleTransition(Action):
    """Leads managed nodes through transitions, each when the one before is complete."""

    def __init__(
        self,
        *,
        lifecycle_node_names: Iterable[SomeSubstitutionsType],
        transition_ids: Iterable[int | SomeSubstitutionsType],
        **others: Any,
    ) -> None:
        super().__init__(**others)
        self._names, self._ids = list(lifecycle_node_names), list(transition_ids)
        for what, given in (("lifecycle_node_names", self._names), ("transition_ids", self._ids)):
            if not given:
                raise ValueError(f"No {what} provided.")

    def execute(self, context: LaunchContext) -> list[Action]:
        ids = [_transition_id(context, given) for given in self._ids]
        return [
            action
            for name in self._names
            for action in _lead("/" + text_of(context, name).lstrip("/"), ids)
        ]


def _transition_id(context: LaunchContext, given: int | SomeSubstitutionsType) -> int:
    text = str(given) if isinstance(given, int) else text_of(context, given)
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"expected integer for lifecycle transition, got {text!r}") from None


def _lead(node_name: str, transition_ids: list[int]) -> list[Action]:
    """Return the actions that ask a node for a transition, and go on when it is complete."""
    # Lazily: events need messages, which take long to load.
    from launch_ros.events.lifecycle import ChangeState, StateTransition
    from launch_ros.events.matchers import matches_node_name

    if not transition_ids:
        return []
    following, *others = transition_ids
    made = _made(following)

    def is_over(event: Event) -> bool:
        return (
            isinstance(event, StateTransition)
            and event.action.node_name == node_name
            and (
                event.goal_state == "errorprocessing"
                or (event.start_state, event.goal_state) == made
            )
        )

    def go_on(event: StateTransition, context: LaunchContext) -> list[Action]:
        if event.goal_state == "errorprocessing":
            _logger.info(
                f"Stopping transitions for {node_name} because 'error occured during transitions'"
            )
            return []
        return _lead(node_name, others)

    return [
        RegisterEventHandler(EventHandler(matcher=is_over, entities=go_on, handle_once=True)),
        EmitEvent(
            event=ChangeState(
                lifecycle_node_matcher=matches_node_name(node_name), transition_id=following
            )
        ),
    ]


def _made(transition_id: int) -> tuple[str, str]:
    """Return the labels of the start and goal of the last step if a transition succeeds."""
    from rosless.state_machine import StateMachine  # lazily, as above

    graph = StateMachine.transition_graph
    for step in graph:
        if step.transition_id == transition_id:
            return next(
                (last.start.label, last.goal.label)
                for last in graph
                if last.start == step.goal and last.label == "transition_success"
            )
    raise ValueError(f"{transition_id} is not a lifecycle transition that can be requested")
