# SPDX-License-Identifier: Apache-2.0
"""Services and clients, laid out on the wire as in rmw_cyclonedds.

Each request and response begins with 16 bytes: the client's identity and the number of its
request. The server sends them back.
"""

from __future__ import annotations

import itertools
import threading
import time
from functools import partial
from typing import Callable

from rosless.messages import serialize

from rclpy.qos import QoSProfile
from rclpy.subscription import Input
from rclpy.task import Future

_MATCH_S = 0.5  # for a client's second direction to be connected after the first
_MOST_CLIENTS = 10_000  # clients to remember that were answered before
# The first two bytes of an endpoint's GID are its vendor's number in the DDS standard.
_CYCLONE_DDS = b"\x01\x10"
_VENDORS = {b"\x01\x0f": "Fast DDS", b"\x01\x01": "Connext DDS"}


def _frame(identity: bytes, data: bytes) -> bytes:
    return data[:4] + identity + data[4:]


def _unframe(data: bytes) -> tuple[bytes, bytes]:
    # Fields are aligned to at most 8 bytes, so 16 bytes in front of them do not move them.
    return data[4:20], data[:4] + data[20:]


class _Endpoint(Input):
    """A reader of requests or responses, with a writer of the other."""

    def __init__(
        self,
        node,
        srv_type: type,
        srv_name: str,
        qos: QoSProfile,
        callback_group,
        reads: str,
        writes: str,
    ) -> None:
        self.srv_type, self.srv_name, self.qos_profile = srv_type, srv_name, qos
        self.service_name, self._context = srv_name, node.context
        topics = {"Request": f"rq{srv_name}Request", "Response": f"rr{srv_name}Reply"}
        super().__init__(node, topics[reads], f"{srv_type._TYPENAME}_{reads}", qos, callback_group)
        self.writer = node.context.participant.writer(
            topics[writes], f"{srv_type._TYPENAME}_{writes}", qos.to_dds()
        )

    def _write(self, identity: bytes, message) -> None:
        if not self.writer.write(_frame(identity, serialize(message))):
            self._logger.error(
                f"service {self.srv_name}: the other side is too slow, "
                f"a {type(message).__name__} was lost"
            )

    def destroy(self) -> None:
        super().destroy()
        self.writer.end()


class Service(_Endpoint):
    """Answers requests by calling `callback(request, response)`."""

    def __init__(self, node, srv_type, srv_name, callback: Callable, qos, callback_group) -> None:
        super().__init__(node, srv_type, srv_name, qos, callback_group, "Request", "Response")
        self.callback = callback
        self._answered: set[bytes] = set()  # identities of clients

    def _write(self, identity: bytes, message) -> None:
        """Write a response; the first one for a client waits until its reader is found.

        A client that has found this server may not have been found by it yet, and would miss the
        response. So wait, as in rmw_cyclonedds, until there are as many readers of responses as
        writers of requests.
        """
        client, end = identity[:8], time.monotonic() + _MATCH_S
        if client not in self._answered:
            while self.writer.matched() < self.reader.matched() and time.monotonic() < end:
                time.sleep(0.001)
            if len(self._answered) >= _MOST_CLIENTS:
                self._answered.clear()
            self._answered.add(client)
        super()._write(identity, message)

    def _call(self, data: bytes, info) -> Callable | None:
        identity, data = _unframe(data)
        request = self._deserialize(data, self.srv_type.Request)
        return None if request is None else partial(self._answer, identity, request)

    async def _answer(self, identity: bytes, request) -> None:
        response = self.callback(request, self.srv_type.Response())
        if hasattr(response, "__await__"):
            response = await response
        if not isinstance(response, self.srv_type.Response):
            raise TypeError(
                f"the callback of service {self.srv_name} must return a "
                f"{self.srv_type.__name__}.Response, not {response!r}"
            )
        if self._context.ok():
            self._write(identity, response)


