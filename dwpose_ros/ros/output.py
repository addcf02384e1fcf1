# SPDX-License-Identifier: Apache-2.0
"""Publishers of managed nodes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from rclpy.duration import Duration

from dwpose_ros.ros import local_topics
from dwpose_ros.ros.topic_stats import TopicStats

ACKED = Duration(seconds=0.5)  # at most; who hangs is not waited for longer


class Output:
    """A publisher with statistics. Messages of an inactive node are dropped.

    A local one hands messages to the nodes of its process by reference, and to the middleware only
    while somebody outside subscribes.
    """

    def __init__(self, node, create: Callable[[], Any], steady: bool, local: bool = False) -> None:
        self._node, self._create = node, create
        self.publisher = create()
        topic = self.publisher.topic_name
        self.stats = TopicStats(topic, steady)
        self._local = (
            local_topics.Publisher(topic, node.get_fully_qualified_name()) if local else None
        )

    def publish(self, msg: Any, for_others: Callable[[], Any] | None = None) -> None:
        """Publish a message, which must not be changed from now on.

        Args:
            for_others: makes the message for those outside this process, if it is another one.
        """
        if not self._node.active:
            return
        outside = self._local is None or self.wanted()
        # A small message goes out first: who gets it inside takes Python's lock at once.
        if outside and for_others is None:
            self.publisher.publish(msg)
        for reader in self._local.readers() if self._local else ():
            reader.receive(msg)
        if outside and for_others is not None:
            self.publisher.publish(for_others())
        self.stats.tick(time.monotonic(), self._node.age_s(msg))

    def publish_last(self, msg: Any) -> None:
        """Publish a message of a node that is being deactivated, to those outside. They have it
        before the publisher can be destroyed, with which Fast DDS would forget it.
        """
        if self._node.context.ok():
            self.publisher.publish(msg)
            self.wait_for_readers()

    def wait_for_readers(self) -> bool:
        """Wait until reliable subscribers have got what was published, half a second at most;
        return whether they have.
        """
        return self.publisher.wait_for_all_acked(ACKED)

    def forget(self) -> None:
        """Drop what is kept for those who come later; while the node is active. DDS can do so only
        with a new publisher.
        """
        self._node.destroy_lifecycle_publisher(self.publisher)
        self.publisher = self._create()
        self.publisher.on_activate(None)

    def unwanted(self, header: Any) -> None:
        """Count a message with this header that was not made, since nobody subscribes."""
        if self._node.active:
            self.stats.tick(time.monotonic(), self._node.header_age_s(header))

    def wanted(self) -> bool:
        """Return whether anybody subscribes outside this process."""
        return self.publisher.get_subscription_count() > 0

    def every(self) -> int:
        """Return that subscribers use one of so many messages; those of other processes all."""
        return 1 if self._local is None or self.wanted() else self._local.every()

    def subscriptions(self) -> int:
        """Return the number of subscriptions, in this process and outside."""
        inside = len(self._local.readers()) if self._local else 0
        return inside + self.publisher.get_subscription_count()

    def close(self) -> None:
        if self._local:
            self._local.close()
        self._node.destroy_lifecycle_publisher(self.publisher)
