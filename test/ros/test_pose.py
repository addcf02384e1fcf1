# SPDX-License-Identifier: Apache-2.0
"""The pose node with networks whose answer is known: they find pure colours."""

from __future__ import annotations

from array import array

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray
from harness import send_until, wait_until
from sensor_msgs.msg import CompressedImage, Image
from test_faults import Health

from dwpose_ros.core.images import encode
from dwpose_ros.msg import WholeBodyPose
from dwpose_ros.quality import light_and_sharpness
from dwpose_ros.ros.conversions import stamp_ns
from dwpose_ros.ros.qos import NEWEST_IMAGE

RED, GREEN, BLUE = (0, 0, 255), (0, 255, 0), (255, 0, 0)  # BGR


def sender(peer, msg_type=Image, topic="image_raw"):
    """A publisher of images, as cameras are."""
    return peer.publisher(msg_type, topic, NEWEST_IMAGE)


def scene(**markers) -> np.ndarray:
    """A grey 640 x 480 image with 9 px squares: scene(red=(x, y))."""
    bgr = np.full((480, 640, 3), 90, np.uint8)
    for name, (x, y) in markers.items():
        bgr[y - 4 : y + 5, x - 4 : x + 5] = {"red": RED, "green": GREEN, "blue": BLUE}[name]
    return bgr


@pytest.fixture
def pose(run, pose_model, detector_model):
    """pose() -> the node on networks that see one person in the middle."""

    def start(score: float = 0.9, **parameters):
        # The detector's box is in its own 320 x 320 image, half as large as ours.
        return run(
            "pose",
            model=pose_model(),
            detector=detector_model([[80, 20, 240, 220]], [score]),
            **parameters,
        )

    return start


def test_every_frame_gets_its_pose_with_the_frames_own_header(peer, pose, image):
    poses = peer.listen(WholeBodyPose, "wholebody_pose")
    pose()
    images, sent = sender(peer), []

    def send():
        sent.append(image(scene(red=(250, 100), green=(330, 200), blue=(400, 320))))
        images.publish(sent[-1])

    found = send_until(send, lambda: poses)[0]
    assert found.header in [one.header for one in sent]
    assert (found.width, found.height, len(found.persons)) == (640, 480, 1)
    person = found.persons[0]
    assert person.id == 1
    # As they are measured of the very image, whatever the order of its colours.
    light, sharp = light_and_sharpness(
        scene(red=(250, 100), green=(330, 200), blue=(400, 320)),
        np.column_stack([person.x, person.y]),
        np.asarray(person.scores),
        np.asarray(person.box),
    )
    assert (person.brightness, person.sharpness) == pytest.approx((light, sharp), rel=1e-3)
    assert 0.3 < light < 0.4 and sharp > 1
    assert person.box == pytest.approx([160, 40, 480, 440], abs=1)
    # Point 0 looks for red, 1 for green, 2 for blue: so RGB reaches the network.
    for point, (x, y) in enumerate([(250, 100), (330, 200), (400, 320)]):
        assert person.x[point] == pytest.approx(x, abs=5)
        assert person.y[point] == pytest.approx(y, abs=5)


def test_colours_are_right_for_every_encoding(peer, pose, image):
    poses = peer.listen(WholeBodyPose, "wholebody_pose")
    pose()
    images = sender(peer)
    bgr = scene(red=(250, 100), green=(330, 200), blue=(400, 320))
    person = send_until(lambda: images.publish(image(bgr[..., ::-1], "rgb8")), lambda: poses)[
        0
    ].persons[0]
    assert person.x[:3] == pytest.approx([250, 330, 400], abs=5)


def test_an_empty_room_is_a_message_without_persons(peer, pose, image):
    poses = peer.listen(WholeBodyPose, "wholebody_pose")
    pose(score=0.01)
    images = sender(peer)
    assert len(send_until(lambda: images.publish(image(scene())), lambda: poses)[0].persons) == 0


def test_a_broken_image_is_told_and_the_node_goes_on(peer, pose, image):
    poses = peer.listen(WholeBodyPose, "wholebody_pose")
    node = pose()
    images = sender(peer)

    def send(**wrong):
        sent = image(scene(red=(250, 100)))
        for name, value in wrong.items():
            setattr(sent, name, value)
        images.publish(sent)

    send_until(
        lambda: send(encoding="bayer_of_mars"),
        lambda: "'bayer_of_mars' is not supported" in node.output,
    )
    send_until(send, lambda: poses)
    send_until(
        lambda: send(step=10),
        lambda: "step is 10 bytes, but a row of 640 bgr8 pixels has 1920" in node.output,
    )
    before = len(poses)
    send_until(send, lambda: len(poses) > before)


