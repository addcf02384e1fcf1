# SPDX-License-Identifier: Apache-2.0
"""What our launch files share."""

from __future__ import annotations

import os
from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch import Action, LaunchContext, Substitution
from launch.actions import LogInfo, OpaqueFunction, SetEnvironmentVariable, Shutdown
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

from dwpose_ros.ros.middleware_environment import cannot_begin

MISTAKE = 2  # exit code of a node that was given what cannot work: as in ros/node_main.py
RESPAWN_S = 1.0


def value(name: str, kind: type, **others) -> ParameterValue:
    """Return a launch argument as a node's parameter."""
    return ParameterValue(LaunchConfiguration(name, **others), value_type=kind)


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


def managed(
    executable: str,
    parameters: dict,
    images: bool = False,
    remappings: tuple[tuple, ...] = (),
    **more,
) -> Node:
    """Return one of our nodes. Unless `autostart` is false, it configures and activates itself,
    also after a respawn. If it ends by itself, or cannot work, the launch ends.

    Args:
        images: it reads or publishes images, whose topic the launch argument `image_topic` names.
    """

    def ended(event, context):
        if context.is_shutdown:
            return []
        if event.returncode in (0, MISTAKE):
            return [Shutdown(reason=f"the {executable} node has ended")]
        return [
            LogInfo(
                msg=f"the {executable} node died (exit code {event.returncode}) and is "
                "started again"
            )
        ]

    return Node(
        package="dwpose_ros",
        executable=executable,
        name=executable,
        output="screen",
        parameters=[{"autostart": value("autostart", bool), **parameters}],
        remappings=[*remappings, *images * [("image_raw", LaunchConfiguration("image_topic"))]],
        respawn=True,
        respawn_delay=RESPAWN_S,
        on_exit=ended,
        **more,
    )
