# SPDX-License-Identifier: Apache-2.0
"""Actions: what a launch description can do."""

from __future__ import annotations

import math
import os
from typing import Any, Callable, Iterable, Mapping, Union

from launch._process import CommandLine
from launch.action import Action, Entities, LaunchDescriptionEntity, as_list
from launch.conditions import Condition
from launch.event import Event
from launch.event_handlers import EventHandler, OnProcessExit, Reaction
from launch.events import Shutdown as ShutdownEvent
from launch.events.process import ProcessExited
from launch.launch_context import LaunchContext
from launch.launch_description_sources import AnyLaunchDescriptionSource, LaunchDescriptionSource
from launch.logging import get_logger
from launch.some_substitutions_type import SomeSubstitutionsType
from launch.utilities import as_bool, normalize_to_list_of_substitutions, perform_substitutions

OUTPUTS = {
    "screen": {"stdout": (True, False), "stderr": (True, False)},
    "log": {"stdout": (False, True), "stderr": (True, True)},
    "both": {"stdout": (True, True), "stderr": (True, True)},
}


def text_of(context: LaunchContext, value: SomeSubstitutionsType) -> str:
    return perform_substitutions(context, normalize_to_list_of_substitutions(value))


class DeclareLaunchArgument(Action):
    """Declares an argument of the launch file: a launch configuration that users may give."""

    def __init__(
        self,
        name: str,
        *,
        default_value: SomeSubstitutionsType | None = None,
        description: str | None = None,
        choices: Iterable[str] | None = None,
        **others: Any,
    ) -> None:
        super().__init__(**others)
        self.name = name
        self.default_value = (
            None if default_value is None else normalize_to_list_of_substitutions(default_value)
        )
        self.choices = None if choices is None else list(choices)
        if self.choices == [] or (
            self.choices and isinstance(default_value, str) and default_value not in self.choices
        ):
            raise ValueError(
                f'Argument "{name}": default_value {default_value!r} is not among '
                f"its choices {self.choices}"
            )
        self.description = description or "no description given"
        if self.choices:
            self.description = f"{self.description.rstrip('.')}. Valid choices are: {self.choices}"

    def execute(self, context: LaunchContext) -> None:
        configurations = context.launch_configurations
        if self.name not in configurations:
            if self.default_value is None:
                raise RuntimeError(
                    f'Required launch argument "{self.name}" (description: '
                    f'"{self.description}") was not provided'
                )
            configurations[self.name] = perform_substitutions(context, self.default_value)
        value = configurations[self.name]
        if self.choices and value not in self.choices:
            raise RuntimeError(
                f'Argument "{self.name}" provided value "{value}" is not valid. '
                f"Valid options are: {self.choices}"
            )


class IncludeLaunchDescription(Action):
    """Includes another launch file. Its configurations stay set: put it in a GroupAction to
    keep them apart."""

    def __init__(
        self,
        launch_description_source: Union[LaunchDescriptionSource, SomeSubstitutionsType],
        *,
        launch_arguments: Iterable[tuple[SomeSubstitutionsType, SomeSubstitutionsType]]
        | None = None,
        **others: Any,
    ) -> None:
        super().__init__(**others)
        if not isinstance(launch_description_source, LaunchDescriptionSource):
            launch_description_source = AnyLaunchDescriptionSource(launch_description_source)
        self.source = launch_description_source
        self._arguments = list(launch_arguments or ())

    def execute(self, context: LaunchContext) -> None:
        before, context.launch_file = context.launch_file, self.source.locate(context)
        try:
            description = self.source.get_launch_description(context)
            for name, value in self._arguments:
                context.launch_configurations[text_of(context, name)] = text_of(context, value)
            context.visit(description)
        finally:
            context.launch_file = before

    def describe_sub_entities(self) -> list[LaunchDescriptionEntity]:
        try:
            return [self.source.get_launch_description(LaunchContext())]
        except Exception:  # the path needs configurations, or cannot be read: launching will tell
            return []


class GroupAction(Action):
    """Actions that share a condition and, when scoped, keep what they set to themselves."""

    def __init__(self, actions: Iterable[Action], *, scoped: bool = True, **others: Any) -> None:
        super().__init__(**others)
        self.actions = as_list(actions)
        self._scoped = scoped

    def execute(self, context: LaunchContext) -> Entities:
        if not self._scoped:
            return self.actions
        with context.scope():
            context.visit(self.actions)
        return None

    def describe_sub_entities(self) -> list[LaunchDescriptionEntity]:
        return self.actions


