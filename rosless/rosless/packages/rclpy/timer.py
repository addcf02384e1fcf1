# SPDX-License-Identifier: Apache-2.0
"""Timers and rates."""

from __future__ import annotations

import threading
from typing import Callable

from rclpy.clock import Clock
from rclpy.exceptions import ROSInterruptException


class Timer:
    """Calls back once a period; periods that were missed are skipped."""

    condition = None  # nothing to wait for in DDS

    def __init__(
        self,
        callback: Callable | None,
        callback_group,
        period_ns: int,
        clock: Clock,
        executor_wake: Callable[[], None],
        autostart: bool = True,
    ) -> None:
        if period_ns < 0:
            raise ValueError(f"timer period must not be negative, but is {period_ns / 1e9} s")
        self.callback, self.callback_group = callback, callback_group
        self.clock = clock
        self._period_ns, self._wake = period_ns, executor_wake
        self._canceled = not autostart
        self._begin(clock._timer_ns())

    def _begin(self, now: int) -> None:
        self._simulated = self.clock.ros_time_is_active
        self._last, self._next = now, now + self._period_ns

    def _now(self) -> int:
        now = self.clock._timer_ns()
        if self._simulated != self.clock.ros_time_is_active or now < self._last:
            self._begin(now)  # the clock is another one now, or was set back
        return now

    @property
    def timer_period_ns(self) -> int:
        return self._period_ns

    @timer_period_ns.setter
    def timer_period_ns(self, value: int) -> None:
        """Change the period after the one that runs; a cancelled timer stays so, as in rcl."""
        self._period_ns = int(value)

    def is_canceled(self) -> bool:
        return self._canceled

    def cancel(self) -> None:
        self._canceled = True

    def reset(self) -> None:
        """Start a new period; start the timer again if it was cancelled."""
        self._begin(self.clock._timer_ns())
        self._canceled = False
        self._wake()

    def is_ready(self) -> bool:
        return not self._canceled and self._now() >= self._next

    ready = is_ready  # the executor's name for it

    def time_since_last_call(self) -> int:
        return self._now() - self._last

    def time_until_next_call(self) -> int | None:
        """Return nanoseconds, or None if the timer is cancelled."""
        now = self._now()
        return None if self._canceled else max(0, self._next - now)

    def take(self) -> Callable | None:
        """Return the callback if it is time for it, else None."""
        if not self.is_ready():
            return None
        self._last = self._now()
        late = self._last - self._next
        self._next += self._period_ns * (late // self._period_ns + 1) if self._period_ns else 0
        return self.callback


class Rate:
    """Sleeps until the next period, while another thread spins."""

    def __init__(self, timer: Timer, context) -> None:
        self._timer, self._context, self._event = timer, context, threading.Event()
        timer.callback = self._event.set

    def sleep(self) -> None:
        """Sleep until the next period.

        Raises ROSInterruptException if the context is shut down meanwhile.
        """
        self._event.clear()
        while not self._event.wait(0.1):
            if not self._context.ok() or self._timer.is_canceled():
                raise ROSInterruptException()

    def destroy(self) -> None:
        self._timer.cancel()
