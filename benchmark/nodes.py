# SPDX-License-Identifier: Apache-2.0
"""The real nodes: simulated camera and person, pose with holistic, guidance and capture."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
# As our launch files do: on Cyclone DDS, most images would get lost without it.
os.environ.setdefault(
    "CYCLONEDDS_URI", (Path(__file__).resolve().parents[1] / "config" / "cyclonedds.xml").as_uri()
)

START_S = 30.0  # within which the first guidance must come


def start(executable: str, **parameters) -> subprocess.Popen:
    """Start a node in a process of its own."""
    words = ["ros2", "run", "dwpose_ros", executable, "--ros-args"]
    for name, value in parameters.items():
        words += ["-p", f"{name}:={value}"]
    return subprocess.Popen(words, start_new_session=True, stderr=subprocess.DEVNULL)


def stop(*processes: subprocess.Popen) -> None:
    """End processes as Ctrl-C does."""
    for process in processes:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)
    for process in processes:
        process.wait(10)


class Seen(NamedTuple):
    """What was published in an episode."""

    time_s: float  # from the first guidance to the image of the last capture; inf without
    said: list[tuple[float, str]]  # when, and the instruction's code
    captures: list[tuple]  # true poses, and the picture's quality


class Nodes:
    """Plays episodes one after the other.

    Each has a new pose node: a tracker would need seconds to follow a person who jumps to another
    place.
    """

    def __enter__(self) -> Nodes:
        import rclpy

        rclpy.init(args=[])
        self._shutdown = rclpy.shutdown
        self._folder = tempfile.TemporaryDirectory()
        self._capture = start("capture", folder=self._folder.name)
        return self

    def __exit__(self, *error) -> None:
        stop(self._capture)
        self._folder.cleanup()
        self._shutdown()

    def episode(
        self, profile: str, behavior: str, seed: int, stance, pictures: int, limit_s: float
    ) -> Seen:
        """Guide somebody from a stance to a number of pictures, or until the time limit."""
        watcher = _Watcher()  # a new one, which gets no messages of the last episode
        processes = [
            start("pose", backend="holistic"),
            start(
                "simulation",
                profile=profile,
                behavior=behavior,
                seed=seed,
                x=float(stance.x_m),
                distance=float(stance.distance_m),
                yaw=float(stance.seen_yaw_deg),
            ),
            start("guidance", profile=profile),
        ]
        try:
            watcher.watch(pictures, limit_s)
        finally:
            stop(*processes)
            watcher.close()
        return watcher.seen(pictures)


class _Watcher:
    """Subscribes to the topics of an episode."""

    def __init__(self) -> None:
        import rclpy
        from std_msgs.msg import String

        from dwpose_ros.guidance import load_phrases
        from dwpose_ros.msg import CapturedImage, Guidance, WholeBodyPose
        from dwpose_ros.ros.conversions import from_msg, stamp_ns
        from dwpose_ros.ros.shipped_files import configured
        from dwpose_ros.simulation.hearing import sentences

        meanings = sentences(load_phrases(configured("phrases", "en")))
        self._node, self._spin = rclpy.create_node("benchmark"), rclpy.spin_once
        self._truths, self._captures, self._begin = {}, [], 0
        self._said: list[tuple[float, str]] = []

        def on_truth(msg) -> None:
            self._truths[stamp_ns(msg.header)] = from_msg(msg)

        def on_guidance(msg) -> None:
            self._begin = self._begin or stamp_ns(msg.header)

        def on_speech(msg) -> None:
            if msg.data and meanings[msg.data].code != "one_moment":  # before the first image
                self._said.append((time.monotonic(), meanings[msg.data].code))

        def on_capture(msg) -> None:
            self._captures.append((stamp_ns(msg.header), msg.quality))

        for kind, topic, callback in (
            (WholeBodyPose, "true_pose", on_truth),
            (Guidance, "guidance", on_guidance),
            (String, "speech", on_speech),
            (CapturedImage, "captures", on_capture),
        ):
            self._node.create_subscription(kind, topic, callback, 10)

    def watch(self, pictures: int, limit_s: float) -> None:
        """Wait until all pictures are taken, or `limit_s` after the first guidance."""
        end = time.monotonic() + START_S
        while len(self._captures) < pictures and time.monotonic() < end:
            begun = self._begin
            self._spin(self._node, timeout_sec=0.1)
            if self._begin and not begun:
                end = time.monotonic() + limit_s

    def close(self) -> None:
        self._node.destroy_node()

    def seen(self, pictures: int) -> Seen:
        if not (self._begin and self._truths):
            raise SystemExit("no guidance came: run the nodes by hand to see why")
        done = len(self._captures) == pictures
        time_s = (self._captures[-1][0] - self._begin) / 1e9 if done else math.inf
        # The true pose with the nearest stamp, if that of the picture's own did not arrive.
        return Seen(
            time_s,
            self._said,
            [
                (self._truths[min(self._truths, key=lambda at: abs(at - stamp))], quality)
                for stamp, quality in self._captures
            ],
        )
