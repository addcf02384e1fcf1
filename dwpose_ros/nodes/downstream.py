# SPDX-License-Identifier: Apache-2.0
"""Downstream node: an example of an AI node that uses captures, for image generators.

It writes what image generators expect of DWPose: a pose map on black, and OpenPose JSON.
Replace the body of `_write` by your own model.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import cv2

from dwpose_ros.capture import check_label, stem_of
from dwpose_ros.capture.storage import write_atomically
from dwpose_ros.core.errors import DwposeError
from dwpose_ros.core.files import user_path
from dwpose_ros.core.images import decode
from dwpose_ros.core.text import one_line
from dwpose_ros.msg import CapturedImage
from dwpose_ros.nodes.capture import FOLDER
from dwpose_ros.ros.conversions import from_msg, stamp_ns
from dwpose_ros.ros.managed_node import ManagedNode
from dwpose_ros.ros.node_main import run
from dwpose_ros.ros.pose_input import cleaned
from dwpose_ros.ros.qos import CAPTURES
from dwpose_ros.ros.shipped_files import folder_below
from dwpose_ros.visualization.openpose import draw_pose_map, to_openpose


class DownstreamNode(ManagedNode):
    """Turns each capture into a pose map and OpenPose JSON."""

    def __init__(self) -> None:
        super().__init__("downstream")
        self.parameter("folder", FOLDER, "folder to write to", change=self._folder)
        self.parameter(
            "root",
            "",
            "folders that `folder` may be changed to lie below this one; empty: below the folder "
            "given at the start",
            fixed=True,
        )
        self._root = user_path(self.value("root") or self.value("folder")).resolve()

    def configure(self) -> None:
        self._folder(self.value("folder"))

    def activate(self) -> None:
        self.input(CapturedImage, "captures", self._on_capture, CAPTURES, steady=False)

    def _folder(self, name: str) -> Path:
        return folder_below(self._root, name)

    def _on_capture(self, msg: CapturedImage) -> None:
        try:
            self._write(msg)
        except (DwposeError, OSError) as err:
            self.get_logger().error(f"a capture cannot be used: {one_line(err)}")

    def _write(self, msg: CapturedImage) -> None:
        """Write the files. Label and stamp name them, so a message cannot choose a path."""
        check_label(msg.label)
        image = decode(msg.image)
        height, width = image.shape[:2]
        cleaned(msg.pose)
        people = from_msg(msg.pose)
        _, pose_map = cv2.imencode(".png", draw_pose_map(people, width, height))
        stem = stem_of(msg.label, stamp_ns(msg.header))
        # Several captures with the same stamp are numbered.
        if re.fullmatch(re.escape(stem) + r"~\d{1,4}", own := Path(msg.image_path).stem):
            stem = own
        folder = self._folder(self.value("folder"))
        folder.mkdir(parents=True, exist_ok=True)
        files = write_atomically(
            {
                folder / f"{stem}_posemap.png": pose_map.tobytes(),
                folder / f"{stem}_openpose.json": json.dumps(
                    to_openpose(people, width, height)
                ).encode(),
            }
        )
        self.get_logger().info(
            f"received {msg.label or 'a capture'} ({width}x{height}, "
            f"quality {msg.quality:.0f} of 100): "
            f"wrote {', '.join(map(str, files))}"
        )


def main() -> None:
    run(DownstreamNode)
