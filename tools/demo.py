#!/usr/bin/env python3
"""The whole chain on a real photograph: a virtual camera that is too far, then beside, then right.

Writes a short video of the portrait, runs `ros2 launch dwpose_ros guide.launch.py` on it, shows
the instructions as they change, and ends after the capture. Exit code 0 if all that happened.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import skimage.data

WIDTH, HEIGHT, RATE = 1280, 720, 30
# Seconds, size of the photograph (1: its own), and where its middle is in the image's width.
PATH = [(0.0, 0.62, 0.50), (4.5, 0.62, 0.50), (6.5, 1.20, 0.24), (10.5, 1.20, 0.24),
        (12.5, 1.20, 0.53), (40.0, 1.20, 0.53)]


def write_video(path: Path) -> None:
    """What the virtual camera sees: NASA's portrait of Eileen Collins (public domain)."""
    photo = cv2.cvtColor(skimage.data.astronaut(), cv2.COLOR_RGB2BGR)
    side = photo.shape[0]
    wall = np.full((HEIGHT, WIDTH, 3), (96, 88, 80), np.uint8)
    wall[:] = wall * np.linspace(1.25, 0.75, HEIGHT)[:, None, None]
    temporary = path.with_suffix(".part.avi")
    video = cv2.VideoWriter(str(temporary), cv2.VideoWriter_fourcc(*"MJPG"), RATE, (WIDTH, HEIGHT))
    times, sizes, middles = np.array(PATH).T
    last = None
    for i in range(int(times[-1] * RATE)):
        size, middle = (float(np.interp(i / RATE, times, v)) for v in (sizes, middles))
        if (size, middle) != last:  # the person stands at the lower border
            move = np.array([[size, 0, middle * WIDTH - size * side / 2],
                             [0, size, HEIGHT - size * side]])
            frame = cv2.warpAffine(photo, move, (WIDTH, HEIGHT), wall.copy(),
                                   cv2.INTER_LINEAR if size > 1 else cv2.INTER_AREA,
                                   cv2.BORDER_TRANSPARENT)
            last = size, middle
        video.write(frame)
    video.release()
    os.replace(temporary, path)


class Watcher:
    """Prints what the person would be told, and remembers the figures."""

    def __init__(self) -> None:
        import rclpy
        from sensor_msgs.msg import Image

        from dwpose_ros.msg import CapturedImage, Guidance, WholeBodyPose
        rclpy.init(args=[])
        self.node = rclpy.create_node("demo")
        self.codes: list[str] = []
        self.captures: list = []
        self.latencies_ms: list[float] = []
        self.pictures: list[np.ndarray] = []  # one for each instruction
        self._look_at = float("inf")
        self.start = time.monotonic()
        self.node.create_subscription(Guidance, "guidance", self._on_guidance, 10)
        self.node.create_subscription(WholeBodyPose, "wholebody_pose", self._on_pose, 5)
        self.node.create_subscription(CapturedImage, "captures", self.captures.append, 10)
        self.node.create_subscription(Image, "overlay", self._on_overlay, 1)

    def _on_guidance(self, msg) -> None:
        if msg.code and msg.code != (self.codes or [""])[-1]:
            self.codes.append(msg.code)
            self._look_at = time.monotonic() + 0.5  # the overlay shows it by then
            print(f"  {time.monotonic() - self.start:5.1f} s  {msg.text}", flush=True)

    def _on_overlay(self, msg) -> None:
        if time.monotonic() >= self._look_at:
            from dwpose_ros.images import to_bgr
            self.pictures.append(cv2.resize(to_bgr(msg), None, fx=0.5, fy=0.5,
                                            interpolation=cv2.INTER_AREA))
            self._look_at = float("inf")

    def _on_pose(self, msg) -> None:
        now = self.node.get_clock().now().nanoseconds
        self.latencies_ms.append((now - msg.header.stamp.sec * 10**9 - msg.header.stamp.nanosec)
                                 / 1e6)

    def watch(self, launch: subprocess.Popen, timeout_s: float) -> None:
        """Until the launch has ended, or the time is over."""
        import rclpy
        while launch.poll() is None and time.monotonic() - self.start < timeout_s:
            rclpy.spin_once(self.node, timeout_sec=0.1)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("demo"), help="where to write")
    parser.add_argument("--language", default="en")
    parser.add_argument("--timeout", type=float, default=90.0, help="seconds")
    args, more = parser.parse_known_args()
    folder = args.folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    print("Making the video that the virtual camera sees ...", flush=True)
    video, log = folder / "portrait.avi", folder / "launch.log"
    write_video(video)
    command = ["ros2", "launch", "dwpose_ros", "guide.launch.py", f"source:={video}",
               "profile:=upper_body", f"language:={args.language}", f"folder:={folder}/captures",
               "exit_when_done:=true", *more]
    print(f"$ {' '.join(command)}\n(its output goes to {log})\n", flush=True)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    with open(log, "wb") as output:
        launch = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT,
                                  env={**os.environ, "PATH": path}, start_new_session=True)
        watcher = Watcher()
        try:
            watcher.watch(launch, args.timeout)
        finally:
            code = stop(launch)
    return report(watcher, code, log)


def stop(launch: subprocess.Popen) -> int:
    """End the launch as Ctrl-C would, if it has not ended; its exit code."""
    if launch.poll() is None:
        os.killpg(launch.pid, signal.SIGINT)
    try:
        return launch.wait(15)
    except subprocess.TimeoutExpired:
        os.killpg(launch.pid, signal.SIGKILL)
        return launch.wait()


def write_sheet(path: Path, pictures: list[np.ndarray]) -> None:
    """The overlay at each instruction, two in a row."""
    blank = np.zeros_like(pictures[0])
    pictures = pictures + [blank] * (len(pictures) % 2)
    rows = [np.hstack(pictures[i:i + 2]) for i in range(0, len(pictures), 2)]
    cv2.imwrite(str(path), np.vstack(rows))


def report(watcher: Watcher, code: int, log: Path) -> int:
    """Print paths and figures; 0 if a picture was taken."""
    if not watcher.captures:
        lines = log.read_text(errors="replace").splitlines()
        told = [line for line in lines if "[FATAL]" in line] or lines[-15:]
        print(f"\nNothing was captured (launch ended with {code}). From {log}:\n")
        print("\n".join(told))
        return 1
    capture = watcher.captures[-1]
    image = Path(capture.image_path)
    print(f"\nCaptured (quality {capture.quality:.2f}, model {capture.pose.model}):")
    for title, path in (("image", image), ("pose", capture.pose_path),
                        ("overlay", capture.overlay_path),
                        ("pose map", image.with_name(f"{image.stem}_posemap.png")),
                        ("OpenPose", image.with_name(f"{image.stem}_openpose.json"))):
        print(f"  {title:<9} {path}")
    sheet = log.with_name("sheet.jpg")
    write_sheet(sheet, watcher.pictures)
    print(f"  {'sheet':<9} {sheet}")
    p50, p95 = np.percentile(watcher.latencies_ms, [50, 95])
    print(f"\nFrom the camera's stamp to /wholebody_pose as a subscriber sees it, "
          f"{len(watcher.latencies_ms)} poses:\n  p50 {p50:.1f} ms, p95 {p95:.1f} ms")
    return 0 if code == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
