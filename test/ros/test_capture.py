# SPDX-License-Identifier: Apache-2.0
"""The capture node, and the AI node after it."""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import subprocess
import time
from array import array
from pathlib import Path

import cv2
import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from harness import wait_until
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from test_faults import Health
from test_guidance import portrait

from dwpose_ros.core.images import encode, fill
from dwpose_ros.core.keypoints import INDEX
from dwpose_ros.core.text import shown
from dwpose_ros.msg import CapturedImage, WholeBodyPose
from dwpose_ros.nodes import capture
from dwpose_ros.quality import NAMES
from dwpose_ros.ros.qos import LATCHED, NEWEST_IMAGE
from dwpose_ros.srv import Capture


@pytest.fixture
def scene(peer, image):
    """scene(bgr, person, ...) publishes an image and its pose."""

    class Scene:
        def connect(self):
            self._images = peer.publisher(Image, "image_raw", NEWEST_IMAGE)
            self._poses = peer.publisher(WholeBodyPose, "wholebody_pose", 5)
            return self

        broken = False

        def __call__(self, bgr, *persons):
            sent = image(bgr)
            if self.broken:
                sent.step = 1
            self._images.publish(sent)
            time.sleep(0.1)  # a camera's pace: the newest image takes the place of the last
            height, width = bgr.shape[:2]
            self._poses.publish(
                WholeBodyPose(
                    header=sent.header,
                    width=width,
                    height=height,
                    model="test",
                    persons=list(persons),
                )
            )
            return sent

    return Scene()


def noise(blur: float = 0.0) -> np.ndarray:
    """An image of 1280 x 720 with detail, or without."""
    grey = np.random.default_rng(1).integers(0, 255, (720, 1280, 3)).astype(np.uint8)
    return cv2.GaussianBlur(grey, None, blur) if blur else grey


def ask(peer, label="test", person_id=0, **request):
    return peer.call(Capture, "capture", label=label, person_id=person_id, **request)


def measured(capture) -> dict[str, float]:
    return {m.name: m.value for m in capture.measures}


def test_the_sharpest_recent_image_is_taken_with_its_own_pose(peer, run, scene, tmp_path):
    captures = peer.listen(CapturedImage, "captures")
    run("capture", folder=tmp_path / "out", window=5.0)
    scene.connect()
    sharp = []

    def known() -> bool:  # shown again, since a busy machine may take longer than the window
        scene(noise(blur=3), portrait(0.5))
        sharp.append(scene(noise(), portrait(0.5)).header)
        scene(noise(blur=5), portrait(0.5))
        return len(ask(peer, person_id=99).rejected) >= 3  # which writes nothing

    wait_until(known)
    response = ask(peer)
    taken = response.capture
    assert taken.header == taken.pose.header and taken.header in sharp
    assert (taken.label, taken.person_id, taken.image.format) == ("test", 7, "png")
    assert np.array_equal(cv2.imread(taken.image_path), noise())
    pose = json.loads(Path(taken.pose_path).read_text())
    person = pose["persons"][0]
    assert (len(person["keypoints"]), person["id"]) == (133, 7)
    assert person["keypoints"][0] == pytest.approx([640, 288, 0.9], abs=0.01)
    assert cv2.imread(taken.overlay_path).shape == (720, 1280, 3)
    wait_until(lambda: captures)
    assert captures[0].header == taken.header
    assert [m.name for m in taken.measures] == list(NAMES)
    assert measured(taken)["sharpness"] == taken.sharpness > 100
    assert 0 < taken.quality <= 100
    assert pose["quality"]["score"] == pytest.approx(taken.quality, abs=0.001)
    written = pose["quality"]["measures"]["sharpness"]
    assert written == {
        "value": pytest.approx(taken.sharpness, abs=0.01),
        "score": pytest.approx(taken.measures[0].score, abs=0.01),
        "unit": "1",
    }
    assert pose["quality"]["measures"]["hands_sharpness"]["value"] is None  # no hands are seen
    assert response.others == [] and not response.retake
    blurred = [line for line in response.rejected if "sharpness" in line]
    assert len(blurred) >= 2
    assert all(
        re.match(r"-\d\.\d\d s: quality .* below the chosen .*: sharpness .*\(score", line)
        for line in blurred
    )
    names = sorted(p.name for p in (tmp_path / "out").iterdir())
    assert len(names) == 3 and all(n.startswith("test_") for n in names)


