# SPDX-License-Identifier: Apache-2.0
"""The hri node: the people in view as ROS4HRI's bodies."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys

import numpy as np
import pytest
import supervised
from builtin_interfaces.msg import Time
from definitions import HRI, HRI_BEFORE_0_8, SKELETON, messages, provide
from harness import wait_until
from std_msgs.msg import Header
from test_guidance import HEIGHT, WIDTH, portrait

from dwpose_ros.core.keypoints import INDEX
from dwpose_ros.msg import WholeBodyPose


@pytest.fixture
def hri(tmp_path, monkeypatch):
    return messages("hri_msgs", HRI, tmp_path / "hri_prefix", monkeypatch)


@pytest.fixture
def show(peer):
    """show(person, ...) publishes them in one image."""

    class Show:
        stamp_s = 100

        def start(self):
            self._poses = peer.publisher(WholeBodyPose, "wholebody_pose", 10)

        def __call__(self, *persons) -> Header:
            self.stamp_s += 1
            header = Header(frame_id="camera", stamp=Time(sec=self.stamp_s))
            self._poses.publish(
                WholeBodyPose(header=header, width=WIDTH, height=HEIGHT, persons=list(persons))
            )
            return header

    return Show()


def test_bodies_of_two_cameras_have_other_names(peer, command, show, hri):
    """Each counts its own, and their topics are the same, as REP 155 has them."""
    tracked = peer.listen(hri.IdsList, "/humans/bodies/tracked")
    remapped = ("-r", "__ns:=/left/eye", "-r", "wholebody_pose:=/wholebody_pose")
    command("ros2", "run", "dwpose_ros", "hri", "--ros-args", *remapped)
    show.start()
    wait_until(lambda: show(portrait(0.5)) and tracked)
    assert list(tracked[-1].ids) == ["left_eye_dwpose7"]


def test_a_body_has_a_region_and_a_skeleton(peer, run, show, hri):
    tracked = peer.listen(hri.IdsList, "/humans/bodies/tracked")
    regions = peer.listen(hri.NormalizedRegionOfInterest2D, "/humans/bodies/dwpose7/roi")
    skeletons = peer.listen(hri.Skeleton2D, "/humans/bodies/dwpose7/skeleton2d")
    run("hri")
    show.start()
    person = portrait(0.5)
    person.box[2] = WIDTH + 50  # out of the image
    wait_until(lambda: show(person) and skeletons and regions and tracked)
    assert list(tracked[-1].ids) == ["dwpose7"]
    region, skeleton = regions[-1], skeletons[-1]
    assert region.header.frame_id == skeleton.header.frame_id == "camera"
    assert (region.xmin, region.xmax) == (pytest.approx(person.box[0] / WIDTH), 1.0)
    assert (region.ymin, region.c) == (pytest.approx(person.box[1] / HEIGHT), 1.0)
    assert len(skeleton.skeleton) == len(SKELETON)
    for name, joint in zip(SKELETON, skeleton.skeleton):
        if name == "neck":
            assert joint.x == pytest.approx(0.5) and joint.c == pytest.approx(0.9)
            assert joint.y == pytest.approx(person.y[INDEX["left_shoulder"]] / HEIGHT)
            continue
        at = INDEX[name]
        assert joint.c == pytest.approx(person.scores[at]), name
        if joint.c:
            assert joint.x == pytest.approx(person.x[at] / WIDTH), name
            assert joint.y == pytest.approx(person.y[at] / HEIGHT), name
    left = skeleton.skeleton[hri.Skeleton2D.LEFT_EAR]
    assert left.x > skeleton.skeleton[hri.Skeleton2D.RIGHT_EAR].x  # of who faces the camera


def test_topics_come_and_go_with_the_people(peer, run, show, hri):
    tracked = peer.listen(hri.IdsList, "/humans/bodies/tracked")
    node = run("hri")
    show.start()
    other = portrait(0.3, x=0.2)
    other.id = 8

    def topics() -> set[str]:
        return {
            name.split("/")[3]
            for name, _ in peer.node.get_topic_names_and_types()
            if name.startswith("/humans/bodies/dwpose")
        }

    wait_until(lambda: show(portrait(0.5), other) and topics() == {"dwpose7", "dwpose8"})
    wait_until(lambda: show(other) and topics() == {"dwpose8"})
    wait_until(lambda: list(tracked[-1].ids) == ["dwpose8"])
    # Nobody is left when poses cease to come.
    wait_until(lambda: not topics() and list(tracked[-1].ids) == [])
    wait_until(lambda: show(portrait(0.5)) and topics() == {"dwpose7"})
    assert node.stop() == 0 and "Traceback" not in node.output


def test_an_empty_room_has_no_bodies(peer, run, show, hri):
    tracked = peer.listen(hri.IdsList, "/humans/bodies/tracked")
    run("hri")
    show.start()
    wait_until(lambda: show() and tracked)
    assert list(tracked[-1].ids) == [] and tracked[-1].header.frame_id == "camera"


def test_a_node_that_is_deactivated_has_no_bodies(peer, run, show, hri, life):
    tracked = peer.listen(hri.IdsList, "/humans/bodies/tracked")
    run("hri")
    show.start()
    wait_until(lambda: show(portrait(0.5)) and tracked and tracked[-1].ids)
    life("hri", "deactivate")
    assert life.succeeded
    wait_until(lambda: not tracked[-1].ids)


@pytest.mark.skipif(
    importlib.util.find_spec("hri_msgs") is not None, reason="hri_msgs is installed, and not old"
)
def test_messages_before_0_8_had_regions_in_pixels(run, command, show, tmp_path):
    path = provide("hri_msgs", HRI_BEFORE_0_8, tmp_path / "prefix")
    env = {"AMENT_PREFIX_PATH": path}
    if subprocess.run(
        [sys.executable, "-c", "import hri_msgs.msg"],
        env={**os.environ, **env},
        capture_output=True,
    ).returncode:
        pytest.skip("this ROS 2 makes no messages without a build")
    run("hri", env=env)
    show.start()
    words = ["ros2", "topic", "echo", "--once", "/humans/bodies/dwpose7"]
    roi = command(*words[:-1], words[-1] + "/roi", "sensor_msgs/msg/RegionOfInterest", env=env)
    person = portrait(0.5)
    person.box = np.array([100, 50, 400, 650], np.float32)
    wait_until(lambda: show(person) and roi.popen.poll() is not None)
    assert "x_offset: 100" in roi.output and "height: 600" in roi.output


@pytest.mark.skipif(
    importlib.util.find_spec("hri_msgs") is not None, reason="hri_msgs is installed"
)
def test_without_hri_msgs_it_says_what_to_install(run):
    node = run("hri")
    assert node.ended() == 2
    (line,) = node.told()
    assert "apt install ros-$ROS_DISTRO-hri-msgs" in line


def test_bodies_are_off_unless_asked_for():
    shown = supervised.run(["ros2", "launch", "dwpose_ros", "pose.launch.py", "--show-args"])
    at = shown.stdout.index("'hri'")
    assert "(default: 'false')" in shown.stdout[at : at + 200], shown.stdout
