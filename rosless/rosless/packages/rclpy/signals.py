# SPDX-License-Identifier: Apache-2.0
"""On SIGINT and SIGTERM, shut all contexts down and wake their executors."""

from __future__ import annotations

import enum
import os
import signal
import threading

from rclpy.context import Context

_previous: dict[int, object] = {}


class SignalHandlerOptions(enum.IntFlag):
    NO = 0
    SIGINT = 1
    SIGTERM = 2
    ALL = 3


def install_signal_handlers(options: SignalHandlerOptions = SignalHandlerOptions.ALL) -> None:
    """Install handlers. Only the main thread can; in others, do nothing."""
    if threading.current_thread() is not threading.main_thread():
        return
    for flag, number in (
        (SignalHandlerOptions.SIGINT, signal.SIGINT),
        (SignalHandlerOptions.SIGTERM, signal.SIGTERM),
    ):
        if options & flag and number not in _previous:
            if signal.getsignal(number) is signal.SIG_IGN:
                continue  # a shell does that for background jobs
            _previous[number] = signal.signal(number, _handle)
    if _previous and not _Waker.started:
        _Waker().start()


def uninstall_signal_handlers() -> None:
    """Restore the handlers that were there before."""
    if threading.current_thread() is threading.main_thread():
        while _previous:
            number, previous = _previous.popitem()
            if signal.getsignal(number) is _handle:  # nobody has installed another one since
                signal.signal(number, previous)


def _handle(number: int, frame) -> None:
    for context in Context.all():
        context.interrupt()
    previous = _previous.get(number)
    if callable(previous):
        previous(number, frame)  # Python's own handler of SIGINT raises KeyboardInterrupt


class _Waker(threading.Thread):
    """Wakes executors when a signal arrives.

    Python runs signal handlers between the bytecodes of the main thread, which may be waiting in
    the DDS library. But the interpreter writes a byte to this thread's pipe at once.
    """

    started = False

    def __init__(self) -> None:
        super().__init__(daemon=True, name="signals")
        _Waker.started = True
        self._read, write = os.pipe()
        os.set_blocking(write, False)
        signal.set_wakeup_fd(write, warn_on_full_buffer=False)

    def run(self) -> None:
        while os.read(self._read, 1):
            for context in Context.all():
                context.wake()
