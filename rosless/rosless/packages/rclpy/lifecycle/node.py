# SPDX-License-Identifier: Apache-2.0
"""Managed nodes."""

from __future__ import annotations

import traceback

from lifecycle_msgs import msg, srv
from rosless.state_machine import LifecycleState, StateMachine, TransitionStep

from rclpy.callback_groups import CallbackGroup
from rclpy.lifecycle.managed_entity import ManagedEntity, TransitionCallbackReturn
from rclpy.lifecycle.publisher import LifecyclePublisher
from rclpy.node import Node

_CALLBACKS = {
    "configuring": "on_configure",
    "cleaningup": "on_cleanup",
    "shuttingdown": "on_shutdown",
    "activating": "on_activate",
    "deactivating": "on_deactivate",
    "errorprocessing": "on_error",
}


class _ImpossibleTransition(RuntimeError):
    """Raised if the present state does not allow the transition."""


class LifecycleNodeMixin(ManagedEntity):
    """Makes a managed node of a `Node`; initialize it after the node.

    The default callbacks call those of the managed entities, until one does not succeed. If a
    callback raises, that counts as ERROR, which leads to `on_error` and from there to
    unconfigured (SUCCESS) or finalized.
    """

    def __init__(
        self,
        *,
        enable_communication_interface: bool = True,
        callback_group: CallbackGroup | None = None,
    ) -> None:
        """Initialize; `enable_communication_interface=False` leaves out the services."""
        self._state_machine = StateMachine()
        self._managed_entities: set[ManagedEntity] = set()
        self._rcl_transition_event = self.create_publisher(
            msg.TransitionEvent, "~/transition_event", 10
        )
        if not enable_communication_interface:
            return
        for kind, name, callback in (
            (srv.ChangeState, "change_state", self._rcl_on_change_state),
            (srv.GetState, "get_state", self._rcl_on_get_state),
            (srv.GetAvailableStates, "get_available_states", self._rcl_on_get_states),
            (
                srv.GetAvailableTransitions,
                "get_available_transitions",
                self._rcl_on_get_transitions,
            ),
            (srv.GetAvailableTransitions, "get_transition_graph", self._rcl_on_get_graph),
        ):
            self.create_service(kind, "~/" + name, callback, callback_group=callback_group)

    # Transitions: each returns the result of its callback, or raises RuntimeError

    def trigger_configure(self) -> TransitionCallbackReturn:
        return self._rcl_trigger(msg.Transition.TRANSITION_CONFIGURE)

    def trigger_cleanup(self) -> TransitionCallbackReturn:
        return self._rcl_trigger(msg.Transition.TRANSITION_CLEANUP)

    def trigger_activate(self) -> TransitionCallbackReturn:
        return self._rcl_trigger(msg.Transition.TRANSITION_ACTIVATE)

    def trigger_deactivate(self) -> TransitionCallbackReturn:
        return self._rcl_trigger(msg.Transition.TRANSITION_DEACTIVATE)

    def trigger_shutdown(self) -> TransitionCallbackReturn:
        return self._rcl_trigger("shutdown")

    def _rcl_trigger(self, transition: int | str) -> TransitionCallbackReturn:
        step = self._state_machine.find(transition)
        if step is None:
            possible = ", ".join(
                f"{s.label} [{s.transition_id}]" for s in self._state_machine.available_transitions
            )
            raise _ImpossibleTransition(
                f"No transition matching {transition} found for current state "
                f"{self._state_machine.state.label}; its transitions are: {possible or 'none'}"
            )
        self._rcl_enter(step)
        result = self._rcl_leave(initial=step.start)
        if result == TransitionCallbackReturn.ERROR:
            self._rcl_leave(initial=step.start)  # on_error
        return result

    def _rcl_enter(self, step: TransitionStep) -> None:
        self._state_machine.state = step.goal
        # As in rcl, the transition itself and its time stay empty.
        self._rcl_transition_event.publish(
            msg.TransitionEvent(start_state=_state(step.start), goal_state=_state(step.goal))
        )

    def _rcl_leave(self, initial: LifecycleState) -> TransitionCallbackReturn:
        """Call the callback of a transition state, and go on to the state that it leads to."""
        name = _CALLBACKS[self._state_machine.state.label]
        try:
            result = getattr(self, name)(initial)
        except Exception:
            self.get_logger().error(f"{name}() raised:\n{traceback.format_exc()}")
            result = TransitionCallbackReturn.ERROR
        self._rcl_enter(self._state_machine.find(_checked(result, name, self).to_label()))
        return result

    # Managed entities

    def add_managed_entity(self, entity: ManagedEntity) -> None:
        """Call an entity's callbacks on this node's transitions. Raises TypeError."""
        if not isinstance(entity, ManagedEntity):
            raise TypeError(f"Expected a rclpy.lifecycle.ManagedEntity instance, not {entity!r}")
        self._managed_entities.add(entity)

    def create_lifecycle_publisher(self, *args, **kwargs) -> LifecyclePublisher:
        """Return a new publisher that publishes only while this node is active.

        The arguments are those of `create_publisher`.
        """
        publisher = self.create_publisher(*args, **kwargs, publisher_class=LifecyclePublisher)
        self.add_managed_entity(publisher)
        return publisher

    def destroy_lifecycle_publisher(self, publisher: LifecyclePublisher) -> bool:
        self._managed_entities.discard(publisher)
        return self.destroy_publisher(publisher)

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        return self._rcl_of_entities("on_configure", state)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        return self._rcl_of_entities("on_cleanup", state)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        return self._rcl_of_entities("on_shutdown", state)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        return self._rcl_of_entities("on_activate", state)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        return self._rcl_of_entities("on_deactivate", state)

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        return self._rcl_of_entities("on_error", state)

    def _rcl_of_entities(self, name: str, state: LifecycleState) -> TransitionCallbackReturn:
        for entity in list(self._managed_entities):
            result = _checked(getattr(entity, name)(state), name, entity)
            if result != TransitionCallbackReturn.SUCCESS:
                return result
        return TransitionCallbackReturn.SUCCESS

    # Services

    def _rcl_on_change_state(self, request, response):
        asked = request.transition
        try:
            result = self._rcl_trigger(asked.label or asked.id)
            response.success = result == TransitionCallbackReturn.SUCCESS
        except _ImpossibleTransition as err:
            self.get_logger().warning(str(err))
        return response

    def _rcl_on_get_state(self, request, response):
        response.current_state = _state(self._state_machine.state)
        return response

    def _rcl_on_get_states(self, request, response):
        response.available_states = [_state(s) for s in self._state_machine.available_states]
        return response

    def _rcl_on_get_transitions(self, request, response):
        response.available_transitions = _descriptions(self._state_machine.available_transitions)
        return response

    def _rcl_on_get_graph(self, request, response):
        response.available_transitions = _descriptions(self._state_machine.transition_graph)
        return response


class LifecycleNode(LifecycleNodeMixin, Node):
    """A managed node; it takes the keyword arguments of `Node`."""

    def __init__(
        self, node_name: str, *, enable_communication_interface: bool = True, **kwargs
    ) -> None:
        Node.__init__(self, node_name, **kwargs)
        LifecycleNodeMixin.__init__(
            self, enable_communication_interface=enable_communication_interface
        )


def _checked(result, name: str, owner: object) -> TransitionCallbackReturn:
    if not isinstance(result, TransitionCallbackReturn):
        raise TypeError(
            f"{name}() of {owner!r} must return a TransitionCallbackReturn, such as "
            f"TransitionCallbackReturn.SUCCESS, not {result!r}"
        )
    return result


def _state(state: LifecycleState) -> msg.State:
    return msg.State(id=state.state_id, label=state.label)


def _descriptions(steps: list[TransitionStep]) -> list[msg.TransitionDescription]:
    return [
        msg.TransitionDescription(
            transition=msg.Transition(id=step.transition_id, label=step.label),
            start_state=_state(step.start),
            goal_state=_state(step.goal),
        )
        for step in steps
    ]
