# SPDX-License-Identifier: Apache-2.0
"""A command as a process, and a node of the test's own that talks with it."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from pathlib import Path

import alone  # noqa: F401
import pytest
import rclpy
import supervised
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from supervised import LIMIT_S

ASK_AGAIN_S = 10.0


def wait_until(condition, timeout_s: float = LIMIT_S, told=lambda: ""):
    """The condition's first true value. Fails the test if there is none in time, and says what
    `told` returns then."""
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.02)
    pytest.fail(f"waited {timeout_s} s in vain {told()}")


def send_until(send, condition, period_s: float = 0.1):
    """Call `send` again and again until the condition is true, and give its value: any one message
    may be lost, since best effort promises nothing, and a match is not seen by both at once."""

    def tried():
        send()
        end = time.monotonic() + period_s
        while not (value := condition()) and time.monotonic() < end:
            time.sleep(0.01)
        return value

    return wait_until(tried)


def ros2(*words: str, timeout_s: float = LIMIT_S) -> str:
    """Output of a ros2 command that must succeed."""
    done = supervised.run(["ros2", *words], timeout_s)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def parameter_words(parameters: dict) -> list[str]:
    """ROS arguments that set parameters: {"rate": 5.0} -> ["--ros-args", "-p", "rate:=5.0"]."""
    words = ["--ros-args"]
    for name, value in parameters.items():
        text = f"'{value}'" if isinstance(value, (str, Path)) else str(value).lower()
        words += ["-p", f"{name}:={text}"]
    return words


class Process:
    """A command in a process group of its own, its output in a file."""

    def __init__(self, command: list[str], log: Path, env: dict[str, str]) -> None:
        self._log = log
        with open(log, "wb") as output:
            self.popen = supervised.popen(
                command, stdout=output, stderr=subprocess.STDOUT,
                # A process that a fault in compiled code ends says where it was.
                env={**os.environ, "PYTHONFAULTHANDLER": "1", **env},
            )  # fmt: skip

    @property
    def output(self) -> str:
        return self._log.read_text(errors="replace")

    def told(self) -> list[str]:
        """Lines of the output, but for what `ros2 run` and Cyclone DDS say themselves."""
        return [
            line
            for line in self.output.splitlines()
            if line.strip() and "[ros2run]" not in line and "not multicast-capable" not in line
        ]

    def says(self, text: str, timeout_s: float = LIMIT_S) -> str:
        """All output, once it holds the text."""
        end = time.monotonic() + timeout_s
        while text not in self.output and time.monotonic() < end:
            time.sleep(0.05)
        assert text in self.output
        return self.output

    def ended(self, timeout_s: float = LIMIT_S) -> int:
        """The exit code, once it has ended by itself; a crash is no end, and fails the test."""
        code = self.popen.wait(timeout_s)
        if -code in (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS):
            pytest.fail(f"died of {signal.Signals(-code).name}:\n{self.output[-6000:]}")
        return code

    def stop(self, number: int = signal.SIGINT, timeout_s: float = LIMIT_S) -> int:
        """Send a signal to the group, as a terminal's Ctrl-C does; the exit code."""
        if self.popen.poll() is None:
            os.killpg(self.popen.pid, number)
        try:
            return self.ended(timeout_s)
        except subprocess.TimeoutExpired:
            os.killpg(self.popen.pid, signal.SIGKILL)
            pytest.fail(f"did not end {timeout_s} s after signal {number}:\n{self.output[-2000:]}")


class Peer:
    """The test's own node, spinning in the background."""

    def __init__(self) -> None:
        rclpy.init(args=[])
        self.node = rclpy.create_node("test_peer")
        self._kept: list = []
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self.node)
        self._thread = threading.Thread(target=self._spin, daemon=True)
        self._thread.start()

    def _spin(self) -> None:
        try:
            self._executor.spin()
        except ExternalShutdownException:
            pass

    def listen(self, msg_type, topic: str, qos=10) -> list:
        """A list that grows with the topic's messages."""
        heard: list = []
        self.node.create_subscription(msg_type, topic, heard.append, qos)
        return heard

    def keep(self, client):
        """An action client, which a node does not destroy with itself."""
        self._kept.append(client)
        return client

    def publisher(self, msg_type, topic: str, qos=10, readers: int = 1):
        """A publisher, once it has so many readers."""
        publisher = self.node.create_publisher(msg_type, topic, qos)
        wait_until(lambda: publisher.get_subscription_count() >= readers)
        return publisher

    def call(self, srv_type, name: str, timeout_s: float = LIMIT_S, **fields):
        """A service's response. It is asked again every 10 s: on a busy machine, rmw_fastrtps drops
        the answer to a client that it has not found within 100 ms, with a warning."""
        client = self.node.create_client(srv_type, name)
        assert client.wait_for_service(LIMIT_S), f"no service {name}"
        asked = [client.call_async(srv_type.Request(**fields))]
        again = time.monotonic() + ASK_AGAIN_S

        def answer():
            nonlocal again
            if time.monotonic() > again:
                asked.append(client.call_async(srv_type.Request(**fields)))
                again += ASK_AGAIN_S
            return next((future for future in asked if future.done()), None)

        return wait_until(answer, timeout_s).result()

    def in_turn(self, call):
        """A call's result, made by the thread that spins.

        Action clients of rclpy lose an answer that comes before they have noted their question.
        """
        made: list = []
        self._executor.create_task(lambda: made.append(call()))
        wait_until(lambda: made)
        return made[0]

    def close(self) -> None:
        rclpy.try_shutdown()
        self._thread.join(5.0)
        for client in self._kept:
            client.destroy()
        self.node.destroy_node()
