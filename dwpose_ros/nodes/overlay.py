"""Overlay: the image with skeletons and the instruction, and skeletons as markers for RViz."""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import Any

import numpy as np
from geometry_msgs.msg import Point
from visualization_msgs.msg import Marker, MarkerArray

from dwpose_ros.caption import draw_caption
from dwpose_ros.images import to_bgr
from dwpose_ros.keypoints import SKELETON
from dwpose_ros.msg import Guidance, WholeBodyPose
from dwpose_ros.nodes.common import DwposeNode, run
from dwpose_ros.nodes.conversions import from_msg, stamp_ns
from dwpose_ros.nodes.transport import ImageOutput, declare_transport, image_input
from dwpose_ros.nodes.worker import Worker
from dwpose_ros.pose.draw import draw_skeleton, visible

KEEP = 30  # images that wait for their pose


class Overlay(DwposeNode):
    """Works only while somebody looks."""

    def __init__(self) -> None:
        super().__init__("overlay")
        self.parameter("threshold", 0.3, "keypoints up to this score are not drawn", minimum=0.0,
                       maximum=1.0, change=True)
        self.parameter("jpeg_quality", 80, "of the compressed images", minimum=1, maximum=100,
                       change=True)
        declare_transport(self)

    def configure(self) -> None:
        self._overlays = ImageOutput(self, "overlay", 1)
        self._markers = self.output(MarkerArray, "markers", 1)

    def activate(self) -> None:
        self._frames: OrderedDict[int, Any] = OrderedDict()
        self._text = ""
        self._looking = False
        self._worker = Worker(self._draw, self.get_logger(), "overlay")
        self._timer = self.create_timer(0.5, self._look)

    def deactivate(self) -> None:
        self.destroy_timer(self._timer)
        self._worker.stop()
        self._frames.clear()

    def _look(self) -> None:
        """Subscribe when somebody subscribes, and leave with the last."""
        wanted = self._overlays.subscriptions() > 0 or self._markers.wanted()
        if wanted and not self._looking:
            image_input(self, "image_raw", self._on_image)
            self.input(WholeBodyPose, "wholebody_pose", self._on_pose, 1)
            self._told = self.input(Guidance, "guidance", self._on_guidance, 1, steady=False)
        elif self._looking and not wanted:
            self.drop_inputs()
            self._frames.clear()
        self._looking = wanted

    def _on_image(self, msg: Any) -> None:
        self._frames[stamp_ns(msg.header)] = msg
        while len(self._frames) > KEEP:
            self._frames.popitem(last=False)

    def _on_guidance(self, msg: Guidance) -> None:
        self._text = msg.text

    def _on_pose(self, msg: WholeBodyPose) -> None:
        stamp = stamp_ns(msg.header)
        frame = self._frames.pop(stamp, None)
        for older in [s for s in self._frames if s < stamp]:
            del self._frames[older]
        self._worker.put((frame, msg))

    def _draw(self, item: tuple[Any, WholeBodyPose]) -> None:
        frame, msg = item
        _, people = from_msg(msg)
        if frame is not None and self._overlays.subscriptions():
            bgr = draw_skeleton(to_bgr(frame).copy(), people, self.value("threshold"))
            silent = self._told.silent_s(time.monotonic()) > self.value("stale_after")
            draw_caption(bgr, "" if silent else self._text)
            self._overlays.publish(msg.header, bgr, self.value("jpeg_quality"))
        if self._markers.wanted():
            self._markers.publish(self._skeletons(msg, people))

    def _skeletons(self, msg: WholeBodyPose, people) -> MarkerArray:
        """Skeletons 1 m before the camera (optical frame), as wide as a 53 degree lens sees."""
        markers = [Marker(header=msg.header, ns="skeletons", action=Marker.DELETEALL)]
        limbs_seen = visible(people, self.value("threshold"))[:, SKELETON].all(-1)
        for person, xy, seen in zip(msg.persons, people.xy, limbs_seen):
            marker = Marker(header=msg.header, ns="skeletons", id=person.id & 0x7FFFFFFF,
                            type=Marker.LINE_LIST, action=Marker.ADD)
            marker.scale.x, marker.color.g, marker.color.a = 0.005, 1.0, 1.0
            marker.pose.orientation.w = 1.0
            plane = (xy - [msg.width / 2, msg.height / 2]) / max(msg.width, 1)
            marker.points = [Point(x=float(x), y=float(y), z=1.0)
                             for x, y in plane[SKELETON[seen]].reshape(-1, 2).astype(np.float64)]
            markers.append(marker)
        return MarkerArray(markers=markers)


def main() -> None:
    run(Overlay)
