#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Disturbs the launched system at random and says what does not recover.

Starts `ros2 launch dwpose_ros guide.launch.py source:=sim`, and for some time sends transitions,
parameters, goals, captures and requests for pages, kills processes and makes them sleep, several
of it at once. Then it puts the parameters back and leads all nodes to active. It is a fault if

* a node that nobody disturbed does not answer, or one does not become active again,
* nobody is guided to a picture afterwards,
* the system does not end at Ctrl-C, soon and with exit code 0, or
* its output has a traceback or the like.

    tools/chaos.py --seed 3 --seconds 120 composed:=false

The same seed disturbs in the same order; when, depends on the machine. It is for Linux, and exits
0 if there was no fault.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import rclpy
from disturbances import VALUES, Disturbances
from lifecycle_msgs.msg import State, Transition
from lifecycle_msgs.srv import ChangeState, GetState
from rcl_interfaces.msg import Parameter, ParameterValue
from rcl_interfaces.srv import SetParameters
from rclpy.action import ActionClient
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor

from dwpose_ros.action import Guide

ANSWER_S = 15.0
QUIET_S = 15.0  # after something was killed or slept, for so long no answer is no fault
SETTLE_S = 3.0
RECOVER_S = 60.0
PICTURE_S = 90.0
END_S = 5.0  # then launch sends SIGTERM
# rcl itself says that it cannot publish a log message, of a thread that works when a signal comes.
WRONG = re.compile(
    r"Traceback|Exception ignored|never awaited|Segmentation|terminate called|core dumped|"
    r"Failed to (?!publish log message to rosout)|\[FATAL\]|Unhandled"
)
TO_ACTIVE = {
    State.PRIMARY_STATE_UNCONFIGURED: Transition.TRANSITION_CONFIGURE,
    State.PRIMARY_STATE_INACTIVE: Transition.TRANSITION_ACTIVATE,
}


