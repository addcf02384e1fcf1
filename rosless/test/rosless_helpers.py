# SPDX-License-Identifier: Apache-2.0
"""Helpers for several tests."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time

import pytest
import supervised
from supervised import LIMIT_S

# Text that some YAML parser reads as something else.
LOOKALIKES = (
    "1e3",
    "12e4567",
    "1e-999",
    ".5",
    "5.",
    "+1",
    "-0",
    "007",
    "08",
    "0x1F",
    "0x1p3",
    "0o17",
    "0b101",
    "1_000",
    "1:30",
    "2020-01-01",
    "2020-13-45",
    "inf",
    "-infinity",
    "nan",
    "nan(1)",
    ".inf",
    "-.INF",
    ".NaN",
    "NaN",
    "yes",
    "No",
    "on",
    "OFF",
    "y",
    "N",
    "true",
    "TRUE",
    "null",
    "Null",
    "~",
    "",
    " ",
    " 1",
    "1 ",
    "\t1",
    "a ",
    "=",
    "<<",
    "-",
    "- a",
    "?",
    "!x",
    "!!int 1",
    "&x",
    "*x",
    "#x",
    "a #x",
    "a: b",
    "a:",
    "[x",
    "]",
    "{x",
    "{a: 1}",
    "%x",
    "@x",
    "`x",
    "|",
    ">",
    '"quoted"',
    "'quoted'",
    "it's",
    "two\nlines",
    "\n",
    "end\n",
    "a\n\n b\n",
    "---",
    "...",
    "--- a",
    "back\\slash",
    "tab\there",
    "bell\a",
    "nel\x85",
    "line\u2028",
    "\ufeff",
    "ü",
    "猫",
    "🙂",
    "99999999999999999999",
    "1e400",
)


def wait_until(condition, timeout_s: float = LIMIT_S):
    """Wait for a condition; return its first true value, or fail the test after the timeout."""
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.01)
    pytest.fail(f"waited {timeout_s} s in vain")


class Peer:
    """Has its own context, like another process, and an executor that spins in the background."""

    def __init__(
        self, *ros_args: str, executor: str = "SingleThreadedExecutor", **executor_args
    ) -> None:
        import rclpy
        from rclpy import executors

        self.context = rclpy.Context()
        rclpy.init(context=self.context, args=["test", "--ros-args", *ros_args])
        self.executor = getattr(executors, executor)(context=self.context, **executor_args)
        self.nodes = []
        self.error: BaseException | None = None  # the exception that ended its spinning
        self.thread = threading.Thread(target=self._spin)
        self.thread.start()

    def _spin(self) -> None:
        from rclpy.executors import ExternalShutdownException

        try:
            self.executor.spin()
        except ExternalShutdownException:
            pass
        except BaseException as err:
            self.error = err

    def node(self, name: str = "peer", **kwargs):
        from rclpy.node import Node

        self.nodes.append(Node(name, context=self.context, **kwargs))
        self.executor.add_node(self.nodes[-1])
        return self.nodes[-1]

    def close(self) -> None:
        self.context.try_shutdown()
        self.thread.join(5.0)
        assert not self.thread.is_alive()
        self.executor.shutdown()
        for node in self.nodes:
            node.destroy_node()
        self.context.leave()
        if self.error:
            raise self.error


class Program:
    """Python code that runs as a process, in its own process group."""

    def __init__(self, code: str, *args: str, env: dict[str, str] | None = None) -> None:
        code = "import rosless; rosless.activate()\n" + code
        self.popen = supervised.popen(
            [sys.executable, "-u", "-c", code, *args],
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **(env or {})},
        )

    def line(self) -> str:
        """Return the next line of its standard output."""
        return self.popen.stdout.readline().rstrip("\n")

    def end(self, timeout_s: float = LIMIT_S) -> tuple[int, str, str]:
        """Wait for its end; return its exit code, and the rest of its output and errors."""
        out, err = self.popen.communicate(timeout=timeout_s)
        return self.popen.returncode, out, err
