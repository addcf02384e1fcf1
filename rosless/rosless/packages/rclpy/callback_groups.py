# SPDX-License-Identifier: Apache-2.0
"""Callback groups: which callbacks may run at the same time."""

from __future__ import annotations

import threading


class CallbackGroup:
    """Base class of the two kinds of groups."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._busy = 0

    def can_execute(self, entity) -> bool:
        raise NotImplementedError

    def beginning_execution(self, entity) -> bool:
        with self._lock:
            if not self.can_execute(entity):
                return False
            self._busy += 1
            return True

    def ending_execution(self, entity) -> None:
        with self._lock:
            self._busy -= 1


class ReentrantCallbackGroup(CallbackGroup):
    """All callbacks of this group may run at the same time."""

    def can_execute(self, entity) -> bool:
        return True


class MutuallyExclusiveCallbackGroup(CallbackGroup):
    """Only one callback of this group runs at a time."""

    def can_execute(self, entity) -> bool:
        return self._busy == 0
