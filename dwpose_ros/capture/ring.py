"""Recent frames with their poses."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, NamedTuple


class Shot(NamedTuple):
    """A frame and the pose that was found in it; what they are is the caller's."""

    stamp_ns: int
    frame: Any
    pose: Any


class Ring:
    """Keeps the frames of the last `length_s` seconds, and the poses that belong to them.

    A pose belongs to the frame with its stamp; it comes apart, or not at all where frames were
    skipped. Stamps that jump back (a replayed bag, a clock that was set) empty the ring.
    """

    def __init__(self, length_s: float, most: int = 120) -> None:
        self._length_ns, self._most = int(length_s * 1e9), most
        self._frames: OrderedDict[int, Any] = OrderedDict()
        self._poses: dict[int, Any] = {}

    def add_frame(self, stamp_ns: int, frame: Any) -> None:
        """Keep a frame, and drop those that have become too old."""
        if self._frames and stamp_ns < next(reversed(self._frames)):
            self.clear()
        self._frames[stamp_ns] = frame
        while len(self._frames) > self._most or (
                stamp_ns - next(iter(self._frames)) > self._length_ns):
            self._frames.popitem(last=False)
        oldest = next(iter(self._frames))
        self._poses = {stamp: pose for stamp, pose in self._poses.items() if stamp >= oldest}

    def add_pose(self, stamp_ns: int, pose: Any) -> None:
        """Keep the pose of a frame that is here, or still on its way: a pose is smaller."""
        if not self._frames or stamp_ns >= next(iter(self._frames)):
            self._poses[stamp_ns] = pose
        while len(self._poses) > self._most:
            del self._poses[next(iter(self._poses))]

    def clear(self) -> None:
        self._frames.clear()
        self._poses.clear()

    def __len__(self) -> int:
        return len(self._frames)

    def shots(self, since_ns: int = 0) -> list[Shot]:
        """All frames that have a pose and are not older than `since_ns`, oldest first."""
        return [Shot(stamp, self._frames[stamp], self._poses[stamp])
                for stamp in self._frames if stamp >= since_ns and stamp in self._poses]
