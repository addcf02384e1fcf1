# SPDX-License-Identifier: Apache-2.0
"""Capture node: writes the best of the recent frames to disk and publishes it, on request."""

from __future__ import annotations

import threading
import time
from collections import deque
from pathlib import Path
from typing import Any

import numpy as np
from sensor_msgs.msg import CameraInfo

from dwpose_ros.capture import (
    BufferedFrame,
    Candidate,
    CaptureError,
    FrameBuffer,
    Retention,
    WriteError,
    check_label,
    choose,
    unwritable,
)
from dwpose_ros.capture.selection import WINDOW_S, FrameEvaluator
from dwpose_ros.core.errors import DwposeError
from dwpose_ros.core.files import user_path
from dwpose_ros.core.geometry import is_calibrated
from dwpose_ros.core.images import ImageError, to_bgr
from dwpose_ros.core.text import one_line
from dwpose_ros.guidance import Profile
from dwpose_ros.guidance.allowances import Allowed
from dwpose_ros.guidance.profile import load_step
from dwpose_ros.msg import CapturedImage, WholeBodyPose
from dwpose_ros.ros.calibration import fitted
from dwpose_ros.ros.capture_writer import without_bytes, write_captures
from dwpose_ros.ros.conversions import from_msg, stamp_ns, time_ns
from dwpose_ros.ros.latest_only_worker import Stoppable
from dwpose_ros.ros.local_topics import InExecutor
from dwpose_ros.ros.managed_node import ManagedNode
from dwpose_ros.ros.node_main import run
from dwpose_ros.ros.pose_input import pose_input
from dwpose_ros.ros.qos import LATCHED, NEWEST_IMAGE
from dwpose_ros.ros.shipped_files import configured, folder_below
from dwpose_ros.ros.steady import since_boot
from dwpose_ros.ros.topic_stats import TopicStats
from dwpose_ros.ros.transport import declare_transport, image_input
from dwpose_ros.srv import Capture as CaptureSrv

FOLDER = "~/dwpose_captures"
SLOW_PERIODS = 2.5  # of a slow camera, that the window has at least
INFOS = 300  # of camera_info, those of the last seconds
RESERVE_S = 0.3  # of frames beyond the window, for poses and requests that come late
TIDY_S = 60.0  # between two looks at whether captures have become too old


