# SPDX-License-Identifier: Apache-2.0
"""Action servers: each has three services and two topics, below `<name>/_action/`."""

from __future__ import annotations

import threading
import traceback
from contextlib import suppress
from enum import Enum
from typing import Any, Callable

from action_msgs.msg import GoalInfo, GoalStatus, GoalStatusArray

from rclpy.action.goal import GoalEvent, RCLError, ServerGoalHandle
from rclpy.exceptions import InvalidHandle
from rclpy.qos import QoSProfile, qos_profile_action_status_default, qos_profile_services_default
from rclpy.service import Service
from rclpy.time import Time


class GoalResponse(Enum):
    REJECT = 1
    ACCEPT = 2


class CancelResponse(Enum):
    REJECT = 1
    ACCEPT = 2


def default_goal_callback(goal_request) -> GoalResponse:
    """Accept all goals."""
    return GoalResponse.ACCEPT


def default_handle_accepted_callback(goal_handle: ServerGoalHandle) -> None:
    """Execute the goal at once."""
    goal_handle.execute()


def default_cancel_callback(goal_handle: ServerGoalHandle) -> CancelResponse:
    """Cancel nothing."""
    return CancelResponse.REJECT


class _Service(Service):
    """A service whose `callback(request, reply)` calls `reply(response)` at any time."""

    def _answer(self, identity: bytes, request):
        def reply(response) -> None:
            if self._context.ok():
                with suppress(InvalidHandle):  # it was destroyed meanwhile
                    self._write(identity, response)

        return self.callback(request, reply)


async def _outcome(callback: Callable, *args) -> Any:
    """Return what a callback returns, whether it is a function or a coroutine."""
    outcome = callback(*args)
    return await outcome if hasattr(outcome, "__await__") else outcome


