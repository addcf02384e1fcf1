# SPDX-License-Identifier: Apache-2.0
"""Give every run its own ROS domain, on this machine only."""

from __future__ import annotations

import os
import sys

import pytest

import rosless

sys.path.append(os.path.dirname(__file__))

from domains import own_domain  # noqa: E402

# Before anything joins DDS.
os.environ["ROS_DOMAIN_ID"] = own_domain()
os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
for name in (
    "ROS_STATIC_PEERS",
    "ROS_LOCALHOST_ONLY",
    "RCUTILS_COLORIZED_OUTPUT",
    "RCUTILS_CONSOLE_OUTPUT_FORMAT",
):
    os.environ.pop(name, None)

if rosless.ros2_is_sourced():  # rosless then supplies only what is missing
    collect_ignore = [
        name
        for name in os.listdir(os.path.dirname(__file__))
        if name.startswith("test_") and "mixed_world" not in name
    ]
rosless.activate()

from rosless_helpers import Peer, Program  # noqa: E402


def pytest_configure(config) -> None:
    config.addinivalue_line(
        "markers",
        "differs(what, here, shown): the test proves this difference from ROS 2, a row of the "
        "table in rosless/README.md, which tools/rosless_differences.py writes",
    )


@pytest.fixture
def peer():
    """peer('-p', 'rate:=2') -> a Peer with these ROS arguments, closed with the test."""
    made: list[Peer] = []

    def make(*ros_args: str, **kwargs) -> Peer:
        made.append(Peer(*ros_args, **kwargs))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def default_context():
    """Call `rclpy.init` before the test, and `rclpy.try_shutdown` after it."""
    import rclpy

    rclpy.init(args=[])
    yield
    rclpy.try_shutdown()


@pytest.fixture
def program():
    """program(code, *argv, env=...) -> a Program, killed with the test."""
    started: list[Program] = []

    def start(code: str, *args: str, env: dict[str, str] | None = None) -> Program:
        started.append(Program(code, *args, env=env))
        return started[-1]

    yield start
    for one in started:
        one.popen.kill()
        one.popen.communicate()
