"""What our launch files have in common: nodes that come back when they die."""

from __future__ import annotations

import os

from launch import LaunchContext, Substitution
from launch.actions import LogInfo, Shutdown
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

MISTAKE = 2  # exit code of a node that was given what cannot work: as in nodes/running.py
RESPAWN_S = 1.0


def value(name: str, kind: type, **others) -> ParameterValue:
    """A launch argument as a node's parameter."""
    return ParameterValue(LaunchConfiguration(name, **others), value_type=kind)


class FoldersOf(Substitution):
    """Folders, separated by ':': those that one launch argument lists, and those that files which
    others name lie in. Of whoever launches, a node may take the files; of others only those."""

    def __init__(self, listed: str, *files: str) -> None:
        super().__init__()
        self._listed, self._files = listed, files

    def describe(self) -> str:
        return f"FoldersOf({', '.join((self._listed, *self._files))})"

    def perform(self, context: LaunchContext) -> str:
        listed = LaunchConfiguration(self._listed).perform(context)
        named = (LaunchConfiguration(name).perform(context) for name in self._files)
        folders = [os.path.dirname(os.path.abspath(os.path.expanduser(name))) for name in named
                   if os.sep in name or name.endswith(".yaml")]
        return os.pathsep.join(dict.fromkeys(filter(None, [listed, *folders])))


def managed(executable: str, parameters: dict, images: bool = False,
            remappings: tuple[tuple, ...] = (), **more) -> Node:
    """One of our nodes. It configures and activates itself, also after it was killed, unless
    `autostart` is false. Where it ends by itself, or cannot work, everything ends.

    `images`: it deals with images, whose topic the launch argument `image_topic` names.
    """
    def ended(event, context):
        if context.is_shutdown:
            return []
        if event.returncode in (0, MISTAKE):
            return [Shutdown(reason=f"the {executable} node has ended")]
        return [LogInfo(msg=f"the {executable} node died (exit code {event.returncode}) and is "
                            "started again")]

    return Node(package="dwpose_ros", executable=executable, name=executable, output="screen",
                parameters=[{"autostart": value("autostart", bool), **parameters}],
                remappings=[*remappings, *images * [
                    ("image_raw", LaunchConfiguration("image_topic"))]],
                respawn=True, respawn_delay=RESPAWN_S, on_exit=ended, **more)
