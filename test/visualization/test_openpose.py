# SPDX-License-Identifier: Apache-2.0
import json

import numpy as np
import pytest

from dwpose_ros.core.keypoints import FACE, INDEX, LEFT_HAND, RIGHT_HAND
from dwpose_ros.core.person_poses import PersonPoses
from dwpose_ros.visualization.openpose import draw_pose_map, to_openpose

# OpenPose's order of the 18 body points, from its documentation.
ORDER = (
    "nose neck right_shoulder right_elbow right_wrist left_shoulder left_elbow left_wrist "
    "right_hip right_knee right_ankle left_hip left_knee left_ankle "
    "right_eye left_eye right_ear left_ear"
).split()


def one(seen, n=1):
    """Points at (10 + index, 20 + index), the named ones seen."""
    xy = np.arange(133)[:, None] + [10, 20]
    scores = np.zeros(133)
    for name in seen:
        scores[INDEX[name]] = 0.8
    return PersonPoses.of([xy] * n, [scores] * n, np.zeros((n, 4)), np.ones(n))


EVERYTHING = list(INDEX)


class TestJson:
    def test_body(self):
        person = to_openpose(one(EVERYTHING), 640, 480)["people"][0]
        body = np.reshape(person["pose_keypoints_2d"], (18, 3))
        for row, name in zip(body.tolist(), ORDER):
            if name != "neck":
                assert row == [10 + INDEX[name], 20 + INDEX[name], 1]
        assert body[1].tolist() == [15.5, 25.5, 1]  # between points 5 and 6

    def test_face_ends_with_the_pupils(self):
        face = to_openpose(one(EVERYTHING), 640, 480)["people"][0]["face_keypoints_2d"]
        face = np.reshape(face, (70, 3))
        assert face[0].tolist() == [10 + FACE.start, 20 + FACE.start, 1]
        assert face[67].tolist() == [10 + FACE.stop - 1, 20 + FACE.stop - 1, 1]
        assert face[68:].tolist() == [[12, 22, 1], [11, 21, 1]]  # right eye, left eye

    @pytest.mark.parametrize("side, group", [("left", LEFT_HAND), ("right", RIGHT_HAND)])
    def test_hands(self, side, group):
        hand = to_openpose(one(EVERYTHING), 640, 480)["people"][0][f"hand_{side}_keypoints_2d"]
        assert np.reshape(hand, (21, 3))[0].tolist() == [10 + group.start, 20 + group.start, 1]

    def test_what_is_not_seen_is_0_0_0(self):
        seen = ["nose", "left_shoulder", "left_eye", "left_hand_root"]
        person = to_openpose(one(seen), 640, 480)["people"][0]
        body = np.reshape(person["pose_keypoints_2d"], (18, 3))
        assert body[1].tolist() == [0, 0, 0]  # no neck without both shoulders
        assert [name for row, name in zip(body, ORDER) if row[2]] == [
            "nose", "left_shoulder", "left_eye",
        ]  # fmt: skip
        assert sum(person["hand_left_keypoints_2d"][2::3]) == 1
        assert person["hand_right_keypoints_2d"] == []
        assert person["face_keypoints_2d"] == []  # an eye alone is no face

    def test_nan_is_not_seen(self):
        people = one(EVERYTHING)
        people.xy[0, INDEX["left_wrist"]] = np.nan
        text = json.dumps(to_openpose(people, 640, 480), allow_nan=False)
        assert json.loads(text)["people"][0]["pose_keypoints_2d"][21:24] == [0, 0, 0]

    def test_canvas_and_nobody(self):
        assert to_openpose(PersonPoses.none(), 640, 480) == {
            "people": [], "canvas_width": 640, "canvas_height": 480,
        }  # fmt: skip


def place(**names):
    """Somebody of whom these points are seen, at these places."""
    people = one(names)
    for name, xy in names.items():
        people.xy[0, INDEX[name.replace("_dash_", "-")]] = xy
    return people


