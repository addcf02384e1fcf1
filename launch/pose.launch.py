# SPDX-License-Identifier: Apache-2.0
"""Camera and pose: `ros2 launch dwpose_ros pose.launch.py source:=0`, then see /wholebody_pose.

With `source:=sim` a simulated camera and person stand in.
"""

from launch import Action, LaunchDescription
from launch.actions import OpaqueFunction
from launch.conditions import IfCondition
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node, PushRosNamespace
from launch_ros.substitutions import FindPackageShare

from dwpose_ros.ros.launching import declared, managed, middleware_settings, start_nodes, value

ARGUMENTS = {
    "namespace": ("", "of all nodes and topics, as where there are several cameras"),
    "autostart": ("true", "configure and activate the nodes; false: you do, by ros2 lifecycle"),
    "composed": (
        "true",
        "run the nodes in one process, where images go by reference; false: each in its own",
    ),
    "camera": ("true", "start our camera node; false: another driver publishes the images"),
    "image_topic": ("image_raw", "the images' topic"),
    "image_transport": ("raw", "how images are received: raw or compressed"),
    "source": (
        "0",
        "webcam number or device, video or image file, folder, or stream URL; or sim, "
        "a simulated camera and person; or browser, the camera of whoever opens the screen's page",
    ),
    "width": ("0", "pixels; 0: the source's own"),
    "height": ("0", "pixels; 0: the source's own"),
    "rate": ("0.0", "frames a second; 0: the source's own"),
    "frame_id": ("camera_optical_frame", "frame of the images"),
    "calibration": ("", "the camera's, as camera_calibration writes it (YAML); empty: none"),
    "loop": ("false", "begin again after a file's last frame"),
    "behavior": (
        "obedient",
        "how the simulated person follows instructions: obedient, slow, "
        "overshooting, restless, confused, hard_of_hearing or leaving",
    ),
    "person": (
        "man",
        "the simulated person, such as amara or emil (dwpose_ros/simulation/atlas); or anyone, "
        "who is drawn by the seed",
    ),
    "body": (
        "any",
        "of anyone: any, standing, adult, child, seated, wheelchair, stick or one_hand",
    ),
    "seed": ("0", "of the simulation's chance"),
    "background": ("wall", "of the simulated room: wall, window, shelves or plain"),
    "light": ("1.0", "of the simulated room, by which every colour is multiplied: 0 to 3"),
    "noise": ("2.0", "grey levels, of the simulated camera: 0 to 60"),
    "blur": ("0.0", "pixels, of the simulated camera out of focus: 0 to 30"),
    "bystanders": (
        "0",
        "how many other simulated people stand behind, 0 to 4; with "
        "any, the person begins in the middle",
    ),
    "backend": ("auto", "estimator: auto, dwpose or holistic"),
    "model": ("", "pose network: a name from `ros2 run dwpose_ros models list`, or a path"),
    "detector": ("", "person detector: likewise"),
    "runtime": ("auto", "what runs networks: auto, onnxruntime, openvino or litert"),
    "device": ("auto", "where networks run: auto, cpu, cuda, tensorrt, gpu or npu"),
    "precision": ("auto", "what networks calculate in: auto, fp32, fp16 or bf16"),
    "detector_size": ("0", "pixels a side of the detector's input; 0: its file's own, or 640"),
    "detect_every": ("0", "detect people on every n-th frame; 0: as the backend needs it"),
    "max_detect_every": (
        "10",
        "limit of detect_every on a machine that does not keep up with the camera",
    ),
    "skip_frames": ("true", "if that does not suffice, leave out every second frame"),
    "smooth": ("false", "smooth the points over time"),
    "download": ("false", "fetch missing weights at start"),
    "max_age": ("0.5", "s; older frames are not processed; 0 takes all"),
    "overlay": ("true", "draw skeletons on the image, while somebody subscribes"),
    "markers": ("true", "skeletons in space for RViz and Foxglove, while somebody subscribes"),
    "depth": ("false", "take their distances from depth images; wholebody_pose_3d has them too"),
    "depth_topic": ("depth/image", "the depth images' topic, registered to the colour image"),
    "camera_info_topic": ("camera_info", "the camera's calibration, for markers and guidance"),
    "hri": ("false", "tell of bodies below /humans as ROS4HRI does; needs hri_msgs"),
    "rviz": ("false", "open RViz"),
}