def test_several_pictures_best_first(peer, run, scene, tmp_path):
    captures = peer.listen(CapturedImage, "captures")
    run("capture", folder=tmp_path, window=5.0)
    scene.connect()
    wait_until(lambda: scene(noise(blur=6), portrait(0.5)) and ask(peer).success)
    second, best = scene(noise(blur=1), portrait(0.5)), scene(noise(), portrait(0.5))
    response = wait_until(lambda: (r := ask(peer, count=2)).capture.header == best.header and r)
    assert [c.header for c in response.others] == [second.header]
    assert response.capture.quality > response.others[0].quality
    paths = {c.image_path for c in (response.capture, *response.others)}
    assert len(paths) == 2 and response.message == response.capture.image_path
    assert all(Path(p).is_file() for p in paths)
    # The best comes last: it is what somebody who comes later gets.
    wait_until(lambda: [c.header for c in captures[-2:]] == [second.header, best.header])
    more = ask(peer, count=99)
    assert 2 < 1 + len(more.others) < 99 and more.rejected == []
    qualities = [c.quality for c in (more.capture, *more.others)]
    assert qualities == sorted(qualities, reverse=True)


def test_all_of_several_pictures_reach_whoever_uses_them(peer, run, scene, tmp_path):
    """They come at once, and a reader that keeps only the last would lose most."""
    run("capture", folder=tmp_path, window=5.0)
    run("downstream", folder=tmp_path)
    scene.connect()
    wait_until(lambda: peer.node.count_subscribers("/captures") == 1)
    wait_until(lambda: scene(noise(), portrait(0.5)) and ask(peer).success)
    for _ in range(6):
        scene(noise(), portrait(0.5))
    assert len(ask(peer, count=6, paths_only=True).others) == 5
    pictures = [p for p in tmp_path.glob("*.png") if "posemap" not in p.name]
    assert len(pictures) > 6
    wait_until(lambda: len([*tmp_path.glob("*_posemap.png")]) == len(pictures))


def test_a_response_of_paths_only_has_all_but_the_bytes(peer, run, scene, tmp_path):
    captures = peer.listen(CapturedImage, "captures")
    run("capture", folder=tmp_path, window=5.0)
    scene.connect()
    wait_until(lambda: scene(noise(), portrait(0.5)) and ask(peer).success)
    scene(noise(), portrait(0.5))
    response = ask(peer, count=2, paths_only=True)
    for taken in (response.capture, *response.others):
        whole = wait_until(lambda: [c for c in captures if c.image_path == taken.image_path])[0]
        assert Path(taken.image_path).read_bytes() == bytes(whole.image.data)
        whole.image.data = []
        # Not the messages: a motion that is unknown, NaN, is not equal to itself.
        assert repr(taken) == repr(whole)
    assert response.others


