# SPDX-License-Identifier: Apache-2.0
"""The service that runs launch descriptions."""

from __future__ import annotations

import asyncio
import itertools
import signal
import threading
import time
import traceback
from collections import deque
from contextlib import contextmanager
from typing import Callable, Coroutine, Iterator

from launch._process import CommandLine, Process
from launch.action import Action, Entities, LaunchDescriptionEntity
from launch.event import Event
from launch.event_handlers import EventHandler
from launch.events import Shutdown
from launch.launch_context import LaunchContext
from launch.logging import get_logger, open_log

_BOUNCE_S = 0.5  # one Ctrl-C can arrive twice, e.g. from the terminal and from `timeout`
_logger = get_logger("launch")


class LaunchService:
    """Visits launch descriptions, and runs until the last of their processes has ended."""

    def __init__(
        self, *, argv: list[str] | None = None, noninteractive: bool = False, debug: bool = False
    ) -> None:
        self.context = LaunchContext(argv=argv, noninteractive=noninteractive)
        self.context.service = self
        self._debug = debug
        self._descriptions: list[LaunchDescriptionEntity] = []
        self._handlers: list[tuple[EventHandler, Callable[[Entities], None]]] = []
        self._events: deque[Event] = deque()
        self._processes: list[Process] = []
        self._tasks: set[asyncio.Task] = set()
        self._until_shutdown: set[asyncio.Task] = set()
        self._numbers = itertools.count(1)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake = asyncio.Event()
        self._visiting = False
        self._signalled_at = 0.0
        self._failed = False

    def include_launch_description(self, launch_description: LaunchDescriptionEntity) -> None:
        self._descriptions.append(launch_description)

    def run(self, *, shutdown_when_idle: bool = True) -> int:
        """Run until everything has ended; return 0, or 1 if the launch failed."""
        return asyncio.run(self.run_async(shutdown_when_idle=shutdown_when_idle))

    async def run_async(self, *, shutdown_when_idle: bool = True) -> int:
        self._loop = asyncio.get_running_loop()
        if folder := open_log():
            _logger.info(f"All log files can be found below {folder}")
        with self._signals():
            self._guarded(lambda: self.context.visit(self._descriptions))
            while True:
                while self._events:
                    event = self._events.popleft()
                    self._guarded(lambda: self._handle(event))
                if not self._tasks and self.context.is_shutdown:
                    return int(self._failed)
                if not self._tasks and shutdown_when_idle:
                    self.emit_event(Shutdown(reason="idle"))
                await self._wake.wait()
                self._wake.clear()

    def shutdown(self) -> None:
        """End everything; any thread may call this."""
        self.emit_event(Shutdown(reason="LaunchService.shutdown() called"))

    def emit_event(self, event: Event) -> None:
        """Let an event be handled soon; any thread may call this."""
        self._events.append(event)
        if self._loop:
            self._loop.call_soon_threadsafe(self._wake.set)

    # Called by actions

    def add_handler(self, handler: EventHandler) -> None:
        self._handlers.append((handler, self.context.later()))

    def process_name(self, name: str) -> str:
        """Return a name with the number of the next process."""
        return f"{name}-{next(self._numbers)}"

    def start_process(
        self, action: Action, command: CommandLine, at_end: Callable[[], None]
    ) -> None:
        """Run an action's command; call `at_end` when it has ended for good."""
        process = Process(action, command, self)
        self._processes.append(process)

        async def run() -> None:
            try:
                await process.run()
            finally:
                self._processes.remove(process)
                at_end()

        self.spawn(run())

    def start_timer(self, delay_s: float, then: Callable[[], None]) -> Callable[[], object]:
        """Call `then` later, unless the launch ends first; return a function that cancels it."""

        async def wait() -> None:
            await asyncio.sleep(delay_s)
            self._guarded(then)

        return self.spawn(wait(), until_shutdown=True).cancel

    def spawn(self, coroutine: Coroutine, *, until_shutdown: bool = False) -> asyncio.Task:
        """Run a coroutine, which the end waits for, or which is cancelled at shutdown."""
        task = self._loop.create_task(coroutine)
        self._tasks.add(task)
        if until_shutdown:
            self._until_shutdown.add(task)
        task.add_done_callback(self._task_done)
        return task

    # Internal

    def _task_done(self, task: asyncio.Task) -> None:
        self._tasks.discard(task)
        self._until_shutdown.discard(task)
        if not task.cancelled() and task.exception():
            self._fail(task.exception())
        self._wake.set()

    def _handle(self, event: Event) -> None:
        if isinstance(event, Shutdown):
            if self.context.is_shutdown:
                return
            self.context.is_shutdown = True
            for task in self._until_shutdown:
                task.cancel()
            for process in self._processes:
                process.stop()
        for handler, visit in [*self._handlers]:
            if handler.matches(event):
                if handler.handle_once:
                    self._handlers = [h for h in self._handlers if h[0] is not handler]
                self.context.locals.event = event
                visit(handler.handle(event, self.context))

    def _guarded(self, work: Callable[[], None]) -> None:
        """Do work of a launch file; if it raises, end everything."""
        self._visiting = True
        try:
            work()
        except KeyboardInterrupt:
            self._on_signal(signal.SIGINT)
        except Exception as err:
            self._fail(err)
        finally:
            self._visiting = False

    def _fail(self, err: BaseException) -> None:
        self._failed = True
        hint = "" if self._debug else " (see debug for traceback)"
        _logger.error(f"Caught exception in launch{hint}: {err or type(err).__name__}")
        if self._debug:
            _logger.error("".join(traceback.format_exception(type(err), err, err.__traceback__)))
        self.emit_event(Shutdown(reason=f"Caught exception in launch: {err}"))

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """Let SIGINT, SIGTERM, SIGQUIT and SIGHUP end everything, if in the main thread."""

        def handler(number: int, frame) -> None:
            if self._visiting and number == signal.SIGINT:
                raise KeyboardInterrupt  # to leave a launch file that takes too long
            self._loop.call_soon_threadsafe(self._on_signal, signal.Signals(number))

        previous = {}
        if threading.current_thread() is threading.main_thread():
            numbers = [signal.SIGINT, signal.SIGTERM, signal.SIGQUIT]
            if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # it is ignored under nohup
                numbers.append(signal.SIGHUP)
            previous = {number: signal.signal(number, handler) for number in numbers}
        try:
            yield
        finally:
            for number, before in previous.items():
                signal.signal(number, before)

    def _on_signal(self, number: signal.Signals) -> None:
        now = time.monotonic()
        if not self._signalled_at:
            self._signalled_at = now
            ctrl_c = number == signal.SIGINT
            _logger.warning(
                "user interrupted with ctrl-c (SIGINT)"
                if ctrl_c
                else f"received {number.name}, shutting down"
            )
            self.emit_event(Shutdown(reason=number.name, due_to_sigint=ctrl_c))
        elif now - self._signalled_at > _BOUNCE_S:
            self._signalled_at = now
            _logger.warning(f"received {number.name} again, not waiting any longer")
            for process in self._processes:
                process.stop()
