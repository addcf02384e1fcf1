# SPDX-License-Identifier: Apache-2.0
"""rclpy on Eclipse Cyclone DDS: the part of ROS 2's Python client library that rosless has."""

from __future__ import annotations

from rclpy import utilities
from rclpy.context import Context
from rclpy.node import Node
from rclpy.parameter import Parameter  # noqa: F401
from rclpy.signals import SignalHandlerOptions, install_signal_handlers, uninstall_signal_handlers
from rclpy.task import Future  # noqa: F401
from rclpy.utilities import get_default_context, ok  # noqa: F401

_global_executor = None


def init(
    *,
    args: list[str] | None = None,
    context: Context | None = None,
    domain_id: int | None = None,
    signal_handler_options: SignalHandlerOptions | None = None,
) -> None:
    """Initialize a context, by default the default context."""
    (context or get_default_context()).init(args, domain_id=domain_id)
    if signal_handler_options is None:
        signal_handler_options = (
            SignalHandlerOptions.ALL if context is None else SignalHandlerOptions.NO
        )
    install_signal_handlers(signal_handler_options)


def shutdown(*, context: Context | None = None, uninstall_handlers: bool | None = None) -> None:
    """Shut the context down. Raises RuntimeError if it is not initialized."""
    _before_shutdown(context, uninstall_handlers)
    utilities.shutdown(context=context)


def try_shutdown(
    *, context: Context | None = None, uninstall_handlers: bool | None = None
) -> None:
    """Shut the context down if it is initialized."""
    _before_shutdown(context, uninstall_handlers)
    utilities.try_shutdown(context=context)


def _before_shutdown(context: Context | None, uninstall_handlers: bool | None) -> None:
    default = context is None or context is get_default_context()
    if default and _global_executor is not None:
        _global_executor.shutdown()  # so that `spin` returns
    if uninstall_handlers or (uninstall_handlers is None and default):
        uninstall_signal_handlers()


def create_node(node_name: str, **kwargs) -> Node:
    """Return a new node; the keyword arguments are those of `Node`."""
    return Node(node_name, **kwargs)


def get_global_executor():
    """Return the executor that `spin` and the like use if none is given."""
    global _global_executor
    from rclpy.executors import SingleThreadedExecutor

    if _global_executor is None or _global_executor.context is not get_default_context():
        _global_executor = SingleThreadedExecutor()
    return _global_executor


def spin(node: Node, executor=None) -> None:
    """Run callbacks until the context is shut down."""
    executor = executor or get_global_executor()
    executor.add_node(node)
    try:
        executor.spin()
    finally:
        executor.remove_node(node)


def spin_once(node: Node, *, executor=None, timeout_sec: float | None = None) -> None:
    """Run one callback, or wait at most `timeout_sec` seconds for one."""
    executor = executor or get_global_executor()
    executor.add_node(node)
    try:
        executor.spin_once(timeout_sec)
    finally:
        executor.remove_node(node)


def spin_until_future_complete(
    node: Node, future, executor=None, timeout_sec: float | None = None
) -> None:
    """Run callbacks until the future is done, at most `timeout_sec` seconds."""
    executor = executor or get_global_executor()
    added = executor.add_node(node)
    try:
        executor.spin_until_future_complete(future, timeout_sec)
    finally:
        if added:
            executor.remove_node(node)
