# SPDX-License-Identifier: Apache-2.0
"""An action server's goals, and their states."""

from __future__ import annotations

from contextlib import suppress
from enum import Enum

from action_msgs.msg import GoalInfo, GoalStatus

from rclpy.task import Future


class RCLError(RuntimeError):
    """Raised if a goal in its present state cannot do what is asked."""


class GoalEvent(Enum):
    """What can happen to a goal."""

    EXECUTE = 1
    CANCEL_GOAL = 2
    SUCCEED = 3
    ABORT = 4
    CANCELED = 5


_NAMES = {
    value: name.removeprefix("STATUS_")
    for name, value in vars(GoalStatus).items()
    if name.startswith("STATUS_")
}
_NEXT = {
    (GoalStatus.STATUS_ACCEPTED, GoalEvent.EXECUTE): GoalStatus.STATUS_EXECUTING,
    (GoalStatus.STATUS_ACCEPTED, GoalEvent.CANCEL_GOAL): GoalStatus.STATUS_CANCELING,
    (GoalStatus.STATUS_EXECUTING, GoalEvent.CANCEL_GOAL): GoalStatus.STATUS_CANCELING,
    (GoalStatus.STATUS_EXECUTING, GoalEvent.SUCCEED): GoalStatus.STATUS_SUCCEEDED,
    (GoalStatus.STATUS_EXECUTING, GoalEvent.ABORT): GoalStatus.STATUS_ABORTED,
    (GoalStatus.STATUS_CANCELING, GoalEvent.SUCCEED): GoalStatus.STATUS_SUCCEEDED,
    (GoalStatus.STATUS_CANCELING, GoalEvent.ABORT): GoalStatus.STATUS_ABORTED,
    (GoalStatus.STATUS_CANCELING, GoalEvent.CANCELED): GoalStatus.STATUS_CANCELED,
}
_ACTIVE = {status for status, _ in _NEXT}


class ServerGoalHandle:
    """An accepted goal. Only ActionServer makes these."""

    def __init__(self, action_server, goal_info: GoalInfo, goal_request) -> None:
        self._action_server, self._goal_info = action_server, goal_info
        self._goal_request = goal_request
        self._status = GoalStatus.STATUS_ACCEPTED
        self._destroyed = False
        self._result = Future()  # the response to requests for the result
        self._ended_ns = 0  # when it reached its last state

    request = property(lambda self: self._goal_request)
    goal_id = property(lambda self: self._goal_info.goal_id)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ServerGoalHandle) and self.goal_id == other.goal_id

    __hash__ = None

    @property
    def status(self) -> int:
        """One of GoalStatus.STATUS_...; UNKNOWN after `destroy`."""
        return GoalStatus.STATUS_UNKNOWN if self._destroyed else self._status

    @property
    def is_active(self) -> bool:
        """Whether the goal has not ended yet."""
        return self.status in _ACTIVE

    @property
    def is_cancel_requested(self) -> bool:
        """Whether a client requested to cancel it, and the server agreed."""
        return self.status == GoalStatus.STATUS_CANCELING

    def _can(self, event: GoalEvent) -> bool:
        return (self.status, event) in _NEXT

    def _update_state(self, event: GoalEvent) -> None:
        with self._action_server._lock:
            if self._destroyed:
                return
            if not self._can(event):
                raise RCLError(
                    f"{event.name} is not possible for a goal that is {_NAMES[self._status]}"
                )
            self._status = _NEXT[self._status, event]
            with suppress(RuntimeError):  # it was shut down meanwhile
                self._action_server._publish_status()
            if not self.is_active:
                self._action_server._on_end(self)

    def execute(self, execute_callback=None) -> None:
        """Let the executor call `execute_callback(self)`, by default the server's callback."""
        if not self.is_cancel_requested:  # else the callback must cancel it
            self._update_state(GoalEvent.EXECUTE)
        self._action_server.notify_execute(self, execute_callback)

    def publish_feedback(self, feedback) -> None:
        """Publish feedback. Raises TypeError unless it is a Feedback of the action's type."""
        kind = self._action_server.action_type
        if not isinstance(feedback, kind.Feedback):
            raise TypeError(f"Expected {kind.__name__}.Feedback, got {feedback!r}")
        if not self._destroyed:
            self._action_server._feedback.publish(
                kind.Impl.FeedbackMessage(goal_id=self.goal_id, feedback=feedback)
            )

    def succeed(self) -> None:
        self._update_state(GoalEvent.SUCCEED)

    def abort(self) -> None:
        self._update_state(GoalEvent.ABORT)

    def canceled(self) -> None:
        """End a goal that was requested to be cancelled. Raises RCLError for other goals."""
        self._update_state(GoalEvent.CANCELED)

    def destroy(self) -> None:
        """Tell clients nothing more about this goal."""
        self._destroyed = True
