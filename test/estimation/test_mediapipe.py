# SPDX-License-Identifier: Apache-2.0
"""MediaPipe on real photographs, and the mapping of its points on made-up ones."""

import json
import subprocess
import sys
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from dwpose_ros.core.errors import ModelError
from dwpose_ros.core.keypoints import FACE, FEET, INDEX, LEFT_HAND, MIRROR, RIGHT_HAND
from dwpose_ros.estimation import mediapipe as subject


@pytest.fixture(scope="module")
def estimator():
    pytest.importorskip("mediapipe")
    made = subject.MediaPipe(tracking=False)
    yield made
    made.close()


@pytest.fixture(scope="module")
def portrait():
    """NASA's portrait of Eileen Collins, 512 x 512 RGB, public domain."""
    return pytest.importorskip("skimage.data").astronaut()


@pytest.fixture(scope="module")
def person(estimator, portrait):
    people = estimator(portrait)
    assert len(people) == 1
    return SimpleNamespace(
        xy=dict(zip(INDEX, people.xy[0])), scores=people.scores[0], box=people.boxes[0],
        box_score=people.box_scores[0], array=people.xy[0],
    )  # fmt: skip


class TestPortrait:
    """Places were read off the picture by eye, in its pixels."""

    @pytest.mark.parametrize(
        "name, place, within",
        [
            ("right_eye", (202, 102), 10), ("left_eye", (247, 109), 10), ("nose", (222, 127), 12),
            ("face-8", (222, 178), 8),  # chin
            ("face-0", (178, 100), 8), ("face-16", (276, 109), 8),  # where the jaw meets the ear
            ("face-17", (186, 89), 8), ("face-26", (266, 93), 8),  # outer ends of the brows
            ("face-21", (215, 88), 8), ("face-22", (236, 90), 8),  # inner ends of the brows
            ("face-33", (222, 134), 6),  # under the nose
            ("face-36", (193, 100), 4), ("face-39", (213, 103), 4),  # right eye
            ("face-42", (237, 105), 4), ("face-45", (258, 104), 4),  # left eye
            ("face-48", (202, 139), 6), ("face-54", (247, 141), 6),  # corners of the mouth
            ("face-57", (222, 157), 6),  # lower lip
            ("right_shoulder", (110, 245), 25), ("left_shoulder", (310, 255), 25),
        ],
    )  # fmt: skip
    def test_points_lie_on_what_they_name(self, person, name, place, within):
        assert np.hypot(*(person.xy[name] - place)) <= within

    def test_what_the_picture_does_not_show_scores_0(self, person):
        assert (person.scores[[INDEX["left_knee"], INDEX["right_ankle"]]] == 0).all()
        assert (person.scores[FEET] == 0).all()
        assert (person.scores[FACE] == 1).all()

    def test_the_box_holds_the_visible_points(self, person):
        x1, y1, x2, y2 = person.box
        seen = person.array[person.scores > 0.3]
        assert (seen >= (x1 - 0.01, y1 - 0.01)).all() and (seen <= (x2 + 0.01, y2 + 0.01)).all()
        assert 0 <= x1 < x2 <= 512 and 0 <= y1 < y2 <= 512
        assert 0.5 < person.box_score <= 1

    def test_a_mirrored_picture_swaps_left_and_right(self, estimator, portrait, person):
        mirrored = estimator(np.ascontiguousarray(portrait[:, ::-1])).xy[0][MIRROR]
        back = np.column_stack([511 - mirrored[:, 0], mirrored[:, 1]])
        top = [INDEX[n] for n in ("left_eye", "right_eye", "left_shoulder", "right_shoulder")]
        points = [*top, *range(FACE.start, FACE.stop)]
        assert np.abs(back - person.array)[points].max() < 15


def test_views_and_read_only_images_are_taken(estimator, portrait, person):
    view = np.ascontiguousarray(portrait[..., ::-1])[..., ::-1]
    view.flags.writeable = False
    np.testing.assert_array_equal(estimator(view).xy[0], person.array)


def test_an_annotated_skier(estimator, data):
    """Body, feet and face against COCO-WholeBody's annotation of a whole person, 267 px tall."""
    truth = json.loads((data / "coco_wholebody_2.json").read_text())
    file = next(i for i in truth["images"] if i["file_name"] == "000000000785.jpg")
    person = next(a for a in truth["annotations"] if a["image_id"] == file["id"])
    parts = ("keypoints", "foot_kpts", "face_kpts", "lefthand_kpts", "righthand_kpts")
    wanted = np.concatenate([np.reshape(person[part], (-1, 3)) for part in parts])
    image = cv2.imread(str(data / file["file_name"]))
    people = estimator(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))
    both = (wanted[:, 2] > 0) & (people.scores[0] > 0.3)
    off = np.hypot(*(people.xy[0] - wanted[:, :2]).T)
    assert both[:23].sum() >= 18 and off[:23][both[:23]].mean() < 8
    assert both[FACE].all() and off[FACE].mean() < 3


