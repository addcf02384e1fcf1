# SPDX-License-Identifier: Apache-2.0
"""Run one child process, pass on its output, and make sure that it ends."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from launch.events.process import ProcessExited, ProcessStarted
from launch.logging import get_logger, write

if TYPE_CHECKING:
    from launch.action import Action
    from launch.launch_service import LaunchService

_PR_SET_PDEATHSIG = 1
_prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None
_LONGEST_LINE = 1 << 20
_GRACE_S = 2.0  # for the processes that it leaves behind in its group


class CommandLine(NamedTuple):
    """How to run a program, after all substitutions."""

    argv: list[str]
    name: str
    cwd: str | None
    env: dict[str, str]
    shell: bool
    outputs: dict[str, tuple[bool, bool]]  # stdout and stderr: to the screen?, to the log?
    respawns: float  # how often it may be started again; inf: no limit
    respawn_delay_s: float
    sigterm_timeout_s: float  # from SIGINT to SIGTERM
    sigkill_timeout_s: float  # from SIGTERM to SIGKILL


class Process:
    """The process of one action, with all its respawns.

    It leads its own session: Ctrl-C in the terminal reaches only the launch, which passes it on
    once, and everything that the process has started ends with it.
    """

    def __init__(self, action: Action, command: CommandLine, launch: LaunchService) -> None:
        self.action = action
        self.command = command
        self._launch = launch
        self._logger = get_logger(command.name)
        self._pid: int | None = None
        self._stop = asyncio.Event()
        self._hurry = asyncio.Event()

    def stop(self) -> None:
        """End it for good; a second call skips the present waiting time."""
        if self._stop.is_set():
            self._hurry.set()
        self._stop.set()

    def signal(self, number: int) -> bool:
        """Send a signal to its process group; return whether there was one."""
        if self._pid is not None:
            try:
                os.killpg(self._pid, number)
                return True
            except (ProcessLookupError, PermissionError):
                pass
        return False

    def _group_lives(self) -> bool:
        """Return whether its process group has members that are not zombies.

        In a container, perhaps nobody ever reaps those.
        """
        if not self.signal(0):
            return False
        for file in Path("/proc").glob("[0-9]*/stat"):
            try:
                state, _, group = file.read_text(errors="replace").rpartition(")")[2].split()[:3]
            except OSError:  # it has just ended
                continue
            if int(group) == self._pid and state not in "ZX":
                return True
        return sys.platform != "linux"  # without /proc, assume that it lives

    async def run(self) -> None:
        """Run it, with all its respawns, until it has ended for good."""
        left = self.command.respawns
        while True:
            await self._run_once()
            self._pid = None
            if left <= 0 or await _wait(self._stop, self.command.respawn_delay_s):
                return
            left -= 1

    async def _run_once(self) -> None:
        command = self.command
        outputs = [_Output(command.name, *command.outputs[s]) for s in ("stdout", "stderr")]
        stdin, keep_open = os.pipe()  # an input that stays empty and open, as in ROS 2
        try:
            child = await self._start(stdin, *(output.child_end for output in outputs))
        except (OSError, ValueError) as err:
            self._logger.error(f"process cannot be started: {err}")
            self._launch.emit_event(ProcessExited(returncode=127, **self._event_fields(0)))
            self._stop.set()  # it would fail again
            for output in outputs:
                output.close()
            return
        finally:
            os.close(stdin)
            for output in outputs:
                os.close(output.child_end)
        self._pid = child.pid
        for output in outputs:
            output.start()
        try:
            self._logger.info(f"process started with pid [{child.pid}]")
            self._launch.emit_event(ProcessStarted(**self._event_fields(child.pid)))
            code = await self._wait_for_end(child)
            await self._end_group(outputs)
        except BaseException:  # this task was cancelled
            self.signal(signal.SIGKILL)
            raise
        finally:
            os.close(keep_open)
            for output in outputs:
                output.close()
        if code is None:
            self._logger.error(f"process [pid {child.pid}] cannot be killed, and is left behind")
            return
        if code == 0:
            self._logger.info(f"process has finished cleanly [pid {child.pid}]")
        else:
            self._logger.error(
                f"process has died [pid {child.pid}, exit code {code}, "
                f"cmd '{' '.join(command.argv)}']."
            )
        self._launch.emit_event(ProcessExited(returncode=code, **self._event_fields(child.pid)))

    async def _start(self, stdin: int, stdout: int, stderr: int) -> asyncio.subprocess.Process:
        command = self.command
        argv = ["/bin/sh", "-c", " ".join(command.argv)] if command.shell else command.argv
        return await asyncio.create_subprocess_exec(
            *argv,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            cwd=command.cwd,
            env=command.env,
            start_new_session=True,
            preexec_fn=_die_with_launch if _prctl else None,
        )

    def _event_fields(self, pid: int) -> dict:
        command = self.command
        return {
            "action": self.action,
            "name": command.name,
            "cmd": command.argv,
            "cwd": command.cwd,
            "env": command.env,
            "pid": pid,
        }

    async def _wait_for_end(self, child: asyncio.subprocess.Process) -> int | None:
        """Return its exit code, or None if even SIGKILL did not end it."""
        ended = asyncio.create_task(child.wait())
        stopped = asyncio.create_task(self._escalate())
        await asyncio.wait((ended, stopped), return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        return ended.result() if ended.done() else None

    async def _escalate(self) -> None:
        """Wait until `stop` is called; then send SIGINT, later SIGTERM, and at last SIGKILL."""
        await self._stop.wait()
        name = self.command.name
        steps = (
            (signal.SIGINT, self.command.sigterm_timeout_s, signal.SIGTERM),
            (signal.SIGTERM, self.command.sigkill_timeout_s, signal.SIGKILL),
            (signal.SIGKILL, _GRACE_S, None),
        )
        for number, timeout_s, following in steps:
            self._logger.info(f"sending signal '{number.name}' to process[{name}]")
            self.signal(number)
            hurried = await _wait(self._hurry, timeout_s)
            self._hurry.clear()
            if following and not hurried:
                self._logger.error(
                    f"process[{name}] failed to terminate '{timeout_s:g}' seconds after receiving "
                    f"'{number.name}', escalating to '{following.name}'"
                )

    async def _end_group(self, outputs: list[_Output]) -> None:
        """End what the process left behind in its group, and pass on its last output."""
        ask_first = [0] if self._stop.is_set() else []  # the group has had SIGINT already
        for number in (*ask_first, signal.SIGTERM, signal.SIGKILL):
            until = asyncio.get_running_loop().time() + _GRACE_S
            self.signal(number)
            while self._group_lives() and asyncio.get_running_loop().time() < until:
                await asyncio.sleep(0.02)
        for output in outputs:
            await _wait(output.ended, 0.2)


class _Output:
    """Passes on one output of a process, line by line."""

    def __init__(self, name: str, screen: bool, log: bool) -> None:
        self._prefix, self._screen, self._log = f"[{name}] ", screen, log
        self._read_end, self.child_end = os.pipe()
        self._rest = b""
        self.ended = asyncio.Event()

    def start(self) -> None:
        asyncio.get_running_loop().add_reader(self._read_end, self._read)

    def _read(self) -> None:
        data = os.read(self._read_end, 1 << 16)
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._write(line)
        if len(self._rest) > _LONGEST_LINE or not data:
            if self._rest:
                self._write(self._rest)
            self._rest = b""
        if not data:
            self.close()

    def _write(self, line: bytes) -> None:
        text = line.decode("utf-8", "replace").rstrip("\r")
        write(self._prefix + text, screen=self._screen, log=self._log)

    def close(self) -> None:
        if not self.ended.is_set():
            asyncio.get_running_loop().remove_reader(self._read_end)
            os.close(self._read_end)
            self.ended.set()


def _die_with_launch() -> None:
    """In the child: ask to be killed when the launch dies, even if it dies by SIGKILL."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


async def _wait(event: asyncio.Event, timeout_s: float) -> bool:
    """Wait for an event; return whether it came in time."""
    if event.is_set():
        return True  # before Python 3.12, `wait_for` with no time left does not look
    try:
        await asyncio.wait_for(event.wait(), timeout_s)
    except asyncio.TimeoutError:
        return False
    return True
