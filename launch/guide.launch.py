# SPDX-License-Identifier: Apache-2.0
"""The whole chain: `ros2 launch dwpose_ros guide.launch.py source:=0 profile:=full_body`.

With `source:=sim` a simulated person in front of a simulated camera hears the instructions and
follows them. With `source:=browser` the camera is that of whoever opens the screen's page.
"""

from launch import Action, LaunchContext, LaunchDescription
from launch.actions import IncludeLaunchDescription, OpaqueFunction
from launch.conditions import IfCondition
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.parameter_descriptions import ParameterValue
from launch_ros.substitutions import FindPackageShare

from dwpose_ros.ros.launching import FoldersOf, declared, managed, value

ARGUMENTS = {
    "profile": (
        "upper_body",
        "picture wanted: a shipped profile or a YAML file: docs/reference/profile-file.md",
    ),
    "language": (
        "en",
        "of text and speech: en, or another of docs/how-to/language.md, or a YAML file",
    ),
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
    "screen": (
        "false",
        "serve web pages for the person and the operator; with source:=browser always",
    ),
    "host": (
        "127.0.0.1",
        "where the pages are served: 127.0.0.1, this machine alone, or 0.0.0.0, everybody with "
        "the token that is printed",
    ),
    "port": ("8133", "TCP port of the pages; 0: any that is free"),
    "certificate": ("", "PEM file for HTTPS; empty: one is made"),
    "key": ("", "PEM file of the certificate's key"),
    "cues": ("speech", "what guides: speech, tones, or both"),
    "pace": ("normal", "times to wait and to hold still: normal (the profile's), calm or brisk"),
    "speaker": ("speech", "who speaks: page (of the screen), speech (the node), both or none"),
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
        "cues": str,
        "pace": str,
        "exit_when_done": bool,
    },
    "capture": {"folder": str, "keep_hours": float, "image_transport": str},
    "speech": {"language": str, "voice": str, "speaker": str},
    "downstream": {"folder": str},
    "screen": {
        "host": str,
        "port": int,
        "certificate": str,
        "key": str,
        "folder": str,
        "keep_hours": float,
        "profile": str,
        "language": str,
        "mirrored": bool,
        "speaker": str,
        "image_transport": str,
    },
}


def screen(context: LaunchContext, parameters: dict) -> list[Action]:
    """Return the screen's node, if it is wanted."""
    browser = LaunchConfiguration("source", default="").perform(context) == "browser"
    if not browser and not IfCondition(LaunchConfiguration("screen")).evaluate(context):
        return []
    camera = {
        "camera": browser,
        "camera_width": value("width", int),
        "camera_height": value("height", int),
    }
    return [managed("screen", parameters | camera, images=True)]


def generate_launch_description() -> LaunchDescription:
    parameters = {
        node: {name: value(name, kind) for name, kind in kinds.items()}
        for node, kinds in PARAMETERS.items()
    }
    files = ParameterValue(FoldersOf("allowed_folders", "profile", "language"), value_type=str)
    allowed = {"allowed_folders": files}
    # Declared by pose.launch.py, which is included below.
    info_topic = LaunchConfiguration("camera_info_topic", default="camera_info")
    pose = PathJoinSubstitution([FindPackageShare("dwpose_ros"), "launch", "pose.launch.py"])
    return LaunchDescription(
        [
            *declared(ARGUMENTS),
            managed(
                "guidance",
                parameters["guidance"] | allowed,
                remappings=(("camera_info", info_topic),),
            ),
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
            OpaqueFunction(function=screen, args=[parameters["screen"] | allowed]),
            # It also starts the nodes above, in its namespace.
            IncludeLaunchDescription(PythonLaunchDescriptionSource(pose)),
        ]
    )
