"""The action `guide`: how a behaviour tree, or anybody, asks for pictures and waits for them."""

from __future__ import annotations

import time
from typing import Callable

from rclpy.action import ActionServer, CancelResponse

from dwpose_ros.action import Guide
from dwpose_ros.msg import CapturedImage, Guidance

FEEDBACK_S = 0.5  # between two that say the same


class Order:
    """A goal, from its acceptance to its end."""

    def __init__(self, handle) -> None:
        self.wanted: Guide.Goal = handle.request
        self.captures: list[CapturedImage] = []
        self._handle = handle
        self._since = time.monotonic()
        self._told: tuple = ()

    @property
    def cancelled(self) -> bool:
        return self._handle.is_cancel_requested

    @property
    def overdue(self) -> bool:
        return 0 < self.wanted.timeout < time.monotonic() - self._since

    def tell(self, guidance: Guidance) -> None:
        """Feedback, where something has changed, and now and then."""
        what = guidance.state, guidance.text, guidance.step, int(time.monotonic() / FEEDBACK_S)
        if what != self._told:
            self._told = what
            self._handle.publish_feedback(Guide.Feedback(guidance=guidance))

    def end(self, message: str = "") -> None:
        """With a message it has failed, or was cancelled where that was asked for."""
        def finish(handle) -> Guide.Result:
            if not message:
                handle.succeed()
            elif self.cancelled:
                handle.canceled()
            else:
                handle.abort()
            return Guide.Result(success=not message, message=message, captures=self.captures)

        # Only now, and not when it was accepted: a callback that runs as long as the goal does
        # would need a thread of its own, and all that it changes a lock.
        self._handle.execute(finish)


def serve_goals(node, begin: Callable[[Order], None]) -> ActionServer:
    """The action's server; `begin` is given each new goal, and ends it some time."""
    return ActionServer(
        node, Guide, "guide", lambda handle: Guide.Result(),  # each goal brings its own end
        handle_accepted_callback=lambda handle: begin(Order(handle)),
        cancel_callback=lambda handle: CancelResponse.ACCEPT)
