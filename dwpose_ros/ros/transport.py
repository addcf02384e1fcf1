# SPDX-License-Identifier: Apache-2.0
"""Images as in image_transport: raw, and compressed on a topic beside it."""

from __future__ import annotations

from typing import Any, Callable

import numpy as np
from rclpy.qos import QoSProfile
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from dwpose_ros.core.images import fill, fill_compressed
from dwpose_ros.ros.local_topics import LocalImage
from dwpose_ros.ros.managed_node import ManagedNode
from dwpose_ros.ros.qos import NEWEST_IMAGE
from dwpose_ros.ros.topic_stats import TopicStats

TRANSPORTS = {"raw": Image, "compressed": CompressedImage}


def declare_transport(node: ManagedNode) -> None:
    """Declare the parameter that `image_input` uses."""
    node.parameter(
        "image_transport",
        "raw",
        "read raw images, or compressed ones on <topic>/compressed",
        choices=tuple(TRANSPORTS),
    )


def image_input(
    node: ManagedNode,
    topic: str,
    callback: Callable[[Any], None],
    every: Callable[[], int] | None = lambda: 1,
) -> TopicStats:
    """Subscribe to the newest image. The callback gets an Image, a LocalImage, or a
    CompressedImage, and may be called from another thread.

    Args:
        every: tells our camera node in the same process that one of so many images is used; None:
            those that others use, as where an image without its pose is of no use.
    """
    transport = node.value("image_transport")
    # As image_transport does it, the suffix follows the name that the topic was remapped to.
    name = topic if transport == "raw" else f"{node.resolve_topic_name(topic)}/{transport}"
    return node.input(TRANSPORTS[transport], name, callback, NEWEST_IMAGE, best=True, every=every)


class ImageOutput:
    """Publishes an image in every form that somebody subscribes to."""

    def __init__(self, node: ManagedNode, topic: str, qos: QoSProfile | int) -> None:
        self._raw = node.output(Image, topic, qos, local=True)
        self._compressed = node.output(
            CompressedImage, f"{node.resolve_topic_name(topic)}/compressed", qos
        )

    def publish(self, header: Header, bgr: np.ndarray, jpeg_quality: int) -> None:
        """Publish an image (h, w, 3) uint8 BGR, which must not be changed from now on."""
        if self._raw.subscriptions():
            self._raw.publish(LocalImage.of(header, bgr), lambda: fill(Image(header=header), bgr))
        if self._compressed.wanted():
            self._compressed.publish(
                fill_compressed(CompressedImage(header=header), bgr, "jpg", jpeg_quality)
            )

    def every(self) -> int:
        """Return that one of so many images is used."""
        return 1 if self._compressed.wanted() else self._raw.every()

    def subscriptions(self) -> int:
        """Return the number of subscriptions."""
        return self._raw.subscriptions() + self._compressed.subscriptions()
