# SPDX-License-Identifier: Apache-2.0
"""Contexts: command line arguments, one DDS participant, and whether they are shut down."""

from __future__ import annotations

import atexit
import sys
import threading
import weakref
from typing import Callable

from rosless.dds import DDSException, Participant, domain_id_from_environment

from rclpy import logging
from rclpy._arguments import Arguments
from rclpy.exceptions import NotInitializedException
from rclpy.logging import set_logger_level


class Context:
    """The state between `rclpy.init` and `rclpy.shutdown`; a context cannot be used twice.

    Its entities stay on the network until the next context begins or the program ends, since most
    programs destroy their nodes after `rclpy.shutdown`.
    """

    _all: list[weakref.ref[Context]] = []

    def __init__(self) -> None:
        self._participant: Participant | None = None
        self._ok = False
        self._on_shutdown: list[Callable[[], None]] = []
        self._guards: list[weakref.ref[GuardCondition]] = []
        self.arguments = Arguments([])
        Context._all.append(weakref.ref(self, Context._all.remove))

    def init(self, args: list[str] | None = None, *, domain_id: int | None = None) -> None:
        """Join the DDS domain `domain_id`, by default ROS_DOMAIN_ID."""
        if self._participant is not None:
            raise RuntimeError("Context.init() must only be called once")
        self.arguments = Arguments(sys.argv if args is None else args)
        for name, level in self.arguments.log_levels.items():
            set_logger_level(name, level)
        logging.to_terminal &= self.arguments.logs["stdout"]
        for context in Context.all():
            if not context.ok():
                context.leave()
        self._participant = Participant(
            domain_id_from_environment() if domain_id is None else domain_id
        )
        self._ok = True

    @classmethod
    def all(cls) -> list[Context]:
        return [context for ref in list(cls._all) if (context := ref())]

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
            raise RuntimeError(
                "Context must be initialized before it can be shutdown, and can be "
                "shut down only once: a signal may have done it already"
            )
        self.try_shutdown()

    def try_shutdown(self) -> None:
        self.interrupt()
        callbacks, self._on_shutdown = self._on_shutdown, []
        for callback in callbacks:
            callback()

    def on_shutdown(self, callback: Callable[[], None]) -> None:
        """Call `callback` when `shutdown` or `try_shutdown` is called."""
        self._on_shutdown.append(callback)

    def interrupt(self) -> None:
        """Stop everything, as signal handlers do; that is why this takes no locks."""
        self._ok = False
        self.wake()

    def wake(self) -> None:
        """Wake all executors of this context."""
        for ref in list(self._guards):
            if guard := ref():
                guard.trigger()

    def leave(self) -> None:
        """Leave the DDS domain, which others see at once."""
        self._ok = False
        if self._participant is not None:
            self._participant.end()

    def destroy(self) -> None:
        """Do the same as `leave`, under rclpy's name for it."""
        self.leave()

    def __enter__(self) -> Context:
        self.init()
        return self

    def __exit__(self, *_) -> None:
        self.try_shutdown()


class GuardCondition:
    """Wakes an executor; its context triggers it at shutdown."""

    def __init__(self, context: Context) -> None:
        self.dds = context.participant.guard()
        context._guards.append(weakref.ref(self, context._guards.remove))

    def trigger(self) -> None:
        try:
            self.dds.set(True)
        except DDSException:  # its context has left
            pass


@atexit.register
def _leave() -> None:
    threading.excepthook = lambda _: None  # daemon threads would report errors from now on
    for context in Context.all():
        context.leave()
