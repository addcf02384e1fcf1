# SPDX-License-Identifier: Apache-2.0
"""Futures, and tasks that an executor runs."""

from __future__ import annotations

import inspect
import threading
import warnings
from typing import Any, Callable


class Future:
    """A result that will come later; callbacks that are coroutines can await it."""

    def __init__(self, *, executor=None) -> None:
        self._executor = executor
        self._lock = threading.Lock()
        self._done = self._cancelled = False
        self._result: Any = None
        self._exception: BaseException | None = None
        self._callbacks: list[Callable[[Future], None]] = []

    def done(self) -> bool:
        return self._done

    def cancelled(self) -> bool:
        return self._cancelled

    def cancel(self) -> None:
        self._finish(cancelled=True)

    def result(self) -> Any:
        """Return the result, or None if there is none yet; raise the exception if there is one."""
        if self._exception is not None:
            raise self._exception
        return self._result

    def exception(self) -> BaseException | None:
        return self._exception

    def set_result(self, result: Any) -> None:
        self._finish(result=result)

    def set_exception(self, exception: BaseException) -> None:
        self._finish(exception=exception)

    def add_done_callback(self, callback: Callable[[Future], None]) -> None:
        """Call `callback(self)` when done, in the executor if the future has one."""
        with self._lock:
            if not self._done:
                self._callbacks.append(callback)
                return
        self._call(callback)

    def _finish(
        self, result: Any = None, exception: BaseException | None = None, cancelled: bool = False
    ) -> None:
        with self._lock:
            if self._done:
                return
            self._result, self._exception, self._cancelled = result, exception, cancelled
            self._done = True
            callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            self._call(callback)

    def _call(self, callback: Callable[[Future], None]) -> None:
        if self._executor is not None:
            self._executor.create_task(callback, self)
        else:
            try:
                callback(self)
            except Exception as err:  # there may be more callbacks
                warnings.warn(f"Unhandled exception in done callback: {err!r}", stacklevel=2)

    def __await__(self):
        while not self._done:
            yield self
        return self.result()


class Task(Future):
    """A callable or coroutine that an executor runs; its return value is the result.

    `at_end` is called as soon as it has ended.
    """

    def __init__(
        self,
        handler: Callable,
        args: tuple = (),
        *,
        executor=None,
        at_end: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(executor=executor)
        self._handler, self._args, self._at_end = handler, args, at_end
        self._coroutine = handler if inspect.iscoroutine(handler) else None

    def __call__(self) -> None:
        """Run until the end, or until it awaits a future, which then schedules the rest."""
        if self._done:  # cancelled
            return
        try:
            if self._coroutine is None:
                result = self._handler(*self._args)
                if not inspect.iscoroutine(result):
                    self.set_result(result)
                    return
                self._coroutine = result
            awaited = self._coroutine.send(None)
            if isinstance(awaited, Future):
                awaited.add_done_callback(lambda _: self._executor.resume(self))
            else:  # a bare yield, as asyncio.sleep(0): others have their turn first
                self._executor.resume(self)
        except StopIteration as stop:
            self.set_result(stop.value)
        except BaseException as err:
            self.set_exception(err)
            raise

    def _finish(self, **outcome: Any) -> None:
        super()._finish(**outcome)
        at_end, self._at_end = self._at_end, lambda: None
        at_end()
