"""What all nodes share: a managed life, parameters that describe themselves, and diagnostics."""

from __future__ import annotations

import math
import re
import time
import traceback
from functools import partial
from typing import Any, Callable, Iterable

from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    SetParametersResult,
)
from rclpy.lifecycle import LifecycleNode, TransitionCallbackReturn
from rclpy.qos_overriding_options import QoSOverridingOptions

from dwpose_ros.core.text import one_line
from dwpose_ros.ros.allowed_files import AllowedFiles
from dwpose_ros.ros.conversions import stamp_ns
from dwpose_ros.ros.faults import Faults
from dwpose_ros.ros.health import Health
from dwpose_ros.ros.latest_only_worker import StillRunning
from dwpose_ros.ros.node_main import MISTAKE, MISTAKES
from dwpose_ros.ros.output import Output
from dwpose_ros.ros.parameter_names import mistyped
from dwpose_ros.ros.peers import WaitForActive
from dwpose_ros.ros.qos import CALLERS
from dwpose_ros.ros.reliability import BestReliability, counting_losses
from dwpose_ros.ros.topic_stats import TopicStats, type_name

ONLY_UNCONFIGURED = "changes only while the node is unconfigured"
FIXED = "is set when the node starts, and never changes"
SHIPPED = r"[A-Za-z0-9_-]*"  # names of what the package, or its registry of models, has


