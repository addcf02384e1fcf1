# SPDX-License-Identifier: Apache-2.0
"""The action that starts a managed node.

Modules that need messages or DDS are imported where they are used: they take long to load, and
most launch files have no managed nodes.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Callable

from launch.event import Event
from launch.event_handlers import EventHandler, OnProcessExit
from launch.launch_context import LaunchContext
from launch.logging import get_logger
from launch.some_substitutions_type import SomeSubstitutionsType

from launch_ros.actions.node import Node

if TYPE_CHECKING:
    from launch_ros.events.lifecycle import ChangeState

_POLL_S = 0.05
_logger = get_logger("launch_ros.actions.lifecycle_node")


class LifecycleNode(Node):
    """Starts a managed node and leads it through transitions.

    It handles `ChangeState` events, one after the other, and emits `StateTransition` events.
    """

    def __init__(
        self, *, name: SomeSubstitutionsType, namespace: SomeSubstitutionsType, **of_node: Any
    ) -> None:
        super().__init__(name=name, namespace=namespace, **of_node)
        self._turn = asyncio.Lock()
        self._waiting: set[asyncio.Task] = set()
        self._answer: asyncio.Future | None = None
        self._left_behind: set[bytes] = set()
        self._ended = False

    def make_argv(self, context: LaunchContext) -> tuple[list[str], str, Callable[[], None]]:
        argv, exec_name, at_end = super().make_argv(context)

        def end() -> None:
            at_end()
            self._ended = True
            for task in self._waiting:
                task.cancel()

        return argv, exec_name, end

    def execute(self, context: LaunchContext) -> None:
        super().execute(context)
        if context.is_shutdown:
            return
        from lifecycle_msgs import msg, srv

        from launch_ros._ros_node import ros_node
        from launch_ros.events.lifecycle import ChangeState, StateTransition

        ros, service = ros_node(context), context.service
        ros.create_subscription(
            msg.TransitionEvent,
            f"{self.node_name}/transition_event",
            lambda event: service.emit_event(StateTransition(action=self, msg=event)),
            10,
        )
        self._client = ros.create_client(srv.ChangeState, f"{self.node_name}/change_state")
        self._ros = ros
        service.add_handler(
            EventHandler(
                matcher=lambda event: (
                    isinstance(event, ChangeState) and event.lifecycle_node_matcher(self)
                ),
                entities=self._on_change_state,
            )
        )
        service.add_handler(OnProcessExit(target_action=self, on_exit=self._note_exit))

    def _on_change_state(self, event: ChangeState, context: LaunchContext) -> None:
        if context.is_shutdown or self._ended:
            self._give_up(context)
            return
        task = context.service.spawn(self._change_state(event, context), until_shutdown=True)
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)

    def _give_up(self, context: LaunchContext) -> None:
        why = "due to shutdown" if context.is_shutdown else "since its process has ended"
        _logger.warning(f"Abandoning wait for the '{self._client.srv_name}' service, {why}.")

    async def _change_state(self, event: ChangeState, context: LaunchContext) -> None:
        try:
            async with self._turn:
                while not self._is_served():
                    await asyncio.sleep(_POLL_S)
                success = await self._ask(event.transition_id)
        except asyncio.CancelledError:
            self._give_up(context)
            raise
        if not success:
            name = event.valid_transitions[event.transition_id]
            _logger.error(
                f"Failed to make transition '{name}' for LifecycleNode '{self.node_name}'"
            )

    async def _ask(self, transition_id: int) -> bool:
        """Return whether the node made the transition; False also if its process has ended."""
        loop = asyncio.get_running_loop()
        answer = self._answer = loop.create_future()
        request = self._client.srv_type.Request()
        request.transition.id = transition_id
        try:
            asked = self._client.call_async(request)
        except RuntimeError as err:  # the node runs on another DDS
            _logger.error(str(err))
            return False
        asked.add_done_callback(
            lambda future: loop.call_soon_threadsafe(_settle, answer, future.result().success)
        )
        return await answer

    def _note_exit(self, event: Event, context: LaunchContext) -> None:
        """Note that what DDS still shows of the process is dead.

        If the process was killed, DDS takes 10 s to find that out.
        """
        if not context.is_shutdown:
            self._left_behind = set().union(*self._servers())
            if self._answer is not None:
                _settle(self._answer, False)

    def _is_served(self) -> bool:
        return self._client.service_is_ready() and (
            not self._left_behind or all(side - self._left_behind for side in self._servers())
        )

    def _servers(self) -> tuple[set[bytes], set[bytes]]:
        """Return the gids that read requests and that write responses, by their DDS topics.

        On another middleware there are none: what a process left behind then counts as alive.
        """
        name = self._client.srv_name
        found = (
            self._ros.get_subscriptions_info_by_topic(f"rq{name}Request", no_mangle=True),
            self._ros.get_publishers_info_by_topic(f"rr{name}Reply", no_mangle=True),
        )
        readers, writers = ({bytes(info.endpoint_gid) for info in side} for side in found)
        return readers, writers


def _settle(answer: asyncio.Future, success: bool) -> None:
    if not answer.done():
        answer.set_result(success)
