# SPDX-License-Identifier: Apache-2.0
"""The default context, and functions that use it."""

from __future__ import annotations

import sys

from rclpy._arguments import Arguments
from rclpy.context import Context

_default_context: Context | None = None


def get_default_context(*, shutting_down: bool = False) -> Context:
    """Return the context that is used if none is given; after a shutdown, a new one."""
    global _default_context
    context = _default_context or Context()
    _default_context = None if shutting_down else context
    return context


def ok(*, context: Context | None = None) -> bool:
    """Return whether the context is initialized and not shut down."""
    return (context or get_default_context()).ok()


def shutdown(*, context: Context | None = None) -> None:
    """Shut the context down. Raises RuntimeError if it is not initialized."""
    (context or get_default_context(shutting_down=True)).shutdown()


def try_shutdown(*, context: Context | None = None) -> None:
    """Shut the context down if it is initialized."""
    (context or get_default_context(shutting_down=True)).try_shutdown()


def remove_ros_args(args: list[str] | None = None) -> list[str]:
    """Return the arguments without those from `--ros-args` to `--` or the end."""
    return Arguments(sys.argv if args is None else args).others