class ManagedNode(LifecycleNode):
    """A managed node. A kind of node declares its parameters when it is made, and has four steps:

    `configure` loads what takes time and makes its outputs, `activate` its inputs, services and
    timers, by the methods of this class, which take them back later; `deactivate` and `cleanup`
    release what else it took. What the user can mend is raised as ValueError or OSError, and
    leaves the node where it was.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._changes: dict[str, Callable[[Any], None] | bool] = {}
        self._file_patterns: dict[str, str] = {}
        self._choices: dict[str, tuple[str, ...]] = {}
        self._phase = "unconfigured"
        self._outputs: list[Output] = []
        self._inputs: dict[str, TopicStats] = {}
        self._adaptive: list[BestReliability] = []
        self._undo: list[Callable[[], Any]] = []  # what to do at the end of being active
        self._error = self._stuck = ""
        self._faults = Faults(self.get_logger())
        self.exit_code = 0
        self.parameter(
            "autostart",
            True,
            "configure and activate at start; else that is left to `ros2 lifecycle set`",
        )
        self.parameter(
            "wait_for_node",
            "",
            "a node that has to be active first, at start; 30 s are waited for it",
        )
        self.parameter(
            "allowed_folders",
            "",
            "below which files may be named by parameters, "
            "requests and goals that come after the start, by whoever is on the "
            "network; separated by ':'",
            fixed=True,
        )
        self._allowed = AllowedFiles(self.value("allowed_folders"))
        self.parameter(
            "stale_after",
            0.5,
            "without a message on a topic that always has some, "
            "after which it is reported; at least three of its periods",
            unit="s",
            minimum=0.1,
            maximum=3600.0,
            change=True,
        )
        self.parameter(
            "late_warning",
            0.5,
            "age of what goes out (95th percentile) that the diagnostics warn of",
            unit="s",
            minimum=0.0,
            maximum=3600.0,
            change=True,
        )
        self.parameter(
            "late_error",
            2.0,
            "age of what goes out that the diagnostics call an error",
            unit="s",
            minimum=0.0,
            maximum=3600.0,
            change=True,
        )
        self.add_on_set_parameters_callback(self._on_set)
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

    # What it calls

    def parameter(
        self,
        name: str,
        default: Any,
        description: str,
        *,
        unit: str = "",
        minimum: float | None = None,
        maximum: float | None = None,
        choices: tuple[str, ...] = (),
        no_file: str | None = None,
        fixed: bool = False,
        change: Callable[[Any], None] | bool = False,
    ) -> None:
        """Declare a parameter.

        It can change while the node is not configured; with `change` always: True where the node
        reads it each time, or what applies the new value and may refuse it by a ValueError; with
        `fixed` never. A value that does not match the pattern `no_file` is a file's path, which
        has to be allowed once the node has started. Raises ValueError where the value is none of
        the choices.
        """
        described = ParameterDescriptor(
            description=description,
            additional_constraints="; ".join(
                filter(
                    None,
                    [
                        f"unit: {unit}" if unit else "",
                        f"one of: {', '.join(choices)}" if choices else "",
                        FIXED if fixed else "" if change else ONLY_UNCONFIGURED,
                    ],
                )
            ),
            read_only=fixed,
        )
        if minimum is not None and isinstance(default, float):
            described.floating_point_range = [
                FloatingPointRange(from_value=float(minimum), to_value=float(maximum))
            ]
        elif minimum is not None:
            described.integer_range = [
                IntegerRange(from_value=int(minimum), to_value=int(maximum))
            ]
        value = self.declare_parameter(name, default, described).value
        self._choices[name] = choices
        _choose(name, value, choices)
        if no_file is not None:
            self._file_patterns[name] = no_file
            if not re.fullmatch(no_file, value):
                self._allowed.give(value)
        self._changes[name] = change

    def value(self, name: str) -> Any:
        """A parameter's present value."""
        return self.get_parameter(name).value

    def allowed(self, name: str, no_file: str = SHIPPED) -> str:
        """The name, unless it is that of a file which may not be named from the network; then
        raises FileError. What matches `no_file` is none."""
        if not re.fullmatch(no_file, name):
            self._allowed.path(name)
        return name

    def output(self, msg_type, topic: str, qos, *, steady: bool = True) -> Output:
        """A publisher that exists while the node is configured, and publishes while it is active.

        Its QoS can be overridden by parameters, as ROS 2 does it. `steady`: what is late is a
        fault.
        """
        publisher = self.create_lifecycle_publisher(
            msg_type,
            topic,
            qos,
            qos_overriding_options=QoSOverridingOptions.with_default_policies(),
        )
        made = Output(self, publisher, steady)
        self._outputs.append(made)
        return made

    def input(
        self,
        msg_type,
        topic: str,
        callback: Callable[[Any], None],
        qos,
        *,
        steady: bool = True,
        best: bool = False,
    ) -> TopicStats:
        """A subscription while the node is active. `steady`: its silence is a fault. `best`: as
        reliable as all who publish the topic, whenever they come, unless the user overrides that.

        A message whose header has no stamp gets that of its arrival.
        """
        name = self.resolve_topic_name(topic)
        flow = self._inputs[name] = TopicStats(name, steady, time.monotonic(), type_name(msg_type))

        def received(msg) -> None:
            header = getattr(msg, "header", None)
            unstamped = header is not None and stamp_ns(header) == 0
            if unstamped:
                header.stamp = self.get_clock().now().to_msg()
            flow.tick(time.monotonic(), self.age_s(msg), unstamped)
            callback(msg)

        def subscribe(wanted, **more):
            return counting_losses(
                partial(self.create_subscription, msg_type, topic, received, wanted, **more), flow
            )

        if best and not self._is_overridden(f"qos_overrides.{name}.subscription."):
            chosen = BestReliability(self, name, flow.type_name, qos, subscribe)
            self._adaptive.append(chosen)
            self._undo.append(lambda: (self._adaptive.remove(chosen), chosen.close()))
            return flow
        subscription = subscribe(
            qos, qos_overriding_options=QoSOverridingOptions.with_default_policies()
        )
        self._undo.append(lambda: self.destroy_subscription(subscription))
        return flow

    def _is_overridden(self, prefix: str) -> bool:
        """Whether the user gave a parameter of that beginning at the start."""
        return any(name.startswith(prefix) for name in getattr(self, "_parameter_overrides", {}))

    def adapt(self) -> None:
        """Look whether subscriptions can be as reliable as who publishes by now."""
        for chosen in self._adaptive:
            chosen.look()

    def drop_inputs(self) -> None:
        """End all subscriptions before the node is deactivated, as when nobody needs them."""
        for undo in self._undo:
            undo()
        self._undo, self._inputs = [], {}

    def every(self, period_s: float, callback: Callable[[], None]) -> None:
        """A timer while the node is active."""
        timer = self.create_timer(period_s, callback)
        self._undo.append(lambda: self.destroy_timer(timer))

    def serve(self, srv_type, name: str, callback: Callable) -> None:
        """A service while the node is active; so many callers at once get an answer.

        Where the callback raises something, the response says so: the type needs the fields
        `success` and `message`.
        """

        def answered(request, response):
            try:
                return callback(request, response)
            except Exception as err:
                self.fault(err)
                return srv_type.Response(success=False, message=one_line(err))

        service = self.create_service(srv_type, name, answered, qos_profile=CALLERS)
        self._undo.append(lambda: self.destroy_service(service))

    def age_s(self, msg) -> float:
        """How long ago what the message tells of was so; NaN for one without a stamp."""
        header = getattr(msg, "header", None)
        if header is None:
            return math.nan
        return (self.get_clock().now().nanoseconds - stamp_ns(header)) / 1e9

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
            WaitForActive(self, self.value("wait_for_node"), self._begin)
            return True
        return self.trigger_activate() == TransitionCallbackReturn.SUCCESS

    def _begin(self) -> None:
        if self._phase == "inactive" and (  # else the user has led it elsewhere
            self.trigger_activate() != TransitionCallbackReturn.SUCCESS and self.context.ok()
        ):  # else a signal cut it short
            self.exit_code = MISTAKE
            self.context.try_shutdown()

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

    def _drop_outputs(self) -> None:
        for output in self._outputs:
            self.destroy_lifecycle_publisher(output.publisher)
        self._outputs = []

    def close(self) -> None:
        """Release everything, whatever the node is at."""
        if self._phase == "active":
            self._phase = "inactive"
            self._pause()
        if self._phase == "inactive":
            self._phase = "unconfigured"
            self._forget()

    def _on_set(self, parameters: list) -> SetParametersResult:
        done = []
        for parameter in parameters:
            name = parameter.name
            change = self._changes.get(name, True)  # not ours, or only just being declared
            try:
                if not change and self._phase != "unconfigured":
                    raise ValueError(
                        f"{name} {ONLY_UNCONFIGURED}, and it is {self._phase}: "
                        f"see `ros2 lifecycle set {self.get_fully_qualified_name()}`"
                    )
                _choose(name, parameter.value, self._choices.get(name, ()))
                if name in self._file_patterns:
                    self.allowed(parameter.value, self._file_patterns[name])
                if callable(change) and self._phase != "unconfigured":
                    change(parameter.value)
                    done.append((change, self.value(name)))
            except Exception as err:
                if not isinstance(err, MISTAKES):
                    self.fault(err)
                for before, value in reversed(done):  # all, or none
                    before(value)
                return SetParametersResult(successful=False, reason=one_line(err))
        return SetParametersResult(successful=True)

    # Diagnostics

    def trouble(self, now: float) -> str:
        """What keeps the node from its work, on the monotonic clock; empty if nothing does."""
        return self.last_error or self._faults.lately(now)

    @property
    def faults(self) -> int:
        """How many exceptions callbacks have raised."""
        return self._faults.count

    @property
    def phase(self) -> str:
        """Where it is in its life: 'unconfigured', 'inactive' or 'active'."""
        return self._phase

    def flows(self) -> tuple[list[TopicStats], list[TopicStats]]:
        """What is told of its inputs and of its outputs."""
        return list(self._inputs.values()), [output.flow for output in self._outputs]


def _choose(name: str, value: Any, choices: Iterable[str]) -> None:
    if choices and value not in choices:
        raise ValueError(
            f"parameter {name} is {value!r}; it must be one of {', '.join(map(repr, choices))}"
        )