class TestMap:
    def rgb(self, people, x, y, width=512, height=512):
        return draw_pose_map(people, width, height)[y, x, ::-1].tolist()

    @pytest.mark.parametrize(
        "a, b, limb, joints",
        [
            # OpenPose's colours; limbs at 0.6 of them.
            ("right_shoulder", "right_elbow", [153, 102, 0],
             ([255, 170, 0], [255, 255, 0])),
            ("left_shoulder", "left_elbow", [102, 153, 0], ([85, 255, 0], [0, 255, 0])),
            ("nose", "right_eye", [51, 0, 153], ([255, 0, 0], [170, 0, 255])),
            ("right_eye", "right_ear", [102, 0, 153], ([170, 0, 255], [255, 0, 170])),
            ("nose", "left_eye", [153, 0, 153], ([255, 0, 0], [255, 0, 255])),
            ("left_knee", "left_ankle", [0, 51, 153], ([0, 0, 255], [85, 0, 255])),
        ],
    )  # fmt: skip
    def test_limbs_and_joints(self, a, b, limb, joints):
        people = place(**{a: (100, 200), b: (200, 200)})
        assert self.rgb(people, 150, 200) == limb
        assert (self.rgb(people, 100, 200), self.rgb(people, 200, 200)) == joints

    def test_limbs_are_ellipses_8_wide(self):
        people = place(right_shoulder=(100, 200), right_elbow=(200, 200))
        image = draw_pose_map(people, 512, 512).any(-1)
        assert image[:, 150].sum() == 9 and image[:, 110].sum() < 9
        assert image[:, 200].sum() == 9  # a joint of radius 4

    def test_the_neck_is_between_the_shoulders(self):
        people = place(left_shoulder=(300, 100), right_shoulder=(100, 100))
        assert self.rgb(people, 200, 100) == [255, 85, 0]
        assert self.rgb(people, 150, 100) == [153, 0, 0]
        assert self.rgb(people, 250, 100) == [153, 51, 0]
        assert not draw_pose_map(place(left_shoulder=(300, 100)), 512, 512)[:, :290].any()

    def test_no_line_from_ear_to_shoulder(self):
        people = place(left_ear=(100, 100), left_shoulder=(100, 300))
        assert self.rgb(people, 100, 200) == [0, 0, 0]

    def test_hands_are_a_rainbow_with_blue_joints(self):
        people = place(left_hand_root=(100, 100), left_thumb1=(200, 100))
        assert self.rgb(people, 150, 100) == [255, 0, 0]
        assert self.rgb(people, 200, 100) == [0, 0, 255]
        people = place(right_pinky_finger3=(100, 100), right_pinky_finger4=(200, 100))
        assert self.rgb(people, 150, 100) == [255, 0, 77]

    def test_faces_are_white_dots(self):
        assert self.rgb(place(**{"face-30": (100, 100)}), 100, 100) == [255, 255, 255]

    def test_feet_are_not_drawn(self):
        feet = place(left_ankle=(100, 100), left_big_toe=(200, 100))
        assert not draw_pose_map(feet, 512, 512)[:, 110:].any()

    def test_lines_grow_with_the_map(self):
        def width(side):
            people = place(right_shoulder=(20, 50), right_elbow=(120, 50))
            return draw_pose_map(people, side, side).any(-1)[:, 70].sum()

        assert width(256) < width(512) < width(1024)

    @pytest.mark.filterwarnings("error")
    @pytest.mark.parametrize("bad", [np.nan, np.inf, 1e30, -1e9])
    def test_absurd_points_are_left_out(self, bad):
        people = one(EVERYTHING)
        people.xy[0, ::3] = bad
        assert draw_pose_map(people, 64, 48).shape == (48, 64, 3)

    def test_nobody(self):
        assert not draw_pose_map(PersonPoses.none(), 64, 48).any()
