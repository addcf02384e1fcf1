"""Events of processes."""

from __future__ import annotations

import signal
from typing import Callable

from launch.action import Action
from launch.event import Event


class ProcessEvent(Event):
    """Something happened to the process of `action`."""

    def __init__(self, *, action: Action, name: str, cmd: list[str], cwd: str | None,
                 env: dict[str, str], pid: int) -> None:
        self.action = action
        self.process_name = name
        self.cmd = cmd
        self.cwd = cwd
        self.env = env
        self.pid = pid


class ProcessStarted(ProcessEvent):
    name = "launch.events.process.ProcessStarted"


class ProcessExited(ProcessEvent):
    """It ended; `returncode` is negative where a signal ended it, as in `subprocess`."""

    name = "launch.events.process.ProcessExited"

    def __init__(self, *, returncode: int, **of_process) -> None:
        super().__init__(**of_process)
        self.returncode = returncode


class ShutdownProcess(Event):
    """Processes of the actions that `process_matcher` picks are to end."""

    name = "launch.events.process.ShutdownProcess"

    def __init__(self, *, process_matcher: Callable[[Action], bool]) -> None:
        self.process_matcher = process_matcher


class SignalProcess(Event):
    """Processes of the actions that `process_matcher` picks are to get a signal."""

    name = "launch.events.process.SignalProcess"

    def __init__(self, *, signal_number: str | int | signal.Signals,
                 process_matcher: Callable[[Action], bool]) -> None:
        self.signal = (signal.Signals[signal_number] if isinstance(signal_number, str)
                       else signal.Signals(signal_number))
        self.process_matcher = process_matcher
