# SPDX-License-Identifier: Apache-2.0
"""Publishes the diagnostics of a node, and finds out why messages are missing."""

from __future__ import annotations

import time

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus

from dwpose_ros.ros.diagnostics import Limits, add_figures, status_of
from dwpose_ros.ros.middleware import name_of, strangers
from dwpose_ros.ros.peers import START_S, LifecycleObserver
from dwpose_ros.ros.steady import STEADY
from dwpose_ros.ros.topic_stats import FIRST_S, TopicStats

WATCH_S = 0.25  # between two looks at whether messages still come
DIAGNOSE_EVERY = 4  # looks
STRANGERS_EVERY = 40  # looks: who is on the network changes seldom
OBSERVE_AFTER_S = 1.0  # without a message, who should send it is asked for their state


class Health:
    """The diagnostics of one node."""

    def __init__(self, node) -> None:
        self._node = node
        self._observers: dict[str, LifecycleObserver] = {}
        self._looks, self._level = 0, DiagnosticStatus.OK
        self.strangers = ""
        """That nodes of another middleware are there; empty if none are."""
        self._publisher = node.create_publisher(DiagnosticArray, "/diagnostics", 10)
        node.create_timer(WATCH_S, self.watch, clock=STEADY)

    def watch(self) -> None:
        """Publish diagnostics at 1 Hz, and at once when the level changes."""
        node, now = self._node, time.monotonic()
        self._looks += 1
        limits = Limits(*map(node.value, ("stale_after", "late_warning", "late_error")))
        inputs, outputs = node.topic_stats()
        if self._looks % DIAGNOSE_EVERY == 0:
            self._observe(inputs, now)
            node.adapt()
        if self._looks % STRANGERS_EVERY == DIAGNOSE_EVERY:
            self.strangers = strangers(node)
        status = status_of(node, node.phase, inputs, outputs, limits, now)
        worse = status.level > self._level
        # Each severity has a call of its own: rclpy refuses another one from the same line.
        if worse and status.level == DiagnosticStatus.ERROR:
            node.get_logger().error(status.message, throttle_duration_sec=5.0)
        elif worse:
            node.get_logger().warning(status.message, throttle_duration_sec=5.0)
        if worse or status.level != self._level or self._looks % DIAGNOSE_EVERY == 0:
            self._level = status.level
            add_figures(status, node, node.phase, inputs, outputs, now)
            array = DiagnosticArray(status=[status])
            array.header.stamp = node.get_clock().now().to_msg()
            self._publisher.publish(array)

    def phase_of(self, name: str) -> str:
        """Return the lifecycle state of a node that sends to us; empty if it is active or
        unknown.
        """
        state = self._observers[name].state if name in self._observers else None
        return state if state not in (None, "active") else ""

    def awaited(self, stats: TopicStats, now: float) -> str:
        """Note that the sender of a topic has not begun yet, which is no fault for a while."""
        if stats.count or stats.waited_s(now) > START_S:
            return ""
        for endpoint in self._node.get_publishers_info_by_topic(stats.topic):
            if phase := self.phase_of(name_of(endpoint)):
                stats.awaited_at = now
                return f"waits for {name_of(endpoint)}, which is {phase}"
        return f"waits for {stats.topic}" if now - stats.awaited_at < FIRST_S else ""

    def _observe(self, inputs: list[TopicStats], now: float) -> None:
        """Poll the state of nodes whose messages are missing; of none if all arrive."""
        names = {
            name_of(endpoint)
            for stats in inputs
            if stats.steady and stats.silent_s(now) > OBSERVE_AFTER_S
            for endpoint in self._node.get_publishers_info_by_topic(stats.topic)
        }
        for name in self._observers.keys() - names:
            self._observers.pop(name).close()
        for name in names:
            if name not in self._observers:
                self._observers[name] = LifecycleObserver(self._node, name)
            self._observers[name].ask()
