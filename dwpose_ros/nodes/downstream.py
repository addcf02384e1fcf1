"""Downstream: an example of an AI node that uses captures, written for image generators.

Beside each capture it writes what they expect of DWPose: the pose map on black, and the people as
OpenPose JSON. Replace the body of `_on_capture` by your own model.
"""

from __future__ import annotations

import json
from pathlib import Path

import cv2

from dwpose_ros.capture.store import write_atomically
from dwpose_ros.images import decode
from dwpose_ros.msg import CapturedImage
from dwpose_ros.nodes.capture import LATCHED
from dwpose_ros.nodes.common import DwposeNode
from dwpose_ros.nodes.conversions import from_msg
from dwpose_ros.nodes.running import run
from dwpose_ros.pose.openpose import draw_pose_map, to_openpose


class Downstream(DwposeNode):
    """Turns each capture into a pose map and an OpenPose JSON."""

    def __init__(self) -> None:
        super().__init__("downstream")
        self.parameter("folder", "", "where to write; empty: beside the capture", change=True)

    def activate(self) -> None:
        self.input(CapturedImage, "captures", self._on_capture, LATCHED, steady=False)

    def _on_capture(self, msg: CapturedImage) -> None:
        image = decode(msg.image)
        height, width = image.shape[:2]
        _, people = from_msg(msg.pose)
        _, pose_map = cv2.imencode(".png", draw_pose_map(people, width, height))
        base = Path(msg.image_path)
        folder = self.value("folder")
        stem = (Path(folder).expanduser().absolute() if folder else base.parent) / base.stem
        try:
            stem.parent.mkdir(parents=True, exist_ok=True)
            files = write_atomically({
                stem.with_name(f"{stem.name}_posemap.png"): pose_map.tobytes(),
                stem.with_name(f"{stem.name}_openpose.json"):
                    json.dumps(to_openpose(people, width, height)).encode()})
        except OSError as err:
            self.get_logger().error(f"cannot write to {stem.parent}: {err.strerror or err}")
            return
        self.get_logger().info(f"received {msg.label or 'a capture'} ({width}x{height}, "
                               f"quality {msg.quality:.0f} of 100): "
                               f"wrote {', '.join(map(str, files))}")


def main() -> None:
    run(Downstream)
