"""The simulated camera, and the person before it who listens."""

from __future__ import annotations

import time

import numpy as np
import pytest
from harness import wait_until
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import String

from dwpose_ros.guidance.phrases import speaking_s
from dwpose_ros.images import to_rgb
from dwpose_ros.keypoints import INDEX
from dwpose_ros.msg import WholeBodyPose
from dwpose_ros.nodes.common import NEWEST_IMAGE


@pytest.fixture
def scene(peer, run):
    """scene(**parameters) -> the node, and the images that it publishes."""
    images = peer.listen(Image, "image_raw", NEWEST_IMAGE)

    def start(**parameters):
        return run("simulation", width=320, height=180, rate=10.0, **parameters), images
    return start


def dark_columns(image: Image) -> float:
    """The middle of what is darker than the wall, in columns: the person's trousers."""
    rgb = to_rgb(image).astype(int)
    blue = rgb[90:, :, 2] - rgb[90:, :, 0] > 15
    return float(np.nonzero(blue)[1].mean()) if blue.sum() > 50 else float("nan")


def test_a_person_is_seen_and_the_camera_is_calibrated(peer, scene):
    infos = peer.listen(CameraInfo, "camera_info")
    _, images = scene(x=0.0, distance=3.5, yaw=0.0)
    image = wait_until(lambda: images)[0]
    assert (image.width, image.height, image.encoding) == (320, 180, "bgr8")
    assert dark_columns(image) == pytest.approx(160, abs=6)
    info = wait_until(lambda: infos)[0]
    assert info.k[0] == pytest.approx(160 / np.tan(np.pi / 6)) and info.k[2] == 159.5


def test_where_the_points_really_are_is_told_whoever_asks(peer, scene):
    """Of the same moments as the images; nobody there is a message too."""
    truths = peer.listen(WholeBodyPose, "true_pose")
    _, images = scene(x=0.0, distance=3.5, yaw=0.0)
    truth = wait_until(lambda: truths)[0]
    assert (truth.width, truth.height, truth.model, len(truth.persons)) == (320, 180, "truth", 1)
    wait_until(lambda: any(image.header.stamp == truth.header.stamp for image in images))
    person = truth.persons[0]
    nose, heels = INDEX["nose"], [INDEX["left_heel"], INDEX["right_heel"]]
    assert person.x[nose] == pytest.approx(160, abs=4) and person.scores[nose] == 1.0
    assert np.mean(person.y[heels]) - person.y[nose] == pytest.approx(
        1.58 / 3.5 * 160 / np.tan(np.pi / 6), rel=0.05)


def test_the_person_acts_on_what_is_spoken(peer, scene):
    node, images = scene(x=0.6, distance=3.5, yaw=0.0, language="fr")
    before = dark_columns(wait_until(lambda: images)[0])
    speech = peer.publisher(String, "speech", 5)
    speech.publish(String(data="Faites 3 pas vers votre droite."))
    wait_until(lambda: dark_columns(images[-1]) < before - 20)
    speech.publish(String(data="Bonjour !"))
    node.says("does not understand 'Bonjour !'")
    assert node.stop() == 0


def test_the_person_is_beside_the_picture_until_asked_to_come(peer, scene):
    _, images = scene()
    wait_until(lambda: len(images) > 5)
    assert all(np.isnan(dark_columns(image)) for image in images)
    peer.publisher(String, "speech", 5).publish(String(data="Please step in front of the camera."))
    wait_until(lambda: abs(dark_columns(images[-1]) - 160) < 60, 15.0)


def test_a_sentence_that_is_cut_off_is_not_followed(peer, scene):
    _, images = scene(x=0.0, distance=3.5, yaw=0.0)
    before = dark_columns(wait_until(lambda: images)[0])
    speech = peer.publisher(String, "speech", 5)
    speech.publish(String(data="3 steps to your right."))
    time.sleep(0.5)
    speech.publish(String(data=""))
    time.sleep(3.0)  # one that was heard would have been followed
    speech.publish(String(data="Take a step to your left."))
    wait_until(lambda: dark_columns(images[-1]) > before + 10)
    assert min(dark_columns(image) for image in images) > before - 5


def test_one_that_ended_is_though_another_comes_before_the_next_image(peer, run):
    """The person listens when a picture is taken: here once a second."""
    truths = peer.listen(WholeBodyPose, "true_pose")
    run("simulation", width=320, height=180, rate=1.0, x=0.0, distance=3.5, yaw=0.0)
    before = wait_until(lambda: truths)[0].persons[0].x[INDEX["nose"]]
    speech = peer.publisher(String, "speech", 5)
    text = "3 steps to your right."
    count = len(truths)
    wait_until(lambda: len(truths) > count)  # an image was just taken
    speech.publish(String(data=text))
    time.sleep(speaking_s(text) + 0.15)
    speech.publish(String(data="Look at the camera."))
    wait_until(lambda: truths[-1].persons[0].x[INDEX["nose"]] < before - 20, 15.0)


def test_an_unknown_temper_is_one_line(scene):
    node, _ = scene(temper="angry")
    assert node.ended() == 2
    assert "'obedient', 'slow'" in node.output and "Traceback" not in node.output
