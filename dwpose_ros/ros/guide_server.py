# SPDX-License-Identifier: Apache-2.0
"""The action `guide`: for behavior trees and others that ask for pictures and wait for them."""

from __future__ import annotations

import time
from collections.abc import Callable

from rclpy.action import ActionServer, CancelResponse

from dwpose_ros.action import Guide
from dwpose_ros.core.text import one_line
from dwpose_ros.guidance.session_types import Outcome
from dwpose_ros.msg import CapturedImage, Guidance

FEEDBACK_S = 0.5  # between two that say the same
# For so long a result can be asked for. It holds pictures: those of 900 s, the default up to
# Jazzy, were 130 MB where a goal came every 20 s.
RESULT_S = 60


class GuideServer(ActionServer):
    """Passes each accepted goal to `accepted`; the goal is executing until `finish`.

    A callback that runs as long as its goal would need its own thread, and a lock for all that it
    changes. So the executor executes a goal only at its end.
    """

    def __init__(self, node, accepted: Callable[[GoalHandle], None]) -> None:
        self.context = node.context

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
            result_timeout=RESULT_S,
        )

    def notify_execute(self, goal_handle, execute_callback) -> None:
        """Leave nothing to the executor at the start, when there is no callback yet."""
        if execute_callback is not None:
            super().notify_execute(goal_handle, execute_callback)


class GoalHandle:
    """A goal of the action, from acceptance to its end."""

    def __init__(self, server: GuideServer, handle) -> None:
        self.wanted: Guide.Goal = handle.request
        self._server, self._handle = server, handle
        self._told: tuple = ()

    def cancelled(self) -> bool:
        """Return whether a client wants to cancel it."""
        return self._handle.is_cancel_requested

    def tell(self, guidance: Guidance) -> None:
        """Send feedback if something has changed, and now and then."""
        what = guidance.state, guidance.text, guidance.step, int(time.monotonic() / FEEDBACK_S)
        if what != self._told:
            self._told = what
            self._handle.publish_feedback(Guide.Feedback(guidance=guidance))

    def finish(self, outcome: Outcome, message: str, captures: list[CapturedImage]) -> None:
        """End the goal with its result, unless a signal has ended all that could send it."""
        if not self._server.context.ok():
            return

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
