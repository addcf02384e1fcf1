# SPDX-License-Identifier: Apache-2.0
"""Nodes."""

from __future__ import annotations

import threading
import weakref
from contextlib import suppress
from typing import Callable

from rcl_interfaces.msg import Log
from rosgraph_msgs.msg import Clock as ClockMsg

from rclpy import logging, names
from rclpy._graph import Graph
from rclpy._parameters import Parameters
from rclpy.callback_groups import (
    CallbackGroup,
    MutuallyExclusiveCallbackGroup,
    ReentrantCallbackGroup,
)
from rclpy.clock import Clock, ROSClock
from rclpy.exceptions import NotInitializedException
from rclpy.publisher import Publisher
from rclpy.qos import (
    qos_profile,
    qos_profile_rosout_default,
    qos_profile_sensor_data,
    qos_profile_services_default,
)
from rclpy.qos_overriding_options import overridden
from rclpy.service import Client, Service
from rclpy.subscription import Subscription
from rclpy.time import Time
from rclpy.timer import Rate, Timer
from rclpy.utilities import get_default_context


class Node(Parameters, Graph):
    """A named participant with publishers, subscriptions, services, clients and timers.

    What is private begins with `_rcl_`: users' nodes inherit from this class, and like to have a
    `_timers` or `_name` of their own.
    """

    def __init__(
        self,
        node_name: str,
        *,
        context=None,
        cli_args: list[str] | None = None,
        namespace: str | None = None,
        use_global_arguments: bool = True,
        enable_rosout: bool = True,
        start_parameter_services: bool = True,
        parameter_overrides: list | None = None,
        allow_undeclared_parameters: bool = False,
        automatically_declare_parameters_from_overrides: bool = False,
        enable_logger_service: bool = False,
    ) -> None:
        self._rcl_context = context or get_default_context()
        if not self._rcl_context.ok():
            raise NotInitializedException("rclpy.init() has not been called, or was shut down")
        self._rcl_lacks(
            cli_args=cli_args or None, enable_logger_service=enable_logger_service or None
        )
        arguments = self._rcl_context.arguments
        if use_global_arguments:
            namespace = arguments.node_namespace(node_name, namespace or "")
            node_name = arguments.node_name(node_name)
        self._rcl_name = names.check_node_name(node_name)
        self._rcl_namespace = names.check_namespace(namespace or "")
        self._rcl_remaps = (
            []
            if not use_global_arguments
            else [
                (
                    names.expand(r.source, self._rcl_name, self._rcl_namespace),
                    names.expand(r.target, self._rcl_name, self._rcl_namespace),
                )
                for r in arguments.remaps
                if not r.source.startswith("__") and r.node in (None, self._rcl_name)
            ]
        )
        self._rcl_lock = threading.RLock()
        self._rcl_announced = False  # all is announced once, at the end of __init__
        self._rcl_executor: Callable | None = None
        self._rcl_publishers: list[Publisher] = []
        self._rcl_subscriptions: list[Subscription] = []
        self._rcl_services: list[Service] = []
        self._rcl_clients: list[Client] = []
        self._rcl_timers: list[Timer] = []
        self.default_callback_group = MutuallyExclusiveCallbackGroup()
        self._rcl_rate_group = ReentrantCallbackGroup()
        self._rcl_clock = ROSClock()
        self._rcl_clock_subscription: Subscription | None = None
        parts = [*self._rcl_namespace.strip("/").split("/"), self._rcl_name]
        self._rcl_logger = logging.get_logger(".".join(filter(None, parts)))
        if enable_rosout:
            log = self.create_publisher(Log, "/rosout", qos_profile_rosout_default)

            def publish(name: str, severity, text: str, time_ns: int) -> None:
                with suppress(RuntimeError):  # the end has come meanwhile
                    log.publish(
                        Log(
                            stamp=Time(nanoseconds=time_ns).to_msg(),
                            name=name,
                            level=int(severity),
                            msg=text,
                        )
                    )

            logging.rosout[self._rcl_logger.name] = publish
        self._rcl_init_parameters(
            parameter_overrides,
            use_global_arguments,
            allow_undeclared_parameters,
            automatically_declare_parameters_from_overrides,
            start_parameter_services,
        )
        self._rcl_announced = True
        self._rcl_announce()

    # What a node is

    context = property(lambda self: self._rcl_context)
    publishers = property(lambda self: iter(self._rcl_publishers))
    subscriptions = property(lambda self: iter(self._rcl_subscriptions))
    services = property(lambda self: iter(self._rcl_services))
    clients = property(lambda self: iter(self._rcl_clients))
    timers = property(lambda self: iter(self._rcl_timers))

    @property
    def executor(self):
        return self._rcl_executor() if self._rcl_executor else None

    @executor.setter
    def executor(self, executor) -> None:
        current = self.executor
        if executor is not None and current is not None and current is not executor:
            current.remove_node(self)
        self._rcl_executor = weakref.ref(executor) if executor is not None else None

    def get_name(self) -> str:
        return self._rcl_name

    def get_namespace(self) -> str:
        return self._rcl_namespace

    def get_fully_qualified_name(self) -> str:
        return f"{self._rcl_namespace.rstrip('/')}/{self._rcl_name}"

    def get_logger(self) -> logging.RcutilsLogger:
        return self._rcl_logger

    def get_clock(self) -> Clock:
        return self._rcl_clock

    def resolve_topic_name(self, topic: str, *, only_expand: bool = False) -> str:
        """The topic's absolute name after remapping."""
        return self._rcl_resolve(topic, False, only_expand)

    def resolve_service_name(self, service: str, *, only_expand: bool = False) -> str:
        """The service's absolute name after remapping."""
        return self._rcl_resolve(service, True, only_expand)

    def _rcl_resolve(self, name: str, is_service: bool, only_expand: bool) -> str:
        full = names.expand(name, self._rcl_name, self._rcl_namespace, is_service)
        return full if only_expand else next((t for s, t in self._rcl_remaps if s == full), full)

    # What it has

    def create_publisher(
        self,
        msg_type,
        topic: str,
        qos,
        *,
        callback_group=None,
        event_callbacks=None,
        qos_overriding_options=None,
        publisher_class: type[Publisher] = Publisher,
    ) -> Publisher:
        """A publisher on a topic; `qos` is a profile or a history depth."""
        self._rcl_lacks(event_callbacks=event_callbacks)
        self._rcl_check_type(msg_type, "_FIELDS", "message")
        name = self.resolve_topic_name(topic)
        profile = overridden(self, "publisher", name, qos_profile(qos), qos_overriding_options)
        return self._rcl_add(self._rcl_publishers, publisher_class(self, msg_type, name, profile))

    def create_subscription(
        self,
        msg_type,
        topic: str,
        callback: Callable,
        qos,
        *,
        callback_group: CallbackGroup | None = None,
        event_callbacks=None,
        qos_overriding_options=None,
        raw: bool = False,
    ) -> Subscription:
        """Call `callback(message)` for each message; `qos` is a profile or a history depth."""
        self._rcl_lacks(event_callbacks=event_callbacks)
        self._rcl_check_type(msg_type, "_FIELDS", "message")
        name = self.resolve_topic_name(topic)
        profile = overridden(self, "subscription", name, qos_profile(qos), qos_overriding_options)
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
        """Answer requests by `callback(request, response) -> response`."""
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
        """A client of a service."""
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
        """Something whose `sleep()` returns `frequency` times a second."""
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
        with self._rcl_lock:  # answers before news: a goal is accepted before it tells feedback
            return [
                *self._rcl_timers,
                *self._rcl_clients,
                *self._rcl_subscriptions,
                *self._rcl_services,
            ]

    def _rcl_announce(self) -> None:
        """Show this node and what is its own to the graph."""
        if not self._rcl_announced:
            return
        with self._rcl_lock, suppress(RuntimeError):  # its context may have left already
            both = *self._rcl_services, *self._rcl_clients
            self._rcl_context.participant.announce(
                self,
                self._rcl_name,
                self._rcl_namespace,
                [e.reader.gid for e in (*self._rcl_subscriptions, *both)],
                [e.writer.gid for e in (*self._rcl_publishers, *both)],
            )

    def _rcl_use_sim_time(self, active: bool) -> None:
        """Follow `/clock`, or the system's clock."""
        if active and self._rcl_clock_subscription is None:
            self._rcl_clock._simulated_ns = 0

            def tick(msg: ClockMsg) -> None:
                self._rcl_clock._simulated_ns = Time.from_msg(msg.clock).nanoseconds

            self._rcl_clock_subscription = self.create_subscription(
                ClockMsg, "/clock", tick, qos_profile_sensor_data
            )
        elif not active and self._rcl_clock_subscription is not None:
            self.destroy_subscription(self._rcl_clock_subscription)
            self._rcl_clock_subscription = self._rcl_clock._simulated_ns = None

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

    def destroy_node(self) -> None:
        """End all that this node has, and leave the graph."""
        if not self._rcl_announced:
            return
        self._rcl_announced = False
        if self.executor is not None:
            self.executor.remove_node(self)
        logging.rosout.pop(self._rcl_logger.name, None)
        self._rcl_context.participant.withdraw(self)
        for entities in (
            self._rcl_timers,
            self._rcl_publishers,
            self._rcl_subscriptions,
            self._rcl_services,
            self._rcl_clients,
        ):
            for entity in list(entities):
                self._rcl_destroy(entities, entity)

    def __enter__(self) -> Node:
        return self

    def __exit__(self, *_) -> None:
        self.destroy_node()
