"""Pose: images in, WholeBodyPose out; the newest frame wins."""

from __future__ import annotations

import logging
import time
from collections import deque

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from dwpose_ros.capture.quality import light_and_sharpness
from dwpose_ros.images import ImageError, to_rgb
from dwpose_ros.msg import WholeBodyPose
from dwpose_ros.nodes.common import NEWEST_IMAGE, DwposeNode, Worker, run
from dwpose_ros.nodes.conversions import stamp_ns, to_msg
from dwpose_ros.pose import Place, load
from dwpose_ros.pose.backend import BACKENDS
from dwpose_ros.pose.runtimes import DEVICES, PRECISIONS, RUNTIMES, line
from dwpose_ros.pose.video import Video

SILENT_S = 3.0  # without an image, after which it says so


class Pose(DwposeNode):
    """Runs an estimator on the newest image, whenever it is free."""

    def __init__(self) -> None:
        super().__init__("pose")
        _forward_warnings(self.get_logger())
        backend = self.parameter("backend", "auto", "which estimator", choices=BACKENDS)
        model = self.parameter("model", "", "pose network: a name from `models list`, or a path")
        detector = self.parameter("detector", "", "person detector, likewise")
        place = Place(
            self.parameter("runtime", "onnxruntime", "what runs networks", choices=RUNTIMES),
            self.parameter("device", "auto", "where networks run", choices=DEVICES),
            self.parameter("precision", "auto", "what networks calculate in; auto: the "
                           "runtime's own choice", choices=PRECISIONS))
        subpixel = self.parameter("subpixel", True, "read points between the networks' bins")
        detector_size = self.parameter(
            "detector_size", 0, "px; side of the detector's input, where its file leaves that "
            "open; 0: 640", minimum=0, maximum=4096)
        download = self.parameter("download", False, "fetch missing weights at start")
        self._max_age_s = self.parameter(
            "max_age", 0.5, "s; older frames are not processed; 0 takes all",
            minimum=0.0, maximum=3600.0, change=lambda v: setattr(self, "_max_age_s", v))
        self._on_error = self.parameter(
            "on_error", "continue", "when a network fails on a frame, as where a GPU's memory is "
            "full: drop it and continue, or stop", choices=("continue", "stop"))
        self._estimator, why = load(
            backend, model, detector, place, subpixel=subpixel, detector_size=detector_size,
            download=download)
        self.get_logger().info(f"{why}; runs on {self._estimator.runs_on}")
        smooth = self.parameter("smooth", False, "smooth the points over time; they then lag")
        self._video = Video(self._estimator, self.parameter(
            "detect_every", 1, "frames from one detection of people to the next; between, they "
            "are followed by their points", minimum=1, maximum=1000), smooth)
        self._received = self._processed = self._stale = self._failed = 0
        self._last_image = time.monotonic()
        self._engine_ms: deque[float] = deque(maxlen=300)
        self._age_ms: deque[float] = deque(maxlen=300)  # of the frame when its pose is published
        self._oldest_ms = 0.0  # the oldest frame ever taken up
        self._last_error = ""
        self._poses = self.create_publisher(WholeBodyPose, "wholebody_pose", 5)
        self._diagnostics = self.create_publisher(DiagnosticArray, "/diagnostics", 1)
        self._worker = Worker(self._process, self.get_logger(), "pose")
        self.create_subscription(Image, "image_raw", self._on_image, NEWEST_IMAGE)
        self.create_timer(1.0, self._diagnose)

    def _on_image(self, msg: Image) -> None:
        self._received += 1
        self._last_image = time.monotonic()
        self._worker.put(msg)

    def _age(self, msg: Image) -> float:
        return (self.get_clock().now().nanoseconds - stamp_ns(msg.header)) / 1e9

    def _process(self, msg: Image) -> None:
        age = self._age(msg)
        if self._max_age_s and age > self._max_age_s:
            self._stale += 1
            self.get_logger().warning(
                f"images are {age:.1f} s old and not processed: do the clocks differ, or is it a "
                "bag? Set use_sim_time, or max_age to 0", throttle_duration_sec=10.0)
            return
        self._oldest_ms = max(self._oldest_ms, age * 1e3)
        try:
            rgb = to_rgb(msg)
        except ImageError as err:
            self._last_error = str(err)
            raise
        start = time.perf_counter()
        try:
            ids, people = self._video(rgb, stamp_ns(msg.header) / 1e9)
        except Exception as err:  # runtimes' own exceptions share no narrower base
            self._failed += 1
            self._last_error = f"a frame was dropped: {line(err)}"
            if self._on_error == "stop":
                self.fail(self._last_error)
                return
            raise RuntimeError(self._last_error) from err
        self._last_error = ""
        self._engine_ms.append((time.perf_counter() - start) * 1e3)
        looks = [light_and_sharpness(rgb, xy, scores, box, rgb=True)
                 for xy, scores, box in zip(people.xy, people.scores, people.boxes)]
        self._poses.publish(to_msg(people, ids, msg.header, msg.width, msg.height,
                                   self._estimator.name, looks))
        self._processed += 1
        self._age_ms.append(self._age(msg) * 1e3)

    def _diagnose(self) -> None:
        values = {
            "model": self._estimator.name, **self._estimator.runs_on._asdict(),
            "frames received": self._received, "frames processed": self._processed,
            "frames dropped": self._worker.dropped, "frames too old": self._stale,
            "frames failed": self._failed, "detections": self._video.detections,
            "oldest frame processed (ms)": f"{self._oldest_ms:.1f}",
            "last error": self._last_error}
        for name, samples in (("engine", self._engine_ms), ("latency", self._age_ms)):
            if samples:
                p50, p95 = np.percentile(list(samples), [50, 95])
                values.update({f"{name} p50 (ms)": f"{p50:.1f}", f"{name} p95 (ms)": f"{p95:.1f}"})
        silent = time.monotonic() - self._last_image > SILENT_S
        publishers = self.count_publishers("image_raw") if silent else 0
        message = self._last_error or "running"
        if silent:
            topic = self.resolve_topic_name("image_raw")
            message = f"no image on {topic} for {SILENT_S:g} s or more ({publishers} publishers)"
        if publishers:
            self.get_logger().warning(
                f"{message}: large images get lost where the socket buffer is small, see "
                "net.core.rmem_max in the README", throttle_duration_sec=10.0)
        self._diagnostics.publish(DiagnosticArray(
            header=Header(stamp=self.get_clock().now().to_msg()), status=[DiagnosticStatus(
                level=(DiagnosticStatus.WARN if silent else
                       DiagnosticStatus.ERROR if self._last_error else DiagnosticStatus.OK),
                name=self.get_fully_qualified_name().lstrip("/") + ": frames",
                message=message,
                hardware_id=str(self._estimator.runs_on),
                values=[KeyValue(key=k, value=str(v)) for k, v in values.items()])]))

    def close(self) -> None:
        self._worker.stop()
        self._video.close()


class _ToRos(logging.Handler):
    def __init__(self, logger) -> None:
        super().__init__(logging.WARNING)
        self._logger = logger

    def emit(self, record: logging.LogRecord) -> None:
        self._logger.warning(record.getMessage())


def _forward_warnings(logger) -> None:
    """What the ground floor warns of is said by this node."""
    logging.getLogger("dwpose_ros").addHandler(_ToRos(logger))


def main() -> None:
    run(Pose)
