# SPDX-License-Identifier: Apache-2.0
"""Exceptions of callbacks: logged and counted, they do not end the node."""

from __future__ import annotations

import threading
import traceback

from dwpose_ros.core.text import one_line

RECENT_S = 5.0  # for so long the diagnostics tell of a fault, and the log does not repeat it
MOST_TEXTS = 32  # different ones that are remembered


class Faults:
    """The faults of one node. Thread-safe. Times are seconds on a monotonic clock."""

    def __init__(self, logger) -> None:
        self.count = 0
        self._logger = logger
        self._lock = threading.Lock()
        self._told: dict[str, float] = {}  # when each text was logged, oldest first
        self._last = "", -float("inf")

    def add(self, err: Exception, now: float) -> None:
        """Log an exception with its traceback; the same text again only after a while."""
        text = f"{type(err).__name__}: {one_line(err)}"
        with self._lock:
            self.count += 1
            self._last = text, now
            if now - self._told.get(text, -float("inf")) < RECENT_S:
                return
            self._told.pop(text, None)
            self._told[text] = now
            while len(self._told) > MOST_TEXTS:
                del self._told[next(iter(self._told))]
        where = "".join(traceback.format_tb(err.__traceback__))
        self._logger.error(f"a callback failed: {text}\n{where}")

    def lately(self, now: float) -> str:
        """Return the last fault if it is recent, else an empty text."""
        text, when = self._last
        return f"a callback failed: {text}" if now - when < RECENT_S else ""