class Chaos:
    """Talks with the nodes of a launch, and notes the faults."""

    def __init__(self, launch: subprocess.Popen, port: int, seed: int) -> None:
        self.faults: list[str] = []
        self._launch = launch
        self._start_s = time.monotonic()
        self._disturbances = Disturbances(self, launch.pid, port, random.Random(seed))
        rclpy.init(args=[])
        self._node = rclpy.create_node("chaos")
        self._guide = ActionClient(self._node, Guide, "guide")
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self._node)
        self._thread = threading.Thread(target=self._spin, daemon=True)
        self._thread.start()

    def _spin(self) -> None:
        try:
            self._executor.spin()
        except ExternalShutdownException:
            pass

    def say(self, text: str) -> None:
        print(f"{time.monotonic() - self._start_s:6.1f} s  {text}", flush=True)

    def fault(self, text: str) -> None:
        self.faults.append(text)
        self.say(f"FAULT: {text}")

    # Calls

    def call(self, srv_type: type, service: str, **fields: Any) -> Any:
        """Return a service's response, or None if there was none, which is a fault where nothing
        was killed or asleep.
        """
        client = self._node.create_client(srv_type, service)
        begin_s = time.monotonic()
        try:
            if client.wait_for_service(ANSWER_S):
                for _ in range(2):  # Fast DDS drops an answer to a client it has not found yet
                    future = client.call_async(srv_type.Request(**fields))
                    if _until(future.done, ANSWER_S):
                        return future.result()
        finally:
            self._node.destroy_client(client)
        if self._disturbances.since_s() > time.monotonic() - begin_s + QUIET_S:
            self.fault(f"{service} did not answer")
        return None

    def set(self, node: str, name: str, value: ParameterValue) -> bool:
        """Set a parameter; return whether it was taken."""
        shown = getattr(value, VALUES[value.type][0]) if value.type in VALUES else "as it is"
        self.say(f"{node}: {name} := {shown!r}")
        wanted = [Parameter(name=name, value=value)]
        answer = self.call(SetParameters, f"{node}/set_parameters", parameters=wanted)
        return answer is not None and answer.results[0].successful

    def send_goal(self, goal: Guide.Goal, accepted: Callable[[Any], None]) -> None:
        """Send a goal, if the guidance is there, and call with its handle."""
        if self._guide.server_is_ready():
            self._executor.create_task(
                lambda: self._guide.send_goal_async(goal).add_done_callback(
                    lambda future: accepted(future.result())
                )
            )

    def cancel(self, goal: Any) -> None:
        if goal.accepted:
            self._executor.create_task(goal.cancel_goal_async)

    def nodes(self) -> list[str]:
        """Return the managed nodes that are there."""
        services = self._node.get_service_names_and_types()
        found = (name for name, _ in services if name.endswith("/change_state"))
        return sorted(name.removesuffix("/change_state") for name in found)

    # Before, meanwhile and afterwards

    def run(self, seconds: float) -> None:
        """Disturb the system, see that it recovers, and end it."""
        nodes: list[str] = []

        def settled() -> bool:
            nonlocal nodes
            before, nodes = nodes, self.nodes()
            time.sleep(SETTLE_S)
            return bool(nodes) and before == nodes

        if not _until(settled, RECOVER_S) or not self._all_active(nodes):
            self.fault("the system does not start")
            return
        self.say(f"disturbs {', '.join(nodes)}")
        end_s = time.monotonic() + seconds
        while time.monotonic() < end_s and self._launch.poll() is None:
            self._disturbances.some()
        self.say("calm")
        self._disturbances.finish()
        if not _until(lambda: set(nodes) <= set(self.nodes()), RECOVER_S):
            self.fault(f"not there: {', '.join(sorted(set(nodes) - set(self.nodes())))}")
        for (node, name), value in self._disturbances.before.items():
            self.set(node, name, value)
        if self._all_active(nodes):
            self._guide_somebody()
        self._end()

    def _all_active(self, nodes: list[str]) -> bool:
        stuck = [node for node in nodes if not _until(lambda: self._lead(node), RECOVER_S)]
        if stuck:
            self.fault(f"not active: {', '.join(stuck)}")
        return not stuck

    def _lead(self, node: str) -> bool:
        """Lead a node a step towards active; return whether it is."""
        answer = self.call(GetState, f"{node}/get_state")
        state = answer.current_state.id if answer else State.PRIMARY_STATE_UNKNOWN
        if state in TO_ACTIVE:
            wanted = Transition(id=TO_ACTIVE[state])
            self.call(ChangeState, f"{node}/change_state", transition=wanted)
        return state == State.PRIMARY_STATE_ACTIVE

    def _guide_somebody(self) -> None:
        results: list[Any] = []

        def accepted(handle: Any) -> None:
            if handle.accepted:
                handle.get_result_async().add_done_callback(results.append)

        _until(self._guide.server_is_ready, ANSWER_S)
        goal = Guide.Goal(profile="upper_body", timeout=PICTURE_S, paths_only=True)
        self.send_goal(goal, accepted)
        if not _until(lambda: results, PICTURE_S + ANSWER_S):
            self.fault("a goal afterwards has no result")
        elif not (result := results[0].result().result).success:
            self.fault(f"nobody is guided to a picture afterwards: {result.message}")

    def _end(self) -> None:
        begin_s = time.monotonic()
        os.killpg(self._launch.pid, signal.SIGINT)
        try:
            code = self._launch.wait(4 * END_S)
        except subprocess.TimeoutExpired:
            self.fault(f"does not end {4 * END_S:g} s after Ctrl-C")
            return
        told = f"ended with {code}, {time.monotonic() - begin_s:.1f} s after Ctrl-C"
        (self.fault if code or time.monotonic() - begin_s > END_S else self.say)(told)

    def close(self) -> None:
        rclpy.try_shutdown()
        self._thread.join(5.0)
        self._guide.destroy()
        self._node.destroy_node()


def _until(condition: Callable[[], Any], timeout_s: float) -> bool:
    """Wait until the condition is true; return whether it is, after the time at the latest."""
    end_s = time.monotonic() + timeout_s
    while not (value := condition()) and time.monotonic() < end_s:
        time.sleep(0.05)
    return bool(value)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--port", type=int, default=8143, help="of the pages")
    args, given = parser.parse_known_args()
    if wrong := [word for word in given if ":=" not in word]:
        parser.error(f"{wrong[0]!r} is no launch argument, such as composed:=false")
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "launch.log"
        words = ["source:=sim", "on_demand:=true", "screen:=true", f"port:={args.port}"]
        words += [f"folder:={folder}/captures", *given]
        with open(log, "wb") as output:
            launch = subprocess.Popen(
                ["ros2", "launch", "dwpose_ros", "guide.launch.py", *words],
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={**os.environ, "PATH": path},
            )
        chaos = Chaos(launch, args.port, args.seed)
        try:
            chaos.run(args.seconds)
        finally:
            chaos.close()
            if launch.poll() is None:
                os.killpg(launch.pid, signal.SIGKILL)
        lines = log.read_text(errors="replace").splitlines()
    for number, line in enumerate(lines):
        if WRONG.search(line):
            chaos.fault("in the output:\n" + "\n".join(lines[max(number - 3, 0) : number + 20]))
    print(f"{len(chaos.faults)} faults with seed {args.seed}")
    return 1 if chaos.faults else 0


if __name__ == "__main__":
    sys.exit(main())
