# SPDX-License-Identifier: Apache-2.0
"""Events about processes."""

from __future__ import annotations

from launch.action import Action
from launch.event import Event


class ProcessEvent(Event):
    """Something happened to the process of `action`."""

    def __init__(
        self,
        *,
        action: Action,
        name: str,
        cmd: list[str],
        cwd: str | None,
        env: dict[str, str],
        pid: int,
    ) -> None:
        self.action = action
        self.process_name = name
        self.cmd = cmd
        self.cwd = cwd
        self.env = env
        self.pid = pid


class ProcessStarted(ProcessEvent):
    """The process started."""

    name = "launch.events.process.ProcessStarted"


class ProcessExited(ProcessEvent):
    """The process ended; `returncode` is negative if a signal ended it, as in `subprocess`."""

    name = "launch.events.process.ProcessExited"

    def __init__(self, *, returncode: int, **of_process) -> None:
        super().__init__(**of_process)
        self.returncode = returncode
