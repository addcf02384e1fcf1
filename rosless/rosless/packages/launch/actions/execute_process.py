# SPDX-License-Identifier: Apache-2.0
"""The action that runs a program."""

from __future__ import annotations

import math
import os
from typing import Any, Callable, Iterable, Mapping

from launch._process import CommandLine
from launch.action import Action
from launch.conditions import Condition
from launch.event_handlers import OnProcessExit, Reaction
from launch.launch_context import LaunchContext
from launch.some_substitutions_type import SomeSubstitutionsType
from launch.utilities import (
    as_bool,
    normalize_to_list_of_substitutions,
    perform_substitutions,
    seconds,
    text_of,
)

OUTPUTS = {
    "screen": {"stdout": (True, False), "stderr": (True, False)},
    "log": {"stdout": (False, True), "stderr": (True, True)},
    "both": {"stdout": (True, True), "stderr": (True, True)},
}


class ExecuteProcess(Action):
    """Runs a program and passes on its output.

    When the launch ends, everything in the program's process group ends too.

    With `respawn`, the program is started again whenever it ends, after `respawn_delay` seconds
    and at most `respawn_max_retries` times (negative: no limit), until the launch ends.

    `emulate_tty` gives no terminal, only what people want from one: Python's output is not
    buffered, and the lines of ROS 2's loggers are coloured.
    """

    def __init__(
        self,
        *,
        cmd: Iterable[SomeSubstitutionsType],
        name: SomeSubstitutionsType | None = None,
        cwd: SomeSubstitutionsType | None = None,
        env: Mapping[SomeSubstitutionsType, SomeSubstitutionsType] | None = None,
        additional_env: Mapping[SomeSubstitutionsType, SomeSubstitutionsType] | None = None,
        shell: bool = False,
        output: SomeSubstitutionsType | dict[str, str] = "log",
        respawn: bool | SomeSubstitutionsType = False,
        respawn_delay: float | None = None,
        respawn_max_retries: int = -1,
        sigterm_timeout: float | SomeSubstitutionsType | None = None,
        sigkill_timeout: float | SomeSubstitutionsType | None = None,
        emulate_tty: bool = False,
        on_exit: Reaction = None,
        condition: Condition | None = None,
        **others: Any,
    ) -> None:
        super().__init__(condition=condition, **others)
        self.cmd = [normalize_to_list_of_substitutions(part) for part in cmd]
        self._name, self._cwd = name, cwd
        self._env, self._additional_env = env, dict(additional_env or {})
        self._shell, self._output = shell, output
        self._respawn, self._respawn_delay_s = respawn, respawn_delay or 0.0
        self._most_respawns = math.inf if respawn_max_retries < 0 else respawn_max_retries
        self._timeouts = {"sigterm_timeout": sigterm_timeout, "sigkill_timeout": sigkill_timeout}
        self._emulate_tty = emulate_tty
        self._on_exit = on_exit

    def execute(self, context: LaunchContext) -> None:
        if context.is_shutdown:
            return
        argv, name, at_end = self.make_argv(context)
        env = {
            text_of(context, k): text_of(context, v)
            for k, v in (context.environment if self._env is None else self._env).items()
        }
        env.update(
            {text_of(context, k): text_of(context, v) for k, v in self._additional_env.items()}
        )
        env.setdefault("PYTHONUNBUFFERED", "1")  # else its lines come only when it ends
        if self._emulate_tty:
            env.setdefault("RCUTILS_COLORIZED_OUTPUT", "1")
        respawn = (
            self._respawn
            if isinstance(self._respawn, bool)
            else as_bool(text_of(context, self._respawn))
        )
        command = CommandLine(
            argv,
            context.service.process_name(name),
            None if self._cwd is None else text_of(context, self._cwd),
            env,
            self._shell,
            _outputs(context, self._output),
            self._most_respawns if respawn else 0,
            self._respawn_delay_s,
            *(
                seconds(
                    context,
                    context.launch_configurations.get(key, "5") if value is None else value,
                    key,
                )
                for key, value in self._timeouts.items()
            ),
        )
        if self._on_exit is not None:
            context.service.add_handler(OnProcessExit(target_action=self, on_exit=self._on_exit))
        context.service.start_process(self, command, at_end)

    def make_argv(self, context: LaunchContext) -> tuple[list[str], str, Callable[[], None]]:
        """Return the command line, a name for its output, and a function to call at its end."""
        argv = [perform_substitutions(context, part) for part in self.cmd]
        if not argv:
            raise ValueError("ExecuteProcess(cmd=[]): a command must have a program")
        name = os.path.basename(argv[0]) if self._name is None else text_of(context, self._name)
        return argv, name, lambda: None


def _outputs(
    context: LaunchContext, output: SomeSubstitutionsType | dict[str, str]
) -> dict[str, tuple[bool, bool]]:
    """Return for stdout and stderr whether they go to the screen, and whether to the log."""

    def choose(value: SomeSubstitutionsType) -> dict[str, tuple[bool, bool]]:
        name = text_of(context, value)
        if name not in OUTPUTS:
            raise ValueError(
                f"output {name!r} is not among {', '.join(OUTPUTS)} "
                "(rosless has no own_log and full)"
            )
        return OUTPUTS[name]

    override = context.environment.get("OVERRIDE_LAUNCH_PROCESS_OUTPUT")
    if override or not isinstance(output, dict):
        return choose(override or output)
    if unknown := output.keys() - {"stdout", "stderr"}:
        raise ValueError(f"output={output}: {', '.join(unknown)} must be stdout or stderr")
    return {stream: choose(output.get(stream, "log"))[stream] for stream in ("stdout", "stderr")}
