"""Overlay: the image with skeletons and the instruction, and skeletons as markers for RViz."""

from __future__ import annotations

from collections import OrderedDict

import numpy as np
from geometry_msgs.msg import Point
from sensor_msgs.msg import Image
from visualization_msgs.msg import Marker, MarkerArray

from dwpose_ros.caption import draw_caption
from dwpose_ros.images import fill, to_bgr
from dwpose_ros.keypoints import SKELETON
from dwpose_ros.msg import Guidance, WholeBodyPose
from dwpose_ros.nodes.common import NEWEST_IMAGE, DwposeNode, Worker, run
from dwpose_ros.nodes.conversions import from_msg, stamp_ns
from dwpose_ros.pose.draw import draw_skeleton, visible

KEEP = 30  # images that wait for their pose


class Overlay(DwposeNode):
    """Works only while somebody looks."""

    def __init__(self) -> None:
        super().__init__("overlay")
        self._threshold = self.parameter(
            "threshold", 0.3, "keypoints up to this score are not drawn", minimum=0.0,
            maximum=1.0, change=lambda value: setattr(self, "_threshold", value))
        self._frames: OrderedDict[int, Image] = OrderedDict()
        self._text = ""
        self._subscriptions_made: list = []
        self._overlays = self.create_publisher(Image, "overlay", 1)
        self._markers = self.create_publisher(MarkerArray, "markers", 1)
        self._worker = Worker(self._draw, self.get_logger(), "overlay")
        self.create_timer(0.5, self._watch)

    def _watch(self) -> None:
        """Subscribe when somebody subscribes, and leave with the last."""
        wanted = bool(self._overlays.get_subscription_count()
                      or self._markers.get_subscription_count())
        if wanted and not self._subscriptions_made:
            self._subscriptions_made = [
                self.create_subscription(Image, "image_raw", self._on_image, NEWEST_IMAGE),
                self.create_subscription(WholeBodyPose, "wholebody_pose", self._on_pose, 1),
                self.create_subscription(Guidance, "guidance", self._on_guidance, 1)]
        elif not wanted and self._subscriptions_made:
            for subscription in self._subscriptions_made:
                self.destroy_subscription(subscription)
            self._subscriptions_made = []
            self._frames.clear()

    def _on_image(self, msg: Image) -> None:
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

    def _draw(self, item: tuple[Image | None, WholeBodyPose]) -> None:
        frame, msg = item
        _, people = from_msg(msg)
        if frame is not None and self._overlays.get_subscription_count():
            bgr = draw_skeleton(to_bgr(frame).copy(), people, self._threshold)
            draw_caption(bgr, self._text)
            self._overlays.publish(fill(Image(header=msg.header), bgr))
        if self._markers.get_subscription_count():
            self._markers.publish(self._skeletons(msg, people))

    def _skeletons(self, msg: WholeBodyPose, people) -> MarkerArray:
        """Skeletons 1 m before the camera (optical frame), as wide as a 53 degree lens sees."""
        markers = [Marker(header=msg.header, ns="skeletons", action=Marker.DELETEALL)]
        limbs_seen = visible(people, self._threshold)[:, SKELETON].all(-1)
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

    def close(self) -> None:
        self._worker.stop()


def main() -> None:
    run(Overlay)
