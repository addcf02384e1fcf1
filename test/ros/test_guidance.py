# SPDX-License-Identifier: Apache-2.0
"""The guidance node, fed with poses of a person who stands as we like."""

from __future__ import annotations

import math
import re
import time

import numpy as np
import pytest
from harness import send_until, wait_until
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters, SetParametersAtomically
from rclpy.qos import DurabilityPolicy, QoSProfile
from sensor_msgs.msg import CameraInfo
from std_msgs.msg import Bool, Header, String

from dwpose_ros.core.keypoints import FACE, INDEX
from dwpose_ros.guidance.phrases import load_phrases, speaking_s
from dwpose_ros.guidance.voice import BREATH_S
from dwpose_ros.msg import Guidance, PersonPose, WholeBodyPose
from dwpose_ros.ros.shipped_files import configured
from dwpose_ros.srv import Capture

WIDTH, HEIGHT = 1280, 720
AGAIN_S = 2.0  # until something that was not heard is published again


def portrait(size: float, x: float = 0.5) -> PersonPose:
    """A person whose head-to-elbow height is `size` of the image's, in the middle at `x`."""
    unit = size * HEIGHT / 1.6
    points = {
        "nose": (0, 0),
        "left_eye": (0.15, -0.1),
        "right_eye": (-0.15, -0.1),
        "left_ear": (0.35, 0),
        "right_ear": (-0.35, 0),
        "left_shoulder": (0.7, 0.8),
        "right_shoulder": (-0.7, 0.8),
        "left_elbow": (0.9, 1.5),
        "right_elbow": (-0.9, 1.5),
    }
    xy, scores = np.zeros((133, 2), np.float32), np.zeros(133, np.float32)
    for name, place in points.items():
        xy[INDEX[name]] = place
        scores[INDEX[name]] = 0.9
    xy[FACE] = np.linspace((-0.3, 0), (0.3, 0.1), 68)
    xy = xy * unit + (x * WIDTH, 0.4 * HEIGHT)
    box = np.array([*xy[scores > 0].min(0), *xy[scores > 0].max(0)], np.float32)
    return PersonPose(
        id=7,
        score=1.0,
        box=box,
        x=xy[:, 0].astype(np.float32),
        y=xy[:, 1].astype(np.float32),
        scores=scores,
    )


@pytest.fixture
def show(peer, run):
    """show(person, ..., seconds=1) publishes poses at 20 Hz, stamped on a clock of its own."""

    class Show:
        time_s = 100.0

        def start(self, **parameters):
            self.node = run("guidance", **{"notice": False, **parameters})
            self.guidance = peer.listen(Guidance, "guidance")
            self.speech = peer.listen(String, "speech")
            self._poses = peer.publisher(WholeBodyPose, "wholebody_pose", 10)
            if parameters.get("on_demand"):
                self._answers()
            else:
                self._is_asked_for_a_moment(parameters.get("language", "en"))
            return self

        def _answers(self) -> None:
            """Wait until the node's answers reach us, each pose later than the last: a repeated one
            is not answered, and the node may find us only after the first."""
            send_until(lambda: self._poses.publish(self.poses(0.05)), lambda: self.guidance)
            self.guidance.clear()

        def _is_asked_for_a_moment(self, language: str) -> None:
            wait_until(lambda: self.speech and self.guidance)
            wait = load_phrases(configured("phrases", language)).text("one_moment")
            assert [msg.data for msg in self.speech] == [wait]
            assert [(msg.code, msg.text) for msg in self.guidance] == [("one_moment", wait)]
            self.speech.clear()
            self.guidance.clear()

        def __call__(self, *persons: PersonPose, seconds: float = 1.0) -> Guidance:
            for _ in range(round(seconds * 20)):
                self._tell(self.poses(0.05, *persons))
            return self.guidance[-1]

        def poses(self, later_s: float, *persons: PersonPose) -> WholeBodyPose:
            """Return a message that is stamped so much later than the last."""
            self.time_s += later_s
            header = Header(frame_id="camera")
            header.stamp.sec = int(self.time_s)
            header.stamp.nanosec = int(self.time_s % 1 * 1e9)
            return WholeBodyPose(
                header=header,
                width=WIDTH,
                height=HEIGHT,
                model="test",
                persons=list(persons),
            )

        def _tell(self, poses: WholeBodyPose) -> None:
            """Publish until the node has answered: it may know of the publisher a little later."""
            due = 0.0

            def answered() -> bool:
                nonlocal due
                if time.monotonic() > due:
                    self._poses.publish(poses)
                    due = time.monotonic() + AGAIN_S
                return bool(self.guidance) and self.guidance[-1].header.stamp == poses.header.stamp

            wait_until(answered)

    return Show()


