# SPDX-License-Identifier: Apache-2.0
"""Subscriptions that follow their publishers.

ROS 2's own policy "best available" asks the graph only once, when the subscription is created,
and Humble does not have it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Any

from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.subscription import Subscription

from dwpose_ros.ros import local_topics
from dwpose_ros.ros.middleware import name_of

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


class AdaptiveSubscription:
    """Receives a topic, from this process by reference and from others by a subscription.

    The subscription is recreated when the best common reliability of its publishers changes, if
    `best` is set. There is none while only nodes of this process publish, so that nothing is
    serialised for it.
    """

    def __init__(
        self,
        node,
        topic: str,
        type_name: str,
        qos: QoSProfile | int,
        make: Callable[[QoSProfile | int], object],
        receive: Callable[[Any], None],
        best: bool,
        every: Callable[[], int] | None,
    ) -> None:
        """Subscribe.

        Args:
            topic: a full name.
            make: creates a subscription of a given QoS.
            receive: called with the messages of this process, in their publisher's thread.
            best: follow the reliability of the publishers.
            every: as `local_topics.Reader` has it.
        """
        self._node, self._topic, self._type, self._make = node, topic, type_name, make
        self._qos, self._best, self._subscription = qos, best, None
        self._closed = False
        self._lock = threading.Lock()  # a publisher of this process may come in another thread
        self._receive = receive
        self._local = local_topics.Reader(topic, self._from_inside, self.look, every)
        self.look()

    def look(self) -> None:
        """Ask the graph who publishes, and adapt."""
        with self._lock:
            ours = local_topics.publishers(self._topic)
            settled = self._subscription is not None and not (ours or self._best)
            if self._closed or settled or not self._node.context.ok():
                return
            found = self._node.get_publishers_info_by_topic(self._topic)
            others = [one for one in found if name_of(one) not in ours]
            wanted = self._wanted(others)
            if ours and not others:
                self._unsubscribe()
            elif self._subscription is None or wanted != self._qos:
                self._unsubscribe()
                self._qos = wanted
                self._subscription = self._make(wanted)

    def _from_inside(self, message: Any) -> None:
        if self._subscription is None:  # else it comes by the middleware, as others' do
            self._receive(message)

    def _wanted(self, publishers: list) -> QoSProfile | int:
        if not self._best:
            return self._qos
        best = best_offered(publishers, self._type)
        return (
            self._qos
            if self._qos.reliability == best
            else QoSProfile(depth=self._qos.depth, reliability=best)
        )

    def close(self) -> None:
        self._local.close()
        with self._lock:
            self._closed = True
            self._unsubscribe()

    def _unsubscribe(self) -> None:
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
