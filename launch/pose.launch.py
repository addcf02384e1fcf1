"""Camera and pose: `ros2 launch dwpose_ros pose.launch.py source:=0`, then see /wholebody_pose.

With `source:=sim` a simulated camera and person stand in.
"""

import os

from launch import LaunchDescription
from launch.actions import (DeclareLaunchArgument, OpaqueFunction, SetEnvironmentVariable,
                            Shutdown)
from launch.conditions import IfCondition
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue
from launch_ros.substitutions import FindPackageShare

ARGUMENTS = {
    "camera": ("true", "start our camera node; false: another driver publishes the images"),
    "image_topic": ("image_raw", "the images' topic"),
    "source": ("0", "webcam number or device, video or image file, folder, or stream URL; or sim, "
                    "a simulated camera and person"),
    "width": ("0", "pixels; 0: the source's own"),
    "height": ("0", "pixels; 0: the source's own"),
    "rate": ("0.0", "frames a second; 0: the source's own"),
    "loop": ("false", "begin again after a file's last frame"),
    "temper": ("obedient", "how the simulated person follows instructions: obedient, slow, "
                           "overshooting, restless, confused, hard_of_hearing or leaving"),
    "seed": ("0", "of the simulation's chance"),
    "background": ("wall", "of the simulated room: wall, window, shelves or plain"),
    "backend": ("auto", "estimator: auto, dwpose or mediapipe"),
    "model": ("", "pose network: a name from `ros2 run dwpose_ros models list`, or a path"),
    "detector": ("", "person detector: likewise"),
    "runtime": ("onnxruntime", "what runs networks: onnxruntime or openvino"),
    "device": ("auto", "where networks run: auto, cpu, cuda, tensorrt, gpu or npu"),
    "precision": ("auto", "what networks calculate in: auto, fp32, fp16 or bf16"),
    "detector_size": ("0", "pixels a side of the detector's input; 0: its file's own, or 640"),
    "detect_every": ("1", "detect people on every n-th frame; between, follow them"),
    "smooth": ("false", "smooth the points over time"),
    "download": ("false", "fetch missing weights at start"),
    "max_age": ("0.5", "s; older frames are not processed; 0 takes all"),
    "overlay": ("true", "draw skeletons on the image, while somebody subscribes"),
    "rviz": ("false", "open RViz"),
}


def value(name: str, kind: type, **others) -> ParameterValue:
    return ParameterValue(LaunchConfiguration(name, **others), value_type=kind)


def camera(context) -> list[Node]:
    """The node that publishes the images."""
    common = {"width": value("width", int), "height": value("height", int),
              "rate": value("rate", float)}
    if LaunchConfiguration("source").perform(context) == "sim":
        name, own = "simulation", {
            "temper": value("temper", str), "seed": value("seed", int),
            "background": value("background", str),
            # Arguments of guide.launch.py.
            "language": value("language", str, default="en"),
            "profile": value("profile", str, default="")}
    else:
        name, own = "camera", {"source": value("source", str), "loop": value("loop", bool)}
    return [Node(package="dwpose_ros", executable=name, name=name, output="screen",
                 remappings=[("image_raw", LaunchConfiguration("image_topic"))],
                 parameters=[common | own],
                 on_exit=Shutdown(reason=f"the {name} node has ended"))]


def generate_launch_description() -> LaunchDescription:
    images = [("image_raw", LaunchConfiguration("image_topic"))]
    network = [] if os.environ.get("CYCLONEDDS_URI") else [SetEnvironmentVariable(
        "CYCLONEDDS_URI", ["file://", PathJoinSubstitution(
            [FindPackageShare("dwpose_ros"), "config", "cyclonedds.xml"])])]
    return LaunchDescription([
        *(DeclareLaunchArgument(name, default_value=default, description=text)
          for name, (default, text) in ARGUMENTS.items()),
        *network,
        OpaqueFunction(function=camera, condition=IfCondition(LaunchConfiguration("camera"))),
        Node(
            package="dwpose_ros", executable="pose", name="pose", output="screen",
            remappings=images, on_exit=Shutdown(reason="the pose node has ended"),
            parameters=[{"backend": value("backend", str), "model": value("model", str),
                         "detector": value("detector", str), "runtime": value("runtime", str),
                         "device": value("device", str), "precision": value("precision", str),
                         "detector_size": value("detector_size", int),
                         "detect_every": value("detect_every", int),
                         "smooth": value("smooth", bool), "download": value("download", bool),
                         "max_age": value("max_age", float)}]),
        Node(
            package="dwpose_ros", executable="overlay", name="overlay", output="screen",
            condition=IfCondition(LaunchConfiguration("overlay")), remappings=images),
        Node(
            package="rviz2", executable="rviz2", name="rviz2", output="log",
            condition=IfCondition(LaunchConfiguration("rviz")),
            arguments=["-d", PathJoinSubstitution(
                [FindPackageShare("dwpose_ros"), "config", "dwpose.rviz"])]),
    ])
