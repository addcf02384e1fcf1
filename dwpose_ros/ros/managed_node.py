# SPDX-License-Identifier: Apache-2.0
"""The base class of our nodes: the lifecycle, faults and diagnostics."""

from __future__ import annotations

import time
import traceback
from functools import partial
from typing import Any, Callable

from lifecycle_msgs.srv import ChangeState
from rclpy.lifecycle import TransitionCallbackReturn

from dwpose_ros.core.text import one_line
from dwpose_ros.ros.endpoints import EndpointNode
from dwpose_ros.ros.faults import Faults
from dwpose_ros.ros.health import Health
from dwpose_ros.ros.latest_only_worker import StillRunning
from dwpose_ros.ros.node_main import MISTAKE, MISTAKES
from dwpose_ros.ros.parameter_names import mistyped
from dwpose_ros.ros.peers import WaitForActive


class ManagedNode(EndpointNode):
    """Base class for our nodes. Declare parameters in `__init__`, and override four steps.

    `configure` loads what takes time and creates outputs. `activate` creates inputs, services and
    timers. Outputs and inputs are destroyed by this class; `deactivate` and `cleanup` release
    everything else. A step raises ValueError or OSError for what the user can mend; the node then
    stays in the state it was in.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._error = self._stuck = ""
        self._faults = Faults(self.get_logger())
        self._waiting: WaitForActive | None = None
        self._answer_impossible_transitions()
        self.exit_code = 0
        self.parameter(
            "autostart",
            True,
            "configure and activate at the start; otherwise use `ros2 lifecycle set`",
        )
        self.parameter(
            "wait_for_node",
            "",
            "activate only once this node is active; it is waited for for 30 s",
        )
        self.parameter(
            "stale_after",
            0.5,
            "seconds without a message before a continuous topic is reported as stale (never less "
            "than three of its periods)",
            unit="s",
            minimum=0.1,
            maximum=3600.0,
            change=True,
        )
        self.parameter(
            "late_warning",
            0.5,
            "age of published data (95th percentile) from which the diagnostics warn",
            unit="s",
            minimum=0.0,
            maximum=3600.0,
            change=True,
        )
        self.parameter(
            "late_error",
            2.0,
            "age of published data (95th percentile) from which the diagnostics report an error",
            unit="s",
            minimum=0.0,
            maximum=3600.0,
            change=True,
        )
        self.health = Health(self)

    # What a kind of node overrides

    def configure(self) -> None:
        """Load models, open files, make outputs."""

    def activate(self) -> None:
        """Open devices, make inputs, services and timers."""

    def deactivate(self) -> None:
        """Free devices, end threads. Where it raises StillRunning the node stays active, without
        inputs, until it is deactivated once more."""

    def cleanup(self) -> None:
        """Free models."""

    def details(self) -> dict[str, Any]:
        """What else the diagnostics tell, by name."""
        return {}

    def concern(self) -> str:
        """What the diagnostics are to warn of, though the node works; empty if nothing."""
        return ""

    @property
    def last_error(self) -> str:
        """What the diagnostics tell until it is mended. That a thread did not end stays until it
        has: before that a late success of its last piece of work says nothing."""
        return self._stuck or self._error

    @last_error.setter
    def last_error(self, error: str) -> None:
        self._error = error

    @property
    def active(self) -> bool:
        return self._phase == "active"

    def fail(self, reason: str) -> None:
        """Say why, and end the process with an error; from any thread."""
        self.get_logger().fatal(reason)
        self.exit_code = MISTAKE
        self.context.try_shutdown()

    def fault(self, err: Exception) -> None:
        """Tell of what a callback raised, and go on; from any thread."""
        if not self.context.ok():
            return  # a signal cut it short, which is no fault
        self._faults.add(err, time.monotonic())

    # The managed life

    def start(self) -> bool:
        """Configure and activate, if the user wants that done; False where it failed."""
        for line in mistyped(self, self._changes):
            self.get_logger().warning(line)
        if not self.value("autostart"):
            return True
        if self.trigger_configure() != TransitionCallbackReturn.SUCCESS:
            return False
        if self.value("wait_for_node"):
            self._waiting = WaitForActive(self, self.value("wait_for_node"), self._begin)
            return True
        return self.trigger_activate() == TransitionCallbackReturn.SUCCESS

    def _begin(self) -> None:
        failed = self.trigger_activate() != TransitionCallbackReturn.SUCCESS
        if failed and self.context.ok():  # else a signal cut it short
            self.exit_code = MISTAKE
            self.context.try_shutdown()

    def _answer_impossible_transitions(self) -> None:
        """Refuse transitions that the state does not allow: rclpy raises, and nobody gets an
        answer.
        """
        for service in getattr(self, "services", ()):  # rosless refuses them by itself
            if service.srv_type is ChangeState:
                service.callback = partial(self._change_state, service.callback)

    def _change_state(self, change: Callable, request, response):
        try:
            return change(request, response)
        except RuntimeError:  # RCLError
            if not self.context.ok():  # a signal cut it short
                raise
            asked = request.transition.label or request.transition.id
            self.get_logger().warning(
                f"transition {asked} is not possible: the node is {self._phase}"
            )
            response.success = False
            return response

    def on_configure(self, state) -> TransitionCallbackReturn:
        return self._step(
            self.configure, super().on_configure, state, "inactive", self._drop_outputs
        )

    def on_activate(self, state) -> TransitionCallbackReturn:
        return self._step(self.activate, super().on_activate, state, "active", self.drop_inputs)

    def on_deactivate(self, state) -> TransitionCallbackReturn:
        return self._leave(self._pause, super().on_deactivate, state, "inactive")

    def on_cleanup(self, state) -> TransitionCallbackReturn:
        return self._leave(self._forget, super().on_cleanup, state, "unconfigured")

    def on_shutdown(self, state) -> TransitionCallbackReturn:
        return self._leave(self.close, super().on_shutdown, state)

    def on_error(self, state) -> TransitionCallbackReturn:
        # Unconfigured: the user may try again.
        return self._leave(self.close, lambda _: TransitionCallbackReturn.SUCCESS, state)

    def _step(
        self, take: Callable[[], None], base: Callable, state, phase: str, undo: Callable[[], None]
    ) -> TransitionCallbackReturn:
        self._wait_no_longer()
        result = base(state)
        if result != TransitionCallbackReturn.SUCCESS:
            return result
        before, self._phase = self._phase, phase
        try:
            take()
        except Exception as err:
            self._tell(err)
            undo()
            self._phase = before
            return (
                TransitionCallbackReturn.FAILURE
                if isinstance(err, MISTAKES)
                else TransitionCallbackReturn.ERROR
            )
        self.last_error = ""
        return TransitionCallbackReturn.SUCCESS

    def _leave(
        self, release: Callable[[], None], base: Callable, state, phase: str = ""
    ) -> TransitionCallbackReturn:
        self._wait_no_longer()
        before = self._phase
        self._phase = phase or before  # at once: what is still under way is not published
        try:
            release()
        except StillRunning as err:  # the node stays where it was, and the user may try again
            self._phase = before if phase else self._phase
            self._tell(err)
            self._stuck = self.last_error
            return TransitionCallbackReturn.FAILURE
        except Exception as err:
            self._tell(err)
            return TransitionCallbackReturn.ERROR
        if phase:
            self.last_error = self._stuck = ""
        return base(state)

    def _wait_no_longer(self) -> None:
        """Leave the node to the user, who leads it elsewhere while it waits for another."""
        if self._waiting is not None:
            self._waiting.close()
            self._waiting = None

    def _tell(self, err: Exception) -> None:
        """Log what a transition failed of: rclpy would drop it without a word."""
        self.last_error = (
            one_line(err) if isinstance(err, (*MISTAKES, StillRunning)) else traceback.format_exc()
        )
        if self.context.ok():  # else a signal cut it short, which is no fault
            self.get_logger().fatal(self.last_error)

    def _pause(self) -> None:
        self.drop_inputs()
        self.deactivate()

    def _forget(self) -> None:
        self.cleanup()
        self._drop_outputs()

    def close(self) -> None:
        """Release everything, whatever the node is at."""
        if self._phase == "active":
            self._phase = "inactive"
            self._pause()
        if self._phase == "inactive":
            self._phase = "unconfigured"
            self._forget()

    # Diagnostics

    def trouble(self, now: float) -> str:
        """What keeps the node from its work, on the monotonic clock; empty if nothing does."""
        return self.last_error or self._faults.lately(now)

    @property
    def faults(self) -> int:
        """How many exceptions callbacks have raised."""
        return self._faults.count
