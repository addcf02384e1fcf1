"""Camera: a webcam, video, image folder or stream as image_raw and camera_info."""

from __future__ import annotations

import threading
import time

import rclpy
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header

from dwpose_ros.images import fill
from dwpose_ros.nodes.common import DwposeNode, run
from dwpose_ros.sources import Source, SourceError, open_source

RETRY_S = 2.0  # between attempts to open a camera that is not there
WAIT_S = 10.0  # at most, for subscribers of a file
SETTLE_S = 1.5  # after the last of them came


class Camera(DwposeNode):
    """Publishes what a source shows, stamped when it was taken."""

    def __init__(self) -> None:
        super().__init__("camera")
        self._name = self.parameter(
            "source", "0", "webcam number or device, video or image file, folder of images, "
            "or stream URL")
        self._size = (
            self.parameter("width", 0, "pixels; 0 leaves it to the source",
                           minimum=0, maximum=16384),
            self.parameter("height", 0, "pixels; 0 leaves it to the source",
                           minimum=0, maximum=16384))
        self._rate = self.parameter(
            "rate", 0.0, "frames a second; 0 is the source's own", minimum=0.0, maximum=1000.0,
            change=self._change_rate)
        self._loop = self.parameter("loop", False, "begin again after the last frame",
                                    change=lambda value: setattr(self, "_loop", value))
        self._frame_id = self.parameter("frame_id", "camera", "frame of the images")
        self._images = self.create_publisher(Image, "image_raw", 1)
        self._infos = self.create_publisher(CameraInfo, "camera_info", 1)
        self._published = False
        self._ended = threading.Event()
        self._source: Source | None = self._open(first=True)
        self._thread = threading.Thread(target=self._run, name="camera", daemon=True)
        self._thread.start()

    def _change_rate(self, value: float) -> None:
        self._rate = value

    def _open(self, first: bool = False) -> Source | None:
        """The source, or None where it may come back. A file that cannot be read never will."""
        try:
            source = open_source(self._name, *self._size)
        except SourceError as err:
            if first and not err.may_come_back:
                raise
            self.get_logger().warning(f"{err}; trying again every {RETRY_S:g} s",
                                      throttle_duration_sec=30.0)
            return None
        self.get_logger().info(f"{source.description}")
        return source

    def _run(self) -> None:
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
            elif self._rate and time.monotonic() < self._next:
                continue
            if rate := self._rate or self._source.rate:
                # After a stall the rate goes on; what was missed is not made up for.
                self._next = max(self._next, time.monotonic() - 1 / rate) + 1 / rate
            self._publish(frame, stamp)

    def _wait_for_subscribers(self) -> None:
        """A file waits until all who start with this node listen; a few images are soon over."""
        count, changed = 0, time.monotonic()
        end = changed + WAIT_S
        while time.monotonic() < end and not self._ended.wait(0.05):
            now = self._images.get_subscription_count()
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
        if self._loop:
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
        header = Header(stamp=stamp.to_msg(), frame_id=self._frame_id)
        try:
            self._images.publish(fill(Image(header=header), frame))
            self._published = True
            height, width = frame.shape[:2]
            self._infos.publish(CameraInfo(header=header, width=width, height=height))
        except RuntimeError:
            if rclpy.ok():
                raise

    def close(self) -> None:
        self._ended.set()
        self._thread.join(2.0)
        if self._source is not None and not self._thread.is_alive():  # it may still read
            self._source.close()


def main() -> None:
    run(Camera)
