# SPDX-License-Identifier: Apache-2.0
"""What comes in or goes out on a topic: how much, how often, how old. No clock: time comes in."""

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


class TopicStats:
    """Of one topic. Times are seconds on a clock that never jumps.

    `steady`: messages are to come all the time, and their absence is a fault. Any thread may tell
    of a message while another one asks.
    """

    def __init__(
        self, topic: str, steady: bool = True, now: float = 0.0, type_name: str = ""
    ) -> None:
        self.topic, self.steady, self.type_name, self.count = topic, steady, type_name, 0
        self._lost: deque[tuple[int, int]] = deque(maxlen=WINDOW)  # at which count, how many
        self.unstamped = False  # the newest message had no time of its own
        self.awaited_at = -math.inf  # when who sends was last known not to have begun
        self._since = now  # from when on something may be expected
        self._lock = threading.Lock()
        self._times: deque[float] = deque(maxlen=WINDOW)
        self._ages: deque[float] = deque(maxlen=WINDOW)

    def tick(self, now: float, age_s: float = math.nan, unstamped: bool = False) -> None:
        """A message passed; `age_s` is how long ago what it tells of was so."""
        with self._lock:
            self.count += 1
            self.unstamped = unstamped
            self._times.append(now)
            if math.isfinite(age_s):
                self._ages.append(age_s)

    def lost(self, messages: int) -> None:
        """So many were sent and did not arrive, as the middleware tells."""
        with self._lock:
            self._lost.append((self.count, messages))

    def lost_share(self) -> float:
        """Of the messages lately sent, those that did not arrive, 0..1; 0 if that is unknown."""
        with self._lock:
            since = self.count - len(self._times)
            lost = sum(messages for at, messages in self._lost if at >= since)
            return lost / max(lost + len(self._times), 1)

    def waited_s(self, now: float) -> float:
        """For how long it has been there."""
        return now - self._since

    def silent_s(self, now: float) -> float:
        """For how long nothing has come."""
        with self._lock:
            return now - (self._times[-1] if self._times else self._since)

    def stale(self, now: float, after_s: float) -> bool:
        """Silent for longer than `after_s`, and than a few of the sender's own periods."""
        if not self.count:
            after_s = max(after_s, FIRST_S)
        if not self.steady or self.silent_s(now) <= after_s:
            return False
        return self.silent_s(now) > PERIODS * self.period_s()

    def period_s(self) -> float:
        """From one message to the next, lately; 0 where that is not known."""
        with self._lock:
            recent = list(self._times)[-11:]
        return float(median(np.diff(recent))) if len(recent) > 2 else 0.0

    def rate_hz(self, now: float) -> float:
        """Messages a second, lately."""
        with self._lock:
            recent = [t for t in self._times if now - t <= RATE_S]
        if len(recent) < 2:
            return len(recent) / RATE_S
        return (len(recent) - 1) / max(recent[-1] - recent[0], 1e-6)

    def age_ms(self) -> tuple[float, float]:
        """Median and 95th percentile of the ages, ms; NaN where none is known."""
        with self._lock:
            ages = sorted(self._ages)  # numpy's percentile takes ten times as long for so few
        if not ages:
            return math.nan, math.nan
        return median(ages) * 1e3, ages[math.ceil(0.95 * len(ages)) - 1] * 1e3

    def recent_age_s(self, messages: int = 10) -> float:
        """Median age of the newest messages; NaN where none is known."""
        with self._lock:
            ages = list(self._ages)[-messages:]
        return median(ages) if ages else math.nan


def type_name(msg_type) -> str:
    """A message type's name, as the graph has it: 'sensor_msgs/msg/Image'."""
    package, kind, *_ = msg_type.__module__.split(".")
    return f"{package}/{kind}/{msg_type.__name__}"
