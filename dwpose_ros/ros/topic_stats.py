# SPDX-License-Identifier: Apache-2.0
"""Statistics of a topic: count, rate, age and losses. Times are arguments."""

from __future__ import annotations

import math
import threading
from collections import deque
from statistics import median

import numpy as np

WINDOW = 300  # messages that rates and ages are told of
RATE_S = 5.0  # over which a rate is counted
FIRST_S = 10.0  # for so long who sends may take to start, as to load networks
PERIODS = 3.0  # who sends slowly is silent only after so many of their own periods
SETTLED = 10  # numbers in a row that must rise before gaps between them count


class TopicStats:
    """Statistics of one topic. Thread-safe. Times are seconds on a monotonic clock.

    Args:
        steady: the topic is continuous, so its silence is a fault.
    """

    def __init__(
        self, topic: str, steady: bool = True, now: float = 0.0, type_name: str = ""
    ) -> None:
        self.topic, self.steady, self.type_name, self.count = topic, steady, type_name, 0
        self._lost: deque[tuple[int, int]] = deque(maxlen=WINDOW)  # at which count, how many
        self._missed: deque[tuple[int, int]] = deque(maxlen=WINDOW)  # the same, by their numbers
        self._number, self._in_order = 0, 0  # the publisher's newest, and how many rose in a row
        self.unstamped = False  # the newest message had no time of its own
        self.awaited_at = -math.inf  # when who sends was last known not to have begun
        self._since = now  # from when on something may be expected
        self._lock = threading.Lock()
        self._times: deque[float] = deque(maxlen=WINDOW)
        self._ages: deque[float] = deque(maxlen=WINDOW)

    def tick(
        self,
        now: float,
        age_s: float = math.nan,
        unstamped: bool = False,
        number: int | None = None,
    ) -> None:
        """Count a message.

        Args:
            age_s: its age by its header.
            number: which of its publisher's messages it is, if the middleware tells.
        """
        with self._lock:
            self.count += 1
            if number is not None:
                self._count_gap(number)
            self.unstamped = unstamped
            self._times.append(now)
            if math.isfinite(age_s):
                self._ages.append(age_s)

    def lost(self, messages: int) -> None:
        """Count messages that the middleware reports as lost."""
        with self._lock:
            self._lost.append((self.count, messages))

    def _count_gap(self, number: int) -> None:
        """Count messages that were sent before this one, but did not arrive. Numbers leap where
        there are several publishers, whose gaps cannot be told apart."""
        gap, self._number = number - self._number - 1, number
        if not 0 <= gap <= WINDOW:
            self._in_order = 0
            return
        if gap and self._in_order >= SETTLED:
            self._missed.append((self.count, gap))
        self._in_order += 1

    def lost_share(self) -> float:
        """Return the share of recent messages that the middleware reports as lost, 0..1."""
        return self._share(self._lost)

    def missed_share(self) -> float:
        """Return the share of recent messages that were sent but did not come, 0..1; 0 if unknown.

        They were lost, or replaced by newer ones before this node took them.
        """
        return self._share(self._missed)

    def _share(self, gone: deque[tuple[int, int]]) -> float:
        with self._lock:
            since = self.count - len(self._times)
            messages = sum(messages for at, messages in gone if at >= since)
            return messages / max(messages + len(self._times), 1)

    def waited_s(self, now: float) -> float:
        """Return for how many seconds the topic has been watched."""
        return now - self._since

    def silent_s(self, now: float) -> float:
        """Return the seconds since the last message."""
        with self._lock:
            return now - (self._times[-1] if self._times else self._since)

    def stale(self, now: float, after_s: float) -> bool:
        """Return whether a steady topic is silent for longer than `after_s` and some periods."""
        if not self.count:
            after_s = max(after_s, FIRST_S)
        if not self.steady or self.silent_s(now) <= after_s:
            return False
        return self.silent_s(now) > PERIODS * self.period_s()

    def period_s(self) -> float:
        """Return the recent median period in seconds; 0 if unknown."""
        with self._lock:
            recent = list(self._times)[-11:]
        return float(median(np.diff(recent))) if len(recent) > 2 else 0.0

    def rate_hz(self, now: float) -> float:
        """Return the recent rate."""
        with self._lock:
            recent = [t for t in self._times if now - t <= RATE_S]
        if len(recent) < 2:
            return len(recent) / RATE_S
        return (len(recent) - 1) / max(recent[-1] - recent[0], 1e-6)

    def age_ms(self) -> tuple[float, float]:
        """Return the median and 95th percentile of the ages in ms; NaN if unknown."""
        with self._lock:
            ages = sorted(self._ages)  # numpy's percentile takes ten times as long for so few
        if not ages:
            return math.nan, math.nan
        return median(ages) * 1e3, ages[math.ceil(0.95 * len(ages)) - 1] * 1e3

    def recent_age_s(self, messages: int = 10) -> float:
        """Return the median age of the newest messages in seconds; NaN if unknown."""
        with self._lock:
            ages = list(self._ages)[-messages:]
        return median(ages) if ages else math.nan


def type_name(msg_type) -> str:
    """Return the name of a message type as the graph has it: 'sensor_msgs/msg/Image'."""
    package, kind, *_ = msg_type.__module__.split(".")
    return f"{package}/{kind}/{msg_type.__name__}"
