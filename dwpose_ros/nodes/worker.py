"""A thread that works on the newest item."""

from __future__ import annotations

import threading
import time
from typing import Any, Callable

import rclpy


class Worker:
    """A thread with a one-slot mailbox: it works on the newest item, older ones are dropped."""

    def __init__(self, work: Callable[[Any], None], logger, name: str) -> None:
        self.dropped = 0
        self._work, self._logger = work, logger
        self._changed = threading.Condition()
        self._item: Any = None
        self._told = ("", 0.0)  # the last error, and when
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def put(self, item: Any) -> None:
        """Hand over an item, in place of one that still waits."""
        with self._changed:
            self.dropped += self._item is not None
            self._item = item
            self._changed.notify()

    def stop(self, timeout_s: float = 5.0) -> bool:
        """End after the item in work; whether it did."""
        with self._changed:
            self._stopped = True
            self._changed.notify()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._item is not None or self._stopped)
                if self._stopped:
                    return
                item, self._item = self._item, None
            try:
                self._work(item)
            except Exception as err:  # the next item may be better
                self._tell(f"{type(err).__name__}: {err}")

    def _tell(self, error: str) -> None:
        """Log an error; the same one again only every 5 s."""
        now = time.monotonic()
        if rclpy.ok() and (error != self._told[0] or now - self._told[1] > 5.0):
            self._told = error, now
            self._logger.error(error)
