# SPDX-License-Identifier: Apache-2.0
"""What our launch files share."""

from __future__ import annotations

import atexit
import json
import os
import tempfile
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from ament_index_python.packages import get_package_share_directory
from launch import Action, LaunchContext, Substitution
from launch.actions import (
    DeclareLaunchArgument,
    LogInfo,
    OpaqueFunction,
    SetEnvironmentVariable,
    Shutdown,
)
from launch.conditions import IfCondition
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

from dwpose_ros.ros.middleware_environment import cannot_begin
from dwpose_ros.ros.parameter_names import KINDS

MISTAKE = 2  # exit code of a node that was given what cannot work: as in ros/node_main.py
RESPAWN_S = 1.0


def value(name: str, kind: type, **others) -> ParameterValue:
    """Return a launch argument as a node's parameter."""
    return _Argument(name, kind, **others)


class _Argument(ParameterValue):
    """A launch argument, whose mistakes are told by its name."""

    def __init__(self, name: str, kind: type, **others) -> None:
        super().__init__(LaunchConfiguration(name, **others), value_type=kind)
        self._argument, self._kind = name, kind

    def evaluate(self, context: LaunchContext) -> Any:
        try:
            return super().evaluate(context)
        except (TypeError, ValueError) as err:
            given = context.launch_configurations.get(self._argument)
            raise RuntimeError(
                f"the launch argument {self._argument} is {given!r}; it must be "
                f"{KINDS[self._kind]}"
            ) from err


def declared(arguments: dict[str, tuple[str, str]]) -> list[Action]:
    """Declare launch arguments, given with their defaults and descriptions by name."""
    return [
        *(
            DeclareLaunchArgument(name, default_value=default, description=text)
            for name, (default, text) in arguments.items()
        ),
        OpaqueFunction(
            function=lambda context: _declared.setdefault(context, set()).update(arguments)
        ),
    ]


_declared: WeakKeyDictionary[LaunchContext, set[str]] = WeakKeyDictionary()


def _mistyped(context: LaunchContext) -> list[Action]:
    """Warn of arguments that look like ours but are not: launch itself ignores them. Others may
    be those of a launch file that includes ours.
    """
    ours = _declared.setdefault(context, set())
    given = {word.split(":=", 1)[0] for word in context.argv if ":=" in word}
    near = {name: get_close_matches(name, ours, 1, 0.75) for name in given - ours}
    ours |= given  # each is told once, also where nodes are started twice, for two cameras
    return [
        LogInfo(msg=f"our launch files have no argument {name}: did you mean {found[0]}?")
        for name, found in near.items()
        if found
    ]


class FoldersOf(Substitution):
    """Folders, separated by ':': those that one launch argument lists, and those of the
    files that other arguments name. So a node may use the files that its user named, and no
    others.
    """

    def __init__(self, listed: str, *files: str) -> None:
        super().__init__()
        self._listed, self._files = listed, files

    def describe(self) -> str:
        return f"FoldersOf({', '.join((self._listed, *self._files))})"

    def perform(self, context: LaunchContext) -> str:
        listed = LaunchConfiguration(self._listed).perform(context)
        named = (LaunchConfiguration(name).perform(context) for name in self._files)
        folders = [
            os.path.dirname(os.path.abspath(os.path.expanduser(name)))
            for name in named
            if os.sep in name or name.endswith(".yaml")
        ]
        return os.pathsep.join(dict.fromkeys(filter(None, [listed, *folders])))


def middleware_settings(shm: str = "/dev/shm") -> list[Action]:
    """Set what the middleware in use needs for large images, unless the user has set it. Log
    one line if it cannot be set, or the middleware cannot start.
    """
    if fault := cannot_begin():
        return [OpaqueFunction(function=_refuse, args=[fault])]
    # Only now: it imports rclpy, which ends the process where its middleware is missing.
    from dwpose_ros.ros.middleware import settings

    try:
        variables, told = settings(Path(get_package_share_directory("dwpose_ros"), "config"), shm)
    except ValueError as err:
        return [OpaqueFunction(function=_refuse, args=[str(err)])]
    return [
        *([LogInfo(msg=told)] if told else []),
        *(SetEnvironmentVariable(name, path) for name, path in variables.items()),
    ]


def _refuse(context: LaunchContext, fault: str) -> None:
    raise RuntimeError(fault)  # which launch tells in one line, and starts nothing


class _Wanted(NamedTuple):
    """One of our nodes that is to be started."""

    executable: str
    parameters: dict
    remappings: list[tuple]
    composable: bool


