# SPDX-License-Identifier: Apache-2.0
"""The `ros2` command for machines without ROS 2; if one is sourced, its own `ros2` runs."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import os
import shutil
import signal
import sys
import time
from typing import Callable, Iterator, NoReturn

from rosless.provided import is_real, ros2_is_sourced, supplied

COMMANDS = {
    "action": "list actions, send goals",
    "bag": "record, play, show and repair bags",
    "interface": "show and list message, service and action types",
    "launch": "run a launch file",
    "lifecycle": "list managed nodes, get and change their state",
    "node": "list nodes, show one",
    "param": "list, get, set, describe, dump and load parameters",
    "pkg": "list packages, their folders and executables",
    "run": "run a package's executable",
    "service": "list and call services",
    "topic": "list, find, echo, measure and publish topics",
}


def main() -> int:
    """Run the real `ros2` if there is one, else one of COMMANDS; return the exit code."""
    if is_real("ros2cli") and ros2_is_sourced():
        _hand_over()
    command, *rest = sys.argv[1:] or ["--help"]
    if command in ("-h", "--help"):
        command = "help"
    elif command not in COMMANDS:
        print(
            f"ros2: rosless has no command {command!r}; it has {', '.join(COMMANDS)}. "
            "A full ROS 2 has the rest",
            file=sys.stderr,
        )
        return 2
    if command == "launch" and "launch" not in supplied():
        print(
            "ros2 launch: the launch that is installed is a real ROS 2's, which needs ros2cli "
            "and ros2launch too: install them",
            file=sys.stderr,
        )
        return 1
    if command in ("topic", "service", "action"):  # so that a real ROS 2's messages check fields
        os.environ.setdefault("ROS_PYTHON_CHECK_FIELDS", "1")
    try:
        code = _help() if command == "help" else _run(command, rest)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except BrokenPipeError:  # e.g. `| head`
        _drop_output()
        return 0
    except OSError as err:  # a full disk, a network that is down
        _drop_output()
        print(f"ros2 {command}: {err}", file=sys.stderr)
        return 1
    except (CommandError, ValueError, AssertionError, RuntimeError) as err:
        print(f"ros2 {command}: {err}", file=sys.stderr)
        return 1


def _help() -> int:
    print("usage: ros2 <command> ...\n\nrosless's part of the ros2 command:")
    print("\n".join(f"  {name:<10} {text}" for name, text in COMMANDS.items()))
    return 0


def _run(command: str, words: list[str]) -> int:
    return importlib.import_module(f"rosless.ros2.{command}").main(words) or 0


def _drop_output() -> None:
    """Drop what could not be written, or else Python tries it again at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _hand_over() -> None:
    own = os.path.realpath(os.path.dirname(sys.argv[0]))
    path = os.pathsep.join(
        p for p in os.environ.get("PATH", "").split(os.pathsep) if os.path.realpath(p) != own
    )
    real = shutil.which("ros2", path=path)
    if real is None:
        raise SystemExit(
            "ros2: a ROS 2 is sourced, but its ros2 command is not on PATH: "
            "install ros2cli, or open a terminal without sourcing ROS 2"
        )
    os.execv(real, [real, *sys.argv[1:]])


class Parser(argparse.ArgumentParser):
    """Adds to errors about unknown words that a full ROS 2 may have them."""

    def error(self, message: str) -> NoReturn:
        if message.startswith(("unrecognized arguments", "argument verb: invalid choice")):
            message += "; rosless has no such thing, a full ROS 2 may"
        super().error(message)


class CommandError(Exception):
    """An error message of one line for the user."""


@contextlib.contextmanager
def connected(signals: bool = True) -> Iterator:
    """Make a node for one command, which others do not list.

    Without `signals`, SIGINT and SIGTERM do not shut its context down.
    """
    import rclpy
    from rclpy.executors import ExternalShutdownException
    from rclpy.signals import SignalHandlerOptions

    rclpy.init(
        args=[], signal_handler_options=getattr(SignalHandlerOptions, "ALL" if signals else "NO")
    )
    node = rclpy.create_node(
        f"_ros2cli_{os.getpid()}", start_parameter_services=False, enable_rosout=False
    )
    try:
        yield node
        if not rclpy.ok():
            raise ExternalShutdownException
    except ExternalShutdownException:
        raise SystemExit(128 + signal.SIGTERM) from None
    finally:
        node.destroy_node()
        rclpy.try_shutdown()


def visible(names_and_types: list, everything: bool = False) -> list:
    """Leave out hidden names, such as an action's services: a part of them begins with _."""
    return [row for row in names_and_types if everything or "/_" not in row[0]]


def settle(node, until: Callable[[], bool] | None = None, timeout_s: float = 3.0) -> bool:
    """Wait until nothing new was discovered for half a second, or `until()` is true.

    Return whether that was so before the timeout. On a real rclpy all times are longer: Fast DDS
    announces itself a second time after three seconds, in case the first time was missed.
    """
    import rclpy

    quiet_s, slowness = (3.5, 4.0) if ros2_is_sourced() else (0.5, 1.0)
    start = changed = time.monotonic()
    seen = None
    while rclpy.ok() and time.monotonic() - start < timeout_s * slowness:
        if until is not None and until():
            return True
        graph = node.get_topic_names_and_types(), sorted(node.get_node_names_and_namespaces())
        if graph != seen:
            seen, changed = graph, time.monotonic()
        if until is None and time.monotonic() - changed > quiet_s:
            return True
        time.sleep(0.05)
    return False
