"""Camera and pose: `ros2 launch dwpose_ros pose.launch.py source:=0`, then see /wholebody_pose."""

import os

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, SetEnvironmentVariable, Shutdown
from launch.conditions import IfCondition
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue
from launch_ros.substitutions import FindPackageShare

ARGUMENTS = {
    "camera": ("true", "start our camera node; false: another driver publishes the images"),
    "image_topic": ("image_raw", "the images' topic"),
    "source": ("0", "webcam number or device, video or image file, folder, or stream URL"),
    "width": ("0", "pixels; 0: the source's own"),
    "height": ("0", "pixels; 0: the source's own"),
    "rate": ("0.0", "frames a second; 0: the source's own"),
    "loop": ("false", "begin again after a file's last frame"),
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


def generate_launch_description() -> LaunchDescription:
    def value(name, kind):
        return ParameterValue(LaunchConfiguration(name), value_type=kind)

    images = [("image_raw", LaunchConfiguration("image_topic"))]
    network = [] if os.environ.get("CYCLONEDDS_URI") else [SetEnvironmentVariable(
        "CYCLONEDDS_URI", ["file://", PathJoinSubstitution(
            [FindPackageShare("dwpose_ros"), "config", "cyclonedds.xml"])])]
    return LaunchDescription([
        *(DeclareLaunchArgument(name, default_value=default, description=text)
          for name, (default, text) in ARGUMENTS.items()),
        *network,
        Node(
            package="dwpose_ros", executable="camera", name="camera", output="screen",
            condition=IfCondition(LaunchConfiguration("camera")), remappings=images,
            on_exit=Shutdown(reason="the camera node has ended"),
            parameters=[{"source": value("source", str), "width": value("width", int),
                         "height": value("height", int), "rate": value("rate", float),
                         "loop": value("loop", bool)}]),
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