class ActionServer:
    """Executes the goals that it accepts, by `execute_callback(goal_handle) -> Result`.

    `result_timeout` is the number of seconds for which a result is kept after its goal's end.
    """

    def __init__(
        self,
        node,
        action_type: type,
        action_name: str,
        execute_callback: Callable,
        *,
        callback_group=None,
        goal_callback: Callable = default_goal_callback,
        handle_accepted_callback: Callable = default_handle_accepted_callback,
        cancel_callback: Callable = default_cancel_callback,
        goal_service_qos_profile=qos_profile_services_default,
        result_service_qos_profile=qos_profile_services_default,
        cancel_service_qos_profile=qos_profile_services_default,
        feedback_pub_qos_profile=QoSProfile(depth=10),
        status_pub_qos_profile=qos_profile_action_status_default,
        result_timeout: float = 900,
    ) -> None:
        node._rcl_check_type(action_type, "Goal", "action")
        self.register_execute_callback(execute_callback)
        self.register_goal_callback(goal_callback)
        self.register_handle_accepted_callback(handle_accepted_callback)
        self.register_cancel_callback(cancel_callback)
        self._node, self.action_type, self._name = node, action_type, action_name
        self._logger = node.get_logger().get_child("action_server")
        self._lock = threading.RLock()
        self._goals: dict[bytes, ServerGoalHandle] = {}
        self._keep_ns = int(result_timeout * 1e9)
        group = callback_group or node.default_callback_group
        topic, impl = action_name + "/_action/", action_type.Impl
        self._feedback = node.create_publisher(
            impl.FeedbackMessage, topic + "feedback", feedback_pub_qos_profile
        )
        self._status = node.create_publisher(
            GoalStatusArray, topic + "status", status_pub_qos_profile
        )
        self._expiry = node.create_timer(
            max(0, result_timeout), self._expire, group, autostart=False
        )
        services = (
            ("send_goal", impl.SendGoalService, self._on_goal, goal_service_qos_profile),
            ("get_result", impl.GetResultService, self._on_result, result_service_qos_profile),
            ("cancel_goal", impl.CancelGoalService, self._on_cancel, cancel_service_qos_profile),
        )
        self._services = [
            self._create_service(srv_type, topic + name, callback, qos, group)
            for name, srv_type, callback, qos in services
        ]

    def _create_service(self, srv_type: type, name: str, callback: Callable, qos, group):
        name = self._node.resolve_service_name(name)
        service = _Service(self._node, srv_type, name, callback, qos, group)
        return self._node._rcl_add(self._node._rcl_services, service)

    # Callbacks of the user; None restores the default

    def register_goal_callback(self, goal_callback: Callable | None) -> None:
        """Accept the goals for which `goal_callback(goal)` returns GoalResponse.ACCEPT."""
        self._goal_callback = goal_callback or default_goal_callback

    def register_handle_accepted_callback(self, handle_accepted_callback: Callable | None) -> None:
        """Call `handle_accepted_callback(goal_handle)`, which executes a goal now or later."""
        self._accepted_callback = handle_accepted_callback or default_handle_accepted_callback

    def register_cancel_callback(self, cancel_callback: Callable | None) -> None:
        """Cancel if `cancel_callback(goal_handle)` returns CancelResponse.ACCEPT."""
        self._cancel_callback = cancel_callback or default_cancel_callback

    def register_execute_callback(self, execute_callback: Callable) -> None:
        """Execute goals by `execute_callback(goal_handle) -> Result`, maybe a coroutine."""
        if not callable(execute_callback):
            raise TypeError(
                f"Failed to register goal execution callback: {execute_callback!r} is not callable"
            )
        self._execute_callback = execute_callback

    # The life of a goal

    async def _on_goal(self, request, reply: Callable) -> None:
        key, info = bytes(request.goal_id.uuid), GoalInfo(goal_id=request.goal_id)
        accepted = False
        if key not in self._goals:
            answer = await _outcome(self._goal_callback, request.goal)
            accepted = answer == GoalResponse.ACCEPT
            if not isinstance(answer, GoalResponse):
                self._logger.warning(
                    "Goal request callback did not return a GoalResponse, but "
                    f"{answer!r}. Rejecting goal."
                )
        handle = ServerGoalHandle(self, info, request.goal)
        if accepted:
            info.stamp = self._node.get_clock().now().to_msg()
            with self._lock:
                self._goals[key] = handle
        reply(self.action_type.Impl.SendGoalService.Response(accepted=accepted, stamp=info.stamp))
        if accepted:
            await _outcome(self._accepted_callback, handle)

    def notify_execute(
        self, goal_handle: ServerGoalHandle, execute_callback: Callable | None
    ) -> None:
        """Let the executor execute a goal, outside any callback group."""
        if self._node.executor is None:
            raise RuntimeError(
                f"a goal of action {self._name} cannot be executed: its node is in no executor"
            )
        self._node.executor.create_task(
            self._execute, execute_callback or self._execute_callback, goal_handle
        )

    async def _execute(self, callback: Callable, handle: ServerGoalHandle) -> None:
        try:
            result = await _outcome(callback, handle)
        except Exception as err:
            result = self.action_type.Result()
            self._logger.error(f"Error raised in execute callback: {err}")
            traceback.print_exc()
        if handle.is_active:
            self._logger.warning(
                f"Goal state not set, assuming aborted. Goal ID: {handle.goal_id.uuid}"
            )
            handle.abort()
        if not isinstance(result, self.action_type.Result):
            raise TypeError(
                f"the execute callback of action {self._name} must return a "
                f"{self.action_type.__name__}.Result, not {result!r}"
            )
        handle._result.set_result(
            self.action_type.Impl.GetResultService.Response(status=handle.status, result=result)
        )

    def _on_result(self, request, reply: Callable) -> None:
        if handle := self._goals.get(bytes(request.goal_id.uuid)):
            handle._result.add_done_callback(lambda done: reply(done.result()))
        else:
            reply(
                self.action_type.Impl.GetResultService.Response(status=GoalStatus.STATUS_UNKNOWN)
            )

    async def _on_cancel(self, request, reply: Callable) -> None:
        response, chosen = self._to_cancel(request.goal_info)
        for handle in chosen:
            if await _outcome(self._cancel_callback, handle) == CancelResponse.ACCEPT:
                with suppress(RCLError):  # it has ended meanwhile
                    handle._update_state(GoalEvent.CANCEL_GOAL)
                    response.goals_canceling.append(handle._goal_info)
        reply(response)

    def _to_cancel(self, wanted: GoalInfo) -> tuple[Any, list[ServerGoalHandle]]:
        """Return the response so far, and the goals to cancel: one, all up to a time, or all."""
        response = self.action_type.Impl.CancelGoalService.Response()
        key, until = bytes(wanted.goal_id.uuid), Time.from_msg(wanted.stamp).nanoseconds
        with self._lock:
            goals = dict(self._goals)
        if any(key) and not until:
            if key not in goals:
                response.return_code = response.ERROR_UNKNOWN_GOAL_ID
            elif not goals[key]._can(GoalEvent.CANCEL_GOAL):
                response.return_code = response.ERROR_GOAL_TERMINATED
            else:
                return response, [goals[key]]
            return response, []
        return response, [
            goal
            for id_, goal in goals.items()
            if goal._can(GoalEvent.CANCEL_GOAL)
            and (
                not until
                or id_ == key
                or Time.from_msg(goal._goal_info.stamp).nanoseconds <= until
            )
        ]

    def _publish_status(self) -> None:
        self._status.publish(
            GoalStatusArray(
                status_list=[
                    GoalStatus(goal_info=goal._goal_info, status=goal.status)
                    for goal in self._goals.values()
                ]
            )
        )

    def _on_end(self, handle: ServerGoalHandle) -> None:
        handle._ended_ns = self._node.get_clock().now().nanoseconds
        if self._keep_ns >= 0 and self._expiry.is_canceled():
            self._expire_in(self._keep_ns)

    def _expire(self) -> None:
        """Forget the goals whose time is over; set the timer for the next one."""
        self._expiry.cancel()
        now = self._node.get_clock().now().nanoseconds
        with self._lock:
            ended = {
                key: goal._ended_ns + self._keep_ns - now
                for key, goal in self._goals.items()
                if not goal.is_active
            }
            for key, left in ended.items():
                if left <= 0:
                    self._goals.pop(key).destroy()
            if later := [left for left in ended.values() if left > 0]:
                self._expire_in(min(later))

    def _expire_in(self, nanoseconds: int) -> None:
        self._expiry.timer_period_ns = nanoseconds
        self._expiry.reset()

    def destroy(self) -> None:
        """Destroy the server; goals may go on being executed, but tell clients nothing more."""
        with self._lock:
            for goal in self._goals.values():
                goal.destroy()
        for service in self._services:
            self._node.destroy_service(service)
        for publisher in (self._feedback, self._status):
            self._node.destroy_publisher(publisher)
        self._node.destroy_timer(self._expiry)
