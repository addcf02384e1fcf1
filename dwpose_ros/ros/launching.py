"""What our launch files have in common: nodes that come back when they die."""

from __future__ import annotations

import os

from launch.actions import LogInfo, SetEnvironmentVariable, Shutdown
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue
from launch_ros.substitutions import FindPackageShare

from launch import Action, LaunchContext, Substitution

MISTAKE = 2  # exit code of a node that was given what cannot work: as in nodes/running.py
RESPAWN_S = 1.0
FAST_DDS_VARIABLES = ("FASTRTPS_DEFAULT_PROFILES_FILE",  # of Fast DDS 2: Humble, Jazzy
                      "FASTDDS_DEFAULT_PROFILES_FILE")  # of Fast DDS 3: Kilted and later
LEAST_SHM = 300_000_000  # bytes, for those of our nodes that publish images


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


def middleware_settings(shm: str = "/dev/shm") -> list[Action]:
    """What each middleware needs for large images, in its own environment variable, unless the
    user has set that."""
    def config(name: str) -> PathJoinSubstitution:
        return PathJoinSubstitution([FindPackageShare("dwpose_ros"), "config", name])
    found: list[Action] = []
    if not os.environ.get("CYCLONEDDS_URI"):
        found.append(SetEnvironmentVariable(
            "CYCLONEDDS_URI", ["file://", config("cyclonedds.xml")]))
    if any(map(os.environ.get, FAST_DDS_VARIABLES)):
        return found
    try:
        system = os.statvfs(shm)
        free = system.f_bavail * system.f_frsize if os.access(shm, os.W_OK) else 0
    except OSError:
        free = 0
    if free < LEAST_SHM:
        found.append(LogInfo(msg=(
            f"{shm} has {free / 1e6:.0f} MB left, of {LEAST_SHM / 1e6:.0f} MB that Fast DDS would "
            "need for images in shared memory: it is left at its defaults, with which large "
            "images get lost (docker run --shm-size=1g, or image_transport:=compressed)")))
        return found
    return found + [SetEnvironmentVariable(name, config("fastdds.xml"))
                    for name in FAST_DDS_VARIABLES]


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