_wanted: WeakKeyDictionary[LaunchContext, list[_Wanted]] = WeakKeyDictionary()


def managed(
    executable: str,
    parameters: dict,
    images: bool = False,
    remappings: tuple[tuple, ...] = (),
    composable: bool = True,
    **more,
) -> Action:
    """Note one of our nodes, which `start_nodes` starts.

    Unless `autostart` is false, it configures and activates itself, also after a respawn. If it
    ends by itself, or cannot work, the launch ends.

    Args:
        images: it reads or publishes images, whose topic the launch argument `image_topic` names.
        composable: it may share a process with others.
    """
    one = _Wanted(
        executable,
        {"autostart": value("autostart", bool), **parameters},
        [*remappings, *images * [("image_raw", LaunchConfiguration("image_topic"))]],
        composable,
    )

    def note(context: LaunchContext) -> None:
        _wanted.setdefault(context, []).append(one)

    return OpaqueFunction(function=note, **more)


def start_nodes() -> Action:
    """Start the nodes noted so far: where the launch argument `composed` is true, all in one
    process that can be, else each in a process of its own.
    """
    return OpaqueFunction(function=_start)


def _start(context: LaunchContext) -> list[Action]:
    wanted = _wanted.pop(context, [])
    composed = IfCondition(LaunchConfiguration("composed")).evaluate(context)
    together = [one for one in wanted if composed and one.composable]
    if len(together) < 2:
        together = []
    alone = [one for one in wanted if one not in together]
    return [
        *_mistyped(context),
        *([_process_of(context, together)] if together else []),
        *(
            Node(
                name=one.executable,
                parameters=[_parameter_file(context, [one])],
                remappings=one.remappings,
                **_process(one.executable, f"the {one.executable} node"),
            )
            for one in alone
        ),
    ]


def _process_of(context: LaunchContext, together: list[_Wanted]) -> Node:
    """Return one process for several nodes."""
    names = [one.executable for one in together]
    remaps = [
        f"{one.executable}:{_text(context, source)}:={_text(context, target)}"
        for one in together
        for source, target in one.remappings
    ]
    return Node(
        arguments=names,
        parameters=[_parameter_file(context, together)],
        ros_arguments=[word for remap in remaps for word in ("-r", remap)],
        **_process("composed", f"the process of {', '.join(names)}"),
    )


def _process(executable: str, what: str) -> dict:
    """Return what all processes of ours have in common."""

    def ended(event, context):
        if context.is_shutdown:
            return []
        if event.returncode in (0, MISTAKE):
            return [Shutdown(reason=f"{what} has ended")]
        return [LogInfo(msg=f"{what} died (exit code {event.returncode}) and is started again")]

    return {
        "package": "dwpose_ros",
        "executable": executable,
        "output": "screen",
        "respawn": True,
        "respawn_delay": RESPAWN_S,
        "on_exit": ended,
    }


def _parameter_file(context: LaunchContext, together: list[_Wanted]) -> str:
    """Write the parameters of several nodes.

    A respawn reads the file again, also after weeks. So it lies beside the logs of ROS, since
    systemd removes from /tmp what nobody has used for some days, and is removed when launch ends.
    """
    # Full names: Humble's rclpy knows no pattern but /**.
    namespace = context.launch_configurations.get("ros_namespace", "").strip("/")
    prefix = f"/{namespace}/" if namespace else "/"
    lines = []
    for one in together:
        lines += [f"{prefix}{one.executable}:", "  ros__parameters:"]
        for name, given in one.parameters.items():
            meant = given.evaluate(context) if isinstance(given, ParameterValue) else given
            # JSON is YAML in which text is always quoted.
            lines.append(f"    {name}: {json.dumps(meant, ensure_ascii=False)}")
    with tempfile.NamedTemporaryFile(
        "w", prefix="dwpose_", suffix=".yaml", dir=_log_folder(), delete=False, encoding="utf-8"
    ) as file:
        file.write("\n".join(lines) + "\n")
    atexit.register(Path(file.name).unlink, missing_ok=True)
    return file.name


def _log_folder() -> Path | None:
    """Return the folder of ROS's logs, which is made; None if it cannot be written."""
    home = os.environ.get("ROS_HOME") or "~/.ros"
    folder = Path(os.environ.get("ROS_LOG_DIR") or f"{home}/log").expanduser()
    with suppress(OSError, RuntimeError):  # the latter without a home
        folder.mkdir(parents=True, exist_ok=True)
        if os.access(folder, os.W_OK):
            return folder
    return None


def _text(context: LaunchContext, words: str | Substitution) -> str:
    return words if isinstance(words, str) else words.perform(context)
