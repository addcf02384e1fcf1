# SPDX-License-Identifier: Apache-2.0
"""Durations."""

from __future__ import annotations

from functools import total_ordering

from builtin_interfaces.msg import Duration as DurationMsg

S_TO_NS = 1_000_000_000


@total_ordering
class Duration:
    """A length of time in nanoseconds; it may be negative."""

    def __init__(self, *, seconds: float = 0, nanoseconds: int = 0) -> None:
        self.nanoseconds = int(seconds * S_TO_NS) + int(nanoseconds)

    def to_msg(self) -> DurationMsg:
        seconds, nanoseconds = divmod(self.nanoseconds, S_TO_NS)
        return DurationMsg(sec=seconds, nanosec=nanoseconds)

    @classmethod
    def from_msg(cls, msg: DurationMsg) -> Duration:
        return cls(seconds=msg.sec, nanoseconds=msg.nanosec)

    def __repr__(self) -> str:
        return f"Duration(nanoseconds={self.nanoseconds})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Duration) and self.nanoseconds == other.nanoseconds

    def __lt__(self, other: Duration) -> bool:
        if not isinstance(other, Duration):
            return NotImplemented
        return self.nanoseconds < other.nanoseconds

    def __hash__(self) -> int:
        return hash(self.nanoseconds)


Infinite = Duration(nanoseconds=2**63 - 1)
