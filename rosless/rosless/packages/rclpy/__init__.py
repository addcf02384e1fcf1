"""rclpy on Eclipse Cyclone DDS: what rosless offers of ROS 2's Python client library."""

from __future__ import annotations

from rclpy.context import Context
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions, install_signal_handlers
from rclpy.utilities import get_default_context, ok, shutdown, try_shutdown  # noqa: F401
from rosless import missing

_global_executor = None


def init(*, args: list[str] | None = None, context: Context | None = None,
         domain_id: int | None = None,
         signal_handler_options: SignalHandlerOptions | None = None) -> None:
    """Start ROS communication for a context (the default one if None)."""
    target = context or get_default_context()
    target.init(args, domain_id=domain_id)
    if signal_handler_options is None:
        signal_handler_options = (SignalHandlerOptions.ALL if context is None
                                  else SignalHandlerOptions.NO)
    install_signal_handlers(signal_handler_options)


def create_node(node_name: str, **kwargs) -> Node:
    """Make a node; keyword arguments as of `Node`."""
    return Node(node_name, **kwargs)


def get_global_executor():
    """The executor that `spin` and its like use when none is given."""
    global _global_executor
    from rclpy.executors import SingleThreadedExecutor
    if _global_executor is None or not _global_executor.context.ok():
        _global_executor = SingleThreadedExecutor()
    return _global_executor


class _Spinning:
    """Has a node in an executor for a while."""

    def __init__(self, node: Node, executor) -> None:
        self.node, self.executor = node, executor or get_global_executor()

    def __enter__(self):
        self.added = self.executor.add_node(self.node)
        return self.executor

    def __exit__(self, *_) -> None:
        if self.added:
            self.executor.remove_node(self.node)


def spin(node: Node, executor=None) -> None:
    """Execute callbacks until the context is shut down."""
    with _Spinning(node, executor) as used:
        used.spin()


def spin_once(node: Node, *, executor=None, timeout_sec: float | None = None) -> None:
    """Execute one callback, or wait at most `timeout_sec` for one."""
    with _Spinning(node, executor) as used:
        used.spin_once(timeout_sec)


def spin_until_future_complete(node: Node, future, executor=None,
                               timeout_sec: float | None = None) -> None:
    """Execute callbacks until the future is done, or `timeout_sec` are over."""
    with _Spinning(node, executor) as used:
        used.spin_until_future_complete(future, timeout_sec)


__getattr__ = missing("rclpy")
