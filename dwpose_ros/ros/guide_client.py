# SPDX-License-Identifier: Apache-2.0
"""A client of the action `guide` that has one goal at a time, and never blocks."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from action_msgs.msg import GoalStatus
from action_msgs.srv import CancelGoal
from rclpy.action import ActionClient

from dwpose_ros.action import Guide
from dwpose_ros.core.text import printable
from dwpose_ros.ros.steady import STEADY

STATUS = {
    GoalStatus.STATUS_SUCCEEDED: "succeeded",
    GoalStatus.STATUS_CANCELED: "cancelled",
}
SERVER = "guide/_action/status"  # of the topics of an action, one that its server publishes
COMES_S = 10.0  # the guidance may be starting, or its discovery take a while
AGAIN_S = 5.0
LOOK_S = 0.1
WATCH_S = 1.0


class GuideClient:
    """Sends goals and tells how they are. Use it from the node's executor only.

    Args:
        told: called with the state, "asked", "guiding", "succeeded", "cancelled" or "failed", and
            why.
    """

    def __init__(self, node, told: Callable[[str, str], None]) -> None:
        self._node, self._told = node, told
        self._client = ActionClient(node, Guide, "guide")
        self._number = 0  # of the goal; another at its end, since nothing of it counts any more
        self._request_number = 0  # of the last that was sent
        self._awaited: set[object] = set()  # answers to requests
        self._closed = False
        self._handle = None
        self._cancelled = False

    @property
    def open(self) -> bool:
        """Whether a goal is under way."""
        return self._handle is not None

    def begin(self, goal: Guide.Goal) -> None:
        """Send a goal, once the guidance is there; it replaces another one."""
        self._number += 1
        self._handle, self._cancelled = None, False
        self._told("asked", "")
        self._send(goal, self._number, time.monotonic() + COMES_S)

    def _send(self, goal: Guide.Goal, number: int, until: float) -> None:
        if number != self._number:
            return
        if self._cancelled:
            self._end("cancelled", "")
        elif self._client.server_is_ready():
            self._request(goal, number)
            self._watch(number, set())
        elif time.monotonic() > until:
            self._end("failed", "the guidance node is not there: is it running?")
        else:
            self._later(LOOK_S, lambda: self._send(goal, number, until))

    def _request(self, goal: Guide.Goal, number: int) -> None:
        self._request_number = request = self._request_number + 1
        self._await(
            self._client.send_goal_async(goal),
            lambda handle: self._accepted(number, request, handle),
        )
        self._later(AGAIN_S, lambda: self._again(goal, number))

    def _again(self, goal: Guide.Goal, number: int) -> None:
        """Send a goal again that was not answered: on a busy machine, rmw_fastrtps drops an answer
        to a client that it has not found within 100 ms. The goal replaces the one before, which
        may be under way with nobody who knows of it.
        """
        if number == self._number and self._handle is None:
            self._request(goal, number)

    def _later(self, later_s: float, call: Callable[[], None]) -> None:
        def once() -> None:
            self._node.destroy_timer(timer)
            call()

        timer = self._node.create_timer(later_s, once, clock=STEADY)

    def _await(self, future, take: Callable[[Any], None]) -> None:
        """Take the answer when it comes. Until then the client is not destroyed, since Fast DDS
        forgets with it also what it still has to send.
        """

        def answered(future) -> None:
            self._awaited.discard(future)
            take(future.result())
            if self._closed and not self._awaited:
                self._client.destroy()

        self._awaited.add(future)
        future.add_done_callback(answered)

    def cancel(self) -> None:
        """End the goal, once it was accepted."""
        self._cancelled = True
        if self._handle is not None:
            self._cancel(self._number, self._handle)

    def _cancel(self, number: int, handle) -> None:
        self._await(
            handle.cancel_goal_async(), lambda answer: self._cancel_answered(number, answer)
        )

    def _cancel_answered(self, number: int, answer: CancelGoal.Response) -> None:
        """Take the goal for cancelled where the server does not know it, as after a respawn."""
        unknown = answer.return_code == CancelGoal.Response.ERROR_UNKNOWN_GOAL_ID
        if number == self._number and unknown:
            self._end("cancelled", "")

    def close(self) -> None:
        """Cancel the goal, also one that is still to be accepted, and destroy the client. Can be
        called again.
        """
        if self._closed:
            return
        self._closed = True
        self.cancel()
        self._number += 1
        if self._awaited and self._node.context.ok():
            self._later(COMES_S, self._give_up)
        else:
            self._client.destroy()

    def _give_up(self) -> None:
        """Destroy the client, though an answer did not come: its server may have been killed."""
        if self._awaited:
            self._awaited.clear()
            self._client.destroy()

    def _accepted(self, number: int, request: int, handle) -> None:
        if (number, request) != (self._number, self._request_number):
            if handle.accepted:
                self._cancel(number, handle)
        elif not handle.accepted:
            self._end("failed", "the guidance node refused")
        else:
            self._handle = handle
            self._told("guiding", "")
            handle.get_result_async().add_done_callback(lambda done: self._ended(number, done))
            if self._cancelled:
                self.cancel()

    def _watch(self, number: int, known: set[bytes]) -> None:
        """Look now and then whether the server of the goal is there: nobody tells that it was
        killed, and the one that is started in its place knows nothing of the goal.

        Args:
            known: which servers there were.
        """
        if number != self._number:
            return
        there = {
            bytes(one.endpoint_gid) for one in self._node.get_publishers_info_by_topic(SERVER)
        }
        if known and not known & there:
            self._awaited.clear()
            if self._cancelled:
                self._end("cancelled", "")
            else:
                self._end("failed", "the guidance node has ended")
        else:
            self._later(WATCH_S, lambda: self._watch(number, known or there))

    def _ended(self, number: int, future) -> None:
        if number == self._number:
            answer = future.result()
            self._end(STATUS.get(answer.status, "failed"), printable(answer.result.message))

    def _end(self, state: str, why: str) -> None:
        self._number += 1
        self._handle = None
        self._told(state, why)