@pytest.fixture
def compressed_scene(peer):
    """compressed_scene(bgr, person, damaged=...) publishes a JPEG and its pose."""

    class Scene:
        def connect(self):
            self._images = peer.publisher(CompressedImage, "image_raw/compressed", NEWEST_IMAGE)
            self._poses = peer.publisher(WholeBodyPose, "wholebody_pose", 5)

        def __call__(self, bgr, *persons, damaged=False):
            data = encode(bgr, "jpg")
            sent = CompressedImage(format="jpeg")
            sent.data = array("B", data[: len(data) * 2 // 3] + b"\xff\xd9" if damaged else data)
            sent.header.stamp = peer.node.get_clock().now().to_msg()
            self._images.publish(sent)
            time.sleep(0.1)
            self._poses.publish(
                WholeBodyPose(
                    header=sent.header,
                    width=bgr.shape[1],
                    height=bgr.shape[0],
                    persons=list(persons),
                )
            )
            return sent

    return Scene()


def test_a_damaged_frame_is_left_out_and_that_is_said(peer, run, compressed_scene, tmp_path):
    health = Health(peer)
    run("capture", folder=tmp_path / "out", window=5.0, image_transport="compressed")
    scene = compressed_scene
    scene.connect()
    # All are damaged: there may be a better one later.
    response = wait_until(
        lambda: scene(noise(), portrait(0.5), damaged=True) and (r := ask(peer)).retake and r
    )
    assert "is damaged: Corrupt JPEG data" in response.message and not response.success
    assert all("is damaged" in line for line in response.rejected)
    whole = scene(noise(blur=2), portrait(0.5))
    scene(noise(), portrait(0.5), damaged=True)
    response = wait_until(lambda: (r := ask(peer)).success and len(r.rejected) > 1 and r)
    assert response.capture.header == whole.header
    assert "compressed image ('jpeg', " in response.rejected[-1]

    def counted():
        told = health.of("capture")
        return told and {v.key: v.value for v in told.values}.get("frames damaged or unreadable")

    wait_until(lambda: counted() == str(len(response.rejected)))


def test_a_frame_that_is_not_what_it_says_is_left_out_too(peer, run, scene, tmp_path):
    run("capture", folder=tmp_path / "out", window=5.0)
    scene.connect()
    wait_until(lambda: scene(noise(), portrait(0.5)) and ask(peer).success)
    scene.broken = True
    scene(noise(), portrait(0.5))
    response = wait_until(lambda: (r := ask(peer)).success and r.rejected and r)
    assert any("image step is 1 bytes" in line for line in response.rejected)


def test_the_whole_window_of_a_fast_camera_is_looked_at(peer, run, scene, tmp_path):
    """Unless there is no room for it, which is said."""
    health = Health(peer)
    node = run("capture", folder=tmp_path / "out", window=5.0, memory=10)
    scene.connect()
    wait_until(lambda: scene(noise(), portrait(0.5)) and "see the parameter memory" in node.output)
    wait_until(
        lambda: (
            (told := health.of("capture"))
            and float({v.key: v.value for v in told.values}["frames kept (MB)"]) <= 10
        )
    )


def test_a_calibration_of_another_size_fits_the_picture_it_goes_with(peer, run, scene, tmp_path):
    run("capture", folder=tmp_path / "out", window=5.0)
    scene.connect()
    infos = peer.publisher(CameraInfo, "camera_info", NEWEST_IMAGE)
    k = [2000.0, 0.0, 1280.0, 0.0, 2000.0, 720.0, 0.0, 0.0, 1.0]
    infos.publish(CameraInfo(width=2560, height=1440, k=k))

    def taken():
        header = scene(noise(), portrait(0.5)).header
        infos.publish(CameraInfo(header=header, width=2560, height=1440, k=k))
        time.sleep(0.1)  # the newest takes the place of the last
        header.stamp.sec += 100  # of another zoom, by then
        infos.publish(CameraInfo(header=header, width=2560, height=1440, k=[9.0] * 9))
        return (r := ask(peer)).success and r.capture.camera_info.k[0] == 1000.0 and r

    capture = wait_until(taken).capture
    info = capture.camera_info
    assert (info.width, info.height) == (1280, 720)
    assert info.header == capture.header
    assert list(info.k) == [1000.0, 0.0, 640.0, 0.0, 1000.0, 360.0, 0.0, 0.0, 1.0]


def test_what_breaks_the_profiles_limits_is_not_taken(peer, run, scene, tmp_path):
    run("capture", folder=tmp_path / "out", window=5.0)
    scene.connect()

    def retaken(bgr, *persons, **request):
        scene(bgr, *persons)
        return (r := ask(peer, profile="upper_body", **request)).retake and r

    response = wait_until(lambda: retaken(noise(), portrait(0.2)))
    assert not response.success and "too_far 0.2, at least 0.324" in response.message
    assert response.rejected and all("s: too_far 0.2" in line for line in response.rejected)
    response = wait_until(lambda: retaken(noise(), portrait(0.5, x=0.2)))
    assert response.message.startswith("centred -0.3, ")
    response = wait_until(lambda: retaken(noise(blur=20), portrait(0.5)))
    assert "sharp " in response.rejected[-1]
    assert wait_until(lambda: retaken(noise())).message.startswith("nobody is in view")
    assert list((tmp_path / "out").iterdir()) == []
    # One frame that is within them is enough, however sharp the others are.
    for _ in range(2):
        good = scene(noise(), portrait(0.5))
    scene(noise(), portrait(0.2))
    taken = ask(peer, profile="upper_body")
    assert (taken.success, taken.retake) == (True, False) and taken.capture.header == good.header
    assert any("too_far" in line for line in taken.rejected)
    # Without a profile nothing is refused.
    assert wait_until(lambda: scene(noise(blur=20), portrait(0.2)) and ask(peer)).success


def test_what_is_allowed_to_a_person_is_taken(peer, run, scene, tmp_path):
    run("capture", folder=tmp_path / "out", window=5.0)
    scene.connect()

    def asked(person, **request):
        scene(noise(), person)
        return ask(peer, profile="upper_body", **request)

    small, one_armed = portrait(0.25), portrait(0.5)
    one_armed.scores[INDEX["left_elbow"]] = 0.0
    wait_until(lambda: asked(small).message.startswith("too_far"))
    wait_until(lambda: asked(small, size_minimum=0.25).success)
    wait_until(lambda: "visible" in asked(one_armed).message)
    wait_until(lambda: asked(one_armed, without=["left_arm"]).success)


def test_a_quality_below_the_profiles_minimum_is_a_retake(peer, run, scene, tmp_path):
    mine = tmp_path / "mine.yaml"
    mine.write_text(
        "parts: [head, shoulders]\nsize_minimum: 0.1\nsize_maximum: 0.9\n"
        "facing: 180\nsharpness_minimum: 0\nquality_minimum: 99\n"
    )
    run("capture", folder=tmp_path / "out", window=2.0, allowed_folders=tmp_path)
    scene.connect()

    def retaken():
        scene(noise(blur=5), portrait(0.5))
        return (r := ask(peer, profile=str(mine))).retake and r

    assert re.match(r"quality \d+, at least 99: ", wait_until(retaken).message)
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    "request_, said",
    [
        (dict(profile="no_such"), "no such file"),
        (
            dict(profile="turnaround", step="top"),
            "has no step 'top'; it has front, left, back, right",
        ),
        (dict(profile="face", step="front"), "has no step 'front'; it has but one picture"),
        (dict(step="front"), "step is 'front', but no profile is named"),
        (
            dict(profile="face", without=["tail"]),
            "without has 'tail': wanted some of elbows, feet",
        ),
        (dict(profile="face", size_minimum=math.nan), "size_minimum is nan: wanted 0 to 1"),
        (dict(size_minimum=1.5), "size_minimum is 1.5: wanted 0 to 1"),
    ],
)
def test_what_makes_no_sense_is_no_retake(peer, run, scene, tmp_path, request_, said):
    run("capture", folder=tmp_path)
    response = ask(peer, **request_)
    assert said in response.message and not response.success and not response.retake


def test_it_says_why_there_is_no_capture(peer, run, scene, tmp_path):
    run("capture", folder=tmp_path / "out")
    response = ask(peer)
    assert "no frame with a pose" in response.message and not response.retake
    scene.connect()

    def message(label="", person_id=0, *persons):
        scene(noise(), *persons)
        response = ask(peer, label, person_id)
        assert not response.success
        return response.message

    wait_until(lambda: message() == "nobody is in view: nothing was captured")
    wait_until(lambda: message("", 3, portrait(0.5)).startswith("person 3 is not in view"))
    for label in ("../x", "a.b", "a/b", "x" * 65):
        assert shown(label) in message(label, 0, portrait(0.5))
    assert list((tmp_path / "out").iterdir()) == []


def test_a_folder_that_cannot_be_written_is_told(peer, run, scene, tmp_path):
    (tmp_path / "file").write_text("in the way")
    run("capture", folder=tmp_path / "file").says("cannot write to")
    scene.connect()

    def message():
        scene(noise(), portrait(0.5))
        return ask(peer).message

    wait_until(lambda: f"cannot write to {tmp_path / 'file'}" in message())


@pytest.fixture
def small_disk(tmp_path):
    """A folder on a disk of 300 kB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=300k", "none", str(folder)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("only the administrator can mount a small disk")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_is_told_and_no_capture_is_lost_half(peer, run, scene, small_disk):
    """And once there is room, it goes on."""
    (small_disk / "other").write_bytes(bytes(250_000))
    run("capture", folder=small_disk)
    scene.connect()

    def answer():
        scene(noise(2.0), portrait(0.5))
        return ask(peer)

    wait_until(lambda: "No space left on device; free some space" in answer().message)
    assert [p.name for p in small_disk.iterdir()] == ["other"]
    (small_disk / "other").unlink()
    subprocess.run(["mount", "-o", "remount,size=20m", str(small_disk)], check=True)
    done = answer()
    assert done.success and len([p for p in small_disk.iterdir() if p.is_file()]) == 3


def test_points_that_are_not_finite_do_not_break_the_json(peer, run, scene, tmp_path):
    run("capture", folder=tmp_path, window=2.0)
    scene.connect()
    person = portrait(0.5)
    person.x[5] = np.nan

    def taken():
        scene(noise(), person)
        return (r := ask(peer)).success and r.capture

    text = Path(wait_until(taken).pose_path).read_text()
    assert json.loads(text, parse_constant=pytest.fail)["persons"][0]["keypoints"][5] == [0, 0, 0]


def test_the_downstream_node_gets_a_capture_even_if_it_starts_later(peer, run, scene, tmp_path):
    run("capture", folder=tmp_path, window=2.0)
    scene.connect()

    def taken():
        scene(noise(), portrait(0.5))
        return (r := ask(peer)).success and r.capture

    image_path = Path(wait_until(taken).image_path)
    run("downstream", folder=tmp_path).says("wrote")
    pose_map = cv2.imread(str(image_path.with_name(image_path.stem + "_posemap.png")))
    assert pose_map.shape == (720, 1280, 3) and pose_map.any()
    document = json.loads(image_path.with_name(image_path.stem + "_openpose.json").read_text())
    assert (document["canvas_width"], len(document["people"])) == (1280, 1)


@pytest.mark.parametrize("ahead_s", [0.0, 5.0, -5.0])
def test_the_clock_of_the_images_is_taken_as_it_is(peer, run, tmp_path, ahead_s):
    """Which is the camera's machine's; the request is made on this one's."""
    run("capture", folder=tmp_path)
    images = peer.publisher(Image, "image_raw", NEWEST_IMAGE)
    poses = peer.publisher(WholeBodyPose, "wholebody_pose", 5)

    def seen() -> bool:
        sent = fill(Image(), noise())
        now = peer.node.get_clock().now().nanoseconds + int(ahead_s * 1e9)
        sent.header.stamp.sec, sent.header.stamp.nanosec = divmod(now, 10**9)
        images.publish(sent)
        poses.publish(
            WholeBodyPose(header=sent.header, width=1280, height=720, persons=[portrait(0.5)])
        )
        return ask(peer).success

    wait_until(seen)


def test_a_slow_camera_s_frames_are_recent_for_as_long_as_it_takes(peer, run, scene, tmp_path):
    """One that sends every other second is running, though the window is shorter."""
    run("capture", folder=tmp_path, window=0.3)
    scene.connect()
    for _ in range(4):
        scene(noise(), portrait(0.5))
        time.sleep(1.0)
    assert ask(peer).success
    wait_until(lambda: "no frame with a pose" in ask(peer).message)  # it sends no more


def test_images_without_a_stamp_are_captured(peer, run, tmp_path):
    run("capture", folder=tmp_path)
    images = peer.publisher(Image, "image_raw", NEWEST_IMAGE)
    poses = peer.publisher(WholeBodyPose, "wholebody_pose", 5)

    def seen() -> bool:
        images.publish(fill(Image(), noise()))
        pose = WholeBodyPose(width=1280, height=720, persons=[portrait(0.5)])
        pose.header.stamp = peer.node.get_clock().now().to_msg()  # as the pose node stamps it
        poses.publish(pose)
        time.sleep(0.2)
        return ask(peer).success

    wait_until(seen)


def test_points_that_are_nobody_s_are_not_captured_as_somebody(peer, run, scene, tmp_path):
    run("capture", folder=tmp_path)
    scene.connect()
    absurd = portrait(0.5)
    absurd.x, absurd.y = np.full((2, 133), 3e38, np.float32)
    absurd.box = np.array([-3e38, -3e38, 3e38, 3e38], np.float32)

    def asked():
        scene(noise(), absurd)
        return (r := ask(peer)).message and "no frame" not in r.message and r

    response = wait_until(asked)
    assert not response.success and "nobody is in view" in response.message


def test_a_full_disk_shows_in_the_diagnostics_until_there_is_room(peer, run, scene, tmp_path):
    folder = tmp_path / "captures"
    folder.mkdir()
    health = Health(peer)
    run("capture", folder=folder)
    scene.connect()

    def asked():
        scene(noise(), portrait(0.5))
        return (r := ask(peer)).success or "no frame" not in r.message

    folder.rmdir()
    folder.write_text("no folder")  # root may write anywhere
    wait_until(asked)
    wait_until(
        lambda: (
            (one := health.of("capture"))
            and one.level == DiagnosticStatus.ERROR
            and "cannot write to" in one.message
        ),
        20.0,
    )
    folder.unlink()
    wait_until(lambda: asked() and folder.is_dir())
    wait_until(lambda: health.of("capture").level != DiagnosticStatus.ERROR)


def test_captures_are_removed_after_so_many_hours(run, tmp_path):
    folder = tmp_path / "captures"
    folder.mkdir()
    old, new = (folder / f"me_20260101-12000{i}-000.png" for i in range(2))
    for path, hours in ((old, 25), (new, 23)):
        path.touch()
        os.utime(path, (time.time() - hours * 3600,) * 2)
    run("capture", folder=folder, keep_hours=24.0).says("1 files of captures older than 24 h")
    assert list(folder.iterdir()) == [new]


def test_a_picture_that_was_removed_is_sent_to_nobody_who_comes_later(
    peer, spin, scene, tmp_path, monkeypatch
):
    """Else who was told that pictures are kept for hours would be in memory for weeks."""
    monkeypatch.setattr(capture, "TIDY_S", 0.1)
    monkeypatch.setattr(capture, "FOLDER", str(tmp_path / "captures"))
    node = spin(capture.CaptureNode())
    assert node.start()
    scene.connect()
    first = peer.listen(CapturedImage, "captures", LATCHED)

    def taken():
        scene(noise(), portrait(0.5))
        answer = ask(peer)
        return answer if answer.success else None

    path = Path(wait_until(taken).capture.image_path)
    wait_until(lambda: first)
    before = node._captures.publisher
    later = peer.listen(CapturedImage, "captures", LATCHED)
    wait_until(lambda: later)
    path.unlink()
    wait_until(lambda: node._captures.publisher is not before)
    last = peer.listen(CapturedImage, "captures", LATCHED)
    assert wait_until(taken).success
    # Nothing but the new one, which also comes to those who have listened all the time.
    wait_until(lambda: len(first) == len(later) == 2 and last)
    assert len(last) == 1 and last[0].image_path != str(path)
