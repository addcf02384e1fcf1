# SPDX-License-Identifier: Apache-2.0
"""What a node has: publishers, subscriptions, services, clients and timers."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import Callable

from rosless.dds.graph import NodeInfo

from rclpy.callback_groups import (
    CallbackGroup,
    MutuallyExclusiveCallbackGroup,
    ReentrantCallbackGroup,
)
from rclpy.clock import Clock
from rclpy.publisher import Publisher
from rclpy.qos import qos_profile as profile_of
from rclpy.qos import qos_profile_services_default
from rclpy.qos_overriding_options import overridden
from rclpy.service import Client, Service
from rclpy.subscription import Subscription
from rclpy.timer import Rate, Timer


class Entities:
    """Creates and destroys a node's entities, and shows them to the graph. Mixed into Node."""

    def _rcl_init_entities(self) -> None:
        self._rcl_lock = threading.RLock()
        self._rcl_announced = False  # Node.__init__ announces everything once, at its end
        self._rcl_publishers: list[Publisher] = []
        self._rcl_subscriptions: list[Subscription] = []
        self._rcl_services: list[Service] = []
        self._rcl_clients: list[Client] = []
        self._rcl_timers: list[Timer] = []
        self.default_callback_group = MutuallyExclusiveCallbackGroup()
        self._rcl_rate_group = ReentrantCallbackGroup()

    publishers = property(lambda self: iter(self._rcl_publishers))
    subscriptions = property(lambda self: iter(self._rcl_subscriptions))
    services = property(lambda self: iter(self._rcl_services))
    clients = property(lambda self: iter(self._rcl_clients))
    timers = property(lambda self: iter(self._rcl_timers))

    def create_publisher(
        self,
        msg_type,
        topic: str,
        qos_profile,
        *,
        callback_group=None,
        event_callbacks=None,
        qos_overriding_options=None,
        publisher_class: type[Publisher] = Publisher,
    ) -> Publisher:
        """Return a new publisher on a topic; `qos_profile` is one, or a history depth."""
        self._rcl_lacks(event_callbacks=event_callbacks)
        self._rcl_check_type(msg_type, "_FIELDS", "message")
        name = self.resolve_topic_name(topic)
        profile = profile_of(qos_profile)
        profile = overridden(self, "publisher", name, profile, qos_overriding_options)
        return self._rcl_add(self._rcl_publishers, publisher_class(self, msg_type, name, profile))

    def create_subscription(
        self,
        msg_type,
        topic: str,
        callback: Callable,
        qos_profile,
        *,
        callback_group: CallbackGroup | None = None,
        event_callbacks=None,
        qos_overriding_options=None,
        raw: bool = False,
    ) -> Subscription:
        """Call `callback(message)` for each message; `qos_profile` is one, or a history depth."""
        self._rcl_lacks(event_callbacks=event_callbacks)
        self._rcl_check_type(msg_type, "_FIELDS", "message")
        name = self.resolve_topic_name(topic)
        profile = profile_of(qos_profile)
        profile = overridden(self, "subscription", name, profile, qos_overriding_options)
        return self._rcl_add(
            self._rcl_subscriptions,
            Subscription(
                self,
                msg_type,
                name,
                callback,
                profile,
                callback_group or self.default_callback_group,
                raw,
            ),
        )

    def create_service(
        self,
        srv_type,
        srv_name: str,
        callback: Callable,
        *,
        qos_profile=qos_profile_services_default,
        callback_group: CallbackGroup | None = None,
    ) -> Service:
        """Answer each request with what `callback(request, response)` returns."""
        self._rcl_check_type(srv_type, "Request", "service")
        return self._rcl_add(
            self._rcl_services,
            Service(
                self,
                srv_type,
                self.resolve_service_name(srv_name),
                callback,
                qos_profile,
                callback_group or self.default_callback_group,
            ),
        )

    def create_client(
        self,
        srv_type,
        srv_name: str,
        *,
        qos_profile=qos_profile_services_default,
        callback_group: CallbackGroup | None = None,
    ) -> Client:
        """Return a new client of a service."""
        self._rcl_check_type(srv_type, "Request", "service")
        return self._rcl_add(
            self._rcl_clients,
            Client(
                self,
                srv_type,
                self.resolve_service_name(srv_name),
                qos_profile,
                callback_group or self.default_callback_group,
            ),
        )

    def create_timer(
        self,
        timer_period_sec: float,
        callback: Callable | None,
        callback_group: CallbackGroup | None = None,
        clock: Clock | None = None,
        autostart: bool = True,
    ) -> Timer:
        """Call `callback()` once a period."""
        return self._rcl_add(
            self._rcl_timers,
            Timer(
                callback,
                callback_group or self.default_callback_group,
                int(timer_period_sec * 1e9),
                clock or self._rcl_clock,
                self._rcl_wake,
                autostart,
            ),
        )

    def create_rate(self, frequency: float, clock: Clock | None = None) -> Rate:
        """Return a rate, whose `sleep()` returns `frequency` times a second. Raises ValueError."""
        if frequency <= 0:
            raise ValueError(f"frequency must be > 0, not {frequency}")
        return Rate(
            self.create_timer(1 / frequency, None, self._rcl_rate_group, clock), self._rcl_context
        )

    @staticmethod
    def _rcl_lacks(**features) -> None:
        for name, value in features.items():
            if value is not None:
                raise NotImplementedError(f"rosless has no {name}=...; a full ROS 2 has it")

    @staticmethod
    def _rcl_check_type(cls, attribute: str, kind: str) -> None:
        if not isinstance(cls, type) or not hasattr(cls, attribute):
            raise TypeError(f"{cls!r} is not a {kind} class")

    def _rcl_add(self, entities: list, entity):
        with self._rcl_lock:
            entities.append(entity)
        self._rcl_announce()
        self._rcl_wake()
        return entity

    def _rcl_wake(self) -> None:
        if self.executor is not None:
            self.executor.wake()

    def _rcl_entities(self) -> list:
        with self._rcl_lock:  # answers before topics: a goal is accepted before its feedback comes
            return [
                *self._rcl_timers,
                *self._rcl_clients,
                *self._rcl_subscriptions,
                *self._rcl_services,
            ]

    def _rcl_announce(self) -> None:
        """Show this node and its entities to the graph."""
        if not self._rcl_announced:
            return
        with self._rcl_lock, suppress(RuntimeError):  # its context may have left already
            both = *self._rcl_services, *self._rcl_clients
            self._rcl_context.participant.graph.announce(
                self,
                NodeInfo(
                    self._rcl_name,
                    self._rcl_namespace,
                    {e.reader.gid for e in (*self._rcl_subscriptions, *both)},
                    {e.writer.gid for e in (*self._rcl_publishers, *both)},
                ),
            )

    # Endings

    def _rcl_destroy(self, entities: list, entity) -> bool:
        with self._rcl_lock:
            if entity not in entities:
                return False
            entities.remove(entity)
        self._rcl_announce()
        self._rcl_wake()
        if hasattr(entity, "destroy"):
            entity.destroy()
        return True

    def destroy_publisher(self, publisher: Publisher) -> bool:
        return self._rcl_destroy(self._rcl_publishers, publisher)

    def destroy_subscription(self, subscription: Subscription) -> bool:
        return self._rcl_destroy(self._rcl_subscriptions, subscription)

    def destroy_service(self, service: Service) -> bool:
        return self._rcl_destroy(self._rcl_services, service)

    def destroy_client(self, client: Client) -> bool:
        return self._rcl_destroy(self._rcl_clients, client)

    def destroy_timer(self, timer: Timer) -> bool:
        timer.cancel()
        return self._rcl_destroy(self._rcl_timers, timer)

    def destroy_rate(self, rate: Rate) -> bool:
        return self.destroy_timer(rate._timer)

    def _rcl_destroy_all(self) -> None:
        for entities in (
            self._rcl_timers,
            self._rcl_publishers,
            self._rcl_subscriptions,
            self._rcl_services,
            self._rcl_clients,
        ):
            for entity in list(entities):
                self._rcl_destroy(entities, entity)
