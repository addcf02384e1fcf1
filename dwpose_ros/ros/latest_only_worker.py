# SPDX-License-Identifier: Apache-2.0
"""Threads that can be asked to end, and one that works on the newest item."""

from __future__ import annotations

import re
import threading
import time
from typing import Any, Callable

import rclpy

STOP_S = 3.0  # launch waits 5 s for a node to end before it insists


class StillRunning(RuntimeError):
    """A thread has not ended in time, so what it uses must not be released."""


class Stoppable:
    """A thread that ends when its event is set. Its function receives the event."""

    def __init__(self, work: Callable[[threading.Event], None], name: str) -> None:
        self.ending = threading.Event()
        self._thread = threading.Thread(target=work, args=(self.ending,), name=name, daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float = STOP_S) -> None:
        """Ask the thread to end and wait for it. Can be called again.

        Raises:
            StillRunning: it has not ended within `timeout_s`.
        """
        self.ending.set()
        self._thread.join(timeout_s)
        if self._thread.is_alive():
            raise StillRunning(
                f"the thread {self._thread.name} is still at work {timeout_s:g} s "
                "after it was asked to end: try again when it is done"
            )


class LatestOnlyWorker:
    """A thread that works on the newest item only; an item that waits is replaced."""

    def __init__(self, work: Callable[[Any], None], logger, name: str) -> None:
        self.dropped = 0
        self._work, self._logger = work, logger
        self._changed = threading.Condition()
        self._item: Any = None
        self._told = ("", 0.0)  # the last error, and when
        self._thread = Stoppable(self._run, name)

    def put(self, item: Any) -> None:
        """Hand over an item. It replaces one that still waits."""
        with self._changed:
            self.dropped += self._item is not None
            self._item = item
            self._changed.notify()

    def stop(self, timeout_s: float = STOP_S) -> None:
        """End after the current item.

        Raises:
            StillRunning: that takes longer than `timeout_s`.
        """
        with self._changed:
            self._thread.ending.set()
            self._changed.notify()
        self._thread.stop(timeout_s)

    def _run(self, ending: threading.Event) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._item is not None or ending.is_set())
                if ending.is_set():
                    return
                item, self._item = self._item, None
            try:
                self._work(item)
            except Exception as err:  # the next item may be better
                self._tell(f"{type(err).__name__}: {err}")

    def _tell(self, error: str) -> None:
        """Log an error; one that differs at most in its numbers only every 5 s."""
        now, same = time.monotonic(), re.sub("[0-9]+", "0", error)
        if rclpy.ok() and (same != self._told[0] or now - self._told[1] > 5.0):
            self._told = same, now
            self._logger.error(error)
