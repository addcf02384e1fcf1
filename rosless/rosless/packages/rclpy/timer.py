"""Timers and rates."""

from __future__ import annotations

import threading
from typing import Callable

from rclpy.clock import Clock


class Timer:
    """Calls back once a period; missed periods are skipped, not made up for."""

    condition = None  # it is not DDS that wakes it

    def __init__(self, callback: Callable | None, callback_group, period_ns: int, clock: Clock,
                 executor_wake: Callable[[], None], autostart: bool = True) -> None:
        if period_ns < 0:
            raise ValueError(f"timer period must not be negative, but is {period_ns / 1e9} s")
        self.callback, self.callback_group = callback, callback_group
        self.clock = clock
        self._period_ns, self._wake = period_ns, executor_wake
        self._canceled = not autostart
        self._last = clock._timer_ns()
        self._next = self._last + period_ns

    @property
    def timer_period_ns(self) -> int:
        return self._period_ns

    @timer_period_ns.setter
    def timer_period_ns(self, value: int) -> None:
        self._period_ns = int(value)
        self.reset()

    def is_canceled(self) -> bool:
        return self._canceled

    def cancel(self) -> None:
        self._canceled = True

    def reset(self) -> None:
        """Start the period anew, and the timer if it was cancelled."""
        self._last = self.clock._timer_ns()
        self._next = self._last + self._period_ns
        self._canceled = False
        self._wake()

    def is_ready(self) -> bool:
        return not self._canceled and self.clock._timer_ns() >= self._next

    def time_since_last_call(self) -> int:
        return self.clock._timer_ns() - self._last

    def time_until_next_call(self) -> int | None:
        """Nanoseconds; None if cancelled."""
        return None if self._canceled else max(0, self._next - self.clock._timer_ns())

    def _take(self) -> Callable | None:
        if not self.is_ready():
            return None
        self._last = self.clock._timer_ns()
        late = self._last - self._next
        self._next += self._period_ns * (late // self._period_ns + 1) if self._period_ns else 0
        return self.callback


class Rate:
    """Sleeps until the next period; needs another thread that spins."""

    def __init__(self, timer: Timer) -> None:
        self._timer, self._event = timer, threading.Event()
        timer.callback = self._event.set

    def sleep(self) -> None:
        self._event.clear()
        self._event.wait()

    def destroy(self) -> None:
        self._timer.cancel()
        self._event.set()
