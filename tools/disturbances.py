# SPDX-License-Identifier: Apache-2.0
"""What `chaos.py` does to a launched system."""

from __future__ import annotations

import os
import random
import signal
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from rcl_interfaces.msg import ParameterType, ParameterValue
from rcl_interfaces.srv import DescribeParameters, GetParameters, ListParameters

from dwpose_ros.action import Guide
from dwpose_ros.srv import Capture

PAUSE_S = 0.2  # mean
TRANSITIONS = [
    getattr(Transition, f"TRANSITION_{name}")
    for name in ("CONFIGURE", "CLEANUP", "ACTIVATE", "DEACTIVATE")
]
PROFILES = ("", "face", "upper_body", "hands", "turnaround", "no such")
VALUES = {
    ParameterType.PARAMETER_BOOL: ("bool_value", (True, False)),
    ParameterType.PARAMETER_INTEGER: ("integer_value", (0, 1, -1, 2**62)),
    ParameterType.PARAMETER_DOUBLE: ("double_value", (0.0, 0.5, -1.0, 1e300, float("nan"))),
    ParameterType.PARAMETER_STRING: ("string_value", ("", "face", "de", "../x", "\n")),
}
PATHS = (
    *("/", "/captures", "/status", "/privacy", "/live", "/camera", "/nothing"),
    *("/api/captures", "/api/kept", "/api/texts/de", "/api/sessions/a/b/zip"),
    "/api/nodes/pose/parameters",
)


