# SPDX-License-Identifier: Apache-2.0
"""Nodes as processes of their own, and a node of the test's that talks with them.

Only public ROS 2 API is used: the same tests run on rosless and on a sourced ROS 2.
"""

from __future__ import annotations

import gc
import os
import shutil
import sys
import threading
from pathlib import Path

import alone  # noqa: F401
import numpy as np
import pytest

os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])

pytest.importorskip("rclpy")

from ament_index_python.packages import get_package_prefix  # noqa: E402
from harness import Peer, Process, parameter_words  # noqa: E402
from lifecycle_msgs.msg import State, Transition  # noqa: E402
from lifecycle_msgs.srv import ChangeState, GetState  # noqa: E402
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor  # noqa: E402
from sensor_msgs.msg import Image  # noqa: E402

from dwpose_ros.core.images import fill  # noqa: E402


@pytest.fixture
def command(tmp_path):
    """command('ros2', 'topic', 'list') -> a Process, ended with the test."""
    started: list[Process] = []

    def start(*words: str, env: dict[str, str] | None = None) -> Process:
        words = (shutil.which(words[0]) or words[0], *map(str, words[1:]))
        log = tmp_path / f"{len(started)}.log"
        started.append(Process(list(words), log, env or {}))
        return started[-1]

    yield start
    for process in started:
        process.stop()


@pytest.fixture
def run(command):
    """run('camera', source='a.mp4') -> that node of ours as a Process, which is the node itself and
    not `ros2 run`."""
    folder = Path(get_package_prefix("dwpose_ros")) / "lib" / "dwpose_ros"

    def start(executable: str, env: dict[str, str] | None = None, **parameters) -> Process:
        return command(sys.executable, folder / executable, *parameter_words(parameters), env=env)

    return start


@pytest.fixture
def peer():
    made = Peer()
    yield made
    made.close()


@pytest.fixture
def image(peer):
    """image(bgr) -> an Image message, stamped now."""

    def make(bgr: np.ndarray, encoding: str = "bgr8") -> Image:
        message = fill(Image(), bgr, encoding)
        message.header.stamp = peer.node.get_clock().now().to_msg()
        message.header.frame_id = "camera"
        return message

    return make


@pytest.fixture
def spin(peer):
    """spin(node) -> the node, which an executor works for until the test ends."""
    executor = SingleThreadedExecutor()
    nodes = []

    def work():
        try:
            executor.spin()
        except ExternalShutdownException:
            pass

    thread = threading.Thread(target=work, daemon=True)

    def begin(node):
        nodes.append(node)
        executor.add_node(node)
        if not thread.is_alive():
            thread.start()
        return node

    yield begin
    executor.shutdown()
    thread.join(5.0)
    for node in nodes:
        node.close()
        node.destroy_node()
        executor.remove_node(node)
    nodes.clear()
    node = None
    gc.collect()  # services of a lifecycle stay while it is referred to, and would get requests


@pytest.fixture
def active(peer):
    """active(name) -> whether that is what a node says it is."""

    def ask(name: str) -> bool:
        state = peer.call(GetState, f"/{name}/get_state").current_state
        return state.id == State.PRIMARY_STATE_ACTIVE

    return ask


@pytest.fixture
def life(peer):
    """life(node) -> its state; life(node, 'configure', ...) -> its state after these."""

    def after(node: str, *steps: str) -> int:
        for step in steps:
            wanted = Transition(id=getattr(Transition, f"TRANSITION_{step.upper()}"))
            response = peer.call(ChangeState, f"/{node}/change_state", 30.0, transition=wanted)
            after.succeeded = response.success
        return peer.call(GetState, f"/{node}/get_state").current_state.id

    return after