# The pose node's parameters that are set from the argument of the same name.
POSE = {
    "backend": str,
    "model": str,
    "detector": str,
    "runtime": str,
    "device": str,
    "precision": str,
    "detector_size": int,
    "detect_every": int,
    "max_detect_every": int,
    "skip_frames": bool,
    "smooth": bool,
    "download": bool,
    "max_age": float,
}


def camera(context) -> list[Action]:
    """Return the node that publishes the images."""
    common = {
        "wait_for_node": "pose",
        "width": value("width", int),
        "height": value("height", int),
        "rate": value("rate", float),
        "frame_id": value("frame_id", str),
    }
    if LaunchConfiguration("source").perform(context) == "sim":
        # With bystanders in view nobody is asked to step in: the person starts in the middle.
        crowd = LaunchConfiguration("bystanders").perform(context) != "0"
        common |= {"x": 0.0} if crowd else {}
        return [
            managed(
                "simulation",
                images=True,
                parameters=common
                | {
                    "behavior": value("behavior", str),
                    "person": value("person", str),
                    "body": value("body", str),
                    "seed": value("seed", int),
                    "background": value("background", str),
                    "light": value("light", float),
                    "noise": value("noise", float),
                    "blur": value("blur", float),
                    "bystanders": value("bystanders", int),
                    # Arguments of guide.launch.py, with defaults for use without it.
                    "language": value("language", str, default="en"),
                    "profile": value("profile", str, default=""),
                },
            )
        ]
    return [
        managed(
            "camera",
            images=True,
            parameters=common
            | {
                "source": value("source", str),
                "loop": value("loop", bool),
                "calibration": value("calibration", str),
            },
        )
    ]


def rviz(context) -> list[Node]:
    """Return RViz. Its topics are in the namespace; its fixed frame has to be named."""
    from dwpose_ros.ros.camera_frame import link_frame

    frame = link_frame(LaunchConfiguration("namespace").perform(context))
    return [
        Node(
            package="rviz2",
            executable="rviz2",
            name="rviz2",
            output="log",
            arguments=[
                "-f",
                frame,
                "-t",
                "DWPose {NAMESPACE}",
                "-d",
                PathJoinSubstitution([FindPackageShare("dwpose_ros"), "config", "dwpose.rviz"]),
            ],
        )
    ]


def generate_launch_description() -> LaunchDescription:
    network = middleware_settings()
    transport = {"image_transport": value("image_transport", str)}
    return LaunchDescription(
        [
            *declared(ARGUMENTS),
            *network,
            PushRosNamespace(LaunchConfiguration("namespace")),
            OpaqueFunction(function=camera, condition=IfCondition(LaunchConfiguration("camera"))),
            managed(
                "pose",
                images=True,
                parameters=transport | {name: value(name, kind) for name, kind in POSE.items()},
            ),
            managed(
                "overlay",
                images=True,
                parameters=transport,
                condition=IfCondition(LaunchConfiguration("overlay")),
            ),
            managed(
                "markers",
                {"depth": value("depth", bool)},
                remappings=(
                    ("depth/image", LaunchConfiguration("depth_topic")),
                    ("camera_info", LaunchConfiguration("camera_info_topic")),
                ),
                condition=IfCondition(LaunchConfiguration("markers")),
            ),
            managed("hri", {}, condition=IfCondition(LaunchConfiguration("hri"))),
            start_nodes(),  # also those of a launch file that includes this one
            OpaqueFunction(function=rviz, condition=IfCondition(LaunchConfiguration("rviz"))),
        ]
    )