class Disturbances:
    """Disturbs in an order that a seed determines.

    Args:
        chaos: calls services and actions.
        launch: process id of `ros2 launch`.
        port: of the screen's pages.
    """

    def __init__(self, chaos, launch: int, port: int, rng: random.Random) -> None:
        self._chaos, self._launch, self._port, self._rng = chaos, launch, port, rng
        self._goals: list[Any] = []
        self._asleep: set[int] = set()  # process ids
        self._threads: list[threading.Thread] = []
        self._last_s = 0.0
        self.before: dict[tuple[str, str], ParameterValue] = {}  # of parameters that were changed
        self._weights: dict[Callable[[], None], float] = {
            **{self._transition: 4, self._parameter: 4, self._goal: 4, self._cancel: 3},
            **{self._capture: 2, self._page: 6, self._kill: 0.3, self._sleep: 0.7},
        }

    def some(self) -> None:
        """Disturb once, after a pause."""
        time.sleep(self._rng.expovariate(1 / PAUSE_S))
        self._rng.choices([*self._weights], [*self._weights.values()])[0]()

    def _beside(self, work: Callable[[], Any]) -> None:
        """Work while other things go on."""
        self._threads.append(threading.Thread(target=work))
        self._threads[-1].start()

    def finish(self) -> None:
        """Wait until everything is done, and awake."""
        for thread in self._threads:
            thread.join()

    def since_s(self) -> float:
        """Return how long ago a process was killed or slept, in seconds."""
        return 0.0 if self._asleep else time.monotonic() - self._last_s

    def _node(self) -> str:
        return self._rng.choice(self._chaos.nodes() or ["/pose"])

    def _transition(self) -> None:
        node, wanted = self._node(), self._rng.choice(TRANSITIONS)
        self._chaos.say(f"{node}: transition {wanted}")
        self._beside(
            lambda: self._chaos.call(
                ChangeState, f"{node}/change_state", transition=Transition(id=wanted)
            )
        )

    def _parameter(self) -> None:
        node, rng = self._node(), random.Random(self._rng.random())
        self._beside(lambda: self._change(node, rng))

    def _change(self, node: str, rng: random.Random) -> None:
        listed = self._chaos.call(ListParameters, f"{node}/list_parameters")
        if not listed or not listed.result.names:
            return
        name = rng.choice(sorted(listed.result.names))
        now = self._chaos.call(GetParameters, f"{node}/get_parameters", names=[name])
        about = self._chaos.call(DescribeParameters, f"{node}/describe_parameters", names=[name])
        if not now or not about:
            return
        value = rng.choice([*now.values, *_values(about.descriptors[0], rng)])
        if self._chaos.set(node, name, value):
            self.before.setdefault((node, name), now.values[0])

    def _goal(self) -> None:
        profile, timeout = self._rng.choice(PROFILES), self._rng.choice([0.0, 1.0, 5.0])
        self._chaos.say(f"goal: {profile!r}, {timeout:g} s")
        self._chaos.send_goal(Guide.Goal(profile=profile, timeout=timeout), self._goals.append)

    def _cancel(self) -> None:
        if self._goals:
            self._chaos.say("cancel")
            self._chaos.cancel(self._goals.pop(self._rng.randrange(len(self._goals))))

    def _capture(self) -> None:
        self._chaos.say("capture")
        count = self._rng.choice([0, 3])
        self._beside(lambda: self._chaos.call(Capture, "/capture", count=count))

    def _page(self) -> None:
        """Ask for a page or a connection, and go away at some time."""
        path = self._rng.choice(PATHS)
        request = (
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        ).encode()
        stay_s, sent = self._rng.choice([0.01, 0.1, 1.0]), self._rng.choice([len(request), 20])
        self._chaos.say(f"GET {path}, {sent} bytes, for {stay_s:g} s")

        def ask() -> None:
            until = time.monotonic() + stay_s
            try:
                with socket.create_connection(("127.0.0.1", self._port), timeout=5.0) as browser:
                    browser.sendall(request[:sent])
                    browser.settimeout(stay_s)
                    while browser.recv(65536) and time.monotonic() < until:
                        pass
            except OSError:  # the page is not there, or the time is over
                pass

        self._beside(ask)

    def _kill(self) -> None:
        if found := our_processes(self._launch):
            pid = self._rng.choice(found)
            self._chaos.say(f"kill -9: {_name(pid)}")
            self._signal(pid, signal.SIGKILL)

    def _sleep(self) -> None:
        if found := our_processes(self._launch):
            pid, lasts_s = self._rng.choice(found), self._rng.choice([0.3, 3.0])
            self._chaos.say(f"sleeps {lasts_s:g} s: {_name(pid)}")
            self._asleep.add(pid)
            self._signal(pid, signal.SIGSTOP)
            self._beside(lambda: self._wake(pid, lasts_s))

    def _wake(self, pid: int, after_s: float) -> None:
        time.sleep(after_s)
        self._signal(pid, signal.SIGCONT)
        self._asleep.discard(pid)

    def _signal(self, pid: int, number: int) -> None:
        self._last_s = time.monotonic()
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass


def _values(about: Any, rng: random.Random) -> list[ParameterValue]:
    """Return values to try: the ends of the range, what is beyond, and another type's."""
    made = [
        ParameterValue(type=about.type, **{field: end})
        for field, ranges in (
            ("integer_value", about.integer_range),
            ("double_value", about.floating_point_range),
        )
        for one in ranges
        for end in (one.from_value, one.to_value)
    ]
    for kind in sorted({about.type, rng.choice(sorted(VALUES))} & VALUES.keys()):
        field, values = VALUES[kind]
        made += [ParameterValue(type=kind, **{field: value}) for value in values]
    return made


def our_processes(launch: int) -> list[int]:
    """Return the ids of the processes of nodes that a launch has started."""
    parents, ours = {}, []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(folder.name)] = int(
                (folder / "stat").read_text().rpartition(")")[2].split()[1]
            )
            if b"/lib/dwpose_ros/" in (folder / "cmdline").read_bytes():
                ours.append(int(folder.name))
        except OSError:  # it has ended
            continue

    def launched(pid: int) -> bool:
        while pid in parents and pid != launch:
            pid = parents[pid]
        return pid == launch

    return sorted(pid for pid in ours if launched(pid))


def _name(pid: int) -> str:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
    except OSError:
        words = []
    return next((Path(word).name for word in words if "/lib/dwpose_ros/" in word), str(pid))
