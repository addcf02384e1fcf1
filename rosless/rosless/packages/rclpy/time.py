# SPDX-License-Identifier: Apache-2.0
"""Points in time, each on one kind of clock."""

from __future__ import annotations

from functools import total_ordering

from builtin_interfaces.msg import Time as TimeMsg

from rclpy.clock_type import ClockType
from rclpy.duration import S_TO_NS, Duration


@total_ordering
class Time:
    """Nanoseconds since the clock's epoch."""

    def __init__(
        self,
        *,
        seconds: float = 0,
        nanoseconds: int = 0,
        clock_type: ClockType = ClockType.SYSTEM_TIME,
    ) -> None:
        if seconds < 0 or nanoseconds < 0:
            raise ValueError(f"Time must not be negative: {seconds} s, {nanoseconds} ns")
        self.nanoseconds = int(seconds * S_TO_NS) + int(nanoseconds)
        self.clock_type = clock_type

    def seconds_nanoseconds(self) -> tuple[int, int]:
        return divmod(self.nanoseconds, S_TO_NS)

    def to_msg(self) -> TimeMsg:
        seconds, nanoseconds = self.seconds_nanoseconds()
        return TimeMsg(sec=seconds, nanosec=nanoseconds)

    @classmethod
    def from_msg(cls, msg: TimeMsg, clock_type: ClockType = ClockType.ROS_TIME) -> Time:
        return cls(seconds=msg.sec, nanoseconds=msg.nanosec, clock_type=clock_type)

    def __repr__(self) -> str:
        return f"Time(nanoseconds={self.nanoseconds}, clock_type={self.clock_type.name})"

    def __add__(self, other: Duration) -> Time:
        if not isinstance(other, Duration):
            return NotImplemented
        return Time(nanoseconds=self.nanoseconds + other.nanoseconds, clock_type=self.clock_type)

    __radd__ = __add__

    def __sub__(self, other):
        if isinstance(other, Time):
            return Duration(nanoseconds=self._compare(other))
        if isinstance(other, Duration):
            return Time(
                nanoseconds=self.nanoseconds - other.nanoseconds, clock_type=self.clock_type
            )
        return NotImplemented

    def _compare(self, other: Time) -> int:
        if self.clock_type != other.clock_type:
            raise TypeError("Can't compare times with different clock types")
        return self.nanoseconds - other.nanoseconds

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Time) and self._compare(other) == 0

    def __lt__(self, other: Time) -> bool:
        return self._compare(other) < 0 if isinstance(other, Time) else NotImplemented

    def __hash__(self) -> int:
        return hash((self.nanoseconds, self.clock_type))
