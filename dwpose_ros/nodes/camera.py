# SPDX-License-Identifier: Apache-2.0
"""Camera node: publishes a webcam, video, image folder or stream."""

from __future__ import annotations

import math
import threading
import time
from copy import copy
from functools import partial
from typing import Any

import numpy as np
import rclpy
from rclpy.time import Time
from sensor_msgs.msg import CameraInfo
from std_msgs.msg import Header

from dwpose_ros.core.files import user_path
from dwpose_ros.core.image_sources import BROWSER, Source, SourceError, local, open_source
from dwpose_ros.ros.browser_source import BrowserSource
from dwpose_ros.ros.calibration import fitted, read_calibration
from dwpose_ros.ros.latest_only_worker import Stoppable
from dwpose_ros.ros.managed_node import ManagedNode
from dwpose_ros.ros.node_main import run
from dwpose_ros.ros.transport import ImageOutput

RETRY_S = 2.0  # between attempts to open a camera that is not there
# A camera counts as unplugged after so many unreadable frames in a row, or s without a frame.
MISSES, SILENT_S = 10, 5.0
PAUSE_S = 0.05  # after a failed read, since some drivers fail without waiting
# Longest pause between a frame of a file and reading the next: whoever uses it needs the cores.
GIVE_WAY_S = 0.01
WAIT_S = 10.0  # longest wait for subscribers before a file starts
# Sources that are no files.
NO_FILE = rf"\d*|/dev/video\d+|(rtsp|rtmp|udp|tcp|https?)://.*|{BROWSER}"
SETTLE_S = 0.5  # wait after the last subscriber came


