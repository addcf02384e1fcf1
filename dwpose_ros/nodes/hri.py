# SPDX-License-Identifier: Apache-2.0
"""ROS4HRI node (REP 155): people as bodies below /humans, if hri_msgs is installed."""

from __future__ import annotations

import time
from typing import Any, NamedTuple

from sensor_msgs.msg import RegionOfInterest

from dwpose_ros.msg import PersonPose, WholeBodyPose
from dwpose_ros.ros.conversions import from_msg
from dwpose_ros.ros.hri_names import JOINTS, region, skeletons
from dwpose_ros.ros.managed_node import ManagedNode
from dwpose_ros.ros.node_main import run
from dwpose_ros.ros.pose_input import pose_input

BODIES = "/humans/bodies"  # absolute, as in REP 155
GONE_S = 2.0  # without any pose message, all bodies are removed after this time


class TrackedBody(NamedTuple):
    """What is published for one person."""

    roi: Any
    skeleton: Any


class HriNode(ManagedNode):
    """Publishes bodies. Ids are `dwpose` and the track id, since names cannot begin with a digit;
    before them stands the node's namespace, if it has one, since other cameras count their own.
    """

    def __init__(self) -> None:
        super().__init__("hri")
        namespace = self.get_namespace().strip("/").replace("/", "_")
        self._prefix = f"{namespace}_dwpose" if namespace else "dwpose"
        self._bodies: dict[str, TrackedBody] = {}

    def configure(self) -> None:
        try:
            from hri_msgs import msg

            self._msg, self._order = msg, [getattr(msg.Skeleton2D, name) for name in JOINTS]
        except ImportError as err:
            raise ValueError(
                "hri_msgs is not installed: apt install ros-$ROS_DISTRO-hri-msgs, or "
                "https://github.com/ros4hri/hri_msgs in your workspace"
            ) from err
        # Before hri_msgs 0.8, regions were in pixels, and the type of points had a shorter name.
        self._normalized = getattr(msg, "NormalizedRegionOfInterest2D", None)
        self._point = getattr(msg, "NormalizedPointOfInterest2D", None) or msg.PointOfInterest2D
        self._tracked = self.output(self._msg.IdsList, f"{BODIES}/tracked", 1)

    def activate(self) -> None:
        self._last: WholeBodyPose | None = None
        self._last_s = 0.0
        pose_input(self, self._on_pose, 1)
        self.every(GONE_S / 4, self._watch_silence)

    def deactivate(self) -> None:
        if self._bodies:
            self._tracked.publish_last(self._msg.IdsList(header=self._last.header))
        self._keep(set())

    def _on_pose(self, pose: WholeBodyPose) -> None:
        self._last, self._last_s = pose, time.monotonic()
        people = from_msg(pose)
        ids = [f"{self._prefix}{person.id}" for person in pose.persons]
        self._keep(set(ids))
        for name, person, points in zip(
            ids, pose.persons, skeletons(people, pose.width, pose.height)
        ):
            body = self._bodies.get(name) or self._appear(name)
            body.roi.publish(self._region(pose, person))
            joints = [self._point() for _ in JOINTS]
            for place, (x, y, c) in zip(self._order, points.tolist()):
                joints[place].x, joints[place].y, joints[place].c = x, y, c
            body.skeleton.publish(self._msg.Skeleton2D(header=pose.header, skeleton=joints))
        self._tracked.publish(self._msg.IdsList(header=pose.header, ids=ids))

    def _region(self, pose: WholeBodyPose, person: PersonPose) -> Any:
        x1, y1, x2, y2 = region(person.box, pose.width, pose.height)
        if self._normalized:
            return self._normalized(
                header=pose.header,
                xmin=x1,
                ymin=y1,
                xmax=x2,
                ymax=y2,
                c=min(max(person.score, 0.0), 1.0),
            )
        return RegionOfInterest(
            x_offset=round(x1 * pose.width),
            y_offset=round(y1 * pose.height),
            width=round((x2 - x1) * pose.width),
            height=round((y2 - y1) * pose.height),
        )

    def _appear(self, name: str) -> TrackedBody:
        # Not self.output(): it would declare new QoS parameters for each person.
        body = self._bodies[name] = TrackedBody(
            self.create_publisher(self._normalized or RegionOfInterest, f"{BODIES}/{name}/roi", 1),
            self.create_publisher(self._msg.Skeleton2D, f"{BODIES}/{name}/skeleton2d", 1),
        )
        return body

    def _keep(self, ids: set[str]) -> None:
        """Keep these bodies and remove the others."""
        for name in self._bodies.keys() - ids:
            for publisher in self._bodies.pop(name):
                self.destroy_publisher(publisher)

    def _watch_silence(self) -> None:
        if self._bodies and time.monotonic() - self._last_s > GONE_S:
            self._keep(set())
            self._tracked.publish(self._msg.IdsList(header=self._last.header))


def main() -> None:
    run(HriNode)
