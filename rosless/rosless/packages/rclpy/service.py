"""Services and clients, laid out on the wire as rmw_cyclonedds does.

Before the fields of a request or response stand 16 bytes: the client's identity and the number of
its request. The server sends them back.
"""

from __future__ import annotations

import itertools
import struct
import threading
import time
from functools import partial
from typing import Callable

from rclpy.qos import QoSProfile
from rclpy.subscription import Reader
from rclpy.task import Future
from rosless.interfaces import serialize

_HEADER = struct.Struct("<Qq")


def _frame(identity: bytes, data: bytes) -> bytes:
    return data[:4] + identity + data[4:]


def _unframe(data: bytes) -> tuple[bytes, bytes]:
    # Fields are aligned to at most 8 bytes from their start, so 16 in front do not move them.
    return data[4:20], data[:4] + data[20:]


class _Endpoint(Reader):
    """A reader of one direction, and a writer of the other."""

    def __init__(self, node, srv_type: type, srv_name: str, qos: QoSProfile, callback_group,
                 reads: str, writes: str) -> None:
        self.srv_type, self.srv_name, self.qos_profile = srv_type, srv_name, qos
        self.service_name = srv_name
        topics = {"Request": f"rq{srv_name}Request", "Response": f"rr{srv_name}Reply"}
        super().__init__(node, topics[reads], f"{srv_type._typename}_{reads}", qos, callback_group)
        self._context = node.context
        self.writer = node.context.participant.writer(
            topics[writes], f"{srv_type._typename}_{writes}", qos.to_dds())

    def destroy(self) -> None:
        super().destroy()
        self.writer.dds._delete(self.writer.dds._ref)


class Service(_Endpoint):
    """Answers requests by calling `callback(request, response)`."""

    def __init__(self, node, srv_type, srv_name, callback: Callable, qos, callback_group) -> None:
        super().__init__(node, srv_type, srv_name, qos, callback_group, "Request", "Response")
        self.callback = callback

    def _take(self) -> Callable | None:
        sample = self._take_sample()
        if sample is None:
            return None
        identity, data = _unframe(sample.raw)
        request = self._deserialize(data, self.srv_type.Request)
        return None if request is None else partial(self._answer, identity, request)

    async def _answer(self, identity: bytes, request) -> None:
        response = self.callback(request, self.srv_type.Response())
        if hasattr(response, "__await__"):
            response = await response
        if not isinstance(response, self.srv_type.Response):
            raise TypeError(f"the callback of service {self.srv_name} must return a "
                            f"{self.srv_type.__name__}.Response, not {response!r}")
        if self._context.ok():
            self.writer.write(_frame(identity, serialize(response)))


class Client(_Endpoint):
    """Calls a service."""

    def __init__(self, node, srv_type, srv_name, qos, callback_group) -> None:
        super().__init__(node, srv_type, srv_name, qos, callback_group, "Response", "Request")
        self._node = node
        self._guid = self.writer.dds.get_instance_handle() & (2**64 - 1)
        self._numbers = itertools.count(1)
        self._pending: dict[int, Future] = {}
        self._lock = threading.Lock()

    def call_async(self, request) -> Future:
        """Send a request; the future's result will be the response."""
        if not isinstance(request, self.srv_type.Request):
            raise TypeError(f"Expected {self.srv_type.Request}, got {type(request)}")
        future = Future(executor=self._node.executor)
        with self._lock:
            number = next(self._numbers)
            self._pending[number] = future
        future.add_done_callback(lambda _: self._pending.pop(number, None))
        self.writer.write(_frame(_HEADER.pack(self._guid, number), serialize(request)))
        return future

    def call(self, request, timeout_sec: float | None = None):
        """Send a request and wait for the response, while another thread spins."""
        event = threading.Event()
        future = self.call_async(request)
        future.add_done_callback(lambda _: event.set())
        if not event.wait(timeout_sec):
            self.remove_pending_request(future)
            raise TimeoutError(f"service {self.srv_name} did not answer in {timeout_sec} s")
        return future.result()

    def remove_pending_request(self, future: Future) -> None:
        """Forget a request whose answer is no longer wanted."""
        with self._lock:
            self._pending = {n: f for n, f in self._pending.items() if f is not future}

    def service_is_ready(self) -> bool:
        """Whether a server is there, and both its directions are connected."""
        return bool(self.writer.dds.get_matched_subscriptions()
                    and self.dds.get_matched_publications())

    def wait_for_service(self, timeout_sec: float | None = None) -> bool:
        """Wait until `service_is_ready`; False if that took longer than `timeout_sec`."""
        deadline = None if timeout_sec is None else time.monotonic() + timeout_sec
        while self._context.ok() and not self.service_is_ready():
            if deadline is not None and time.monotonic() >= deadline:
                return False
            time.sleep(0.02)
        return self._context.ok()

    def _take(self) -> Callable | None:
        sample = self._take_sample()
        if sample is None:
            return None
        identity, data = _unframe(sample.raw)
        guid, number = _HEADER.unpack(identity)
        if guid != self._guid:
            return None  # every client of a service reads all its answers
        with self._lock:
            future = self._pending.get(number)
        response = self._deserialize(data, self.srv_type.Response)
        return None if future is None or response is None else partial(future.set_result, response)


def service_topics(names_and_types: dict[str, set[str]]) -> dict[str, set[str]]:
    """Services (name -> types) among DDS topics, by their request topics."""
    return {name[2:-len("Request")]: {t.removesuffix("_Request") for t in types}
            for name, types in names_and_types.items()
            if name.startswith("rq/") and name.endswith("Request")}


