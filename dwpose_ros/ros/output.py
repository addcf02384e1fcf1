# SPDX-License-Identifier: Apache-2.0
"""Publishers of managed nodes."""

from __future__ import annotations

import time

from dwpose_ros.ros.topic_stats import TopicStats


class Output:
    """A publisher with statistics. Messages of an inactive node are dropped."""

    def __init__(self, node, publisher, steady: bool) -> None:
        self._node, self.publisher = node, publisher
        self.stats = TopicStats(publisher.topic_name, steady)

    def publish(self, msg) -> None:
        if not self._node.active:
            return
        self.publisher.publish(msg)
        self.stats.tick(time.monotonic(), self._node.age_s(msg))

    def wanted(self) -> bool:
        """Return whether anybody subscribes."""
        return self.publisher.get_subscription_count() > 0