@pytest.fixture
def requests(peer):
    """Requests of captures, all of which succeed."""
    asked = []

    def answer(request, response):
        asked.append(request)
        response.success = True
        return response

    peer.node.create_service(Capture, "capture", answer)
    return asked


def test_a_person_is_led_to_the_picture(requests, show):
    show.start(profile="upper_body")
    assert show().code == "step_into_view"
    assert show(portrait(0.2)).code == "move_closer"
    assert show(portrait(0.9)).code == "move_back"
    # On an image that is not mirrored, the image's left is the person's right.
    assert show(portrait(0.5, x=0.2)).code == "move_left"
    assert show(portrait(0.5, x=0.8)).code == "move_right"
    holding = show(portrait(0.5), seconds=1.0)
    assert holding.state == Guidance.HOLDING and not requests
    show(portrait(0.5), seconds=1.5)
    wait_until(lambda: requests)
    done = show(portrait(0.5))
    assert (done.state, done.code) == (Guidance.DONE, "done")
    assert len(requests) == 1
    assert (requests[0].label, requests[0].person_id) == ("upper_body", 7)


def test_the_capture_is_told_what_a_person_lacks(requests, show):
    show.start(profile="upper_body")
    one_armed = portrait(0.5)
    one_armed.scores[INDEX["left_elbow"]] = 0.0
    show(one_armed, seconds=15.0)
    wait_until(lambda: requests)
    assert (requests[0].without, requests[0].seated) == (["left_arm"], False)
    assert requests[0].size_minimum == 0.0  # the profile's


def test_each_instruction_is_spoken_once_and_then_only_now_and_again(show):
    show.start(profile="upper_body")
    show(portrait(0.2), seconds=4.0)
    assert len(show.speech) == 1 and re.fullmatch("\\d steps closer.", show.speech[0].data)
    show(portrait(0.2), seconds=3.0)
    assert len(show.speech) == 2 and show.speech[1] == show.speech[0]
    told = show.guidance[-1]
    assert (told.code, told.grade) == ("move_closer", "")
    assert told.text.startswith(f"{told.count} ")


def test_while_the_voice_speaks_only_what_ends_a_hold_is_said(peer, show):
    show.start(profile="upper_body")
    speaking = peer.publisher(
        Bool, "speaking", QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    )
    speaking.publish(Bool(data=True))  # before anything is said it says nothing about us
    show(portrait(0.2), seconds=1.0)
    assert len(show.speech) == 1
    show(portrait(0.5, x=0.1), seconds=3.0)  # it speaks on; but what it says is true no longer
    assert [s.data for s in show.speech[1:]] == ["", "2 steps to your left."]


def test_sentences_do_not_run_into_each_other(show):
    """What is said next waits a moment after the end of what was said."""
    show.start(profile="upper_body")
    said = {}  # when, on the clock of the poses
    while len(said) < 2:
        show(portrait(0.3, x=0.15), seconds=0.05)
        said.update({s.data: show.time_s for s in show.speech if s.data not in said})
    first, second = said
    # What is said arrives with its frame, or with the next one.
    assert said[second] - said[first] > speaking_s(first) + BREATH_S - 0.051


def test_light_and_blur_are_spoken_of(show):
    show.start(profile="upper_body")
    dark, fine = portrait(0.5), portrait(0.5)
    dark.brightness, dark.sharpness = 0.03, 200.0
    fine.brightness, fine.sharpness = 0.5, 200.0
    assert show(dark, seconds=2.0).code == "more_light"
    blurred = portrait(0.5)
    blurred.brightness, blurred.sharpness = 0.5, 1.0
    assert show(blurred, seconds=1.0).code == "clean_lens"
    assert show(fine, seconds=1.0).state == Guidance.HOLDING


def test_a_picture_that_is_not_good_enough_is_taken_again(peer, show):
    requests = []

    def answer(request, response):
        requests.append(request)
        response.success, response.retake = len(requests) > 1, len(requests) == 1
        return response

    peer.node.create_service(Capture, "capture", answer)
    show.start(profile="upper_body", mirrored=True)
    show(portrait(0.5), seconds=3.5)
    wait_until(lambda: requests)
    show(portrait(0.5), seconds=3.0)
    wait_until(lambda: len(requests) == 2)
    assert show(portrait(0.5)).state == Guidance.DONE
    assert "Once more, hold still." in [s.data for s in show.speech]
    first = requests[0]
    assert (first.profile, first.step, first.mirrored) == ("upper_body", "", True)


