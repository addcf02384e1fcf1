# SPDX-License-Identifier: Apache-2.0
"""Subscriptions that follow the reliability of their publishers.

ROS 2's own policy "best available" asks the graph only once, when the subscription is created,
and Humble does not have it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.subscription import Subscription

try:
    from rclpy.event_handler import SubscriptionEventCallbacks, UnsupportedEventTypeError
except ImportError:
    try:
        from rclpy.qos_event import SubscriptionEventCallbacks, UnsupportedEventTypeError  # Humble
    except ImportError:  # not without ROS 2
        SubscriptionEventCallbacks = None


def best_offered(publishers: Iterable, type_name: str) -> ReliabilityPolicy:
    """Return RELIABLE if all publishers of that type offer it, else BEST_EFFORT."""
    offered = {one.qos_profile.reliability for one in publishers if one.topic_type == type_name}
    return (
        ReliabilityPolicy.RELIABLE
        if offered == {ReliabilityPolicy.RELIABLE}
        else (ReliabilityPolicy.BEST_EFFORT)
    )


class BestReliability:
    """A subscription that is recreated when the best common reliability changes."""

    def __init__(
        self,
        node,
        topic: str,
        type_name: str,
        qos: QoSProfile,
        make: Callable[[QoSProfile], object],
    ) -> None:
        """Subscribe to `topic`, a full name; `make` creates a subscription of a given QoS."""
        self._node, self._topic, self._type, self._make = node, topic, type_name, make
        self._qos, self._subscription = qos, None
        self.look()

    def look(self) -> None:
        """Ask the graph who publishes, and adapt."""
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


def counting_losses(make: Callable, stats):
    """Create a subscription by `make(**arguments)` and count its lost messages in `stats`, if the
    middleware reports them."""
    if SubscriptionEventCallbacks is None:
        return make()
    told = SubscriptionEventCallbacks(
        message_lost=lambda info: stats.lost(info.total_count_change)
    )
    try:
        return make(event_callbacks=told)
    except UnsupportedEventTypeError:
        return make()


def with_number(callback: Callable[[object, int | None], None]) -> Callable:
    """Return a subscription's callback that calls `callback(message, number)`.

    `number` counts the messages of a publisher. It is None where the middleware does not count
    them, or where rclpy does not pass it on (Humble).
    """
    if not hasattr(Subscription, "CallbackType"):
        return lambda message: callback(message, None)
    unknown = (None, 2**64 - 1)  # RMW_MESSAGE_INFO_SEQUENCE_NUMBER_UNSUPPORTED

    def numbered(message, info: dict) -> None:
        number = info.get("publication_sequence_number")
        callback(message, None if number in unknown else number)

    return numbered
