"""Nodes."""

from __future__ import annotations

import threading
import weakref
from typing import Callable

from rcl_interfaces.msg import Log
from rosgraph_msgs.msg import Clock as ClockMsg

from rclpy import logging, names
from rclpy._graph import Graph
from rclpy._parameters import Parameters
from rclpy.callback_groups import CallbackGroup, MutuallyExclusiveCallbackGroup
from rclpy.clock import Clock, ROSClock
from rclpy.exceptions import NotInitializedException
from rclpy.publisher import Publisher
from rclpy.qos import (qos_profile, qos_profile_rosout_default, qos_profile_sensor_data,
                       qos_profile_services_default)
from rclpy.service import Client, Service
from rclpy.subscription import Subscription
from rclpy.time import Time
from rclpy.timer import Rate, Timer
from rclpy.utilities import get_default_context


class Node(Parameters, Graph):
    """A named participant with publishers, subscriptions, services, clients and timers."""

    def __init__(self, node_name: str, *, context=None, cli_args: list[str] | None = None,
                 namespace: str | None = None, use_global_arguments: bool = True,
                 enable_rosout: bool = True, start_parameter_services: bool = True,
                 parameter_overrides: list | None = None,
                 allow_undeclared_parameters: bool = False,
                 automatically_declare_parameters_from_overrides: bool = False) -> None:
        self._context = context or get_default_context()
        if not self._context.ok():
            raise NotInitializedException("rclpy.init() has not been called, or was shut down")
        if cli_args:
            raise NotImplementedError("rosless has no Node(cli_args=...): give rclpy.init(args=...)")
        arguments = self._context.arguments
        if use_global_arguments:
            namespace = arguments.node_namespace(node_name, namespace or "")
            node_name = arguments.node_name(node_name)
        self._name = names.check_node_name(node_name)
        self._namespace = names.check_namespace(namespace or "")
        self._remaps = [] if not use_global_arguments else [
            (names.expand(r.source, self._name, self._namespace),
             names.expand(r.target, self._name, self._namespace))
            for r in arguments.remaps
            if not r.source.startswith("__") and r.node in (None, self._name)]
        self._lock = threading.RLock()
        self._announced = False  # all is announced once, at the end of __init__
        self._executor: Callable | None = None
        self._publishers: list[Publisher] = []
        self._subscriptions: list[Subscription] = []
        self._services: list[Service] = []
        self._clients: list[Client] = []
        self._timers: list[Timer] = []
        self.default_callback_group = MutuallyExclusiveCallbackGroup()
        self._clock = ROSClock()
        self._clock_subscription: Subscription | None = None
        parts = [*self._namespace.strip("/").split("/"), self._name]
        self._logger = logging.get_logger(".".join(filter(None, parts)))
        if enable_rosout:
            log = self.create_publisher(Log, "/rosout", qos_profile_rosout_default)
            logging.rosout[self._logger.name] = lambda name, severity, text, ns: (
                self._context.ok() and log.publish(Log(
                    stamp=Time(nanoseconds=ns).to_msg(), level=int(severity), name=name,
                    msg=text)))
        self._init_parameters(parameter_overrides, use_global_arguments,
                              allow_undeclared_parameters,
                              automatically_declare_parameters_from_overrides,
                              start_parameter_services)
        self._announced = True
        self._announce()

    # What a node is

    context = property(lambda self: self._context)
    publishers = property(lambda self: iter(self._publishers))
    subscriptions = property(lambda self: iter(self._subscriptions))
    services = property(lambda self: iter(self._services))
    clients = property(lambda self: iter(self._clients))
    timers = property(lambda self: iter(self._timers))

    @property
    def executor(self):
        return self._executor() if self._executor else None

    @executor.setter
    def executor(self, executor) -> None:
        current = self.executor
        if executor is not None and current is not None and current is not executor:
            current.remove_node(self)
        self._executor = weakref.ref(executor) if executor is not None else None

    def get_name(self) -> str:
        return self._name

    def get_namespace(self) -> str:
        return self._namespace

    def get_fully_qualified_name(self) -> str:
        return f"{self._namespace.rstrip('/')}/{self._name}"

    def get_logger(self) -> logging.RcutilsLogger:
        return self._logger

    def get_clock(self) -> Clock:
        return self._clock

    def resolve_topic_name(self, topic: str, *, only_expand: bool = False) -> str:
        """The topic's absolute name after remapping."""
        return self._resolve(topic, False, only_expand)

    def resolve_service_name(self, service: str, *, only_expand: bool = False) -> str:
        """The service's absolute name after remapping."""
        return self._resolve(service, True, only_expand)

    def _resolve(self, name: str, is_service: bool, only_expand: bool) -> str:
        full = names.expand(name, self._name, self._namespace, is_service)
        return full if only_expand else next((t for s, t in self._remaps if s == full), full)

    # What it has

    def create_publisher(self, msg_type, topic: str, qos, *, callback_group=None,
                         event_callbacks=None, qos_overriding_options=None) -> Publisher:
        """A publisher on a topic; `qos` is a profile or a history depth."""
        self._lacks(event_callbacks=event_callbacks, qos_overriding_options=qos_overriding_options)
        self._check_type(msg_type, "_fields", "message")
        return self._add(self._publishers, Publisher(
            self, msg_type, self.resolve_topic_name(topic), qos_profile(qos)))

    def create_subscription(self, msg_type, topic: str, callback: Callable, qos, *,
                            callback_group: CallbackGroup | None = None, event_callbacks=None,
                            qos_overriding_options=None, raw: bool = False) -> Subscription:
        """Call `callback(message)` for each message; `qos` is a profile or a history depth."""
        self._lacks(event_callbacks=event_callbacks, qos_overriding_options=qos_overriding_options)
        self._check_type(msg_type, "_fields", "message")
        return self._add(self._subscriptions, Subscription(
            self, msg_type, self.resolve_topic_name(topic), callback, qos_profile(qos),
            callback_group or self.default_callback_group, raw))

    def create_service(self, srv_type, srv_name: str, callback: Callable, *,
                       qos_profile=qos_profile_services_default,
                       callback_group: CallbackGroup | None = None) -> Service:
        """Answer requests by `callback(request, response) -> response`."""
        self._check_type(srv_type, "Request", "service")
        return self._add(self._services, Service(
            self, srv_type, self.resolve_service_name(srv_name), callback, qos_profile,
            callback_group or self.default_callback_group))

    def create_client(self, srv_type, srv_name: str, *,
                      qos_profile=qos_profile_services_default,
                      callback_group: CallbackGroup | None = None) -> Client:
        """A client of a service."""
        self._check_type(srv_type, "Request", "service")
        return self._add(self._clients, Client(
            self, srv_type, self.resolve_service_name(srv_name), qos_profile,
            callback_group or self.default_callback_group))

    def create_timer(self, timer_period_sec: float, callback: Callable | None,
                     callback_group: CallbackGroup | None = None, clock: Clock | None = None,
                     autostart: bool = True) -> Timer:
        """Call `callback()` once a period."""
        return self._add(self._timers, Timer(
            callback, callback_group or self.default_callback_group,
            int(timer_period_sec * 1e9), clock or self._clock, self._wake, autostart))

    def create_rate(self, frequency: float, clock: Clock | None = None) -> Rate:
        """Something whose `sleep()` returns `frequency` times a second."""
        if frequency <= 0:
            raise ValueError(f"frequency must be > 0, not {frequency}")
        return Rate(self.create_timer(1 / frequency, lambda: None, clock=clock))

    @staticmethod
    def _lacks(**features) -> None:
        for name, value in features.items():
            if value is not None:
                raise NotImplementedError(f"rosless has no {name}; a full ROS 2 has it")

    @staticmethod
    def _check_type(cls, attribute: str, kind: str) -> None:
        if not isinstance(cls, type) or not hasattr(cls, attribute):
            raise TypeError(f"{cls!r} is not a {kind} class")

    def _add(self, entities: list, entity):
        with self._lock:
            entities.append(entity)
        self._announce()
        self._wake()
        return entity

    def _wake(self) -> None:
        if self.executor is not None:
            self.executor.wake()

    def _entities(self) -> list:
        with self._lock:
            return [*self._timers, *self._subscriptions, *self._services, *self._clients]

    def _announce(self) -> None:
        """Show this node and what is its own to the graph."""
        if not self._announced:
            return
        with self._lock:
            self._context.participant.announce(
                self._name, self._namespace,
                [e.gid for e in (*self._subscriptions, *self._services, *self._clients)],
                [p._writer.gid for p in self._publishers]
                + [e.writer.gid for e in (*self._services, *self._clients)])

    def _use_sim_time(self, active: bool) -> None:
        """Follow `/clock`, or the system's clock."""
        if active and self._clock_subscription is None:
            self._clock._simulated_ns = 0

            def tick(msg: ClockMsg) -> None:
                self._clock._simulated_ns = Time.from_msg(msg.clock).nanoseconds
            self._clock_subscription = self.create_subscription(
                ClockMsg, "/clock", tick, qos_profile_sensor_data)
        elif not active and self._clock_subscription is not None:
            self.destroy_subscription(self._clock_subscription)
            self._clock_subscription = self._clock._simulated_ns = None

    # Endings

    def _destroy(self, entities: list, entity) -> bool:
        with self._lock:
            if entity not in entities:
                return False
            entities.remove(entity)
        self._announce()
        self._wake()
        if hasattr(entity, "destroy"):
            entity.destroy()
        return True

    def destroy_publisher(self, publisher: Publisher) -> bool:
        return self._destroy(self._publishers, publisher)

    def destroy_subscription(self, subscription: Subscription) -> bool:
        return self._destroy(self._subscriptions, subscription)

    def destroy_service(self, service: Service) -> bool:
        return self._destroy(self._services, service)

    def destroy_client(self, client: Client) -> bool:
        return self._destroy(self._clients, client)

    def destroy_timer(self, timer: Timer) -> bool:
        timer.cancel()
        return self._destroy(self._timers, timer)

    def destroy_node(self) -> None:
        """End all that this node has, and leave the graph."""
        if not self._announced:
            return
        self._announced = False
        if self.executor is not None:
            self.executor.remove_node(self)
        logging.rosout.pop(self._logger.name, None)
        self._context.participant.withdraw(self._name, self._namespace)
        for entities in (self._timers, self._publishers, self._subscriptions, self._services,
                         self._clients):
            for entity in list(entities):
                self._destroy(entities, entity)

    def __enter__(self) -> Node:
        return self

    def __exit__(self, *_) -> None:
        self.destroy_node()
