# SPDX-License-Identifier: Apache-2.0
"""A client of the action `guide` that has one goal at a time, and never blocks."""

from __future__ import annotations

from collections.abc import Callable

from action_msgs.msg import GoalStatus
from rclpy.action import ActionClient

from dwpose_ros.action import Guide
from dwpose_ros.core.text import printable

STATUS = {
    GoalStatus.STATUS_SUCCEEDED: "succeeded",
    GoalStatus.STATUS_CANCELED: "cancelled",
}


class GuideClient:
    """Sends goals and tells how they are. Use it from the node's executor only.

    Args:
        told: called with the state, "asked", "guiding", "succeeded", "cancelled" or "failed", and
            why.
    """

    def __init__(self, node, told: Callable[[str, str], None]) -> None:
        self._told = told
        self._client = ActionClient(node, Guide, "guide")
        self._number = 0
        self._handle = None
        self._cancelled = False

    @property
    def open(self) -> bool:
        """Whether a goal is under way."""
        return self._handle is not None

    def begin(self, goal: Guide.Goal) -> None:
        """Send a goal; it replaces another one."""
        if not self._client.server_is_ready():
            self._told("failed", "the guidance node is not there: is it running?")
            return
        self._number += 1
        number = self._number
        self._handle, self._cancelled = None, False
        self._told("asked", "")
        self._client.send_goal_async(goal).add_done_callback(
            lambda future: self._accepted(number, future)
        )

    def cancel(self) -> None:
        """End the goal, once it was accepted."""
        self._cancelled = True
        if self._handle is not None:
            self._handle.cancel_goal_async()

    def close(self) -> None:
        """Cancel the goal, and destroy the client."""
        self.cancel()
        self._number += 1  # what still comes is of no interest
        self._client.destroy()

    def _accepted(self, number: int, future) -> None:
        if number != self._number:
            return
        handle = future.result()
        if not handle.accepted:
            self._told("failed", "the guidance node refused")
            return
        self._handle = handle
        self._told("guiding", "")
        handle.get_result_async().add_done_callback(lambda done: self._ended(number, done))
        if self._cancelled:
            handle.cancel_goal_async()

    def _ended(self, number: int, future) -> None:
        if number != self._number:
            return
        self._handle = None
        answer = future.result()
        self._told(STATUS.get(answer.status, "failed"), printable(answer.result.message))
