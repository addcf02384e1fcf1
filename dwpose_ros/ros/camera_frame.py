# SPDX-License-Identifier: Apache-2.0
"""The frame `dwpose_camera_link`: at the camera, with x ahead, y left and z up (REP 103).

In an image's own frame y points down: the floor that RViz draws would be a wall.
"""

from __future__ import annotations

from geometry_msgs.msg import Quaternion, TransformStamped
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from std_msgs.msg import Header
from tf2_msgs.msg import TFMessage

STATIC = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)  # as tf2 wants it
TURN = Quaternion(x=0.5, y=-0.5, z=0.5, w=0.5)  # of images, by REP 103


def link_frame(namespace: str) -> str:
    """Return the name of the frame in a namespace, such as `left/dwpose_camera_link`."""
    return "/".join(filter(None, [namespace.strip("/"), "dwpose_camera_link"]))


class CameraLink:
    """Publishes the frame to tf2, and again when the images' frame changes."""

    def __init__(self, node: Node) -> None:
        self._publisher = node.create_publisher(TFMessage, "/tf_static", STATIC)
        self._node, self._parent = node, ""

    def below(self, header: Header) -> None:
        """Publish it below the frame of this header."""
        if header.frame_id == self._parent:
            return
        self._parent = header.frame_id
        turned = TransformStamped(
            header=header, child_frame_id=link_frame(self._node.get_namespace())
        )
        turned.transform.rotation = TURN
        self._publisher.publish(TFMessage(transforms=[turned]))

    def close(self) -> None:
        self._node.destroy_publisher(self._publisher)
