# SPDX-License-Identifier: Apache-2.0
"""Pose node: images in, WholeBodyPose out. The newest frame wins."""

from __future__ import annotations

import logging
import time
from collections import deque
from typing import Any

import numpy as np

from dwpose_ros.core.images import ImageError, to_rgb
from dwpose_ros.estimation.backends import BACKENDS, load
from dwpose_ros.estimation.runtimes.target import (
    DEVICES,
    PRECISIONS,
    RUNTIMES,
    ExecutionTarget,
    line,
)
from dwpose_ros.msg import WholeBodyPose
from dwpose_ros.quality import Looks
from dwpose_ros.ros.conversions import stamp_ns, to_msg
from dwpose_ros.ros.latest_only_worker import LatestOnlyWorker
from dwpose_ros.ros.managed_node import ManagedNode
from dwpose_ros.ros.memory import return_freed_memory
from dwpose_ros.ros.node_main import run
from dwpose_ros.ros.parameters import SHIPPED
from dwpose_ros.ros.transport import declare_transport, image_input
from dwpose_ros.tracking.load_adapter import LoadAdapter
from dwpose_ros.tracking.pose_tracker import PoseTracker

STALE = 5  # after so many old frames in a row it is no passing delay


class PoseNode(ManagedNode):
    """Runs an estimator on the newest image as soon as it is free."""

    def __init__(self) -> None:
        super().__init__("pose")
        _forward_warnings(self.get_logger())
        self._declare_estimator()
        self._declare_processing()

    def _declare_estimator(self) -> None:
        self.parameter(
            "backend",
            "auto",
            "estimator; auto: DWPose if its weights are there, else holistic",
            choices=BACKENDS,
        )
        which = "a name from `ros2 run dwpose_ros models list`, or an ONNX file's path"
        self.parameter(
            "model", "", f"pose network: {which}; empty: the backend's own", no_file=SHIPPED
        )
        self.parameter(
            "detector", "", f"person detector: {which}; empty: DWPose's own", no_file=SHIPPED
        )
        self.parameter(
            "runtime",
            "auto",
            "library that runs the networks; auto: onnxruntime for DWPose, litert for holistic",
            choices=RUNTIMES,
        )
        self.parameter(
            "device",
            "auto",
            "where the networks run; an error if the device is not available. auto: a GPU, else "
            "the CPU with a warning",
            choices=DEVICES,
        )
        self.parameter(
            "precision",
            "auto",
            "number format of the networks; auto: the runtime's own choice",
            choices=PRECISIONS,
        )
        self.parameter(
            "subpixel", True, "estimate keypoints between the bins of the network's output"
        )
        self.parameter(
            "detector_size",
            0,
            "side of the detector's square input, if its file leaves that open; 0: 640",
            unit="px",
            minimum=0,
            maximum=4096,
        )
        self.parameter("download", False, "download missing weights when the node is configured")

    def _declare_processing(self) -> None:
        self.parameter(
            "max_age",
            0.5,
            "frames older than this are not processed; 0: all frames are",
            unit="s",
            minimum=0.0,
            maximum=3600.0,
            change=True,
        )
        self.parameter(
            "on_error",
            "continue",
            "if a network fails on a frame, for example for lack of GPU memory: drop the "
            "frame and continue, or stop the node",
            choices=("continue", "stop"),
            change=True,
        )
        self.parameter("smooth", False, "smooth the keypoints over time, which makes them lag")
        self.parameter(
            "detect_every",
            0,
            "run the person detector on every n-th frame; in between, people are tracked by their "
            "keypoints; 0: on each with DWPose, on every eighth with holistic",
            minimum=0,
            maximum=1000,
        )
        self.parameter(
            "max_detect_every",
            10,
            "on a machine that does not keep up with the camera, the detector runs ever less "
            "often, down to every n-th frame; 1: as detect_every says",
            minimum=1,
            maximum=1000,
        )
        self.parameter(
            "skip_frames",
            True,
            "if that does not suffice, every second frame is left out",
        )
        declare_transport(self)

    def configure(self) -> None:
        target = ExecutionTarget(*map(self.value, ("runtime", "device", "precision")))
        self._estimator, why = load(
            self.value("backend"),
            self.value("model"),
            self.value("detector"),
            target,
            subpixel=self.value("subpixel"),
            detector_size=self.value("detector_size"),
            download=self.value("download"),
        )
        return_freed_memory()
        self.get_logger().info(f"{why}; runs on {self._estimator.runs_on}")
        self._video = PoseTracker(
            self._estimator, self.value("detect_every") or None, self.value("smooth")
        )
        self._detect_every = self._video.detect_every
        self._poses = self.output(WholeBodyPose, "wholebody_pose", 5, local=True)

    def activate(self) -> None:
        self._processed = self._failed = self._unreadable = 0
        self._stale = self._stale_in_a_row = 0
        self._engine_ms: deque[float] = deque(maxlen=300)
        self._oldest_ms = 0.0  # age of the oldest frame that was ever processed
        self._skipped = self._used_ns = 0
        self._stamps: deque[int] = deque(maxlen=11)  # of the last images, ns
        self._period_ns = 0.0  # of the images, when all of them were used
        most = self.value("max_detect_every") if self._video.follows else 1
        self._video.detect_every = self._detect_every
        self._looks = Looks()
        self._load = LoadAdapter(self._detect_every, most, self.value("skip_frames"))
        self._least = self._load.effort  # that was ever told of
        self._worker = LatestOnlyWorker(self._process, self.get_logger(), "pose")
        try:
            self._images = image_input(self, "image_raw", self._on_image, self._every)
        except Exception:
            self._worker.stop()
            raise

    def deactivate(self) -> None:
        self._worker.stop()

    def cleanup(self) -> None:
        self._video.close()

    def _every(self) -> int:
        return self._load.effort.use_every

    def _on_image(self, msg: Any) -> None:
        # By their stamps, since a camera that is told of it leaves them out itself, and a bag may
        # be played at another rate.
        stamp, spare_ns = stamp_ns(msg.header), (self._every() - 0.5) * self._period_ns
        self._stamps.append(stamp)
        if self._every() > 1 and 0 <= stamp - self._used_ns < spare_ns:
            self._skipped += 1
        else:
            self._used_ns = stamp
            self._worker.put(msg)

    def _adapt(self, busy_s: float, detected: bool) -> None:
        """Let frames get as much work as the machine can do."""
        if not self._load(time.monotonic(), busy_s, detected, self._worker.dropped):
            return
        effort = self._load.effort
        self._video.detect_every = effort.detect_every
        gaps = np.diff(list(self._stamps))
        self._period_ns = float(np.median(gaps)) if len(gaps) else 0.0
        if effort > self._least:  # of what changes to and fro, nobody wants to read
            self._least = effort
            skips = " and every second frame is left out" if effort.use_every > 1 else ""
            self.get_logger().warning(
                f"this machine does not keep up with {self._images.rate_hz(time.monotonic()):.0f} "
                f"images a second: the detector now runs once in {effort.detect_every} frames"
                f"{skips} (max_detect_every, skip_frames); a smaller network helps, see "
                "docs/how-to/speed.md"
            )

    def _process(self, msg: Any) -> None:
        age, oldest = self.age_s(msg), self.value("max_age")
        if oldest and age > oldest:
            self._stale += 1
            self._stale_in_a_row += 1
            why = (
                f"images are {age:.1f} s old and not processed: the clock of the machine that "
                "stamps them is behind this one's (synchronise both: chrony, NTP), or it is a "
                "bag (use_sim_time), or they take so long to come (max_age)"
            )
            if self._stale_in_a_row >= STALE:
                self.last_error = why
            self.get_logger().warning(why, throttle_duration_sec=10.0)
            return
        self._stale_in_a_row = 0
        self._oldest_ms = max(self._oldest_ms, age * 1e3)
        begun = time.perf_counter()
        try:
            rgb = to_rgb(msg)
        except ImageError as err:  # the grey rest of a damaged image would hide people
            self._unreadable += 1
            self.last_error = str(err)
            raise
        start, detections = time.perf_counter(), self._video.detections
        try:
            people = self._video(rgb, stamp_ns(msg.header) / 1e9)
        except Exception as err:  # runtimes' own exceptions share no narrower base
            self._failed += 1
            self.last_error = f"a frame was dropped: {line(err)}"
            if self.value("on_error") == "stop":
                self.fail(self.last_error)
                return
            raise RuntimeError(self.last_error) from err
        self.last_error = ""
        self._engine_ms.append((time.perf_counter() - start) * 1e3)
        detected = self._video.detections > detections
        height, width = rgb.shape[:2]
        looks = self._looks(rgb, people, stamp_ns(msg.header) / 1e9, busy=detected)
        self._poses.publish(to_msg(people, msg.header, width, height, self._estimator.name, looks))
        self._processed += 1
        self._adapt(time.perf_counter() - begun, detected)

    def details(self) -> dict[str, Any]:
        if not self.active:
            return {}
        found = {
            "model": self._estimator.name,
            **self._estimator.runs_on._asdict(),
            "frames processed": self._processed,
            "frames dropped": self._worker.dropped,
            "frames skipped": self._skipped,
            "every n-th frame is used": self._every(),
            "detector runs on every n-th frame": self._video.detect_every,
            "frames too old": self._stale,
            "frames failed": self._failed,
            "frames damaged or unreadable": self._unreadable,
            "detections": self._video.detections,
            "oldest frame processed (ms)": f"{self._oldest_ms:.1f}",
        }
        if self._engine_ms:
            p50, p95 = np.percentile(list(self._engine_ms), [50, 95])
            found |= {"engine p50 (ms)": f"{p50:.1f}", "engine p95 (ms)": f"{p95:.1f}"}
        return found


class _ToRos(logging.Handler):
    def __init__(self, logger) -> None:
        super().__init__(logging.WARNING)
        self._logger = logger

    def emit(self, record: logging.LogRecord) -> None:
        self._logger.warning(record.getMessage())


def _forward_warnings(logger) -> None:
    """Pass warnings of the library on to the node's logger."""
    logging.getLogger("dwpose_ros").addHandler(_ToRos(logger))


def main() -> None:
    run(PoseNode)
