"""The whole chain with a simulated camera and person: `ros2 launch dwpose_ros sim.launch.py`."""

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription, Shutdown
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue
from launch_ros.substitutions import FindPackageShare

ARGUMENTS = {
    "temper": ("obedient", "how the person follows instructions: obedient, slow, overshooting, "
                           "restless, confused, hard_of_hearing or leaving"),
    "seed": ("0", "of chance"),
    "background": ("wall", "of the room: wall, window, shelves or plain"),
    "sim_rate": ("15.0", "frames a second"),
    "language": ("en", "of text and speech; the person understands it too"),
}


def generate_launch_description() -> LaunchDescription:
    def value(name, kind):
        return ParameterValue(LaunchConfiguration(name), value_type=kind)

    return LaunchDescription([
        *(DeclareLaunchArgument(name, default_value=default, description=text)
          for name, (default, text) in ARGUMENTS.items()),
        IncludeLaunchDescription(
            PythonLaunchDescriptionSource(PathJoinSubstitution(
                [FindPackageShare("dwpose_ros"), "launch", "guide.launch.py"])),
            launch_arguments={"camera": "false"}.items()),
        Node(
            package="dwpose_ros", executable="simulation", name="simulation", output="screen",
            on_exit=Shutdown(reason="the simulation has ended"),
            parameters=[{"temper": value("temper", str), "seed": value("seed", int),
                         "background": value("background", str),
                         "rate": value("sim_rate", float),
                         "language": value("language", str)}]),
    ])
