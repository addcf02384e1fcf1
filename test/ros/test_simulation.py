# SPDX-License-Identifier: Apache-2.0
"""The simulated camera, and the person before it who listens."""

from __future__ import annotations

import time

import numpy as np
import pytest
from harness import ros2, send_until, wait_until
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import String

from dwpose_ros.core.images import to_rgb
from dwpose_ros.core.keypoints import INDEX
from dwpose_ros.guidance.phrases import speaking_s
from dwpose_ros.msg import WholeBodyPose
from dwpose_ros.ros.qos import LATCHED, NEWEST_IMAGE
from dwpose_ros.simulation.camera import SimulatedCamera
from dwpose_ros.simulation.scene import Scene


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
        1.58 / 3.5 * 160 / np.tan(np.pi / 6), rel=0.05
    )


def test_the_person_acts_on_what_is_spoken(peer, scene):
    node, images = scene(x=0.6, distance=3.5, yaw=0.0, language="fr")
    before = dark_columns(wait_until(lambda: images)[0])
    speech = peer.publisher(String, "speech", 5)
    speech.publish(String(data="3 pas vers votre droite."))
    wait_until(lambda: dark_columns(images[-1]) < before - 20)
    speech.publish(String(data="Bonjour !"))
    node.says("does not understand 'Bonjour !'")
    assert node.stop() == 0


def test_the_person_understands_what_the_guidance_speaks_now(peer, scene):
    """As after `ros2 param set /guidance language fr`. What cannot be a language changes nothing."""
    language = peer.publisher(String, "speech_language", LATCHED, readers=0)
    language.publish(String(data="../en"))
    node, images = scene(x=0.6, distance=3.5, yaw=0.0)
    before = dark_columns(wait_until(lambda: images)[0])
    speech = peer.publisher(String, "speech", 5)
    wait_until(lambda: language.get_subscription_count())
    speech.publish(String(data="3 pas vers votre droite."))
    node.says("does not understand '3 pas vers votre droite.'")
    language.publish(String(data="fr"))
    send_until(
        lambda: speech.publish(String(data="3 pas vers votre droite.")),
        lambda: dark_columns(images[-1]) < before - 20,
        period_s=5.0,
    )
    assert node.stop() == 0 and "Traceback" not in node.output


def test_the_person_is_beside_the_picture_until_asked_to_come(peer, scene):
    _, images = scene()
    wait_until(lambda: len(images) > 5)
    assert all(np.isnan(dark_columns(image)) for image in images)
    peer.publisher(String, "speech", 5).publish(String(data="Step in front of the camera."))
    wait_until(lambda: abs(dark_columns(images[-1]) - 160) < 60)


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
    wait_until(lambda: truths[-1].persons[0].x[INDEX["nose"]] < before - 20)


def test_unless_asked_otherwise_the_picture_is_that_of_a_plain_scene(scene):
    _, images = scene()
    taken = to_rgb(wait_until(lambda: images)[0])
    room = Scene(SimulatedCamera(320, 180))
    assert any((room.render(seed=frame) == taken).all() for frame in range(100))


def test_the_picture_is_composed_as_asked(peer, scene):
    truths = peer.listen(WholeBodyPose, "true_pose")
    _, images = scene(
        x=-0.3, distance=4.0, yaw=0.0, posture="t_pose", tilt=5.0, bystanders=2, background="plain"
    )
    truth = wait_until(lambda: truths)[0]
    person, left, right = truth.persons
    assert (person.id, left.id, right.id) == (1, 2, 3)
    nose, wrist, shoulder = map(INDEX.get, ("nose", "left_wrist", "left_shoulder"))
    assert left.x[nose] < 90 < person.x[nose] < 160 and 230 < right.x[nose] < 320
    assert left.scores[nose] == right.scores[nose] == 1.0
    assert abs(person.y[wrist] - person.y[shoulder]) < 8  # px; hanging, it is 35 lower
    # Of a level camera at 1.2 m, the nose would be above the middle.
    focal, up = 160 / np.tan(np.pi / 6), np.tan(np.radians(5)) - (1.58 - 1.2) / 4.0
    assert person.y[nose] == pytest.approx(89.5 + focal * up, abs=3)
    image = to_rgb(wait_until(lambda: images)[0]).astype(float)
    assert np.abs(image[:20] - 128).mean() < 4  # above them all
    for someone in (person, left, right):  # white shirts
        x, y = int(someone.x[shoulder]), int(someone.y[shoulder])
        assert image[y : y + 12, x - 6 : x + 6].max() > 180


def test_light_and_lens_change_while_it_runs(scene):
    """Here one after the other, and each back to what it was."""
    _, images = scene(x=0.0, distance=3.5, yaw=0.0)

    def seen(image):
        rgb = to_rgb(image).astype(float)
        # Of the wall above the person, noise; of the person's outline, the edges.
        return {
            "mean": rgb.mean(),
            "grain": np.diff(rgb[:20], axis=1).std(),
            "upright": np.abs(np.diff(rgb, axis=1)).max(),
            "level": np.abs(np.diff(rgb, axis=0)).max(),
        }

    before = seen(wait_until(lambda: images)[0])
    for name, value, own, figure, low, high in [
        ("light", "0.4", "1.0", "mean", 0.35, 0.45),
        ("noise", "20.0", "2.0", "grain", 5, 12),
        ("blur", "4.0", "0.0", "level", 0.0, 0.4),
        ("motion_blur", "15.0", "0.0", "upright", 0.0, 0.4),
    ]:
        ros2("param", "set", "/simulation", name, value)
        wait_until(lambda: low < seen(images[-1])[figure] / before[figure] < high)
        ros2("param", "set", "/simulation", name, own)
        wait_until(lambda: 0.8 < seen(images[-1])[figure] / before[figure] < 1.2)


@pytest.mark.parametrize(
    "given, told",
    [
        ({"behavior": "angry"}, "behavior is 'angry'; it must be one of 'obedient', 'slow'"),
        ({"posture": "sitting"}, "posture is 'sitting'; it must be one of 'relaxed'"),
        ({"background": "beach"}, "background is 'beach'; it must be one of 'wall'"),
        ({"light": 5.0}, "light out of range Min: 0.0, Max: 3.0, value: 5.0"),
        ({"noise": -1.0}, "noise out of range Min: 0.0, Max: 60.0, value: -1.0"),
        ({"blur": 31.0}, "blur out of range Min: 0.0, Max: 30.0, value: 31.0"),
        ({"motion_blur": 201.0}, "motion_blur out of range Min: 0.0, Max: 200.0, value: 201.0"),
        ({"bystanders": 9}, "bystanders out of range. Min: 0, Max: 4, value: 9"),
        ({"tilt": 80.0}, "tilt out of range Min: -45.0, Max: 45.0, value: 80.0"),
    ],
    ids=str,
)
def test_what_cannot_be_is_one_line(scene, given, told):
    node, _ = scene(**given)
    assert node.ended() == 2
    (line,) = node.told()
    assert told in line
