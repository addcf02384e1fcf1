# SPDX-License-Identifier: Apache-2.0
"""Subscriptions as reliable as those who publish: ROS 2's "best available", kept up to date.

ROS 2 has a policy of that name, which asks the graph once, when the subscription is made; Humble
has none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from rclpy.qos import QoSProfile, ReliabilityPolicy

try:
    from rclpy.event_handler import SubscriptionEventCallbacks, UnsupportedEventTypeError
except ImportError:
    try:
        from rclpy.qos_event import SubscriptionEventCallbacks, UnsupportedEventTypeError  # Humble
    except ImportError:  # not without ROS 2
        SubscriptionEventCallbacks = None


def best_offered(publishers: Iterable, type_name: str) -> ReliabilityPolicy:
    """Reliable where all publishers of that type are, so that all of them are heard."""
    offered = {one.qos_profile.reliability for one in publishers if one.topic_type == type_name}
    return (
        ReliabilityPolicy.RELIABLE
        if offered == {ReliabilityPolicy.RELIABLE}
        else (ReliabilityPolicy.BEST_EFFORT)
    )


class BestReliability:
    """A subscription that is made anew when publishers come or go who offer something else."""

    def __init__(
        self,
        node,
        topic: str,
        type_name: str,
        qos: QoSProfile,
        make: Callable[[QoSProfile], object],
    ) -> None:
        """`make` gives a subscription of that quality of service; `topic` is its full name."""
        self._node, self._topic, self._type, self._make = node, topic, type_name, make
        self._qos, self._subscription = qos, None
        self.look()

    def look(self) -> None:
        """Ask the graph who publishes."""
        wanted = best_offered(self._node.get_publishers_info_by_topic(self._topic), self._type)
        if self._subscription is not None and wanted == self._qos.reliability:
            return
        self.close()
        self._qos = QoSProfile(depth=self._qos.depth, reliability=wanted)
        self._subscription = self._make(self._qos)

    def close(self) -> None:
        if self._subscription is not None:
            self._node.destroy_subscription(self._subscription)
            self._subscription = None


def counting_losses(make: Callable, flow):
    """What `make(**arguments)` makes: a subscription whose lost messages the flow is told of,
    where the middleware tells of them."""
    if SubscriptionEventCallbacks is None:
        return make()
    told = SubscriptionEventCallbacks(message_lost=lambda info: flow.lost(info.total_count_change))
    try:
        return make(event_callbacks=told)
    except UnsupportedEventTypeError:
        return make()
