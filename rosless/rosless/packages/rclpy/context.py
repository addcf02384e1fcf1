"""A context: arguments, one DDS participant, and whether all that is still to run."""

from __future__ import annotations

import atexit
import logging
import sys
import threading
import weakref
from typing import Callable

from rclpy._arguments import Arguments
from rclpy.exceptions import NotInitializedException
from rosless.dds import Participant, domain_id_from_environment


class Context:
    """Life cycle of one `rclpy.init` ... `rclpy.shutdown`."""

    _all: "weakref.WeakSet[Context]" = weakref.WeakSet()

    def __init__(self) -> None:
        self._participant: Participant | None = None
        self._ok = False
        self._lock = threading.Lock()
        self._on_shutdown: list[Callable[[], None]] = []
        self._guards: "weakref.WeakSet" = weakref.WeakSet()
        self.arguments = Arguments([])
        Context._all.add(self)

    def init(self, args: list[str] | None = None, *, domain_id: int | None = None) -> None:
        """Join the DDS domain `domain_id` (ROS_DOMAIN_ID if None)."""
        with self._lock:
            if self._ok:
                raise RuntimeError("Context.init() must only be called once")
            self.arguments = Arguments(sys.argv if args is None else args)
            for name, level in self.arguments.log_levels.items():
                from rclpy.logging import set_logger_level
                set_logger_level(name, level)
            self.close()
            self._participant = Participant(
                domain_id_from_environment() if domain_id is None else domain_id)
            self._ok = True

    @property
    def participant(self) -> Participant:
        if self._participant is None:
            raise NotInitializedException("rclpy.init() has not been called")
        return self._participant

    def get_domain_id(self) -> int:
        return self.participant.domain_id

    def ok(self) -> bool:
        return self._ok

    def shutdown(self) -> None:
        if not self._ok:
            raise RuntimeError("Context must be initialized before it can be shutdown")
        self.try_shutdown()

    def try_shutdown(self) -> None:
        with self._lock:
            was_ok, self._ok = self._ok, False
            callbacks, self._on_shutdown = self._on_shutdown, []
        if was_ok:
            for callback in callbacks:
                callback()
            self.wake()

    def on_shutdown(self, callback: Callable[[], None]) -> None:
        """Call `callback` when the context is shut down."""
        self._on_shutdown.append(callback)

    def wake(self) -> None:
        """Wake all executors of this context."""
        for guard in list(self._guards):
            guard.trigger()

    def close(self) -> None:
        """Leave DDS, so that others see it at once."""
        if self._participant is not None:
            participant, self._participant = self._participant, None
            self._guards.clear()  # they end with the participant
            participant.close()

    @classmethod
    def wake_all(cls) -> None:
        for context in list(cls._all):
            context.wake()

    @classmethod
    def shutdown_all(cls) -> None:
        for context in list(cls._all):
            context._ok = False  # no lock: this runs inside signal handlers
            callbacks, context._on_shutdown = context._on_shutdown, []
            for callback in callbacks:
                callback()
            context.wake()

    def __enter__(self) -> Context:
        return self

    def __exit__(self, *_) -> None:
        self.try_shutdown()


@atexit.register
def _leave() -> None:
    logging.raiseExceptions = False
    for context in list(Context._all):
        context._ok = False
        context.close()