class SetLaunchConfiguration(Action):
    """Sets a launch configuration."""

    def __init__(
        self, name: SomeSubstitutionsType, value: SomeSubstitutionsType, **others: Any
    ) -> None:
        super().__init__(**others)
        self._name, self._value = name, value

    def execute(self, context: LaunchContext) -> None:
        self._target(context)[text_of(context, self._name)] = text_of(context, self._value)

    def _target(self, context: LaunchContext):
        return context.launch_configurations


class SetEnvironmentVariable(SetLaunchConfiguration):
    """Sets an environment variable, for launch and for what is started after."""

    def _target(self, context: LaunchContext):
        return context.environment


class LogInfo(Action):
    """Writes a line."""

    def __init__(self, *, msg: SomeSubstitutionsType, **others: Any) -> None:
        super().__init__(**others)
        self._message = msg

    def execute(self, context: LaunchContext) -> None:
        get_logger("launch.user").info(text_of(context, self._message))


class OpaqueFunction(Action):
    """Calls `function(context, *args, **kwargs)`, which may return entities to visit."""

    def __init__(
        self,
        *,
        function: Callable[..., Entities],
        args: Iterable[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        **others: Any,
    ) -> None:
        super().__init__(**others)
        self._function, self._args, self._kwargs = function, list(args or ()), dict(kwargs or {})

    def execute(self, context: LaunchContext) -> Entities:
        return self._function(context, *self._args, **self._kwargs)


class TimerAction(Action):
    """Visits actions after a number of seconds, as if it were now."""

    def __init__(
        self, *, period: float | SomeSubstitutionsType, actions: Iterable[Action], **others: Any
    ) -> None:
        super().__init__(**others)
        self._period = period
        self.actions = as_list(actions)
        self._cancel: Callable[[], object] = lambda: None

    def execute(self, context: LaunchContext) -> None:
        visit = context.later()
        self._cancel = context.service.start_timer(
            seconds(context, self._period, "TimerAction period"), lambda: visit(self.actions)
        )

    def cancel(self) -> None:
        self._cancel()

    def describe_sub_entities(self) -> list[LaunchDescriptionEntity]:
        return self.actions


class RegisterEventHandler(Action):
    """From now on, handles events."""

    def __init__(self, event_handler: EventHandler, **others: Any) -> None:
        super().__init__(**others)
        self._handler = event_handler

    def execute(self, context: LaunchContext) -> None:
        context.service.add_handler(self._handler)


class EmitEvent(Action):
    """Makes an event happen."""

    def __init__(self, *, event: Event, **others: Any) -> None:
        super().__init__(**others)
        self._event = event

    def execute(self, context: LaunchContext) -> None:
        context.service.emit_event(self._event)


class Shutdown(Action):
    """Ends everything."""

    def __init__(self, *, reason: str = "reason not given", **others: Any) -> None:
        super().__init__(**others)
        self._reason = reason

    def execute(self, context: LaunchContext) -> None:
        event = getattr(context.locals, "event", None)
        if isinstance(event, ProcessExited):
            get_logger("launch").info(
                f"process[{event.process_name}] was required: shutting down launched system"
            )
        context.service.emit_event(ShutdownEvent(reason=self._reason))


class ExecuteProcess(Action):
    """Starts a program and passes on its output; when launch ends, so does everything in the
    program's process group.

    With `respawn`, it is started again whenever it ends, after `respawn_delay` seconds and at most
    `respawn_max_retries` times (negative: no limit), until launch ends.

    `emulate_tty` gives no terminal, but what people want of one: unbuffered output of Python and
    coloured lines of ROS 2's loggers.
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
        env.setdefault("PYTHONUNBUFFERED", "1")  # else lines come when the program ends
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
        """The command line, the name for its output, and what to call when it is over."""
        argv = [perform_substitutions(context, part) for part in self.cmd]
        if not argv:
            raise ValueError("ExecuteProcess(cmd=[]): a command must have a program")
        name = os.path.basename(argv[0]) if self._name is None else text_of(context, self._name)
        return argv, name, lambda: None


def seconds(context: LaunchContext, value: float | SomeSubstitutionsType, what: str) -> float:
    """A time in seconds, from a number or text. Raises ValueError naming `what`."""
    text = value if isinstance(value, (int, float)) else text_of(context, value)
    try:
        if (number := float(text)) >= 0:
            return number
    except ValueError:
        pass
    raise ValueError(f"{what} must be a number of seconds, not {text!r}")


def _outputs(
    context: LaunchContext, output: SomeSubstitutionsType | dict[str, str]
) -> dict[str, tuple[bool, bool]]:
    """For stdout and stderr: whether they go to the screen, and to the log."""

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
