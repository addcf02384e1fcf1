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
        self._asleep: dict[int, float] = {}  # the ids of processes, and when they wake up
        self._last_s = 0.0
        self.before: dict[tuple[str, str], ParameterValue] = {}  # of parameters that were changed
        self._weights: dict[Callable[[], None], int] = {
            **{self._transition: 4, self._parameter: 4, self._goal: 4, self._cancel: 3},
            **{self._capture: 2, self._page: 6, self._kill: 1, self._sleep: 1},
        }

    def some(self) -> None:
        """Disturb once."""
        for pid, wakes_s in list(self._asleep.items()):
            if time.monotonic() > wakes_s:
                self._wake(pid)
        self._rng.choices([*self._weights], [*self._weights.values()])[0]()

    def wake_all(self) -> None:
        for pid in list(self._asleep):
            self._wake(pid)

    def since_s(self) -> float:
        """Return how long ago a process was killed or slept, in seconds."""
        return 0.0 if self._asleep else time.monotonic() - self._last_s

    def _node(self) -> str:
        return self._rng.choice(self._chaos.nodes() or ["/pose"])

    def _transition(self) -> None:
        node, wanted = self._node(), self._rng.choice(TRANSITIONS)
        self._chaos.say(f"{node}: transition {wanted}")
        self._chaos.beside(ChangeState, f"{node}/change_state", transition=Transition(id=wanted))

    def _parameter(self) -> None:
        node = self._node()
        listed = self._chaos.call(ListParameters, f"{node}/list_parameters")
        if not listed or not listed.result.names:
            return
        name = self._rng.choice(sorted(listed.result.names))
        now = self._chaos.call(GetParameters, f"{node}/get_parameters", names=[name])
        about = self._chaos.call(DescribeParameters, f"{node}/describe_parameters", names=[name])
        if not now or not about:
            return
        value = self._rng.choice([*now.values, *self._values(about.descriptors[0])])
        if self._chaos.set(node, name, value):
            self.before.setdefault((node, name), now.values[0])

    def _values(self, about: Any) -> list[ParameterValue]:
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
        for kind in sorted({about.type, self._rng.choice(sorted(VALUES))} & VALUES.keys()):
            field, values = VALUES[kind]
            made += [ParameterValue(type=kind, **{field: value}) for value in values]
        return made

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
        self._chaos.beside(Capture, "/capture", count=self._rng.choice([0, 3]))

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

        threading.Thread(target=ask, daemon=True).start()

    def _kill(self) -> None:
        if found := our_processes(self._launch):
            pid = self._rng.choice(found)
            self._chaos.say(f"kill -9: {_name(pid)}")
            self._asleep.pop(pid, None)
            self._signal(pid, signal.SIGKILL)

    def _sleep(self) -> None:
        if found := our_processes(self._launch):
            pid, lasts_s = self._rng.choice(found), self._rng.choice([0.3, 3.0])
            self._chaos.say(f"sleeps {lasts_s:g} s: {_name(pid)}")
            self._asleep[pid] = time.monotonic() + lasts_s
            self._signal(pid, signal.SIGSTOP)

    def _wake(self, pid: int) -> None:
        del self._asleep[pid]
        self._signal(pid, signal.SIGCONT)

    def _signal(self, pid: int, number: int) -> None:
        self._last_s = time.monotonic()
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass


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
