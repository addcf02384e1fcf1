# SPDX-License-Identifier: Apache-2.0
"""Action clients."""

from __future__ import annotations

import threading
import time
import uuid
import weakref
from functools import partial
from typing import Any, Callable

from action_msgs.msg import GoalStatus, GoalStatusArray
from action_msgs.srv import CancelGoal
from unique_identifier_msgs.msg import UUID

from rclpy.qos import QoSProfile, qos_profile_action_status_default, qos_profile_services_default
from rclpy.task import Future, Task


class ClientGoalHandle:
    """A goal that was sent, with its status. Only ActionClient makes these."""

    def __init__(self, action_client: ActionClient, goal_id: UUID) -> None:
        self._action_client, self._goal_id = action_client, goal_id
        self._response: Any = None
        self._status = GoalStatus.STATUS_UNKNOWN

    goal_id = property(lambda self: self._goal_id)
    stamp = property(lambda self: self._response.stamp)
    accepted = property(lambda self: self._response.accepted)
    status = property(lambda self: self._status)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ClientGoalHandle) and self.goal_id == other.goal_id

    __hash__ = None

    def __repr__(self) -> str:
        return (
            f"ClientGoalHandle <id={self.goal_id.uuid}, accepted={self.accepted}, "
            f"status={self.status}>"
        )

    def get_result_async(self) -> Future:
        """Request the result; the future's result will have `status` and `result`."""
        return self._action_client._get_result_async(self)

    def get_result(self):
        """Request the result, and wait for it while another thread spins."""
        return self._action_client._wait(self.get_result_async())

    def cancel_goal_async(self) -> Future:
        """Request to cancel the goal; the future's result will be a CancelGoal.Response."""
        return self._action_client._cancel_goal_async(self)

    def cancel_goal(self) -> CancelGoal.Response:
        """Request to cancel the goal, and wait for the answer while another thread spins."""
        return self._action_client._wait(self.cancel_goal_async())


class ActionClient:
    """Sends goals to an action server."""

    def __init__(
        self,
        node,
        action_type: type,
        action_name: str,
        *,
        callback_group=None,
        goal_service_qos_profile=qos_profile_services_default,
        result_service_qos_profile=qos_profile_services_default,
        cancel_service_qos_profile=qos_profile_services_default,
        feedback_sub_qos_profile=QoSProfile(depth=10),
        status_sub_qos_profile=qos_profile_action_status_default,
    ) -> None:
        node._rcl_check_type(action_type, "Goal", "action")
        self._node, self._action_type, self._action_name = node, action_type, action_name
        # A goal's status can arrive before its acceptance, so it gets its handle when it is sent.
        self._handles: weakref.WeakValueDictionary[bytes, ClientGoalHandle] = (
            weakref.WeakValueDictionary()
        )
        self._feedback_callbacks: dict[bytes, Callable] = {}
        topic, impl = action_name + "/_action/", action_type.Impl
        # Topics first: discovery tells others in this order, so a server that can answer us
        # already knows that we subscribe to its feedback.
        self._subscriptions = [
            node.create_subscription(
                kind, topic + name, callback, qos, callback_group=callback_group
            )
            for kind, name, callback, qos in (
                (impl.FeedbackMessage, "feedback", self._on_feedback, feedback_sub_qos_profile),
                (GoalStatusArray, "status", self._on_status, status_sub_qos_profile),
            )
        ]
        self._goal, self._result, self._cancel = self._clients = [
            node.create_client(srv, topic + name, qos_profile=qos, callback_group=callback_group)
            for srv, name, qos in (
                (impl.SendGoalService, "send_goal", goal_service_qos_profile),
                (impl.GetResultService, "get_result", result_service_qos_profile),
                (impl.CancelGoalService, "cancel_goal", cancel_service_qos_profile),
            )
        ]
        self._result.take = self._after_feedback(self._result.take)

    def send_goal_async(
        self, goal, feedback_callback: Callable | None = None, goal_uuid: UUID | None = None
    ) -> Future:
        """Send a goal; the future's result will be its ClientGoalHandle, accepted or not.

        `feedback_callback(message)` gets `message.feedback` until the result arrives.
        """
        if not isinstance(goal, self._action_type.Goal):
            raise TypeError(f"Expected {self._action_type.__name__}.Goal, got {goal!r}")
        goal_id = goal_uuid or UUID(uuid=list(uuid.uuid4().bytes))
        handle, key = ClientGoalHandle(self, goal_id), bytes(goal_id.uuid)
        self._handles.setdefault(key, handle)
        if feedback_callback is not None:
            self._feedback_callbacks[key] = feedback_callback
        future = Future(executor=self._node.executor)

        def answered(done: Future) -> None:
            handle._response = done.result()
            if not handle.accepted:
                self._feedback_callbacks.pop(key, None)
            future.set_result(handle)

        self._goal.call_async(
            self._action_type.Impl.SendGoalService.Request(goal_id=goal_id, goal=goal)
        ).add_done_callback(answered)
        return future

    def send_goal(self, goal, **kwargs):
        """Send a goal and wait for its result, while another thread spins."""
        return self._wait(self.send_goal_async(goal, **kwargs)).get_result()

    def _get_result_async(self, handle: ClientGoalHandle) -> Future:
        future = self._result.call_async(
            self._action_type.Impl.GetResultService.Request(goal_id=handle.goal_id)
        )
        future.add_done_callback(
            lambda _: self._feedback_callbacks.pop(bytes(handle.goal_id.uuid), None)
        )
        return future

    def _after_feedback(self, take: Callable) -> Callable:
        """Let feedback that arrived before a result be called back before that result.

        Both have the same callback group, so nothing else in it runs meanwhile.
        """

        def call_after(call: Callable) -> None:
            while self._subscriptions[0].ready():
                if told := self._subscriptions[0].take():
                    Task(told, executor=self._node.executor)()
            call()

        def take_result() -> Callable | None:
            call = take()
            return call and partial(call_after, call)

        return take_result

    def _cancel_goal_async(self, handle: ClientGoalHandle) -> Future:
        request = CancelGoal.Request()
        request.goal_info.goal_id = handle.goal_id
        return self._cancel.call_async(request)

    def _wait(self, future: Future):
        event = threading.Event()
        future.add_done_callback(lambda _: event.set())
        while not event.wait(0.1):
            if not self._node.context.ok():
                raise RuntimeError(f"shut down before action {self._action_name} answered")
        return future.result()

    def _on_feedback(self, message):
        callback = self._feedback_callbacks.get(bytes(message.goal_id.uuid))
        return callback and callback(message)

    def _on_status(self, message: GoalStatusArray) -> None:
        for status in message.status_list:
            if handle := self._handles.get(bytes(status.goal_info.goal_id.uuid)):
                handle._status = status.status

    def server_is_ready(self) -> bool:
        """Return whether a server is there, with all its services and topics connected."""
        return all(client.service_is_ready() for client in self._clients) and all(
            one.get_publisher_count() > 0 for one in self._subscriptions
        )

    def wait_for_server(self, timeout_sec: float | None = None) -> bool:
        """Wait until `server_is_ready`; return False if that takes over `timeout_sec` seconds."""
        end = time.monotonic() + (float("inf") if timeout_sec is None else timeout_sec)
        while self._node.context.ok() and not self.server_is_ready():
            if time.monotonic() >= end:
                return False
            time.sleep(0.02)
        return self._node.context.ok()

    def destroy(self) -> None:
        for client in self._clients:
            self._node.destroy_client(client)
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)
