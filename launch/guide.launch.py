# SPDX-License-Identifier: Apache-2.0
"""The whole chain: `ros2 launch dwpose_ros guide.launch.py source:=0 profile:=full_body`.

With `source:=sim` a simulated person in front of a simulated camera hears the instructions and
follows them.
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


# The parameters of each node that are set from the argument of the same name.
PARAMETERS = {
    "guidance": {
        "profile": str,
        "language": str,
        "mirrored": bool,
        "label": str,
        "on_demand": bool,
        "notice": bool,
        "exit_when_done": bool,
    },
    "capture": {"folder": str, "keep_hours": float, "image_transport": str},
    "speech": {"language": str, "voice": str},
    "downstream": {"folder": str},
}


def generate_launch_description() -> LaunchDescription:
    parameters = {
        node: {name: value(name, kind) for name, kind in kinds.items()}
        for node, kinds in PARAMETERS.items()
    }
    files = ParameterValue(FoldersOf("allowed_folders", "profile", "language"), value_type=str)
    allowed = {"allowed_folders": files}
    pose = PathJoinSubstitution([FindPackageShare("dwpose_ros"), "launch", "pose.launch.py"])
    return LaunchDescription(
        [
            *(
                DeclareLaunchArgument(name, default_value=default, description=text)
                for name, (default, text) in ARGUMENTS.items()
            ),
            managed("guidance", parameters["guidance"] | allowed),
            managed("capture", parameters["capture"] | allowed, images=True),
            managed(
                "speech",
                parameters["speech"],
                condition=IfCondition(LaunchConfiguration("speech")),
            ),
            managed(
                "downstream",
                parameters["downstream"],
                composable=False,  # it stands for another program
                condition=IfCondition(LaunchConfiguration("downstream")),
            ),
            # It also starts the nodes above, in its namespace.
            IncludeLaunchDescription(PythonLaunchDescriptionSource(pose)),
        ]
    )
