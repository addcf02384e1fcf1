# SPDX-License-Identifier: Apache-2.0
"""The whole chain: `ros2 launch dwpose_ros guide.launch.py source:=0 profile:=full_body`.

With `source:=sim` a simulated person comes before a simulated camera, hears what is spoken, and
acts on it.
"""

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription
from launch.conditions import IfCondition
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.parameter_descriptions import ParameterValue
from launch_ros.substitutions import FindPackageShare

from dwpose_ros.ros.launching import FoldersOf, managed, value

ARGUMENTS = {
    "profile": (
        "upper_body",
        "picture wanted: a shipped profile or a YAML file: docs/reference/profile-file.md",
    ),
    "language": ("en", "of text and speech: en, fr, de, es, it, pt, ja, zh, or a YAML file"),
    "mirrored": ("false", "whether the camera's image is mirrored"),
    "label": ("", "of the captures' files; empty: the profile's name"),
    "folder": ("~/dwpose_captures", "where captures are written"),
    "keep_hours": ("0.0", "after so many hours captures are removed; 0: never"),
    "allowed_folders": (
        "",
        "below which whoever is on the network may name profiles and phrases, "
        "separated by ':'; those given here are allowed",
    ),
    "notice": ("true", "tell whoever comes that pictures are taken"),
    "speech": ("true", "speak"),
    "voice": ("", "espeak-ng's voice; empty: the language's"),
    "downstream": ("true", "run the example AI node, which writes pose maps"),
    "on_demand": ("false", "guide only for goals of the action guide"),
    "exit_when_done": ("false", "end everything after the capture"),
}


def generate_launch_description() -> LaunchDescription:
    allowed = ParameterValue(FoldersOf("allowed_folders", "profile", "language"), value_type=str)
    return LaunchDescription(
        [
            *(
                DeclareLaunchArgument(name, default_value=default, description=text)
                for name, (default, text) in ARGUMENTS.items()
            ),
            managed(
                "guidance",
                {
                    "profile": value("profile", str),
                    "language": value("language", str),
                    "mirrored": value("mirrored", bool),
                    "label": value("label", str),
                    "on_demand": value("on_demand", bool),
                    "notice": value("notice", bool),
                    "allowed_folders": allowed,
                    "exit_when_done": value("exit_when_done", bool),
                },
            ),
            managed(
                "capture",
                {
                    "folder": value("folder", str),
                    "keep_hours": value("keep_hours", float),
                    "allowed_folders": allowed,
                    "image_transport": value("image_transport", str),
                },
                images=True,
            ),
            managed(
                "speech",
                {"language": value("language", str), "voice": value("voice", str)},
                condition=IfCondition(LaunchConfiguration("speech")),
            ),
            managed(
                "downstream",
                {"folder": value("folder", str)},
                composable=False,  # it stands for another program
                condition=IfCondition(LaunchConfiguration("downstream")),
            ),
            # Which starts these nodes too, in its namespace.
            IncludeLaunchDescription(
                PythonLaunchDescriptionSource(
                    PathJoinSubstitution(
                        [FindPackageShare("dwpose_ros"), "launch", "pose.launch.py"]
                    )
                )
            ),
        ]
    )
