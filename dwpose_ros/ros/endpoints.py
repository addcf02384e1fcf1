# SPDX-License-Identifier: Apache-2.0
"""Publishers, subscriptions, timers and services that live as long as a lifecycle state."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from rclpy.clock import Clock
from rclpy.qos_overriding_options import QoSOverridingOptions

from dwpose_ros.core.errors import DwposeError
from dwpose_ros.core.text import one_line
from dwpose_ros.ros.conversions import stamp_ns
from dwpose_ros.ros.local_topics import InExecutor
from dwpose_ros.ros.output import Output
from dwpose_ros.ros.parameters import ParameterNode
from dwpose_ros.ros.qos import CALLERS
from dwpose_ros.ros.steady import STEADY
from dwpose_ros.ros.subscription import AdaptiveSubscription, counting_losses, with_number
from dwpose_ros.ros.topic_stats import TopicStats, type_name


class EndpointNode(ParameterNode):
    """A node whose outputs exist while it is configured, and all else while it is active."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._outputs: list[Output] = []
        self._inputs: dict[str, TopicStats] = {}
        self._adaptive: list[AdaptiveSubscription] = []
        # What is called when the node is deactivated, and of which input; None: of none.
        self._undo: list[tuple[TopicStats | None, Callable[[], Any]]] = []

    def output(
        self, msg_type, topic: str, qos, *, steady: bool = True, local: bool = False
    ) -> Output:
        """Create a publisher that exists while the node is configured and publishes while active.

        Its QoS can be overridden by parameters, as usual in ROS 2.

        Args:
            steady: late messages are reported in the diagnostics.
            local: hand messages to the nodes of this process by reference; only for topics that
                keep nothing for those who come later.
        """
        create = partial(
            self._overridable,
            f"qos_overrides.{self.resolve_topic_name(topic)}.publisher.",
            partial(self.create_lifecycle_publisher, msg_type, topic, qos),
        )
        made = Output(self, create, steady, local)
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
        local: bool = False,
        direct: bool = False,
        every: Callable[[], int] | None = lambda: 1,
        from_outside: Callable[[Any], None] | None = None,
    ) -> TopicStats:
        """Subscribe while the node is active. A message without a stamp gets its time of arrival.

        Args:
            steady: silence on the topic is reported in the diagnostics.
            best: follow the best reliability that all publishers offer, also of those that come
                later, and take messages of this process by reference in their publisher's thread,
                unless the user overrides the QoS.
            local: take messages of this process by reference; they must not be changed.
            direct: the same, in their publisher's thread, which wakes no executor. The callback
                must be quick, and may run while others of this node do.
            every: tells publishers of this process that one of so many messages is used; None:
                those that others use.
            from_outside: called first with messages of other processes, to check or repair them.
        """
        name = self.resolve_topic_name(topic)
        stats = self._inputs[name] = TopicStats(
            name, steady, time.monotonic(), type_name(msg_type)
        )
        received = partial(self._received, stats, callback)
        heard = with_number(partial(_checked, from_outside, received))

        def subscribe(wanted, **more):
            return counting_losses(
                partial(self.create_subscription, msg_type, topic, heard, wanted, **more), stats
            )

        overrides = f"qos_overrides.{name}.subscription."
        if (best or local or direct) and not self._overrides(overrides):
            self._follow(stats, qos, subscribe, received, best, direct, every)
            return stats
        subscription = self._overridable(overrides, partial(subscribe, qos))
        self._undo.append((stats, lambda: self.destroy_subscription(subscription)))
        return stats

    def _follow(
        self,
        stats: TopicStats,
        qos,
        subscribe: Callable,
        received: Callable,
        best: bool,
        direct: bool,
        every: Callable[[], int] | None,
    ) -> None:
        """Subscribe so that the publishers' reliability, or their process, are followed."""
        if best or direct:
            receive = self._guarded(received)
        else:
            receive = InExecutor(self, received, getattr(qos, "depth", qos))
            self._undo.append((stats, receive.close))
        chosen = AdaptiveSubscription(
            self, stats.topic, stats.type_name, qos, subscribe, receive, best, every
        )
        self._adaptive.append(chosen)
        self._undo.append((stats, lambda: (self._adaptive.remove(chosen), chosen.close())))

    def _received(
        self, stats: TopicStats, callback: Callable[[Any], None], msg, number: int | None = None
    ) -> None:
        header = getattr(msg, "header", None)
        unstamped = header is not None and stamp_ns(header) == 0
        if unstamped:
            header.stamp = self.get_clock().now().to_msg()
        stats.tick(time.monotonic(), self.age_s(msg), unstamped, number)
        callback(msg)

    def _guarded(self, callback: Callable[[Any], None]) -> Callable[[Any], None]:
        """Return a callback for the thread of another node, which our faults must not reach."""

        def guarded(msg) -> None:
            try:
                callback(msg)
            except Exception as err:
                self.fault(err)

        return guarded

    def _overridable(self, prefix: str, create: Callable) -> Any:
        """Create a publisher or subscription with what parameters of this prefix want of it.

        Raises:
            DwposeError: one has a value that cannot be.
        """
        try:
            return create(qos_overriding_options=QoSOverridingOptions.with_default_policies())
        except Exception as err:  # of rclpy a KeyError, ValueError or RuntimeError
            if not (given := self._overrides(prefix)):
                raise
            values = ", ".join(f"{name} is {value!r}" for name, value in given.items())
            raise DwposeError(
                f"{values}, which cannot be ({one_line(err)}): reliability is reliable or "
                "best_effort, durability volatile or transient_local, history keep_last or "
                "keep_all, and depth a whole number"
            ) from err

    def _overrides(self, prefix: str) -> dict[str, Any]:
        """Return the parameters with this prefix that the user set at the start."""
        given = getattr(self, "_parameter_overrides", {})
        return {name: one.value for name, one in given.items() if name.startswith(prefix)}

    def adapt(self) -> None:
        """Adapt the reliability of subscriptions to the publishers that are there now."""
        for chosen in self._adaptive:
            chosen.look()

    def drop_inputs(self) -> None:
        """Destroy subscriptions, timers and services, as before the node is deactivated."""
        for _, undo in self._undo:
            undo()
        self._undo, self._inputs = [], {}

    def drop_input(self, stats: TopicStats) -> None:
        """Destroy one subscription before that: what `input` has returned."""
        for _, undo in [one for one in self._undo if one[0] is stats]:
            undo()
        self._undo = [one for one in self._undo if one[0] is not stats]
        self._inputs = {name: one for name, one in self._inputs.items() if one is not stats}

    def every(self, period_s: float, callback: Callable[[], None], clock: Clock = STEADY) -> None:
        """Call back periodically while the node is active, by default also while ROS time stands
        still or begins anew, as where a bag is paused or looped.
        """
        timer = self.create_timer(period_s, callback, clock=clock)
        self._undo.append((None, lambda: self.destroy_timer(timer)))

    def serve(self, srv_type, name: str, callback: Callable) -> None:
        """Offer a service while the node is active.

        If the callback raises, the response says so: its type must have the fields `success` and
        `message`.
        """

        def answered(request, response):
            try:
                return callback(request, response)
            except Exception as err:
                self.fault(err)
                return srv_type.Response(success=False, message=one_line(err))

        service = self.create_service(srv_type, name, answered, qos_profile=CALLERS)
        self._undo.append((None, lambda: self.destroy_service(service)))

    def age_s(self, msg) -> float:
        """Return the age of a message by its header, in seconds; NaN without a header."""
        header = getattr(msg, "header", None)
        return math.nan if header is None else self.header_age_s(header)

    def header_age_s(self, header) -> float:
        """Return the age of a header's stamp, in seconds."""
        return (self.get_clock().now().nanoseconds - stamp_ns(header)) / 1e9

    def _drop_outputs(self) -> None:
        for output in self._outputs:
            output.close()
        self._outputs = []

    def topic_stats(self) -> tuple[list[TopicStats], list[TopicStats]]:
        """Return the statistics of all inputs, and of all outputs."""
        return list(self._inputs.values()), [output.stats for output in self._outputs]


def _checked(
    check: Callable[[Any], None] | None, received: Callable, msg, number: int | None
) -> None:
    if check is not None:
        check(msg)
    received(msg, number)
