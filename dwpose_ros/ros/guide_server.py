# SPDX-License-Identifier: Apache-2.0
"""The action `guide`: how a behaviour tree, or anybody, asks for pictures and waits for them."""

from __future__ import annotations

import time
from collections.abc import Callable

from rclpy.action import ActionServer, CancelResponse

from dwpose_ros.action import Guide
from dwpose_ros.core.text import one_line
from dwpose_ros.guidance.session_types import Outcome
from dwpose_ros.msg import CapturedImage, Guidance

FEEDBACK_S = 0.5  # between two that say the same


class GuideServer(ActionServer):
    """Gives each accepted goal to `accepted`; it is being executed until `finish`.

    A callback that runs as long as the goal does would need a thread of its own, and a lock for
    all that it changes: so the executor is told to execute a goal only at its end.
    """

    def __init__(self, node, accepted: Callable[[GoalHandle], None]) -> None:
        def accept(handle) -> None:
            handle.execute()
            goal = GoalHandle(self, handle)
            try:
                accepted(goal)
            except Exception as err:
                node.fault(err)
                goal.finish(Outcome.ABORTED, one_line(err), [])

        super().__init__(
            node,
            Guide,
            "guide",
            lambda handle: Guide.Result(),
            handle_accepted_callback=accept,
            cancel_callback=lambda handle: CancelResponse.ACCEPT,
        )

    def notify_execute(self, goal_handle, execute_callback) -> None:
        """At the beginning, when there is no callback yet, nothing is left to the executor."""
        if execute_callback is not None:
            super().notify_execute(goal_handle, execute_callback)


class GoalHandle:
    """A goal of the action, from its acceptance to its end."""

    def __init__(self, server: GuideServer, handle) -> None:
        self.wanted: Guide.Goal = handle.request
        self._server, self._handle = server, handle
        self._told: tuple = ()

    def cancelled(self) -> bool:
        """Whether somebody wants it ended."""
        return self._handle.is_cancel_requested

    def tell(self, guidance: Guidance) -> None:
        """Feedback, where something has changed, and now and then."""
        what = guidance.state, guidance.text, guidance.step, int(time.monotonic() / FEEDBACK_S)
        if what != self._told:
            self._told = what
            self._handle.publish_feedback(Guide.Feedback(guidance=guidance))

    def finish(self, outcome: Outcome, message: str, captures: list[CapturedImage]) -> None:
        """Bring it to its end, with its result."""

        def end(handle) -> Guide.Result:
            if outcome is Outcome.SUCCEEDED:
                handle.succeed()
            elif handle.is_cancel_requested:  # from which there is no way but this
                handle.canceled()
            else:
                handle.abort()
            return Guide.Result(
                success=outcome is Outcome.SUCCEEDED, message=message, captures=captures
            )

        self._server.notify_execute(self._handle, end)
