# SPDX-License-Identifier: Apache-2.0
"""The lifecycle state of other nodes."""

from __future__ import annotations

import time
from collections.abc import Callable

from lifecycle_msgs.srv import GetState
from rclpy.node import Node

from dwpose_ros.ros.middleware import foreign_server, own_vendor
from dwpose_ros.ros.steady import STEADY

ASK_S = 0.1
ASK_AGAIN_S = 1.0  # without an answer: a request can get lost while the other node starts
START_S = 30.0  # who is not active by then does not come


class LifecycleObserver:
    """Polls the lifecycle state of another node without ever blocking."""

    def __init__(self, node: Node, name: str) -> None:
        self.state: str | None = None
        """The last answer, such as "inactive" or "active"; None before the first."""
        self.foreign = ""
        """The DDS vendor of the other node if it differs from ours. Then it is not asked."""
        self._node = node
        self._service = node.resolve_service_name(f"{name}/get_state")
        self._client = node.create_client(GetState, self._service)
        self._future, self._asked_at = None, 0.0

    def ask(self) -> None:
        """Take an answer that has arrived, and send the next request."""
        now = time.monotonic()
        if self._future is not None and self._future.done():
            answer, self._future = self._future.result(), None
            self.state = answer.current_state.label
        elif self._future is not None and now - self._asked_at > ASK_AGAIN_S:
            self._client.remove_pending_request(self._future)
            self._future = None
        if self._future is None and self._client.service_is_ready():
            self.foreign = foreign_server(self._node, self._service)
            if self.foreign:
                return
            self._asked_at = now
            self._future = self._client.call_async(GetState.Request())

    def close(self) -> None:
        self._node.destroy_client(self._client)


class WaitForActive:
    """Delays activation until another lifecycle node is active, or until a timeout.

    So a camera does not publish before the pose node is ready.
    """

    def __init__(self, node: Node, name: str, begin: Callable[[], None]) -> None:
        self._node, self._name, self._begin = node, name, begin
        self._until = time.monotonic() + START_S
        self._observer = LifecycleObserver(node, name)
        self._timer = node.create_timer(ASK_S, self._look, clock=STEADY)

    def _look(self) -> None:
        self._observer.ask()
        if self._observer.state == "active":
            return self._end()
        if self._observer.foreign:
            self._node.get_logger().warning(
                f"{self._name} runs on {self._observer.foreign}, and cannot be asked on "
                f"{own_vendor()}: not waited for; set RMW_IMPLEMENTATION to the same everywhere"
            )
            return self._end()
        if time.monotonic() > self._until:
            self._node.get_logger().warning(
                f"{self._name} is not active after {START_S:g} s: not waited for any longer"
            )
            return self._end()

    def _end(self) -> None:
        self.close()
        self._begin()

    def close(self) -> None:
        """Wait no longer, and do not activate. Can be called again."""
        self._node.destroy_timer(self._timer)
        self._observer.close()
