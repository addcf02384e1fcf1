# SPDX-License-Identifier: Apache-2.0
"""Several instances beside each other: the namespaces of our launch files."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from harness import ros2, wait_until
from sensor_msgs.msg import CameraInfo, Image
from tf2_msgs.msg import TFMessage
from visualization_msgs.msg import MarkerArray

from dwpose_ros.msg import Guidance, WholeBodyPose
from dwpose_ros.ros.camera_frame import STATIC
from dwpose_ros.ros.qos import NEWEST_IMAGE

GLOBAL = {"/diagnostics", "/parameter_events", "/rosout", "/tf_static"}


@pytest.fixture
def launched(command, pose_model, detector_model, tmp_path):
    """launched('pose.launch.py', source=...) -> it, with networks that see one person."""

    def start(file: str, **arguments):
        given = {
            "model": pose_model(),
            "rate": 10.0,
            "loop": "true",
            "device": "cpu",
            "detector": detector_model([[80, 20, 240, 220]], [0.9]),
            **arguments,
        }
        return command(
            "ros2", "launch", "dwpose_ros", file, *(f"{k}:={v}" for k, v in given.items())
        )

    return start


@pytest.fixture
def scene(tmp_path):
    """scene('red', (0, 0, 255)) -> an image file of that colour."""

    def make(name: str, bgr: tuple[int, int, int]):
        path = tmp_path / f"{name}.png"
        cv2.imwrite(str(path), np.full((240, 320, 3), bgr, np.uint8))
        return path

    return make


def nodes_and_names(peer, namespace: str) -> tuple[set[str], set[str]]:
    """The names of all nodes but the test's, and of topics and services outside the namespace."""
    node = peer.node
    nodes = {
        f"{space.rstrip('/')}/{name}"
        for name, space in node.get_node_names_and_namespaces()
        if not name.startswith(("test_peer", "_", "launch_ros"))
    }
    names = {
        name
        for name, _ in (*node.get_topic_names_and_types(), *node.get_service_names_and_types())
    }
    return nodes, {
        n for n in names if not n.startswith((f"{namespace}/", "/test_peer", "/_", "/launch_ros"))
    }


CALIBRATION = """
image_width: 320
image_height: 240
distortion_model: plumb_bob
camera_matrix: {rows: 3, cols: 3, data: [300, 0, 160, 0, 300, 120, 0, 0, 1]}
distortion_coefficients: {rows: 1, cols: 5, data: [0, 0, 0, 0, 0]}
rectification_matrix: {rows: 3, cols: 3, data: [1, 0, 0, 0, 1, 0, 0, 0, 1]}
projection_matrix: {rows: 3, cols: 4, data: [300, 0, 160, 0, 0, 300, 120, 0, 0, 0, 1, 0]}
"""


@pytest.mark.parametrize("composed", ["true", "false"])
def test_two_cameras(peer, launched, scene, tmp_path, composed):
    (tmp_path / "left.yaml").write_text(CALIBRATION)
    infos = {n: peer.listen(CameraInfo, f"/{n}/camera_info") for n in ("left", "right")}
    poses = {n: peer.listen(WholeBodyPose, f"/{n}/wholebody_pose") for n in ("left", "right")}
    images = {n: peer.listen(Image, f"/{n}/image_raw", NEWEST_IMAGE) for n in ("left", "right")}
    launch = launched(
        "two_cameras.launch.py",
        composed=composed,
        source_a=scene("red", (0, 0, 255)),
        calibration_a=tmp_path / "left.yaml",
        source_b=scene("blue", (255, 0, 0)),
    )
    for name, heard in poses.items():
        pose = wait_until(lambda: heard, 40.0)[0]
        assert pose.persons[0].id == 1 and pose.header.frame_id == f"{name}_camera_optical_frame"
    for name, colour in (("left", [0, 0, 255]), ("right", [255, 0, 0])):
        assert list(wait_until(lambda: images[name])[0].data[:3]) == colour
    for name, focal in (("left", 300.0), ("right", 0.0)):
        assert wait_until(lambda: infos[name])[0].k[0] == focal
    frames = peer.listen(TFMessage, "/tf_static", STATIC)
    for side in ("left", "right"):
        peer.listen(MarkerArray, f"/{side}/markers")
    wait_until(
        lambda: (
            {(t.header.frame_id, t.child_frame_id) for m in frames for t in m.transforms}
            == {
                (f"{side}_camera_optical_frame", f"{side}/dwpose_camera_link")
                for side in ("left", "right")
            }
        ),
        20.0,
    )
    nodes = {
        f"/{side}/{node}"
        for side in ("left", "right")
        for node in ("camera", "pose", "overlay", "markers")
    }
    assert wait_until(lambda: nodes == nodes_and_names(peer, "/left")[0])
    assert launch.stop() == 0 and "Traceback" not in launch.output


@pytest.mark.parametrize(
    "namespace, composed", [("", "true"), ("robot", "false"), ("/house/robot", "true")]
)
def test_everything_is_in_the_namespace(peer, launched, scene, tmp_path, namespace, composed):
    prefix = f"/{namespace.strip('/')}".rstrip("/")
    heard = peer.listen(Guidance, f"{prefix}/guidance")
    poses = peer.listen(WholeBodyPose, f"{prefix}/wholebody_pose")
    given = {"namespace": namespace} if namespace else {}
    launch = launched(
        "guide.launch.py",
        source=scene("red", (0, 0, 255)),
        folder=tmp_path / "captures",
        composed=composed,
        **given,
    )
    wait_until(lambda: heard and poses)
    names = {"camera", "pose", "overlay", "guidance", "capture", "speech", "downstream"}
    wait_until(lambda: {f"{prefix}/{n}" for n in names} <= nodes_and_names(peer, prefix)[0])
    nodes, outside = nodes_and_names(peer, prefix)
    if namespace:
        assert outside <= GLOBAL and all(n.startswith(f"{prefix}/") for n in nodes)
    call = ("service", "call", f"{prefix}/capture", "dwpose_ros/srv/Capture", "{label: try}")
    wait_until(lambda: "success=True" in ros2(*call))  # once somebody is there for long enough
    assert launch.stop() == 0 and "Traceback" not in launch.output