@pytest.mark.parametrize("tracking", [False, True])
def test_an_empty_room_gives_nobody(tracking, portrait):
    pytest.importorskip("mediapipe")
    estimator = subject.MediaPipe(tracking)
    noise = np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8)
    for empty in (noise, np.zeros_like(noise), np.full_like(noise, 200)):
        assert len(estimator(empty).xy) == 0
    assert len(estimator(portrait).xy) == 1
    # Nor is there a ghost of who has just left.
    assert len(estimator(noise).xy) == 0
    estimator.close()


class TestMapping:
    """Made-up results: landmark i of a group stands at a place that tells which it is."""

    @staticmethod
    def marks(n, offset, visibility=0.9):
        point = SimpleNamespace
        return SimpleNamespace(
            landmark=[point(x=offset + i / 10_000, y=0.5, visibility=visibility) for i in range(n)]
        )

    def result(self, **parts):
        nothing = dict.fromkeys(
            ("pose_landmarks", "face_landmarks", "left_hand_landmarks", "right_hand_landmarks")
        )
        return SimpleNamespace(**{**nothing, **parts})

    def where(self, people, name):
        """In units of landmarks."""
        return float(people.xy[0, INDEX[name], 0])

    def test_nobody(self):
        assert len(subject.to_people(self.result(), 640, 480).xy) == 0

    def test_body_and_feet(self):
        people = subject.to_people(self.result(pose_landmarks=self.marks(33, 0)), 10_000, 480)
        for name, landmark in {
            "nose": 0, "left_eye": 2, "right_eye": 5, "left_ear": 7, "right_ear": 8,
            "left_shoulder": 11, "right_wrist": 16, "left_hip": 23, "right_ankle": 28,
            "left_heel": 29, "right_heel": 30, "left_big_toe": 31, "right_big_toe": 32,
        }.items():  # fmt: skip
            assert self.where(people, name) == pytest.approx(landmark, abs=0.01)
            assert people.scores[0, INDEX[name]] == pytest.approx(0.9)
        assert people.scores[0, INDEX["left_small_toe"]] == 0
        assert (people.scores[0, FACE] == 0).all()  # seen from behind: a head, no face
        assert (people.scores[0, LEFT_HAND.start :] == 0).all()

    def test_hands_and_face(self):
        people = subject.to_people(
            self.result(
                pose_landmarks=self.marks(33, 0), face_landmarks=self.marks(468, 0),
                left_hand_landmarks=self.marks(21, 0.1), right_hand_landmarks=self.marks(21, 0.2),
            ), 10_000, 480,
        )  # fmt: skip
        assert self.where(people, "left_hand_root") == pytest.approx(1000, abs=0.01)
        assert self.where(people, "left_pinky_finger4") == pytest.approx(1020, abs=0.01)
        assert self.where(people, "right_thumb1") == pytest.approx(2001, abs=0.01)
        assert self.where(people, "face-8") == pytest.approx(152, abs=0.01)
        assert self.where(people, "face-17") == pytest.approx((46 + 70) / 2, abs=0.01)
        assert (people.scores[0, LEFT_HAND] == 1).all()
        assert (people.scores[0, RIGHT_HAND] == 1).all()

    def test_outside_the_image_scores_0(self):
        pose = self.marks(33, 0)
        pose.landmark[0].x, pose.landmark[2].y, pose.landmark[5].x = -0.01, 1.0, 1.5
        people = subject.to_people(self.result(pose_landmarks=pose), 640, 480)
        assert people.scores[0, :3].tolist() == [0, 0, 0]
        assert people.scores[0, 3] > 0

    def test_nothing_visible_is_nobody(self):
        hidden = self.result(pose_landmarks=self.marks(33, 0, visibility=0.1))
        assert len(subject.to_people(hidden, 640, 480).xy) == 0


class TestWithoutMediaPipe:
    @pytest.mark.parametrize("version", [(3, 8, 0), (3, 13, 1)])
    def test_a_python_without_a_wheel(self, monkeypatch, version):
        monkeypatch.setattr(sys, "version_info", version)
        with pytest.raises(ModelError, match=r"no wheel for Python 3\.\d+, only for 3\.9 to"):
            subject.MediaPipe()

    def test_not_installed(self, monkeypatch):
        for name in [n for n in sys.modules if n.split(".")[0] == "mediapipe"]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setitem(sys.modules, "mediapipe", None)
        with pytest.raises(ModelError, match=r"MediaPipe 0\.10\.21 is not installed here"):
            subject.MediaPipe()


def test_it_starts_without_a_word():
    pytest.importorskip("mediapipe")
    code = (
        "import sys; from dwpose_ros.estimation.mediapipe import MediaPipe, _quiet\n"
        "MediaPipe()\n"
        "with _quiet(): print('but not this', file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "but not this\n")
