# SPDX-License-Identifier: Apache-2.0
"""Executors: wait for messages, timers and tasks, and run their callbacks."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import Callable

from rosless.dds import DDSException

from rclpy.context import GuardCondition
from rclpy.task import Future, Task
from rclpy.utilities import get_default_context

_LONGEST_WAIT_NS = 5 * 10**9  # in case a wake-up is ever missed


class ExternalShutdownException(Exception):
    """Raised by `spin` when the context is shut down from outside, by SIGTERM for example."""

    def __init__(self) -> None:
        super().__init__("context was shut down")


class Executor:
    """Waits for work and decides its order; subclasses run it, in `_run`."""

    def __init__(self, *, context=None) -> None:
        self.context = context or get_default_context()
        self._nodes: list = []
        self._tasks: deque[Task] = deque()
        self._took_task = False  # and no callback, the last time
        self._ready: deque = deque()  # entities that have something to do
        self._queued: set = set()  # entities that wait for a thread
        self._wake = GuardCondition(self.context)
        self._wait_set = self.context.participant.wait_set()
        self._spinner: int | None = None  # the thread that spins
        self._is_shutdown = False

    def add_node(self, node) -> bool:
        """Run a node's callbacks from now on; return False if it does so already."""
        if node in self._nodes:
            return False
        self._nodes.append(node)
        node.executor = self
        self.wake()
        return True

    def remove_node(self, node) -> None:
        if node in self._nodes:
            self._nodes.remove(node)
            if node.executor is self:
                node.executor = None
            self.wake()

    def get_nodes(self) -> list:
        return list(self._nodes)

    def create_task(self, callback, *args) -> Task:
        """Run a callable or coroutine in this executor; return its task."""
        task = Task(callback, args, executor=self)
        self.resume(task)
        return task

    def resume(self, task: Task) -> None:
        """Run a task, or the rest of it, after the tasks that wait already."""
        self._tasks.append(task)
        self.wake()

    def wake(self) -> None:
        """Wake the thread that spins, if it is waiting."""
        if threading.get_ident() != self._spinner:
            self._wake.trigger()

    def shutdown(self, timeout_sec: float | None = None) -> bool:
        """Stop, without interrupting callbacks that are running."""
        self._is_shutdown = True
        self.wake()
        for node in self.get_nodes():
            self.remove_node(node)
        return True

    def spin(self) -> None:
        """Run callbacks until the context or the executor is shut down.

        Raises ExternalShutdownException if the context is shut down while this waits, for example
        by SIGTERM.
        """
        while self.context.ok() and not self._is_shutdown:
            self.spin_once()

    def spin_once(self, timeout_sec: float | None = None) -> None:
        """Run one callback, or wait at most `timeout_sec` seconds for one (None: forever)."""
        self._spin_once(timeout_sec, lambda: False)

    def spin_until_future_complete(self, future: Future, timeout_sec: float | None = None) -> None:
        """Run callbacks until the future is done, at most `timeout_sec` seconds."""
        end = None if timeout_sec is None or timeout_sec < 0 else time.monotonic() + timeout_sec
        future.add_done_callback(lambda _: self.wake())
        while self.context.ok() and not future.done() and not self._is_shutdown:
            left = None if end is None else max(0.0, end - time.monotonic())
            self._spin_once(left, future.done)
            if left == 0:
                return

    def spin_once_until_future_complete(
        self, future: Future, timeout_sec: float | None = None
    ) -> None:
        """Do the same as `spin_once`, but return also when the future is done."""
        future.add_done_callback(lambda _: self.wake())
        self._spin_once(timeout_sec, future.done)

    def _spin_once(self, timeout_sec: float | None, enough: Callable[[], bool]) -> None:
        if self._spinner is not None:
            raise RuntimeError(
                "this executor is spinning already: a callback must not spin, and "
                "each thread needs its own executor"
            )
        self._spinner = threading.get_ident()
        try:
            if work := self._wait_for_work(timeout_sec, enough):
                self._run(work)
        finally:
            self._spinner = None

    def _wait_for_work(
        self, timeout_sec: float | None, enough: Callable[[], bool]
    ) -> Callable[[], None] | None:
        end = (
            None
            if timeout_sec is None or timeout_sec < 0
            else (time.monotonic_ns() + int(timeout_sec * 1e9))
        )
        while not self._is_shutdown and not enough():
            if self._took_task and self._tasks and not self._ready:
                self._collect(0)  # else tasks that come all the time would keep all else waiting
            if work := self._next_work():
                return work
            left = _LONGEST_WAIT_NS if end is None else end - time.monotonic_ns()
            self._collect(max(0, left))
            if self._is_shutdown:
                return None
            if not self.context.ok():
                raise ExternalShutdownException()
            if left <= 0:
                return self._next_work()
        return None

    def _run(self, work: Callable[[], None]) -> None:
        raise NotImplementedError

    def _next_work(self) -> Callable[[], None] | None:
        """Return the next task or callback, in turns while there are both."""
        turn = not (self._took_task and self._ready)
        self._took_task = False
        if not (self._tasks and turn):
            while self._ready:
                entity = self._ready.popleft()
                if entity.callback_group.beginning_execution(entity):
                    self._queued.add(entity)
                    return lambda: self._execute(entity)
        if self._tasks:
            self._took_task = True
            return self._tasks.popleft()
        return None

    def _execute(self, entity) -> None:
        """Take a sample, as late as possible so that it is new, and call back."""

        def at_end() -> None:
            entity.callback_group.ending_execution(entity)
            self.wake()

        try:
            call = entity.take()
        except BaseException:  # else its group would be busy forever
            self._queued.discard(entity)
            at_end()
            raise
        self._queued.discard(entity)
        self.wake()
        if call is None:
            at_end()
        else:
            Task(call, executor=self, at_end=at_end)()

    def _collect(self, timeout_ns: int) -> None:
        """Wait, then note the entities that have something to do."""
        entities = [
            e
            for node in self.get_nodes()
            for e in node._rcl_entities()
            if e not in self._queued and e.callback_group.can_execute(e)
        ]
        timers = [e for e in entities if e.condition is None]
        readers = [e for e in entities if e.condition is not None]
        self._wait_set.keep({self._wake.dds, *(e.condition for e in readers)})
        waits = [left for t in timers if (left := t.time_until_next_call()) is not None]
        triggered = len(readers)
        try:
            triggered = self._wait_set.wait(min([timeout_ns, _LONGEST_WAIT_NS, *waits]))
            triggered -= self._wake.dds.take()
        except DDSException:
            if self.context.ok():
                raise
        # Mostly it is only a task, or a timer, that has come; to ask all readers takes longer.
        ready = timers if triggered <= 0 else [*timers, *readers]
        self._ready.extend(e for e in ready if e.ready())

    def __enter__(self) -> Executor:
        return self

    def __exit__(self, *_) -> None:
        self.shutdown()


class SingleThreadedExecutor(Executor):
    """Runs callbacks in the thread that spins."""

    def _run(self, work: Callable[[], None]) -> None:
        work()


class MultiThreadedExecutor(Executor):
    """Runs callbacks in a pool of threads."""

    def __init__(self, num_threads: int | None = None, *, context=None) -> None:
        super().__init__(context=context)
        self._pool = ThreadPoolExecutor(num_threads or max(2, os.cpu_count() or 2))
        self._failures: deque[BaseException] = deque()

    def _spin_once(self, timeout_sec: float | None, enough: Callable[[], bool]) -> None:
        try:
            super()._spin_once(timeout_sec, enough)
        except ExternalShutdownException:  # as in ROS 2
            pass

    def _run(self, work: Callable[[], None]) -> None:
        self._pool.submit(self._run_in_thread, work)
        if self._failures:
            raise self._failures.popleft()

    def _run_in_thread(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as err:
            self._failures.append(err)
            self.create_task(lambda: None)  # wakes the spinning thread, which then raises it

    def shutdown(self, timeout_sec: float | None = None) -> bool:
        super().shutdown(timeout_sec)
        self._pool.shutdown(wait=timeout_sec is None)
        return True
