# SPDX-License-Identifier: Apache-2.0
"""Nodes."""

from __future__ import annotations

import weakref
from contextlib import suppress
from typing import Callable

from rcl_interfaces.msg import Log

from rclpy import logging, names
from rclpy._entities import Entities
from rclpy._graph import Graph
from rclpy._parameters import Parameters
from rclpy.clock import Clock, ROSClock
from rclpy.exceptions import NotInitializedException
from rclpy.qos import qos_profile_rosout_default
from rclpy.time import Time
from rclpy.time_source import TimeSource
from rclpy.utilities import get_default_context

_LEFT_OUT = frozenset(
    (
        "add_waitable", "count_clients", "count_services", "create_guard_condition",
        "describe_parameters", "get_fully_qualified_node_names",
        "get_parameter_type", "get_parameter_types", "guards", "handle", "list_parameters",
        "remove_post_set_parameters_callback", "remove_pre_set_parameters_callback",
        "set_descriptor", "wait_for_node",
    )
)  # fmt: skip


class Node(Entities, Parameters, Graph):
    """A named participant with publishers, subscriptions, services, clients and timers.

    Private names begin with `_rcl_`: users' nodes inherit from this class, and often have a
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
            raise NotInitializedException(
                "rclpy.init() has not been called, or its context was shut down"
            )
        self._rcl_lacks(
            cli_args=cli_args or None, enable_logger_service=enable_logger_service or None
        )
        self._rcl_init_names(node_name, namespace or "", use_global_arguments)
        self._rcl_executor: Callable | None = None
        self._rcl_clock = ROSClock()
        self._rcl_time_source = TimeSource(self, self._rcl_clock)
        self._rcl_init_entities()
        parts = [*self._rcl_namespace.strip("/").split("/"), self._rcl_name]
        self._rcl_logger = logging.get_logger(".".join(filter(None, parts)))
        if enable_rosout and self._rcl_context.arguments.logs["rosout"]:
            self._rcl_log_to_rosout()
        self._rcl_init_parameters(
            parameter_overrides,
            use_global_arguments,
            allow_undeclared_parameters,
            automatically_declare_parameters_from_overrides,
            start_parameter_services,
        )
        self._rcl_announced = True
        self._rcl_announce()

    def _rcl_init_names(self, name: str, namespace: str, use_global_arguments: bool) -> None:
        arguments = self._rcl_context.arguments
        if use_global_arguments:
            namespace = arguments.node_namespace(name, namespace)
            name = arguments.node_name(name)
        self._rcl_name = names.check_node_name(name)
        self._rcl_namespace = names.check_namespace(namespace)
        self._rcl_remaps = [
            (
                names.expand(r.source, self._rcl_name, self._rcl_namespace),
                names.expand(r.target, self._rcl_name, self._rcl_namespace),
                r.kind,
            )
            for r in (arguments.remaps if use_global_arguments else ())
            if not r.source.startswith("__") and r.node in (None, self._rcl_name)
        ]

    def _rcl_log_to_rosout(self) -> None:
        log = self.create_publisher(Log, "/rosout", qos_profile_rosout_default)

        def publish(name: str, severity, text: str, time_ns: int) -> None:
            stamp = Time(nanoseconds=time_ns).to_msg()
            with suppress(RuntimeError):  # the context was shut down meanwhile
                log.publish(Log(stamp=stamp, name=name, level=int(severity), msg=text))

        logging.rosout[self._rcl_logger.name] = publish

    def __getattr__(self, name: str):
        """Say of what rosless lacks that it does."""
        if name in _LEFT_OUT:
            raise AttributeError(f"rosless has no Node.{name}; a full ROS 2 has it")
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    context = property(lambda self: self._rcl_context)

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
        """Return the topic's absolute name after remapping."""
        return self._rcl_resolve(topic, False, only_expand)

    def resolve_service_name(self, service: str, *, only_expand: bool = False) -> str:
        """Return the service's absolute name after remapping."""
        return self._rcl_resolve(service, True, only_expand)

    def _rcl_resolve(self, name: str, is_service: bool, only_expand: bool) -> str:
        full = names.expand(name, self._rcl_name, self._rcl_namespace, is_service)
        if only_expand:
            return full
        kinds = ("", "rosservice" if is_service else "rostopic")
        remaps = (t for s, t, kind in self._rcl_remaps if s == full and kind in kinds)
        return next(remaps, full)

    def _rcl_use_sim_time(self, active: bool) -> None:
        self._rcl_time_source.use_sim_time(active)

    def destroy_node(self) -> None:
        """Destroy all entities of this node, and leave the graph."""
        if not self._rcl_announced:
            return
        self._rcl_announced = False
        if self.executor is not None:
            self.executor.remove_node(self)
        logging.rosout.pop(self._rcl_logger.name, None)
        self._rcl_context.participant.graph.withdraw(self)
        self._rcl_destroy_all()

    def __enter__(self) -> Node:
        return self

    def __exit__(self, *_) -> None:
        self.destroy_node()
