# SPDX-License-Identifier: Apache-2.0
"""Buffer of recent frames and their poses."""

from __future__ import annotations

import math
import statistics
import threading
from collections import OrderedDict
from typing import Any, NamedTuple

from dwpose_ros.capture.storage import CaptureError

# Of a slow camera so many frames may be so much older: the newest one's pose comes later. After a
# stall of the camera, what was seen before it is not taken for recent.
LEAST, OLDER_S = 3, 0.6


class BufferedFrame(NamedTuple):
    """A frame and its pose, both of any type."""

    stamp_ns: int
    frame: Any
    pose: Any


class FrameBuffer:
    """Keeps recent frames and their poses, up to limits of time, memory and number. Thread-safe.

    A frame and its pose have the same stamp and are added separately; a frame that the pose node
    skipped has none. If stamps go back (a replayed bag, a clock that was set), the buffer is
    emptied.

    Args:
        length_s: age of the oldest frame, s; LEAST frames, of a slow camera, may be OLDER_S older.
        most_bytes: limit of the frames' memory, bytes.
        most: limit of the number of frames.
    """

    def __init__(self, length_s: float, most_bytes: float = math.inf, most: int = 5000) -> None:
        self._length_ns, self._most_bytes, self._most = int(length_s * 1e9), most_bytes, most
        self._lock = threading.RLock()
        self._frames: OrderedDict[int, Any] = OrderedDict()
        self._sizes: dict[int, int] = {}
        self._poses: dict[int, Any] = {}
        self.tolerance_ns = 0
        """Largest difference between the stamps of a frame and its pose, ns. Images without a
        stamp get a different one in each node that receives them."""
        self.size = 0  # bytes of the frames
        self.full = False  # frames were dropped although they were not too old

    def add_frame(self, stamp_ns: int, frame: Any, size: int = 0) -> None:
        """Add a frame of `size` bytes, and drop the frames that exceed the limits."""
        with self._lock:
            if self._frames and stamp_ns < next(reversed(self._frames)):
                self.clear()
            self._frames[stamp_ns] = frame
            self.size += size - self._sizes.get(stamp_ns, 0)
            self._sizes[stamp_ns] = size
            while len(self._frames) > 1 and (
                (old := self._is_old(stamp_ns - next(iter(self._frames))))
                or self.size > self._most_bytes
                or len(self._frames) > self._most
            ):
                self.full |= not old
                dropped, _ = self._frames.popitem(last=False)
                self.size -= self._sizes.pop(dropped)
            oldest = next(iter(self._frames)) - self.tolerance_ns
            self._poses = {stamp: pose for stamp, pose in self._poses.items() if stamp >= oldest}

    def _is_old(self, age_ns: int) -> bool:
        """Whether the oldest frame, which is so old, is too old."""
        few = len(self._frames) <= LEAST
        return age_ns > self._length_ns + few * int(OLDER_S * 1e9)

    @property
    def length_s(self) -> float:
        """Time from the oldest frame to the newest, s."""
        with self._lock:
            return (
                (next(reversed(self._frames)) - next(iter(self._frames))) / 1e9
                if (self._frames)
                else 0.0
            )

    def add_pose(self, stamp_ns: int, pose: Any) -> None:
        """Add the pose of a frame. It may arrive first, since a pose is a smaller message."""
        with self._lock:
            if not self._frames or stamp_ns >= next(iter(self._frames)) - self.tolerance_ns:
                self._poses[stamp_ns] = pose
            while len(self._poses) > self._most:
                del self._poses[next(iter(self._poses))]

    def clear(self) -> None:
        with self._lock:
            self._frames.clear()
            self._sizes.clear()
            self._poses.clear()
            self.size, self.full = 0, False

    def __len__(self) -> int:
        return len(self._frames)

    @property
    def period_s(self) -> float:
        """Median time between frames by their stamps, s; 0 for fewer than two frames."""
        with self._lock:
            stamps = list(self._frames)
        gaps = [later - stamp for stamp, later in zip(stamps, stamps[1:])]
        return statistics.median(gaps) / 1e9 if gaps else 0.0

    @property
    def newest_ns(self) -> int | None:
        """Stamp of the newest frame; None if the buffer is empty."""
        with self._lock:
            return next(reversed(self._frames), None)

    def buffered_frames(self) -> list[BufferedFrame]:
        """Return the frames that have a pose, oldest first."""
        with self._lock:
            found = []
            for stamp, frame in self._frames.items():
                nearest = (
                    stamp
                    if stamp in self._poses or not self.tolerance_ns
                    else min(self._poses, key=lambda other: abs(other - stamp), default=stamp)
                )
                if nearest in self._poses and abs(nearest - stamp) <= self.tolerance_ns:
                    found.append(BufferedFrame(stamp, frame, self._poses[nearest]))
            return found

    def frames_until(self, now_ns: int, window_s: float) -> list[BufferedFrame]:
        """Return the frames up to a time that have a pose, oldest first.

        Args:
            now_ns: stamp of the newest frame wanted.
            window_s: the newest frame must not be older than this at that time, s.

        Raises:
            CaptureError: no frame was taken in that window.
        """
        there = self.buffered_frames()
        found = [buffered for buffered in there if buffered.stamp_ns <= now_ns]
        if there and not found:
            ahead_s = (there[0].stamp_ns - now_ns) / 1e9
            raise CaptureError(
                "no frame is as old as the stamp that was asked for: the oldest "
                f"is {ahead_s:.1f} s newer; do the clocks differ?"
            )
        if not found or found[-1].stamp_ns < now_ns - int(window_s * 1e9):
            age = (
                f"{(now_ns - found[-1].stamp_ns) / 1e9:.1f} s old" if found else "not there at all"
            )
            raise CaptureError(
                f"no frame with a pose in the last {window_s:.3g} s: the newest "
                f"is {age}; are the camera and the pose node running?"
            )
        return found