class CaptureNode(ManagedNode):
    """Buffers recent frames with their poses, and answers the capture service."""

    def __init__(self) -> None:
        super().__init__("capture")
        self.parameter("folder", FOLDER, "where captures are written", change=self._folder)
        self.parameter(
            "root",
            "",
            "folders that `folder` may be changed to lie below this one; empty: below the folder "
            "given at the start",
            fixed=True,
        )
        self._root = user_path(self.value("root") or self.value("folder")).resolve()
        self._folders: set[Path] = set()  # all that were written to
        self.parameter(
            "keep_hours",
            0.0,
            "captured files older than this are deleted; 0: never",
            unit="h",
            minimum=0.0,
            maximum=1e6,
            change=True,
        )
        self.parameter(
            "format", "png", "file format of the image", choices=("png", "jpg"), change=True
        )
        self.parameter(
            "window",
            WINDOW_S,
            "the best frame is chosen from the last so many seconds",
            unit="s",
            minimum=0.05,
            maximum=5.0,
        )
        self.parameter(
            "memory",
            1000,
            "memory for recent frames; if it is too small for the window, the oldest frames are "
            "dropped",
            unit="MB",
            minimum=1,
            maximum=1000000,
        )
        declare_transport(self)

    def configure(self) -> None:
        folder = self._folder(self.value("folder"))
        if trouble := unwritable(folder):
            self.get_logger().error(trouble)  # better told now than at the first capture
        self._captures = self.output(CapturedImage, "captures", LATCHED, steady=False)
        self._latched: Path | None = None  # the picture that who comes later gets

    def activate(self) -> None:
        self._window_s = self.value("window")
        self._buffer = FrameBuffer(self._window_s + RESERVE_S, self.value("memory") * 1e6)
        self._unreadable = 0  # frames, each counted once
        self._counted: set[int] = set()
        self._infos: deque[CameraInfo] = deque(maxlen=INFOS)
        self._images: TopicStats | None = None  # the first image may come before they are known
        self._images = image_input(self, "image_raw", self._on_image, every=None)
        pose_input(self, self._on_pose, 5, direct=True)
        self.input(
            CameraInfo, "camera_info", self._on_info, NEWEST_IMAGE, steady=False, direct=True
        )
        self.serve(CaptureSrv, "capture", self._on_request)
        self._removed = InExecutor(self, self._unlatch, 1)
        # A large folder takes seconds, in which frames would be missed.
        self._tidying = Stoppable(self._tidy, "tidy")

    def deactivate(self) -> None:
        self._tidying.ending.set()
        self._removed.close()
        self._buffer = FrameBuffer(0.0)  # frames are large

    def _on_info(self, msg: CameraInfo) -> None:
        self._infos.append(msg)

    def _on_image(self, msg: Any) -> None:
        if self._images is not None and self._images.unstamped:
            self._buffer.tolerance_ns = int(self._images.period_s() / 2 * 1e9)
        self._buffer.add_frame(stamp_ns(msg.header), msg, len(msg.data))
        if self._buffer.full and self._buffer.length_s < self._window_s:
            self.get_logger().warning(
                f"only {self._buffer.length_s:.1f} s of frames fit into "
                f"{self.value('memory')} MB, "
                f"and window is {self._window_s:g} s: see the parameter memory",
                throttle_duration_sec=60.0,
            )

    def _on_pose(self, msg: WholeBodyPose) -> None:
        self._buffer.add_pose(stamp_ns(msg.header), msg)

    def _on_request(self, request, response):
        try:
            label = check_label(request.label)
            profile = self._profile(request.profile, request.step)
            now = time_ns(request.stamp) or self._now_ns()
            allowed = Allowed(tuple(request.without), request.seated, request.size_minimum)
            look = FrameEvaluator(
                profile, request.person_id, request.mirrored, allowed, tuple(request.ignored)
            )
            found = self._candidates(now, look)
            best, response.rejected = choose(found, request.count, look.weights, now)
            if not best:
                response.retake = True
                raise CaptureError(f"{found[-1].fault}: nothing was captured")
            folder = self._folder(self.value("folder"))
            self._folders.add(folder)
            captures = write_captures(
                best,
                label,
                folder,
                self.value("format"),
                self._calibration_of,
                response.rejected,
            )
        except DwposeError as err:
            response.success, response.message = False, one_line(err)
            if isinstance(err, WriteError):  # which stays so until somebody makes room
                self.last_error = response.message
            log = self.get_logger()
            if response.retake:
                log.warning(f"capture failed: {err}")
            else:
                log.error(f"capture failed: {err}")
            return response
        self.last_error, response.success = "", True
        response.message = captures[0].image_path
        in_time = True
        for capture in reversed(captures):  # the last is what who comes later gets
            # It takes the place of the one before. Readers that hang are not waited for twice.
            in_time = in_time and self._captures.wait_for_readers()
            self._captures.publish(capture)
            self._latched = Path(capture.image_path)
            self.get_logger().info(
                f"captured {capture.image_path}, quality {capture.quality:.0f} of 100"
            )
        if request.paths_only:
            captures = [without_bytes(capture) for capture in captures]
        response.capture, *response.others = captures
        return response

    def _folder(self, name: str) -> Path:
        """Return the folder for captures.

        Raises:
            DwposeError: the network may not choose it.
        """
        return folder_below(self._root, name)

    def _profile(self, name: str, step: str) -> Profile | None:
        """Return the step of a profile that pictures are checked against; None without a name.

        Raises:
            DwposeError: there is none, or it is not allowed.
        """
        if not name:
            if step:
                raise CaptureError(
                    f"step is {step!r}, but no profile is named: give both, or none"
                )
            return None
        return load_step(configured("profiles", self.allowed(name)), step)

    def _tidy(self, ending: threading.Event) -> None:
        retention = Retention(time.time(), since_boot())
        while not ending.is_set():
            try:
                hours = self.value("keep_hours")
                folder = self._folder(self.value("folder"))
                folders = {folder, *list(self._folders)}
                removed = retention.tidy(folders, hours * 3600, time.time(), since_boot())
                if removed and not ending.is_set():
                    self.get_logger().info(
                        f"{removed} files of captures older than {hours:g} h were removed"
                    )
                if (latched := self._latched) is not None and not latched.exists():
                    self._removed(latched)
            except Exception as err:
                self.fault(err)
            ending.wait(TIDY_S)

    def _unlatch(self, path: Path) -> None:
        """Send a picture that was removed from the folder to nobody who comes later."""
        if path == self._latched:
            self._latched = None
            self._captures.forget()

    def _now_ns(self) -> int:
        """Return the present time on the clock that stamps the images, which may be another
        machine's: the newest frame's stamp plus the time since its arrival.
        """
        newest = self._buffer.newest_ns
        if newest is None:
            return self.get_clock().now().nanoseconds
        return newest + int(self._images.silent_s(time.monotonic()) * 1e9)

    def _candidates(self, now: int, look: FrameEvaluator) -> list[Candidate]:
        """Return all frames of the window, oldest first. Raises CaptureError if there is none."""
        # By the stamps, so that a bag gives the same pictures at whatever rate it is played.
        period_s = self._buffer.period_s or self._images.period_s()
        window_s = max(self._window_s, SLOW_PERIODS * period_s)
        since = now - int(window_s * 1e9)
        buffered_frames = self._buffer.frames_until(now, window_s)
        self._counted &= {buffered.stamp_ns for buffered in buffered_frames}
        found = []
        for buffered in buffered_frames:
            people = from_msg(buffered.pose)
            # Those before the window only tell how fast the person moves.
            bgr, damage = self._decoded(buffered) if buffered.stamp_ns >= since else (None, "")
            seen = look(buffered.stamp_ns, people, buffered.pose.width, buffered.pose.height, bgr)
            if damage:
                found.append(Candidate(buffered.stamp_ns, None, damage))
            elif seen is not None:
                found.append(seen._replace(buffered=(buffered, bgr, people)))
        return found

    def _decoded(self, buffered: BufferedFrame) -> tuple[np.ndarray | None, str]:
        """Return the picture of a frame and an empty text, or None and why it cannot be
        read.
        """
        try:
            return to_bgr(buffered.frame), ""
        except ImageError as err:
            self._unreadable += buffered.stamp_ns not in self._counted
            self._counted.add(buffered.stamp_ns)
            return None, str(err)

    def details(self) -> dict[str, Any]:
        if not self.active:
            return {}
        return {
            "frames kept (s)": f"{self._buffer.length_s:.1f}",
            "frames kept (MB)": f"{self._buffer.size / 1e6:.0f}",
            "frames damaged or unreadable": self._unreadable,
        }

    def _calibration_of(self, bgr: np.ndarray, stamp: int) -> CameraInfo | None:
        """Return the camera_info that is nearest to a picture's stamp, for the picture's size, or
        as it came if it does not fit; None if none came.
        """
        if not self._infos:
            return None
        newest_first = reversed(self._infos)
        info = min(newest_first, key=lambda info: abs(stamp_ns(info.header) - stamp))
        height, width = bgr.shape[:2]
        try:
            return fitted(info, width, height) if is_calibrated(info.k) else info
        except ValueError as err:
            self.get_logger().warning(
                f"{self.resolve_topic_name('camera_info')}: {err}", throttle_duration_sec=60.0
            )
            return info


def main() -> None:
    run(CaptureNode)
