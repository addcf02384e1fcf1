# SPDX-License-Identifier: Apache-2.0
"""Images between nodes of one process: by reference, past the middleware.

Nothing is copied, serialised or sent, so nothing is lost either. rclpy has no such transport; that
of C++ nodes (intra-process communication) is not open to Python.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np


class LocalImage(NamedTuple):
    """An image with the fields of a sensor_msgs/Image, whose pixels nobody may change."""

    header: Any
    height: int
    width: int
    encoding: str
    is_bigendian: int
    step: int
    data: memoryview

    @classmethod
    def of(cls, header: Any, bgr: np.ndarray) -> LocalImage:
        """Wrap pixels (h, w, 3) uint8 BGR, which must not be changed from now on."""
        pixels = np.ascontiguousarray(bgr).view()
        pixels.flags.writeable = False
        height, width = pixels.shape[:2]
        data = memoryview(pixels.reshape(-1))
        return cls(header, height, width, "bgr8", 0, 3 * width, data)


class Reader:
    """Receives the images of a topic from the publishers of its process."""

    def __init__(
        self, topic: str, callback: Callable[[LocalImage], None], changed: Callable[[], None]
    ) -> None:
        """Start to receive.

        Args:
            topic: a full name.
            callback: called in the publisher's thread.
            changed: called when the first publisher comes or the last one goes.
        """
        self.topic, self.changed = topic, changed
        self._callback = callback
        self._lock = threading.RLock()
        self._closed = False
        with _lock:
            _readers.append(self)

    def receive(self, image: LocalImage) -> None:
        """Call back, unless the reader is closed."""
        with self._lock:
            if not self._closed:
                self._callback(image)

    def close(self) -> None:
        """Stop receiving, once a callback that is under way has returned."""
        with _lock:
            _readers.remove(self)
        with self._lock:
            self._closed = True


class Publisher:
    """Hands images of a topic to the readers of its process."""

    def __init__(self, topic: str, node_name: str) -> None:
        """Offer the topic; both are full names."""
        self.topic, self.node_name = topic, node_name
        with _lock:
            _publishers.append(self)
        _tell(topic)

    def readers(self) -> list[Reader]:
        """Return who receives the images now."""
        with _lock:
            return [reader for reader in _readers if reader.topic == self.topic]

    def close(self) -> None:
        """Withdraw the offer."""
        with _lock:
            _publishers.remove(self)
        _tell(self.topic)


_lock = threading.Lock()
_readers: list[Reader] = []
_publishers: list[Publisher] = []


def publishers(topic: str) -> set[str]:
    """Return the full names of this process's nodes that publish images on a topic."""
    with _lock:
        return {one.node_name for one in _publishers if one.topic == topic}


def _tell(topic: str) -> None:
    with _lock:
        readers = [reader for reader in _readers if reader.topic == topic]
    for reader in readers:
        reader.changed()
