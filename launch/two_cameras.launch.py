# SPDX-License-Identifier: Apache-2.0
"""Two cameras, each with camera, pose and overlay in a namespace of its own:

    ros2 launch dwpose_ros two_cameras.launch.py source_a:=0 source_b:=2

then see /left/wholebody_pose and /right/wholebody_pose. All other arguments are those of
pose.launch.py, and count for both.
"""

from launch import LaunchDescription
from launch.actions import GroupAction, IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.substitutions import FindPackageShare

from dwpose_ros.ros.launching import declared

ARGUMENTS = {
    "namespace_a": ("left", "of the first camera's nodes and topics"),
    "source_a": ("0", "the first camera: as source of pose.launch.py"),
    "calibration_a": ("", "its calibration file; empty: none"),
    "namespace_b": ("right", "of the second camera's nodes and topics"),
    "source_b": ("1", "the second camera: likewise"),
    "calibration_b": ("", "its calibration file; empty: none"),
}


def one(which: str) -> GroupAction:
    """Return one camera's nodes, in a group that keeps its namespace and arguments to itself."""
    namespace = LaunchConfiguration(f"namespace_{which}")
    return GroupAction(
        [
            IncludeLaunchDescription(
                PythonLaunchDescriptionSource(
                    PathJoinSubstitution(
                        [FindPackageShare("dwpose_ros"), "launch", "pose.launch.py"]
                    )
                ),
                launch_arguments={
                    "namespace": namespace,
                    "frame_id": [namespace, "_camera_optical_frame"],
                    "source": LaunchConfiguration(f"source_{which}"),
                    "calibration": LaunchConfiguration(f"calibration_{which}"),
                }.items(),
            )
        ]
    )


def generate_launch_description() -> LaunchDescription:
    return LaunchDescription(
        [
            *declared(ARGUMENTS),
            one("a"),
            one("b"),
        ]
    )
