"""Camera: a webcam, video, image folder or stream as image_raw and camera_info."""

from __future__ import annotations

import threading
import time

import rclpy
from sensor_msgs.msg import CameraInfo
from std_msgs.msg import Header

from dwpose_ros.core.files import user_path
from dwpose_ros.nodes.calibration import read_calibration
from dwpose_ros.nodes.common import DwposeNode
from dwpose_ros.nodes.running import run
from dwpose_ros.nodes.transport import ImageOutput
from dwpose_ros.sources import Source, SourceError, open_source

RETRY_S = 2.0  # between attempts to open a camera that is not there
WAIT_S = 10.0  # at most, for subscribers of a file
NO_FILE = r"\d*|/dev/video\d+|(rtsp|rtmp|udp|tcp|https?)://.*"  # sources that are none
SETTLE_S = 1.5  # after the last of them came


class Camera(DwposeNode):
    """Publishes what a source shows, stamped when it was taken."""

    def __init__(self) -> None:
        super().__init__("camera")
        self.parameter("source", "0", "webcam number or device, video or image file, folder of "
                       "images, or stream URL", no_file=NO_FILE)
        for name in ("width", "height"):
            self.parameter(name, 0, f"{name} to ask of the source; 0: its own", unit="px",
                           minimum=0, maximum=16384)
        self.parameter("rate", 0.0, "frames; 0: as many as the source has", unit="Hz",
                       minimum=0.0, maximum=1000.0, change=True)
        self.parameter("loop", False, "begin again after the last frame", change=True)
        self.parameter("frame_id", "camera", "frame of the images")
        self.parameter("jpeg_quality", 80, "of the compressed images", minimum=1, maximum=100,
                       change=True)
        self.parameter("calibration", "", "file of the camera's calibration, as "
                       "camera_calibration writes it (YAML); empty: none", no_file="")

    def configure(self) -> None:
        self._name = self.value("source")
        calibration = self.value("calibration")
        self._info = read_calibration(user_path(calibration)) if calibration else (
            CameraInfo())
        self._images = ImageOutput(self, "image_raw", 1)
        self._infos = self.output(CameraInfo, "camera_info", 1)

    def activate(self) -> None:
        self._published = False
        self._ended = threading.Event()
        self._source: Source | None = self._open(first=True)
        self._thread = threading.Thread(target=self._run, name="camera", daemon=True)
        self._thread.start()

    def deactivate(self) -> None:
        self._ended.set()
        self._thread.join(2.0)
        if self._source is not None and not self._thread.is_alive():  # it may still read
            self._source.close()

    def _open(self, first: bool = False) -> Source | None:
        """The source, or None where it may come back. A file that cannot be read never will."""
        try:
            source = open_source(self._name, self.value("width"), self.value("height"))
        except SourceError as err:
            if first and not err.may_come_back:
                raise
            self.get_logger().warning(f"{err}; trying again every {RETRY_S:g} s",
                                      throttle_duration_sec=30.0)
            return None
        self.get_logger().info(f"{source.description}")
        return source

    def _run(self) -> None:
        try:
            self._show()
        except RuntimeError:  # publishers cannot be used once everything is shut down
            if rclpy.ok() and self.active:
                raise

    def _show(self) -> None:
        if self._source is not None and self._source.paced:
            self._wait_for_subscribers()
        self._next = time.monotonic()  # when the next frame is due
        while not self._ended.is_set() and rclpy.ok():
            if self._source is None:
                if self._ended.wait(RETRY_S):
                    return
                self._source = self._open()
                continue
            frame = self._source.read()
            stamp = self.get_clock().now()
            if frame is None:
                if not self._at_end():
                    return
                continue
            if self._source.paced:
                # Files are there at once: they are shown at their rate, and stamped when shown.
                if self._ended.wait(max(0.0, self._next - time.monotonic())):
                    return
                stamp = self.get_clock().now()
            elif self.value("rate") and time.monotonic() < self._next:
                continue
            if rate := self.value("rate") or self._source.rate:
                # After a stall the rate goes on; what was missed is not made up for.
                self._next = max(self._next, time.monotonic() - 1 / rate) + 1 / rate
            self._publish(frame, stamp)

    def _wait_for_subscribers(self) -> None:
        """A file waits until all who start with this node listen; a few images are soon over."""
        count, changed = 0, time.monotonic()
        end = changed + WAIT_S
        while time.monotonic() < end and not self._ended.wait(0.05):
            now = self._images.subscriptions()
            if now != count:
                count, changed = now, time.monotonic()
            elif count and time.monotonic() - changed > SETTLE_S:
                return

    def _at_end(self) -> bool:
        """What to do when no frame came: rewind, wait for the camera, or stop (False)."""
        if self._source.live:
            self.get_logger().warning(f"{self._name}: no more frames, the camera may be unplugged")
            self._source.close()
            self._source = None
            return True
        if self.value("loop"):
            if self._source.rewind():
                return True
            self.get_logger().error(f"{self._name}: has no frame that can be read")
            return False
        if self._published:
            self.get_logger().info(f"{self._name}: the last frame was published")
        else:
            self.get_logger().error(f"{self._name}: has no frame that can be read")
        return False

    def _publish(self, frame, stamp) -> None:
        header = Header(stamp=stamp.to_msg(), frame_id=self.value("frame_id"))
        self._images.publish(header, frame, self.value("jpeg_quality"))
        self._published = True
        self._info.header = header
        self._info.height, self._info.width = frame.shape[:2]
        self._infos.publish(self._info)


def main() -> None:
    run(Camera)
