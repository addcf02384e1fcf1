# SPDX-License-Identifier: Apache-2.0
"""What benchmarks of running nodes share: a video to show them, and a subscriber that watches."""

from __future__ import annotations

import os
import time
from pathlib import Path

import cv2
import numpy as np

RATE = 30.0


def write_video(path: Path, width: int, height: int, count: int = 300) -> None:
    """A portrait that sways a little; motion JPEG, which costs the camera node little."""
    import skimage.data

    photo = cv2.cvtColor(skimage.data.astronaut(), cv2.COLOR_RGB2BGR)
    video = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), RATE, (width, height))
    scale = 1.2 * height / 720
    for i in range(count):
        shift = 20 * np.sin(2 * np.pi * i / 30)
        move = np.array(
            [[scale, 0, width / 2 - 256 * scale + shift], [0, scale, height - scale * 512]]
        )
        video.write(cv2.warpAffine(photo, move, (width, height), borderValue=(96, 88, 80)))
    video.release()


class Watcher:
    """A subscriber in a process of its own: latencies, and what the nodes say of themselves."""

    def __init__(self) -> None:
        import rclpy
        from diagnostic_msgs.msg import DiagnosticArray

        from dwpose_ros.msg import WholeBodyPose

        self.latencies: list[float] = []
        self.told: dict[str, dict[str, str]] = {}  # by node
        self.recording = False
        rclpy.init(args=[])
        self._rclpy, self.node = rclpy, rclpy.create_node("benchmark")
        self.poses = 0
        self.node.create_subscription(WholeBodyPose, "wholebody_pose", self._on_pose, 5)
        self.node.create_subscription(DiagnosticArray, "/diagnostics", self._on_diagnostics, 10)

    def _on_pose(self, msg) -> None:
        self.poses += 1
        if self.recording:
            now = self.node.get_clock().now().nanoseconds
            stamp = msg.header.stamp.sec * 10**9 + msg.header.stamp.nanosec
            self.latencies.append((now - stamp) / 1e6)

    def _on_diagnostics(self, msg) -> None:
        self.told[msg.status[0].name] = {v.key: v.value for v in msg.status[0].values} | {
            "message": msg.status[0].message
        }

    def spin(self, duration: float, until=lambda: False) -> None:
        end = time.monotonic() + duration
        while time.monotonic() < end and not until():
            self._rclpy.spin_once(self.node, timeout_sec=0.05)

    def deactivate(self, name: str) -> None:
        """Ask a managed node for it; it then still tells how much it has sent."""
        from lifecycle_msgs.msg import Transition
        from lifecycle_msgs.srv import ChangeState

        client = self.node.create_client(ChangeState, f"{name}/change_state")
        client.wait_for_service(10.0)
        asked = client.call_async(
            ChangeState.Request(transition=Transition(id=Transition.TRANSITION_DEACTIVATE))
        )
        self.spin(10.0, asked.done)

    def close(self) -> None:
        self.node.destroy_node()
        self._rclpy.shutdown()


def cpu_s(pid: int) -> float:
    """CPU time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