def test_a_jpeg_of_which_data_is_lost_is_told_and_no_pose(peer, pose, image):
    """Its lower part would be grey, and a person in it cut in half."""
    poses, health = peer.listen(WholeBodyPose, "wholebody_pose"), Health(peer)
    node = pose(image_transport="compressed")
    images = sender(peer, CompressedImage, "image_raw/compressed")
    bgr = scene(red=(250, 100))
    whole = []

    def send(damaged: bool) -> None:
        data = encode(bgr, "jpg")
        sent = CompressedImage(format="jpeg", header=image(bgr).header)
        sent.data = array("B", data[: len(data) // 2] + b"\xff\xd9" if damaged else data)
        images.publish(sent)
        if not damaged:
            whole.append(sent.header)

    def damaged() -> int:
        told = health.of("pose")
        return (
            0
            if told is None or "is damaged" not in told.message
            else int({v.key: v.value for v in told.values}["frames damaged or unreadable"])
        )

    send_until(lambda: send(damaged=True), lambda: damaged() >= 2)
    assert "premature end of data segment" in node.output
    assert not poses
    send_until(lambda: send(damaged=False), lambda: poses)
    assert {stamp_ns(p.header) for p in poses} <= {stamp_ns(header) for header in whole}
    wait_until(lambda: health.well("pose"))


def test_old_frames_are_not_processed(peer, pose, image):
    poses = peer.listen(WholeBodyPose, "wholebody_pose")
    node = pose()
    images = sender(peer)

    def send():
        old = image(scene())
        old.header.stamp.sec -= 10
        images.publish(old)

    send_until(send, lambda: "s old and not processed" in node.output)
    assert not poses


def test_diagnostics_tell_model_device_and_latency(peer, pose, image):
    told = peer.listen(DiagnosticArray, "/diagnostics")
    pose()
    images = sender(peer)

    def values():
        latest = {v.key: v.value for v in told[-1].status[0].values} if told else {}
        return latest if int(latest.get("frames processed", 0)) > 3 else None

    latest = send_until(lambda: images.publish(image(scene())), values)
    assert (latest["runtime"], latest["device"], latest["precision"]) == (
        "onnxruntime",
        "cpu",
        "fp32",
    )
    assert latest["model"] == "colours"
    assert float(latest["engine p50 (ms)"]) <= float(latest["out /wholebody_pose age p50 (ms)"])


def test_video_mode_detects_now_and_then(peer, run, image, standing_model, detector_model):
    told = peer.listen(DiagnosticArray, "/diagnostics")
    poses = peer.listen(WholeBodyPose, "wholebody_pose")
    run(
        "pose",
        model=standing_model(),
        detect_every=5,
        smooth=True,
        detector=detector_model([[100, 20, 220, 220]], [0.9]),
    ).says("runs on")
    images = sender(peer)
    send_until(lambda: images.publish(image(scene())), lambda: len(poses) >= 16)
    assert {tuple(p.id for p in pose.persons) for pose in poses} == {(1,)}
    assert poses[-1].persons[0].box == pytest.approx([200, 40, 440, 440], abs=6)

    def values():
        latest = {v.key: v.value for v in told[-1].status[0].values} if told else {}
        return latest if int(latest.get("frames processed", 0)) >= 16 else None

    latest = wait_until(values)
    assert int(latest["detections"]) == -(-int(latest["frames processed"]) // 5)


@pytest.mark.parametrize("on_error", ["continue", "stop"])
def test_a_network_that_fails_on_a_frame(peer, run, image, pose_model, detector_model, on_error):
    """As where a GPU's memory is full: said, the frame dropped, and then as the user wants it."""
    poses = peer.listen(WholeBodyPose, "wholebody_pose")
    node = run(
        "pose",
        model=pose_model(fragile=True),
        on_error=on_error,
        detector=detector_model([[110, 60, 210, 180]], [0.9]),
    )
    images = sender(peer)
    white = np.full((480, 640, 3), 255, np.uint8)

    def show(bgr, until):
        send_until(lambda: images.publish(image(bgr)), until)

    show(scene(), lambda: poses)
    show(white, lambda: "a frame was dropped: " in node.output)
    if on_error == "stop":
        assert node.ended() == 2
        assert "Traceback" not in node.output
    else:
        before = len(poses)
        show(scene(), lambda: len(poses) > before)


@pytest.mark.parametrize(
    "parameters, expected",
    [
        ({"runtime": "tflite"}, "'onnxruntime', 'openvino'"),
        ({"backend": "openpose"}, "'auto', 'dwpose', 'holistic'"),
        ({"model": "/nowhere/dw.onnx"}, "/nowhere/dw.onnx: no such model file"),
        ({"device": "tpu"}, "'auto', 'cpu', 'cuda'"),
        ({"model": "no-such-model"}, "no-such-model"),
    ],
)
def test_what_cannot_be_had_is_one_line(run, parameters, expected):
    node = run("pose", **parameters)
    assert node.ended() == 2
    assert expected in node.output
    assert "Traceback" not in node.output


def test_a_corrupt_model_is_one_line(run, tmp_path, detector_model):
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"\0" * 100)
    node = run("pose", model=broken, detector=detector_model([[0, 0, 9, 9]], [0.9]))
    assert node.ended() == 2
    assert f"{broken}: not a usable ONNX model" in node.output
    assert "Traceback" not in node.output


def test_stamps_are_kept_to_the_nanosecond(peer, pose, image):
    poses = peer.listen(WholeBodyPose, "wholebody_pose")
    pose(max_age=0.0)
    images = sender(peer)
    sent = image(scene())
    sent.header.stamp.sec, sent.header.stamp.nanosec = 5, 123_456_789
    found = send_until(lambda: images.publish(sent), lambda: poses)[0]
    assert stamp_ns(found.header) == 5_123_456_789