class CameraNode(ManagedNode):
    """Publishes the frames of a source, stamped when they were taken."""

    def __init__(self) -> None:
        super().__init__("camera")
        self.parameter(
            "source",
            "0",
            "webcam number or device, video or image file, folder of images, stream URL, or "
            f"{BROWSER}, the camera of whoever opens the screen's page",
            no_file=NO_FILE,
        )
        for name in ("width", "height"):
            self.parameter(
                name,
                0,
                f"{name} to ask of the source; 0: its own",
                unit="px",
                minimum=0,
                maximum=16384,
            )
        self.parameter(
            "rate",
            0.0,
            "frame rate; 0: that of the source",
            unit="Hz",
            minimum=0.0,
            maximum=1000.0,
            change=True,
        )
        self.parameter("loop", False, "begin again after the last frame", change=True)
        self.parameter("frame_id", "camera_optical_frame", "frame_id of the images")
        self.parameter(
            "jpeg_quality",
            80,
            "JPEG quality of the compressed images",
            minimum=1,
            maximum=100,
            change=True,
        )
        self.parameter(
            "calibration",
            "",
            "file of the camera's calibration, as "
            "camera_calibration writes it (YAML); empty: none",
            no_file="",
        )

    def configure(self) -> None:
        self._name = self.value("source")
        calibration = self.value("calibration")
        self._calibration = read_calibration(user_path(calibration)) if calibration else None
        self._info = CameraInfo()
        self._images = ImageOutput(self, "image_raw", 1)
        self._infos = self.output(CameraInfo, "camera_info", 1, local=True)

    def activate(self) -> None:
        self._description, self._info = "", CameraInfo()
        self._missed = self._unused = 0
        if self._name == BROWSER:
            self._browser = BrowserSource(self, self.value("width"), self.value("height"))
        # Cameras and streams may take half a minute to open, so the thread opens them.
        source = None if local(self._name) is None else self._open()
        self._thread = Stoppable(partial(self._run, source), "camera")

    def deactivate(self) -> None:
        self._thread.stop()

    def details(self) -> dict[str, Any]:
        if not self.active:
            return {}
        return {
            "source": self._description or "not open",
            "frames missed": self._missed,
            "frames left out": self._unused,
        }

    def _open(self) -> Source:
        if self._name == BROWSER:
            self._description = self._browser.description
            return self._browser
        source = open_source(self._name, self.value("width"), self.value("height"))
        self._description = source.description
        self.get_logger().info(source.description)
        return source

    # In the thread. It shares no state with an earlier activation's thread, which may still run.

    def _run(self, source: Source | None, ending: threading.Event) -> None:
        while not ending.is_set() and rclpy.ok():
            try:
                source = source or self._open()
                error = "" if ending.is_set() else self._show(source, ending)
                may_come_back = source.live
            except SourceError as err:
                error, may_come_back = str(err), err.may_come_back
            except Exception as err:  # publishing raises once ROS is shut down
                error = f"{self._name}: {type(err).__name__}: {err}"
                may_come_back = source is None or source.live
            if source is not None:
                source.close()
                source = None
            if not error or ending.is_set() or not rclpy.ok():
                return
            self.last_error = error
            if not may_come_back:
                self.get_logger().error(error)
                return
            self.get_logger().warning(
                f"{error}; trying again every {RETRY_S:g} s", throttle_duration_sec=30.0
            )
            ending.wait(RETRY_S)

    def _show(self, source: Source, ending: threading.Event) -> str:
        """Publish until the source ends. Return what went wrong; empty if nothing did."""
        if source.paced:
            self._wait_for_subscribers(ending)
        due = good = time.monotonic()  # when to show the next frame, and when the last one came
        time_s, misses, frames, published = math.nan, 0, 0, False
        while not ending.is_set() and rclpy.ok():
            there = source.grab()
            now, stamp = time.monotonic(), self.get_clock().now()
            if not there and not source.live:
                if published and self.value("loop") and source.rewind():
                    continue
                if published:
                    self.get_logger().info(f"{self._name}: the last frame was published")
                    return ""
                return f"{self._name}: has no frame that can be read"
            rate = self.value("rate")
            if there and not source.paced and rate and now < due:
                continue  # without decoding it
            frames += there
            unused = there and frames % self._images.every() > 0  # which is not decoded
            frame = source.retrieve() if there and not unused else None
            if ending.is_set():
                return ""
            if frame is None and not unused:
                misses, self._missed = misses + 1, self._missed + 1
                if source.live and (misses >= MISSES or now - good > SILENT_S):
                    return f"{self._name}: {_why(source, misses, there)}"
                ending.wait(0.0 if there else PAUSE_S)
                continue
            misses, good = 0, now
            if source.stamp_ns is not None:
                stamp = Time(nanoseconds=source.stamp_ns)
            if source.paced:
                # Files are read at once, so frames are shown at their rate and stamped when shown.
                gap = source.time_s - time_s
                period = 1 / rate if rate else gap if gap > 0 else 1 / source.rate
                time_s = source.time_s
                # After a stall the rate continues; frames are not shown faster to catch up.
                due = max(due + period, now - period) if published else now
                early = max(0.0, due - time.monotonic())
                if ending.wait(early):
                    return ""
                stamp = self.get_clock().now()
            elif rate:
                due = max(due, now - 1 / rate) + 1 / rate
            self._unused += unused
            if frame is not None:
                self._publish(frame, stamp)
                published = True
                self.last_error = ""
            if source.paced:
                ending.wait(min(early / 2, GIVE_WAY_S))
        return ""

    def _wait_for_subscribers(self, ending: threading.Event) -> None:
        """Wait until the nodes that were started together with this one have subscribed."""
        count, changed = 0, time.monotonic()
        end = changed + WAIT_S
        while time.monotonic() < end and not ending.wait(0.05):
            now = self._images.subscriptions()
            if now != count:
                count, changed = now, time.monotonic()
            elif count and time.monotonic() - changed > SETTLE_S:
                return

    def _publish(self, frame: np.ndarray, stamp: Time) -> None:
        header = Header(stamp=stamp.to_msg(), frame_id=self.value("frame_id"))
        self._images.publish(header, frame, self.value("jpeg_quality"))
        height, width = frame.shape[:2]
        if (self._info.width, self._info.height) != (width, height):
            self._info = self._calibrated(width, height)
        info = copy(self._info)  # others of this process may keep the last one
        info.header = header
        self._infos.publish(info)

    def _calibrated(self, width: int, height: int) -> CameraInfo:
        """Return the calibration for images of that size, or an empty one if it does not fit."""
        given = self._calibration
        if given is None:
            return CameraInfo(width=width, height=height)
        try:
            info = fitted(given, width, height)
        except ValueError as err:
            self.get_logger().error(f"{err}. camera_info goes out without a calibration")
            return CameraInfo(width=width, height=height)
        if info is not given:
            self.get_logger().info(
                f"the calibration, for {given.width}x{given.height} pixels, "
                f"was scaled to {width}x{height}"
            )
        return info


def _why(source: Source, misses: int, there: bool) -> str:
    """Say why a live source has ended, after so many frames that were not there or unreadable."""
    if there:
        return f"{misses} frames one after the other cannot be decoded"
    return source.missing


def main() -> None:
    run(CameraNode)
