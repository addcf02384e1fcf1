#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the whole chain: a simulated person in front of a simulated camera is guided by voice.

Starts `ros2 launch dwpose_ros guide.launch.py source:=sim`, prints what is said, ends when all
pictures of the profile are captured, and writes a contact sheet. Launch arguments, such as
profile:=upper_body behavior:=overshooting seed:=3 language:=fr, are passed on. Exits 0 if all
pictures were captured.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import rclpy
from animation import Animation
from contact_sheet import Tile, contact_sheet
from sensor_msgs.msg import Image
from std_msgs.msg import String

from dwpose_ros.core.images import to_bgr
from dwpose_ros.guidance import load_profile
from dwpose_ros.msg import CapturedImage, WholeBodyPose
from dwpose_ros.ros.conversions import from_msg, stamp_ns
from dwpose_ros.ros.qos import NEWEST_IMAGE
from dwpose_ros.ros.shipped_files import configured
from dwpose_ros.visualization.skeleton import draw_skeleton

ARGUMENTS = {
    "source": "sim",
    "profile": "turnaround",
    "language": "en",
    "behavior": "obedient",
    "person": "anyone",
    "body": "standing",
    "seed": "0",
    "background": "window",
    "exit_when_done": "true",
    # Where its library is not installed, the rest works all the same.
    "screen": "true" if find_spec("aiohttp") else "false",
}
KEEP = 30  # images that wait for their pose


class Watcher:
    """Prints the instructions, and keeps their images, the captures and the latencies."""

    def __init__(self) -> None:
        rclpy.init(args=[])
        self.node = rclpy.create_node("demo")
        self.moments: list[Tile] = []
        self.captures: list[tuple[float, CapturedImage]] = []
        self.latencies_ms: list[float] = []
        self.start = time.monotonic()
        self.animation: Animation | None = None
        self._told = ""
        self._frames: dict[int, Image] = {}
        self._seen: tuple[Image, WholeBodyPose] | None = None
        for kind, topic, callback, qos in (
            (Image, "image_raw", self._on_image, NEWEST_IMAGE),
            (WholeBodyPose, "wholebody_pose", self._on_pose, 5),
            (String, "speech", self._on_speech, 10),
            (CapturedImage, "captures", self._on_capture, 10),
        ):
            self.node.create_subscription(kind, topic, callback, qos)

    @property
    def seconds(self) -> float:
        """Time since the start, s."""
        return time.monotonic() - self.start

    def _on_image(self, msg: Image) -> None:
        self._frames[stamp_ns(msg.header)] = msg
        while len(self._frames) > KEEP:
            del self._frames[min(self._frames)]

    def _on_pose(self, msg: WholeBodyPose) -> None:
        stamp = stamp_ns(msg.header)
        self.latencies_ms.append((self.node.get_clock().now().nanoseconds - stamp) / 1e6)
        if frame := self._frames.get(stamp):
            self._seen = frame, msg
            if self._told:
                self._animate(self._told)

    def _on_speech(self, msg: String) -> None:
        if not msg.data:
            return
        print(f"  {self.seconds:5.1f} s  {msg.data}", flush=True)
        if self._seen is None:  # "One moment, please."
            return
        self._told = msg.data
        self.moments.append(Tile(self._drawn(), f"{self.seconds:.1f} s", msg.data))

    def _drawn(self) -> np.ndarray:
        """Return the newest image that has a pose, with its skeletons; black before the first."""
        if self._seen is None:
            return np.zeros((9, 16, 3), np.uint8)
        frame, pose = self._seen
        return draw_skeleton(to_bgr(frame).copy(), from_msg(pose))

    def _animate(self, text: str, accent: bool = False) -> None:
        if self.animation is not None:
            self.animation.add(self.seconds, self._drawn(), text, accent)

    def _on_capture(self, msg: CapturedImage) -> None:
        print(
            f"  {self.seconds:5.1f} s  -> {Path(msg.image_path).name}, quality {msg.quality:.0f}",
            flush=True,
        )
        self.captures.append((self.seconds, msg))
        self._animate(f"Captured: {msg.label}, quality {msg.quality:.0f} of 100", accent=True)

    def watch(self, launch: subprocess.Popen, timeout_s: float) -> None:
        """Spin until the launch has ended, or the time is over."""
        while launch.poll() is None and self.seconds < timeout_s:
            rclpy.spin_once(self.node, timeout_sec=0.1)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("demo"), help="where to write")
    parser.add_argument(
        "--animation",
        type=Path,
        metavar="FILE.gif",
        help="write an animated picture of the session, too",
    )
    parser.add_argument("--timeout", type=float, default=120.0, help="seconds")
    args, given = parser.parse_known_args()
    if wrong := [word for word in given if ":=" not in word]:
        parser.error(f"{wrong[0]!r} is no launch argument, such as profile:=upper_body")
    folder = args.folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    arguments = {
        **ARGUMENTS,
        "folder": f"{folder}/captures",
        **dict(word.split(":=", 1) for word in given),
    }
    steps = load_profile(configured("profiles", arguments["profile"])).steps
    log = folder / "launch.log"
    command = [
        "ros2",
        "launch",
        "dwpose_ros",
        "guide.launch.py",
        *(f"{name}:={value}" for name, value in arguments.items()),
    ]
    print(f"$ {' '.join(command)}\n(its output goes to {log})\n", flush=True)
    if arguments["screen"] == "true":
        port = arguments.get("port", "8133")
        with socket.socket() as probe:
            taken = (
                port.isdigit()
                and int(port) < 65536
                and probe.connect_ex(("127.0.0.1", int(port))) == 0
            )
        print(
            f"Port {port} is in use, so there is no page. Choose another: "
            "make demo DEMO_ARGS='port:=8134'\n"
            if taken
            else f"In a browser: http://127.0.0.1:{port}/\n",
            flush=True,
        )
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    with open(log, "wb") as output:
        watcher = Watcher()
        watcher.animation = Animation() if args.animation else None
        launch = subprocess.Popen(
            command,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PATH": path},
            start_new_session=True,
        )
        try:
            watcher.watch(launch, args.timeout)
        finally:
            code = stop(launch)
            watcher.node.destroy_node()
    if watcher.moments:
        write_sheet(folder / "sheet.png", watcher, len(steps), arguments)
    if watcher.animation is not None:
        watcher.animation.write(args.animation)
    return report(watcher, len(steps), code, folder)


