# SPDX-License-Identifier: Apache-2.0
"""The node with which a launch talks to other nodes."""

from __future__ import annotations

import asyncio
import os
import threading
from contextlib import suppress

import rclpy
from launch.event_handlers import OnShutdown
from launch.launch_context import LaunchContext
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node


def ros_node(context: LaunchContext) -> Node:
    """Return the node of this launch.

    It is made at the first call, spins in its own thread, and is destroyed at shutdown.
    """
    if hasattr(context.locals, "ros_node"):
        return context.locals.ros_node
    ros = rclpy.Context()
    rclpy.init(args=[], context=ros)
    node = context.locals.ros_node = Node(f"launch_ros_{os.getpid()}", context=ros)
    executor = SingleThreadedExecutor(context=ros)
    executor.add_node(node)

    def spin() -> None:
        with suppress(ExternalShutdownException):
            executor.spin()

    thread = threading.Thread(target=spin, daemon=True)
    thread.start()

    def leave() -> None:
        ros.try_shutdown()
        thread.join()
        node.destroy_node()
        ros.destroy()

    def at_shutdown(event, _) -> None:
        # In a thread: DDS waits up to a second for readers whose process was killed.
        context.service.spawn(asyncio.to_thread(leave))

    context.service.add_handler(OnShutdown(on_shutdown=at_shutdown))
    return node
