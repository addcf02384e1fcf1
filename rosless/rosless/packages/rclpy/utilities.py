# SPDX-License-Identifier: Apache-2.0
"""The default context, and helpers around it."""

from __future__ import annotations

import sys

from rclpy._arguments import Arguments
from rclpy.context import Context

_default_context: Context | None = None


def get_default_context(*, shutting_down: bool = False) -> Context:
    """The context that is used where none is given; after its shutdown there is a new one."""
    global _default_context
    context = _default_context or Context()
    _default_context = None if shutting_down else context
    return context


def ok(*, context: Context | None = None) -> bool:
    """Whether the context is initialised and not shut down."""
    return (context or get_default_context()).ok()


def shutdown(*, context: Context | None = None) -> None:
    """Shut the context down. Raises RuntimeError if it is not initialised."""
    (context or get_default_context(shutting_down=True)).shutdown()


def try_shutdown(*, context: Context | None = None) -> None:
    """Shut the context down if it is initialised."""
    (context or get_default_context(shutting_down=True)).try_shutdown()


def remove_ros_args(args: list[str] | None = None) -> list[str]:
    """The arguments without those from `--ros-args` to `--` or the end."""
    return Arguments(sys.argv if args is None else args).others
