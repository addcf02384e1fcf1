# SPDX-License-Identifier: Apache-2.0
"""Overlay node: the image with skeletons and the instruction."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any

from dwpose_ros.core.images import to_bgr
from dwpose_ros.msg import WholeBodyPose
from dwpose_ros.ros.conversions import from_msg, stamp_ns
from dwpose_ros.ros.node_main import run
from dwpose_ros.ros.on_demand_node import OnDemandNode
from dwpose_ros.ros.transport import ImageOutput, declare_transport, image_input
from dwpose_ros.visualization.captions import draw_caption
from dwpose_ros.visualization.skeleton import draw_skeleton

KEEP = 30  # images that wait for their pose


class OverlayNode(OnDemandNode):
    """Publishes the overlay while somebody subscribes."""

    def __init__(self) -> None:
        super().__init__("overlay")
        self.parameter(
            "jpeg_quality", 80, "of the compressed images", minimum=1, maximum=100, change=True
        )
        declare_transport(self)
        self._frames: OrderedDict[int, Any] = OrderedDict()
        self._lock = threading.Lock()  # images may come in the camera's thread

    def configure(self) -> None:
        self._overlays = ImageOutput(self, "overlay", 1)

    def listen(self) -> None:
        self._images = image_input(self, "image_raw", self._on_image, every=None)

    def forget(self) -> None:
        with self._lock:
            self._frames.clear()

    def _on_image(self, msg: Any) -> None:
        with self._lock:
            self._frames[stamp_ns(msg.header)] = msg
            while len(self._frames) > KEEP:
                self._frames.popitem(last=False)

    def companion(self, pose: WholeBodyPose) -> Any:
        """Return the image that the pose belongs to."""
        stamp = stamp_ns(pose.header)
        with self._lock:
            if self._images.unstamped:  # each node used its own time of arrival
                nearest = min(self._frames, key=lambda other: abs(other - stamp), default=stamp)
                if abs(nearest - stamp) <= self._images.period_s() / 2 * 1e9:
                    stamp = nearest
            frame = self._frames.pop(stamp, None)
            for older in [s for s in self._frames if s < stamp]:
                del self._frames[older]
        return frame

    def draw(self, pose: WholeBodyPose, companion: Any) -> None:
        if companion is not None and self._overlays.subscriptions():
            people = from_msg(pose)
            bgr = draw_skeleton(to_bgr(companion).copy(), people, self.value("threshold"))
            draw_caption(bgr, self.guidance.text, self.guidance.code)
            self._overlays.publish(pose.header, bgr, self.value("jpeg_quality"))


def main() -> None:
    run(OverlayNode)