class Client(_Endpoint):
    """Calls a service."""

    def __init__(self, node, srv_type, srv_name, qos, callback_group) -> None:
        super().__init__(node, srv_type, srv_name, qos, callback_group, "Response", "Request")
        self._node = node
        self._requests = f"rq{srv_name}Request"
        self._identity = self.writer.identity.to_bytes(8, "little")
        self._numbers = itertools.count(1)
        self._pending: dict[int, Future] = {}

    def call_async(self, request) -> Future:
        """Send a request; the future's result will be the response.

        Raises RuntimeError, and sends nothing, if the service runs on another DDS: Fast DDS takes
        our header for the length of an array, and may use up the memory of its machine.
        """
        if not isinstance(request, self.srv_type.Request):
            raise TypeError(f"Expected {self.srv_type.Request}, got {type(request)}")
        if theirs := self._other_vendor():
            raise RuntimeError(
                f"service {self.srv_name} runs on {theirs}, and this is Cyclone DDS, which share "
                "topics but not services: set RMW_IMPLEMENTATION=rmw_cyclonedds_cpp there"
            )
        number, future = next(self._numbers), Future(executor=self._node.executor)
        self._pending[number] = future
        future.add_done_callback(lambda _: self._pending.pop(number, None))
        self._write(self._identity + number.to_bytes(8, "little"), request)
        return future

    def call(self, request, timeout_sec: float | None = None):
        """Send a request and wait for the response, while another thread spins.

        Raises TimeoutError, or RuntimeError if the context is shut down meanwhile.
        """
        event = threading.Event()
        future = self.call_async(request)
        future.add_done_callback(lambda _: event.set())
        end = time.monotonic() + (float("inf") if timeout_sec is None else timeout_sec)
        while not event.wait(min(0.1, max(0.0, end - time.monotonic()))):
            if time.monotonic() >= end or not self._context.ok():
                self.remove_pending_request(future)
                if self._context.ok():
                    raise TimeoutError(
                        f"service {self.srv_name} did not answer in {timeout_sec} s"
                    )
                raise RuntimeError(f"shut down before service {self.srv_name} answered")
        return future.result()

    def remove_pending_request(self, future: Future) -> None:
        """Forget a request, so that its response is ignored."""
        for number in [n for n, f in list(self._pending.items()) if f is future]:
            self._pending.pop(number, None)

    def service_is_ready(self) -> bool:
        """Return whether a server is there, with both directions connected."""
        return self.writer.matched() > 0 and self.reader.matched() > 0

    def wait_for_service(self, timeout_sec: float | None = None) -> bool:
        """Wait until `service_is_ready`; return False if that takes over `timeout_sec` seconds."""
        end = time.monotonic() + (float("inf") if timeout_sec is None else timeout_sec)
        while self._context.ok() and not self.service_is_ready():
            if time.monotonic() >= end:
                return False
            time.sleep(0.02)
        return self._context.ok()

    def _other_vendor(self) -> str:
        """Return the name of another DDS that reads the requests, or "" if there is none."""
        return next(
            (
                _VENDORS.get(found.gid[:2], "another DDS")
                for found in self._context.participant.discovery.endpoints(writers=False)
                if found.topic == self._requests and found.gid[:2] != _CYCLONE_DDS
            ),
            "",
        )

    def _call(self, data: bytes, info) -> Callable | None:
        identity, data = _unframe(data)
        if identity[:8] != self._identity:
            return None  # every client of a service reads the responses for all
        future = self._pending.get(int.from_bytes(identity[8:], "little"))
        response = self._deserialize(data, self.srv_type.Response)
        return None if future is None or response is None else partial(future.set_result, response)


def service_topics(names_and_types: dict[str, set[str]]) -> list[tuple[str, list[str]]]:
    """Return the services among DDS topics, with their types, by their request topics."""
    return sorted(
        (name[2 : -len("Request")], sorted(t.removesuffix("_Request") for t in types))
        for name, types in names_and_types.items()
        if name.startswith("rq/") and name.endswith("Request")
    )
