# SPDX-License-Identifier: Apache-2.0
"""The states and transitions of a managed node, as in rcl_lifecycle."""

from __future__ import annotations

from typing import NamedTuple

from lifecycle_msgs.msg import State, Transition


class LifecycleState(NamedTuple):
    label: str
    state_id: int


class TransitionStep(NamedTuple):
    """One transition from a state to another."""

    transition_id: int
    label: str
    start: LifecycleState
    goal: LifecycleState


# In the order in which services list them.
_STATES = {
    label: LifecycleState(label, number)
    for number, label in (
        *enumerate(
            ("unknown", "unconfigured", "inactive", "active", "finalized"),
            State.PRIMARY_STATE_UNKNOWN,
        ),
        *enumerate(
            (
                "configuring",
                "cleaningup",
                "shuttingdown",
                "activating",
                "deactivating",
                "errorprocessing",
            ),
            State.TRANSITION_STATE_CONFIGURING,
        ),
    )
}


def _step(number: int, label: str, start: str, goal: str) -> TransitionStep:
    return TransitionStep(number, label, _STATES[start], _STATES[goal])


def _outcomes(
    first: int, start: str, success: str, failure: str, error: str = "errorprocessing"
) -> list[TransitionStep]:
    """Return the steps after success, failure and an error of a callback."""
    return [
        _step(first, "transition_success", start, success),
        _step(first + 1, "transition_failure", start, failure),
        _step(first + 2, "transition_error", start, error),
    ]


_GRAPH = [
    _step(Transition.TRANSITION_CONFIGURE, "configure", "unconfigured", "configuring"),
    *_outcomes(
        Transition.TRANSITION_ON_CONFIGURE_SUCCESS, "configuring", "inactive", "unconfigured"
    ),
    _step(Transition.TRANSITION_CLEANUP, "cleanup", "inactive", "cleaningup"),
    *_outcomes(Transition.TRANSITION_ON_CLEANUP_SUCCESS, "cleaningup", "unconfigured", "inactive"),
    _step(Transition.TRANSITION_ACTIVATE, "activate", "inactive", "activating"),
    *_outcomes(Transition.TRANSITION_ON_ACTIVATE_SUCCESS, "activating", "active", "inactive"),
    _step(Transition.TRANSITION_DEACTIVATE, "deactivate", "active", "deactivating"),
    *_outcomes(Transition.TRANSITION_ON_DEACTIVATE_SUCCESS, "deactivating", "inactive", "active"),
    _step(Transition.TRANSITION_UNCONFIGURED_SHUTDOWN, "shutdown", "unconfigured", "shuttingdown"),
    _step(Transition.TRANSITION_INACTIVE_SHUTDOWN, "shutdown", "inactive", "shuttingdown"),
    _step(Transition.TRANSITION_ACTIVE_SHUTDOWN, "shutdown", "active", "shuttingdown"),
    *_outcomes(
        Transition.TRANSITION_ON_SHUTDOWN_SUCCESS, "shuttingdown", "finalized", "finalized"
    ),
    *_outcomes(
        Transition.TRANSITION_ON_ERROR_SUCCESS,
        "errorprocessing",
        "unconfigured",
        "finalized",
        "finalized",
    ),
]


class StateMachine:
    """The state of a node, at first unconfigured."""

    available_states: list[LifecycleState] = list(_STATES.values())
    transition_graph: list[TransitionStep] = _GRAPH

    def __init__(self) -> None:
        self.state = _STATES["unconfigured"]

    @property
    def current_state(self) -> tuple[int, str]:
        """The current state's id and label, in rclpy's order."""
        return self.state.state_id, self.state.label

    @property
    def available_transitions(self) -> list[TransitionStep]:
        """The steps from the current state."""
        return [step for step in _GRAPH if step.start == self.state]

    def find(self, transition: int | str) -> TransitionStep | None:
        """Return the step with this id or label from the current state; None if there is none."""
        return next(
            (
                step
                for step in self.available_transitions
                if transition in (step.transition_id, step.label)
            ),
            None,
        )