def test_a_mirrored_camera_and_another_language(peer, show):
    show.start(profile="upper_body", mirrored=True, language="fr")
    said = show(portrait(0.5, x=0.2))
    assert (said.code, said.text) == ("move_right", "2 pas vers votre droite.")
    result = peer.call(
        SetParameters,
        "/guidance/set_parameters",
        parameters=[
            Parameter(
                name="language",
                value=ParameterValue(type=ParameterType.PARAMETER_STRING, string_value="en"),
            )
        ],
    ).results[0]
    assert result.successful
    assert show(portrait(0.5, x=0.2)).text == "2 steps to your right."


def test_a_calibrated_camera_tells_how_far_away_somebody_is(peer, show):
    """The smaller the field of view, the farther away is who looks as large."""

    def steps(field_of_view_deg: float) -> int:
        focal = WIDTH / 2 / math.tan(math.radians(field_of_view_deg / 2))
        k = [focal, 0.0, WIDTH / 2, 0.0, focal, HEIGHT / 2, 0.0, 0.0, 1.0]
        infos.publish(CameraInfo(width=WIDTH, height=HEIGHT, k=k))
        told = show(portrait(0.25), seconds=0.5)
        assert told.code == "move_closer"
        return told.count

    show.start(profile="upper_body")
    infos = peer.publisher(CameraInfo, "camera_info", 1)
    uncalibrated = show(portrait(0.25), seconds=1.0).count
    assert steps(110.0) < uncalibrated < steps(40.0)


def test_a_wrong_profile_is_refused_with_those_there_are(peer, show):
    show.start()
    result = peer.call(
        SetParameters,
        "/guidance/set_parameters",
        parameters=[
            Parameter(
                name="profile",
                value=ParameterValue(type=ParameterType.PARAMETER_STRING, string_value="bust"),
            )
        ],
    ).results[0]
    assert not result.successful
    assert "a_pose, face, full_body, hands, turnaround, upper_body" in result.reason
    assert show(portrait(0.2)).profile == "upper_body"


def test_of_thirty_poses_a_second_every_other_one_is_looked_at(show):
    show.start(profile="upper_body")
    show(portrait(0.2), seconds=0.1)
    show.guidance.clear()
    looked_at = []
    for _ in range(5):
        show._poses.publish(show.poses(1 / 30, portrait(0.2)))
        looked_at.append(show.poses(1 / 30, portrait(0.2)))
        show._tell(looked_at[-1])
    assert [told.header.stamp for told in show.guidance] == [p.header.stamp for p in looked_at]


def test_absurd_keypoints_are_points_that_are_not_seen(show):
    show.start(profile="upper_body")
    person = portrait(0.5)
    person.x = np.full(133, np.nan, np.float32)
    person.y = np.full(133, np.inf, np.float32)
    assert show(person).code in ("show", "step_into_view")
    assert show(portrait(0.2)).code == "move_closer"


def test_people_of_an_image_without_a_size_are_ignored(peer, show):
    show.start(profile="upper_body")
    show._poses.publish(WholeBodyPose(persons=[portrait(0.5)]))
    wait_until(lambda: show.guidance)
    assert show.guidance[-1].person_id == 0
    show.node.says("0x0 pixels are ignored")
    assert show(portrait(0.2)).code == "move_closer"


def test_without_a_capture_node_it_says_so_and_goes_on(show):
    show.start(profile="upper_body")
    show(portrait(0.5), seconds=3.5)
    show.node.says("there is no capture service")
    assert show(portrait(0.5)).code == "capture_failed"
    show(portrait(0.2), seconds=6.0)
    assert show(portrait(0.2)).code == "move_closer"


def test_parameters_set_together_are_set_all_or_none(peer, show):
    show.start(profile="upper_body")

    def text(name, value):
        return Parameter(
            name=name,
            value=ParameterValue(type=ParameterType.PARAMETER_STRING, string_value=value),
        )

    result = peer.call(
        SetParametersAtomically,
        "/guidance/set_parameters_atomically",
        parameters=[text("profile", "face"), text("language", "tlh")],
    ).result
    assert not result.successful
    assert show(portrait(0.2)).profile == "upper_body"


@pytest.mark.parametrize(
    "parameters, expected",
    [
        ({"profile": "bust"}, "it has"),
        ({"language": "tlh"}, "it has"),
        ({"profile": "/nowhere/p.yaml"}, "/nowhere/p.yaml: no such file"),
        ({"label": "../../x"}, "label '../../x' cannot be part of a file name"),
    ],
)
def test_what_is_not_there_is_one_line(run, parameters, expected):
    node = run("guidance", **parameters)
    assert node.ended() == 2
    assert expected.replace("it has", "has ") in node.output and "Traceback" not in node.output
