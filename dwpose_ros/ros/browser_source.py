# SPDX-License-Identifier: Apache-2.0
"""The camera node's source of pictures that a page of the screen sends.

The screen node has the one web server, with its certificate and its token, so pictures come from
there on a topic, by reference in the same process, stamped by the screen node. From here on they
go the way of every other camera's.
"""

from __future__ import annotations

import math
import threading

import numpy as np
from sensor_msgs.msg import CompressedImage

from dwpose_ros.core.image_sources import resized
from dwpose_ros.core.images import ImageError, to_bgr
from dwpose_ros.ros.conversions import stamp_ns
from dwpose_ros.ros.managed_node import ManagedNode
from dwpose_ros.ros.qos import NEWEST_IMAGE

WAIT_S = 0.5  # for the next picture


class BrowserSource:
    """A live source, as core/image_sources.py has it. Make it when its node is activated: the
    subscription ends with the activation, and `close` only forgets a picture that waits.
    """

    live, paced = True, False
    rate, length, time_s = 0.0, 0, math.nan
    missing = (
        "no page sends pictures: open the screen's page in a browser, and choose its camera there"
    )

    def __init__(self, node: ManagedNode, width: int, height: int) -> None:
        self.description = "the camera of a browser"
        self.stamp_ns: int | None = None
        self._size = width, height
        self._changed = threading.Condition()
        self._waiting: CompressedImage | None = None
        self._grabbed = CompressedImage()
        node.input(
            CompressedImage,
            "browser_image/compressed",
            self._on_picture,
            NEWEST_IMAGE,
            steady=False,
            direct=True,
        )

    def _on_picture(self, msg: CompressedImage) -> None:
        with self._changed:
            self._waiting = msg  # the newest wins
            self._changed.notify()

    def grab(self) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting is not None, WAIT_S)
            if self._waiting is None:
                return False
            self._grabbed, self._waiting = self._waiting, None
        self.stamp_ns = stamp_ns(self._grabbed.header)
        return True

    def retrieve(self) -> np.ndarray | None:
        try:
            return resized(to_bgr(self._grabbed), self._size)
        except ImageError:
            return None

    def read(self) -> np.ndarray | None:
        return self.retrieve() if self.grab() else None

    def rewind(self) -> bool:
        return False

    def close(self) -> None:
        with self._changed:
            self._waiting = None
