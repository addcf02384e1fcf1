"""Who begins after whom: a camera once its images are wanted and can be worked on."""

from __future__ import annotations

import time
from typing import Callable

from lifecycle_msgs.msg import State
from lifecycle_msgs.srv import GetState
from rclpy.clock import Clock, ClockType
from rclpy.node import Node

ASK_S = 0.1
LONGEST_S = 30.0  # who has not come by then does not come


class After:
    """Calls `begin` once the managed node `name` is active, or has been waited for in vain."""

    def __init__(self, node: Node, name: str, begin: Callable[[], None]) -> None:
        self._node, self._name, self._begin = node, name, begin
        self._until = time.monotonic() + LONGEST_S
        self._client = node.create_client(GetState, f"{name}/get_state")
        self._answer = None
        self._timer = node.create_timer(ASK_S, self._ask,
                                        clock=Clock(clock_type=ClockType.STEADY_TIME))

    def _ask(self) -> None:
        if self._answer is not None and self._answer.done():
            answer, self._answer = self._answer.result(), None
            if answer.current_state.id == State.PRIMARY_STATE_ACTIVE:
                return self._end()
        if time.monotonic() > self._until:
            self._node.get_logger().warning(
                f"{self._name} is not active after {LONGEST_S:g} s: not waited for any longer")
            return self._end()
        if self._answer is None and self._client.service_is_ready():
            self._answer = self._client.call_async(GetState.Request())

    def _end(self) -> None:
        self._node.destroy_timer(self._timer)
        self._node.destroy_client(self._client)
        self._begin()
