# SPDX-License-Identifier: Apache-2.0
"""Publishers of managed nodes."""

from __future__ import annotations

import time

import numpy as np
from sensor_msgs.msg import Image

from dwpose_ros.core.images import fill
from dwpose_ros.ros import local_images
from dwpose_ros.ros.local_images import LocalImage
from dwpose_ros.ros.topic_stats import TopicStats


class Output:
    """A publisher with statistics. Messages of an inactive node are dropped."""

    def __init__(self, node, publisher, steady: bool) -> None:
        self._node, self.publisher = node, publisher
        self.flow = TopicStats(publisher.topic_name, steady)
        self.local: local_images.Publisher | None = None

    def publish(self, msg) -> None:
        if not self._node.active:
            return
        self.publisher.publish(msg)
        self._count(msg)

    def publish_image(self, header, bgr: np.ndarray) -> None:
        """Publish an image (h, w, 3) uint8 BGR, which must not be changed from now on: by
        reference within this process, and as a message only if somebody outside subscribes.
        """
        if not self._node.active:
            return
        readers = self.local.readers() if self.local else []
        if readers:
            image = LocalImage.of(header, bgr)
            for reader in readers:
                reader.receive(image)
            self._count(image)
        if self.wanted():
            message = fill(Image(header=header), bgr)
            self.publisher.publish(message)
            if not readers:
                self._count(message)

    def _count(self, msg) -> None:
        self.flow.tick(time.monotonic(), self._node.age_s(msg))

    def wanted(self) -> bool:
        """Return whether anybody subscribes outside this process."""
        return self.publisher.get_subscription_count() > 0

    def subscriptions(self) -> int:
        """Return the number of subscriptions, in this process and outside."""
        local = len(self.local.readers()) if self.local else 0
        return local + self.publisher.get_subscription_count()

    def close(self) -> None:
        if self.local:
            self.local.close()
        self._node.destroy_lifecycle_publisher(self.publisher)
