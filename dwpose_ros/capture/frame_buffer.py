# SPDX-License-Identifier: Apache-2.0
"""Recent frames with their poses."""

from __future__ import annotations

import math
from collections import OrderedDict
from typing import Any, NamedTuple


class BufferedFrame(NamedTuple):
    """A frame and the pose that was found in it; what they are is the caller's."""

    stamp_ns: int
    frame: Any
    pose: Any


class FrameBuffer:
    """Keeps the frames of the last `length_s` seconds, and the poses that belong to them, as long
    as the frames have at most `most_bytes` and are at most `most`.

    A pose belongs to the frame with its stamp; it comes apart, or not at all where frames were
    skipped. Stamps that jump back (a replayed bag, a clock that was set) empty the ring.
    """

    def __init__(self, length_s: float, most_bytes: float = math.inf, most: int = 5000) -> None:
        self._length_ns, self._most_bytes, self._most = int(length_s * 1e9), most_bytes, most
        self._frames: OrderedDict[int, Any] = OrderedDict()
        self._sizes: dict[int, int] = {}
        self._poses: dict[int, Any] = {}
        self.tolerance_ns = 0
        """By which the stamps of a frame and its pose may differ: images that carry none get one
        wherever they arrive."""
        self.size = 0  # bytes of the frames
        self.full = False  # frames went that were not too old

    def add_frame(self, stamp_ns: int, frame: Any, size: int = 0) -> None:
        """Keep a frame of so many bytes, and drop those that have become too old, or too many."""
        if self._frames and stamp_ns < next(reversed(self._frames)):
            self.clear()
        self._frames[stamp_ns] = frame
        self.size += size - self._sizes.get(stamp_ns, 0)
        self._sizes[stamp_ns] = size
        while len(self._frames) > 1 and (
            (old := stamp_ns - next(iter(self._frames)) > self._length_ns)
            or self.size > self._most_bytes
            or len(self._frames) > self._most
        ):
            self.full |= not old
            dropped, _ = self._frames.popitem(last=False)
            self.size -= self._sizes.pop(dropped)
        oldest = next(iter(self._frames)) - self.tolerance_ns
        self._poses = {stamp: pose for stamp, pose in self._poses.items() if stamp >= oldest}

    @property
    def length_s(self) -> float:
        """From the oldest frame to the newest."""
        return (
            (next(reversed(self._frames)) - next(iter(self._frames))) / 1e9
            if (self._frames)
            else 0.0
        )

    def add_pose(self, stamp_ns: int, pose: Any) -> None:
        """Keep the pose of a frame that is here, or still on its way: a pose is smaller."""
        if not self._frames or stamp_ns >= next(iter(self._frames)) - self.tolerance_ns:
            self._poses[stamp_ns] = pose
        while len(self._poses) > self._most:
            del self._poses[next(iter(self._poses))]

    def clear(self) -> None:
        self._frames.clear()
        self._sizes.clear()
        self._poses.clear()
        self.size, self.full = 0, False

    def __len__(self) -> int:
        return len(self._frames)

    @property
    def newest_ns(self) -> int | None:
        """Stamp of the newest frame; None without one."""
        return next(reversed(self._frames), None)

    def buffered_frames(self) -> list[BufferedFrame]:
        """All frames that have a pose, oldest first."""
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
