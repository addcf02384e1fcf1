# SPDX-License-Identifier: Apache-2.0
"""Messages between nodes of one process: by reference, past the middleware.

Nothing is copied, serialised or sent, so nothing is lost either. rclpy has no such transport; that
of C++ nodes (intra-process communication) is not open to Python. Whoever receives a message must
not change it, since others have the same one.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np


class LocalImage(NamedTuple):
    """An image with the fields of a sensor_msgs/Image, whose pixels nobody can change."""

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
    """Receives the messages of a topic from the publishers of its process."""

    def __init__(
        self,
        topic: str,
        callback: Callable[[Any], None],
        changed: Callable[[], None],
        every: Callable[[], int] | None = lambda: 1,
    ) -> None:
        """Start to receive.

        Args:
            topic: a full name.
            callback: called with each message in the publisher's thread.
            changed: called when a publisher comes or goes.
            every: tells that one of so many messages is used; None: those that others use.
        """
        self.topic, self.changed, self.every = topic, changed, every
        self._callback = callback
        self._lock = threading.RLock()
        self._closed = False
        with _lock:
            _readers.append(self)

    def receive(self, message: Any) -> None:
        """Call back, unless the reader is closed."""
        with self._lock:
            if not self._closed:
                self._callback(message)

    def close(self) -> None:
        """Stop receiving, once a callback that is under way has returned."""
        with _lock:
            _readers.remove(self)
        with self._lock:
            self._closed = True


class Publisher:
    """Hands messages of a topic to the readers of its process."""

    def __init__(self, topic: str, node_name: str) -> None:
        """Offer the topic; both are full names."""
        self.topic, self.node_name = topic, node_name
        with _lock:
            _publishers.append(self)
        _tell(topic)

    def readers(self) -> list[Reader]:
        """Return who receives the messages now."""
        with _lock:
            return [reader for reader in _readers if reader.topic == self.topic]

    def every(self) -> int:
        """Return that the readers use one of so many messages."""
        return min((one.every() for one in self.readers() if one.every), default=1)

    def close(self) -> None:
        """Withdraw the offer."""
        with _lock:
            _publishers.remove(self)
        _tell(self.topic)


class InExecutor:
    """Calls back in the executor of a node, in order, which tasks of rclpy's executors have not.

    Args:
        depth: so many messages wait at most, and the newest win, as in a queue of DDS; None: all.
    """

    def __init__(self, node, callback: Callable[[Any], None], depth: int | None) -> None:
        self._node, self._callback = node, callback
        self._queue: deque[Any] = deque(maxlen=depth)
        self._lock = threading.Lock()
        self._scheduled = self._closed = False

    def __call__(self, message: Any) -> None:
        """Hand over a message, from any thread."""
        if self._node.executor is None:  # not yet, or no longer
            return
        with self._lock:
            self._queue.append(message)
            self._schedule()

    def close(self) -> None:
        """Drop what has not been called back for."""
        with self._lock:
            self._closed = True
            self._queue.clear()

    def _schedule(self) -> None:
        executor = self._node.executor
        if self._queue and not self._scheduled and executor is not None:
            executor.create_task(self._run)
            self._scheduled = True

    def _run(self) -> None:
        with self._lock:
            self._scheduled = False
        while True:
            with self._lock:
                if self._closed or not self._queue:
                    return
                message = self._queue.popleft()
            try:
                self._callback(message)
            except BaseException:  # which is not the fault of those that wait
                with self._lock:
                    self._schedule()
                raise


_lock = threading.Lock()
_readers: list[Reader] = []
_publishers: list[Publisher] = []


def publishers(topic: str) -> set[str]:
    """Return the full names of this process's nodes that publish a topic by reference."""
    with _lock:
        return {one.node_name for one in _publishers if one.topic == topic}


def _tell(topic: str) -> None:
    with _lock:
        readers = [reader for reader in _readers if reader.topic == topic]
    for reader in readers:
        reader.changed()
