"""Executors: wait for messages, timers and tasks, and run their callbacks."""

from __future__ import annotations

import os
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import Callable

from rclpy.guard_condition import GuardCondition
from rclpy.task import Future, Task
from rclpy.utilities import get_default_context
from rosless import missing
from rosless.dds import WaitSet

_LONGEST_WAIT_NS = 10**18


class ExternalShutdownException(Exception):
    """Raised by `spin` when the context is shut down from outside, by SIGTERM for example."""

    def __init__(self) -> None:
        super().__init__("context was shut down")


class ShutdownException(Exception):
    """Raised by `spin_once` when this executor is shut down."""


class Executor:
    """Common part: what is waited for, and in which order it runs. `_run` is the difference."""

    def __init__(self, *, context=None) -> None:
        self.context = context or get_default_context()
        self._nodes: list = []
        self._tasks: deque[Task] = deque()
        self._ready: deque = deque()
        self._wake = GuardCondition(self.context)
        self._wait_set = WaitSet(self.context.participant.dds)
        self._wait_set.attach(self._wake.dds)
        self._attached: dict = {}  # entity -> its condition
        self._is_shutdown = False

    def add_node(self, node) -> bool:
        """Take care of a node's callbacks; False if it does already."""
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
        """Run a callable or coroutine in this executor."""
        task = Task(callback, args, executor=self)
        self._add_task(task)
        return task

    def _add_task(self, task: Task) -> None:
        self._tasks.append(task)
        self.wake()

    def wake(self) -> None:
        """Interrupt the current wait."""
        self._wake.trigger()

    def shutdown(self, timeout_sec: float | None = None) -> bool:
        """Stop; callbacks that run are not interrupted."""
        self._is_shutdown = True
        self.wake()
        for node in self.get_nodes():
            self.remove_node(node)
        return True

    def spin(self) -> None:
        """Run callbacks until shutdown. Raises ExternalShutdownException if that is a signal's."""
        while self.context.ok() and not self._is_shutdown:
            self.spin_once()
        if not self.context.ok() and not self._is_shutdown:
            raise ExternalShutdownException()

    def spin_once(self, timeout_sec: float | None = None) -> None:
        """Run one callback, or wait at most `timeout_sec` seconds for one (None: for ever)."""
        deadline = None if timeout_sec is None or timeout_sec < 0 else (
            time.monotonic_ns() + int(timeout_sec * 1e9))
        while not self._is_shutdown:
            if not self.context.ok():
                raise ExternalShutdownException()
            work = self._next_work()
            if work is not None:
                self._run(work)
                return
            remaining = None if deadline is None else max(0, deadline - time.monotonic_ns())
            self._collect(remaining)
            if not self._ready and not self._tasks and remaining == 0:
                return

    def spin_until_future_complete(self, future: Future, timeout_sec: float | None = None) -> None:
        """Run callbacks until the future is done, or `timeout_sec` are over."""
        future.add_done_callback(lambda _: self.wake())
        deadline = None if timeout_sec is None or timeout_sec < 0 else (
            time.monotonic() + timeout_sec)
        while self.context.ok() and not future.done() and not self._is_shutdown:
            remaining = None if deadline is None else deadline - time.monotonic()
            if remaining is not None and remaining <= 0:
                return
            self._spin_until(future, remaining)

    def spin_once_until_future_complete(self, future: Future,
                                        timeout_sec: float | None = None) -> None:
        """Like `spin_once`, and also returns when the future is done."""
        future.add_done_callback(lambda _: self.wake())
        self._spin_until(future, timeout_sec)

    def _spin_until(self, future: Future, timeout_sec: float | None) -> None:
        work = self._next_work()
        if work is None:
            self._collect(None if timeout_sec is None else max(0, int(timeout_sec * 1e9)))
            work = self._next_work()
        if work is not None:
            self._run(work)

    def _run(self, work: Callable[[], None]) -> None:
        raise NotImplementedError

    def _next_work(self) -> Callable[[], None] | None:
        """The next callback with its argument, taken now so that it is the newest."""
        if self._tasks:
            return self._tasks.popleft()
        while self._ready:
            entity = self._ready.popleft()
            if not entity.callback_group.beginning_execution(entity):
                continue
            call = entity._take()
            if call is not None:
                return self._work(entity, call)
            entity.callback_group.ending_execution(entity)
        return None

    def _work(self, entity, call: Callable) -> Callable[[], None]:
        # A plain callback runs as it is; a coroutine goes on as a task whenever it can.
        def work() -> None:
            try:
                Task(call, executor=self)()
            finally:
                entity.callback_group.ending_execution(entity)
        return work

    def _entities(self) -> list:
        return [e for node in list(self._nodes) for e in node._rcl_entities()
                if e.callback_group.can_execute(e)]

    def _collect(self, timeout_ns: int | None) -> None:
        """Wait, then list the entities that have something to do."""
        if self._tasks or self._ready:
            return
        entities = self._entities()
        timers = [e for e in entities if e.condition is None]
        readers = [e for e in entities if e.condition is not None]
        wanted = {e: e.condition for e in readers}
        for entity in [e for e in self._attached if e not in wanted]:
            self._wait_set.detach(self._attached.pop(entity))
        for entity, condition in wanted.items():
            if entity not in self._attached:
                self._wait_set.attach(condition)
                self._attached[entity] = condition
        waits = [t.time_until_next_call() for t in timers if not t.is_canceled()]
        waits = [w for w in waits if w is not None]
        if timeout_ns is not None:
            waits.append(timeout_ns)
        if self.context.ok() and not self._is_shutdown:
            self._wait_set.wait(max(0, min([*waits, _LONGEST_WAIT_NS])))
        self._wake.dds.take()
        self._ready.extend(t for t in timers if t.is_ready())
        self._ready.extend(e for e in readers if e.condition.triggered)

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

    def _run(self, work: Callable[[], None]) -> None:
        self._pool.submit(self._run_in_thread, work)
        if self._failures:
            raise self._failures.popleft()

    def _run_in_thread(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as err:
            self._failures.append(err)
            self.create_task(lambda: None)  # so that the spinning thread comes by and raises it
        self.wake()  # its group may be free now

    def shutdown(self, timeout_sec: float | None = None) -> bool:
        super().shutdown(timeout_sec)
        self._pool.shutdown(wait=timeout_sec is None)
        return True


__getattr__ = missing("rclpy.executors")
