# SPDX-License-Identifier: Apache-2.0
"""The mapping to the 133 keypoints, on made-up parts: point i stands where that tells which it is."""

from __future__ import annotations

import numpy as np
import pytest

from dwpose_ros.core.keypoints import FACE, INDEX, LEFT_HAND, RIGHT_HAND
from dwpose_ros.estimation.holistic.body import Body
from dwpose_ros.estimation.holistic.face import Face
from dwpose_ros.estimation.holistic.hand import Hand
from dwpose_ros.estimation.holistic.keypoints import to_keypoints
from dwpose_ros.estimation.holistic.regions import Region

SIZE = (1000, 480)
SIDE = 1e4  # of the parts' regions: nothing is far from where the body has it


def row(count: int, x: float) -> np.ndarray:
    return np.stack([x + np.arange(count), np.full(count, 100.0)], 1)


def body(visibility: float = 0.9) -> Body:
    return Body(row(33, 0), np.full(33, visibility), 1.0, Region(0, 0, SIDE, 0))


def face(x: float = 0, presence: float = 0.8, side: float = SIDE) -> Face:
    return Face(row(468, x), presence, Region(0, 0, side, 0))


def hand(x: float, presence: float = 0.7, side: float = SIDE) -> Hand:
    return Hand(row(21, x), presence, Region(0, 0, side, 0))


def test_body_and_feet():
    xy, scores = to_keypoints(body(), None, (None, None), SIZE)
    for name, point in {
        "nose": 0, "left_eye": 2, "right_eye": 5, "left_ear": 7, "right_ear": 8,
        "left_shoulder": 11, "right_wrist": 16, "left_hip": 23, "right_ankle": 28,
        "left_heel": 29, "right_heel": 30, "left_big_toe": 31, "right_big_toe": 32,
    }.items():  # fmt: skip
        assert xy[INDEX[name], 0] == point and scores[INDEX[name]] == pytest.approx(0.9)
    assert scores[INDEX["left_small_toe"]] == 0
    assert (scores[FACE] == 0).all()  # seen from behind: a head, no face
    assert (scores[LEFT_HAND.start :] == 0).all()


def test_hands_and_face_have_the_score_of_the_whole():
    xy, scores = to_keypoints(body(), face(), (hand(100, 0.7), hand(200, 0.6)), SIZE)
    for name, x in {
        "left_hand_root": 100, "left_pinky_finger4": 120, "right_thumb1": 201, "face-8": 152,
        "face-17": (46 + 70) / 2,
    }.items():  # fmt: skip
        assert xy[INDEX[name], 0] == x
    for part, score in ((FACE, 0.8), (LEFT_HAND, 0.7), (RIGHT_HAND, 0.6)):
        assert scores[part] == pytest.approx(score)


@pytest.mark.parametrize("apart, share", [(0.0, 1.0), (0.2, 1.0), (0.375, 0.5), (0.6, 0.0)])
def test_a_part_that_lies_apart_from_the_body_is_doubted(apart, share):
    """The left wrist is the body's point 15, and point 4 of the mesh is its nose, the body's 0."""
    hands = (hand(15 + 200 * apart, 0.8, 200.0), None)
    _, scores = to_keypoints(body(), face(-4 + 300 * apart, 0.6, 300.0), hands, SIZE)
    assert scores[LEFT_HAND] == pytest.approx(0.8 * share)
    inside = scores[FACE][np.array(to_keypoints(body(), face(), (None, None), SIZE)[1][FACE]) > 0]
    assert inside.max() == pytest.approx(0.6 * share)


def test_outside_the_image_scores_0():
    one = body()
    one.xy[0, 0], one.xy[2, 1], one.xy[5, 0] = -0.01, 480.0, 1000.0
    _, scores = to_keypoints(one, None, (None, None), SIZE)
    assert scores[:3].tolist() == [0, 0, 0] and scores[3] > 0
