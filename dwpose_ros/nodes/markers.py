# SPDX-License-Identifier: Apache-2.0
"""Markers node: skeletons and the instruction in space, for RViz and Foxglove."""

from __future__ import annotations

import time
from collections import deque

import numpy as np
from sensor_msgs.msg import CameraInfo, Image
from visualization_msgs.msg import MarkerArray

from dwpose_ros.core.geometry import PinholeCamera, distances, flat, from_depth, is_calibrated
from dwpose_ros.core.images import to_depth
from dwpose_ros.core.person_poses import PersonPoses
from dwpose_ros.msg import WholeBodyPose, WholeBodyPose3D
from dwpose_ros.ros import foxglove as annotations
from dwpose_ros.ros.camera_frame import CameraLink
from dwpose_ros.ros.conversions import from_msg, stamp_ns, to_msg_3d
from dwpose_ros.ros.node_main import run
from dwpose_ros.ros.on_demand_node import OnDemandNode
from dwpose_ros.ros.qos import NEWEST_IMAGE
from dwpose_ros.ros.scene_markers import SceneMarkers

KEEP = 10  # depth images that wait for the pose with their stamp
UNKNOWN_M = 2.0  # distance assumed for a person of whom too little is visible
ASSUMED = "the camera is taken for one of 60 degrees across, and distances are as wrong as that is"
WARN_AFTER_S = 3.0  # without an input, before the log says so


class MarkersNode(OnDemandNode):
    """Publishes markers while somebody subscribes.

    Distances are estimated from apparent size, assuming adults. With `depth` they are read from
    depth images.
    """

    def __init__(self) -> None:
        super().__init__("markers")
        self.parameter(
            "depth",
            False,
            "take distances from depth images on depth/image, which must be registered to the "
            "colour image, and publish wholebody_pose_3d",
        )
        self.parameter(
            "depth_tolerance",
            0.05,
            "largest difference in time between a depth image and the pose's image",
            unit="s",
            minimum=0.0,
            maximum=1.0,
            change=True,
        )
        self._depths: deque[Image] = deque(maxlen=KEEP)
        self._info: CameraInfo | None = None
        self._scene = SceneMarkers()
        self._nowhere = ""  # why no markers can be shown

    def configure(self) -> None:
        self._markers = self.output(
            MarkerArray, "markers", 5
        )  # a lost deletion would leave a marker behind
        self._annotations = self._poses_3d = None
        if annotations.AVAILABLE:
            self._annotations = self.output(annotations.ImageAnnotations, "annotations", 1)
        else:
            self.get_logger().info(
                "foxglove_msgs is not installed: no annotations for Foxglove's "
                "image panel, which shows the topic overlay all the same"
            )
        if self.value("depth"):
            self._poses_3d = self.output(WholeBodyPose3D, "wholebody_pose_3d", 5)

        self._camera_link = CameraLink(self)

    def cleanup(self) -> None:
        self._camera_link.close()

    def listen(self) -> None:
        self._since = time.monotonic()
        self.input(
            CameraInfo, "camera_info", self._on_info, NEWEST_IMAGE, steady=False, local=True
        )
        if self.value("depth"):
            self.input(Image, "depth/image", self._depths.append, NEWEST_IMAGE)

    def forget(self) -> None:
        self._depths.clear()
        self._info = None
        self._scene = SceneMarkers()

    def concern(self) -> str:
        return self._nowhere

    def _on_info(self, msg: CameraInfo) -> None:
        self._info = msg
        if not is_calibrated(msg.k):
            self.get_logger().warning(
                f"{self.resolve_topic_name('camera_info')} has no calibration: {ASSUMED}",
                once=True,
            )

    def companion(self, pose: WholeBodyPose) -> Image | None:
        """Return the depth image of the pose's time."""
        self._nowhere = (
            ""
            if pose.header.frame_id
            else (
                "poses on /wholebody_pose have an empty frame_id, where RViz shows nothing: set "
                "header.frame_id in the camera's driver"
            ).replace("/wholebody_pose", self.resolve_topic_name("wholebody_pose"))
        )
        if not self.value("depth"):
            return None
        stamp = stamp_ns(pose.header)

        def apart_s(depth: Image) -> float:
            return abs(stamp_ns(depth.header) - stamp) / 1e9

        nearest = min(self._depths, key=apart_s, default=None)
        if nearest is None:  # the diagnostics name the publisher
            self._warn_depth("no depth image came yet", only_later=True)
        elif apart_s(nearest) > self.value("depth_tolerance"):
            self._warn_depth(
                f"the nearest depth image is {apart_s(nearest):.3f} s from the "
                "pose's: see depth_tolerance",
                only_later=True,
            )
        else:
            return nearest
        return None

    def draw(self, pose: WholeBodyPose, companion: Image | None) -> None:
        people = from_msg(pose)
        camera = self._camera(pose)
        threshold = self.value("threshold")
        points = None
        if companion is not None:
            points = self._by_depth(people, camera, companion)
        if points is not None and self._poses_3d.wanted():
            self._poses_3d.publish(to_msg_3d(pose, points))
        if self._markers.wanted():
            self._camera_link.below(pose.header)
            if points is None:
                z = distances(people, camera, threshold)
                points = flat(people, camera, np.nan_to_num(z, nan=UNKNOWN_M), threshold)
            self._markers.publish(self._scene(pose, points, self.guidance))
        if self._annotations is not None and self._annotations.wanted():
            self._annotations.publish(
                annotations.to_annotations(pose, people, self.guidance.text, threshold)
            )

    def _by_depth(
        self, people: PersonPoses, camera: PinholeCamera, depth: Image
    ) -> np.ndarray | None:
        try:
            return from_depth(people, camera, to_depth(depth), self.value("threshold"))
        except ValueError as err:  # another size, or no depth image at all
            self._warn_depth(f"{self.resolve_topic_name('depth/image')}: {err}")
            return None

    def _warn_depth(self, why: str, only_later: bool = False) -> None:
        if not only_later or time.monotonic() - self._since > WARN_AFTER_S:
            self.get_logger().warning(
                f"no depth, skeletons are flat: {why}", throttle_duration_sec=10.0
            )

    def _camera(self, pose: WholeBodyPose) -> PinholeCamera:
        if self._info is None and time.monotonic() - self._since > WARN_AFTER_S:
            self.get_logger().warning(
                f"nothing comes on {self.resolve_topic_name('camera_info')}: {ASSUMED}", once=True
            )
        info = self._info or CameraInfo()
        try:
            return PinholeCamera.of(info.k, pose.width, pose.height, (info.width, info.height))
        except ValueError as err:
            self.get_logger().warning(
                f"{self.resolve_topic_name('camera_info')}: {err}: {ASSUMED}",
                throttle_duration_sec=10.0,
            )
            return PinholeCamera.of(CameraInfo().k, pose.width, pose.height)


def main() -> None:
    run(MarkersNode)