def stop(launch: subprocess.Popen) -> int:
    """End the launch as Ctrl-C would, if it has not ended. Return its exit code."""
    if launch.poll() is None:
        os.killpg(launch.pid, signal.SIGINT)
    try:
        return launch.wait(15)
    except subprocess.TimeoutExpired:
        os.killpg(launch.pid, signal.SIGKILL)
        return launch.wait()


def write_sheet(path: Path, watcher: Watcher, wanted: int, arguments: dict[str, str]) -> None:
    """Return the instructions and captures as one picture."""
    shown = (
        [arguments["behavior"], f"seed {arguments['seed']}"]
        if (arguments["source"] == "sim")
        else []
    )
    shown.append(f"{len(watcher.captures)} of {wanted} captured")
    captures = [
        Tile(
            cv2.imdecode(np.frombuffer(msg.image.data, np.uint8), cv2.IMREAD_COLOR),
            msg.label,
            f"quality {msg.quality:.0f}, after {seconds:.1f} s",
        )
        for seconds, msg in watcher.captures
    ]
    sheet = contact_sheet(
        f"dwpose_ros: {Path(arguments['profile']).stem}",
        " · ".join(shown),
        watcher.moments,
        captures,
    )
    temporary = path.with_suffix(".part.png")
    if not cv2.imwrite(str(temporary), sheet):
        raise OSError(f"{temporary} cannot be written")
    os.replace(temporary, path)


def report(watcher: Watcher, wanted: int, code: int, folder: Path) -> int:
    """Print paths and figures. Return 0 if all pictures were captured, else 1."""
    log = folder / "launch.log"
    print(f"\nCaptured {len(watcher.captures)} of {wanted} pictures in {watcher.seconds:.0f} s:")
    for _, capture in watcher.captures:
        print(f"  {capture.image_path}")
    if watcher.captures:
        print("and beside each its pose, overlay, pose map and OpenPose JSON.")
    if watcher.moments:
        print(f"Contact sheet: {folder / 'sheet.png'}")
    if watcher.latencies_ms:
        p50, p95 = np.percentile(watcher.latencies_ms, [50, 95])
        print(
            f"From the camera's stamp to /wholebody_pose as a subscriber sees it, "
            f"{len(watcher.latencies_ms)} poses: p50 {p50:.1f} ms, p95 {p95:.1f} ms"
        )
    if len(watcher.captures) == wanted and code == 0:
        return 0
    lines = log.read_text(errors="replace").splitlines()
    told = [line for line in lines if "[FATAL]" in line] or lines[-15:]
    print(f"\nThat is not all (the launch ended with {code}). From {log}:\n")
    print("\n".join(told))
    return 1


if __name__ == "__main__":
    sys.exit(main())
