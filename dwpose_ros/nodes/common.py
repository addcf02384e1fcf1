"""What all nodes share: parameters, a life, and a worker that takes the newest."""

from __future__ import annotations

import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any, Callable

import rclpy
from ament_index_python.packages import get_package_share_directory
from rcl_interfaces.msg import (FloatingPointRange, IntegerRange, ParameterDescriptor,
                                SetParametersResult)
from rclpy.exceptions import ParameterException
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy

NEWEST_IMAGE = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)


class DwposeNode(Node):
    """A node whose parameters say what they are, and whether they can change while it runs."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._changes: dict[str, Callable[[Any], None] | None] = {}
        self.exit_code = 0
        self.add_on_set_parameters_callback(self._on_set)

    def parameter(self, name: str, default: Any, description: str, *,
                  minimum: float | None = None, maximum: float | None = None,
                  choices: tuple[str, ...] = (),
                  change: Callable[[Any], None] | None = None) -> Any:
        """Declare a parameter and give its value.

        `change(value)` applies a later value and may refuse it by a ValueError; a parameter
        without it is read-only. Raises ValueError where the value is none of the choices.
        """
        described = ParameterDescriptor(description=description, read_only=change is None)
        if choices:
            described.additional_constraints = "one of " + ", ".join(choices)
        if minimum is not None and isinstance(default, float):
            described.floating_point_range = [
                FloatingPointRange(from_value=float(minimum), to_value=float(maximum))]
        elif minimum is not None:
            described.integer_range = [
                IntegerRange(from_value=int(minimum), to_value=int(maximum))]
        value = self.declare_parameter(name, default, described).value
        if choices and value not in choices:
            raise ValueError(f"parameter {name} is {value!r}; it must be one of "
                             f"{', '.join(map(repr, choices))}")
        self._changes[name] = change
        return value

    def _on_set(self, parameters: list) -> SetParametersResult:
        done = []
        for parameter in parameters:
            change = self._changes.get(parameter.name)
            if change is None:
                continue
            try:
                change(parameter.value)
            except ValueError as err:
                for before, value in reversed(done):  # all, or none
                    before(value)
                return SetParametersResult(successful=False, reason=str(err))
            done.append((change, self.get_parameter(parameter.name).value))
        return SetParametersResult(successful=True)

    def fail(self, reason: str) -> None:
        """Say why, and end the process with exit code 1; from any thread."""
        self.get_logger().fatal(reason)
        self.exit_code = 1
        self.context.try_shutdown()

    def close(self) -> None:
        """Release threads and devices; called once at the end."""


def share(*parts: str) -> Path:
    """A path in the package's share folder."""
    return Path(get_package_share_directory("dwpose_ros"), *parts)


def configured(kind: str, name: str) -> Path:
    """A file of ours by its name ('full_body'), or a user's by its path ('~/mine.yaml')."""
    if "/" in name or name.endswith(".yaml"):
        return Path(name).expanduser()
    return share("config", kind, f"{name}.yaml")


class Worker:
    """A thread with a one-slot mailbox: it works on the newest item, older ones are dropped."""

    def __init__(self, work: Callable[[Any], None], logger, name: str) -> None:
        self.dropped = 0
        self._work, self._logger = work, logger
        self._changed = threading.Condition()
        self._item: Any = None
        self._told = ("", 0.0)  # the last error, and when
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def put(self, item: Any) -> None:
        """Hand over an item, in place of one that still waits."""
        with self._changed:
            self.dropped += self._item is not None
            self._item = item
            self._changed.notify()

    def stop(self, timeout_s: float = 5.0) -> None:
        """End after the item in work."""
        with self._changed:
            self._stopped = True
            self._changed.notify()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._item is not None or self._stopped)
                if self._stopped:
                    return
                item, self._item = self._item, None
            try:
                self._work(item)
            except Exception as err:  # the next item may be better
                self._tell(f"{type(err).__name__}: {err}")

    def _tell(self, error: str) -> None:
        """Log an error; the same one again only every 5 s."""
        now = time.monotonic()
        if rclpy.ok() and (error != self._told[0] or now - self._told[1] > 5.0):
            self._told = error, now
            self._logger.error(error)


def run(make: type[DwposeNode]) -> None:
    """Run a node until SIGINT or SIGTERM. What a user can mend is one line, and exit code 1."""
    node = None
    code = 0
    try:
        rclpy.init()
        node = make()
        executor = SingleThreadedExecutor()
        executor.add_node(node)
        while rclpy.ok():
            # Not spin(): in rclpy a signal that comes just before it waits does not wake it.
            executor.spin_once(timeout_sec=1.0)
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    except (ValueError, OSError, ParameterException) as err:
        if node is not None:
            raise  # not the user's doing
        rclpy.logging.get_logger(make.__name__.lower()).fatal(" ".join(str(err).split()))
        code = 1
    except Exception:
        if rclpy.ok():  # else a callback was at work when the signal came, and could not publish
            raise
    finally:
        # A terminal's Ctrl-C reaches a node twice: from the terminal, and from launch.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        if node is not None:
            code = code or node.exit_code
            node.close()
            node.destroy_node()
        rclpy.try_shutdown()
    sys.exit(code)
