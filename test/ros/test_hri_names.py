# SPDX-License-Identifier: Apache-2.0
"""Our points by ROS4HRI's names."""

from __future__ import annotations

import numpy as np
import pytest

from dwpose_ros.core.keypoints import COUNT, INDEX
from dwpose_ros.core.person_poses import PersonPoses
from dwpose_ros.ros.hri_names import JOINTS, region, skeletons


def somebody(**points) -> PersonPoses:
    """Of points given as (x, y, score)."""
    xy, scores = np.zeros((1, COUNT, 2)), np.zeros((1, COUNT))
    for name, (x, y, score) in points.items():
        xy[0, INDEX[name]], scores[0, INDEX[name]] = (x, y), score
    return PersonPoses.of(xy, scores, np.zeros((1, 4)), np.ones(1))


@pytest.mark.parametrize("name", ["nose", "left_wrist", "right_wrist", "left_ankle", "right_eye"])
def test_each_point_has_its_name(name):
    found = skeletons(somebody(**{name: (64, 120, 0.8)}), 640, 480)[0]
    at = list(JOINTS).index(name.upper())
    assert np.allclose(found[at], (0.1, 0.25, 0.8))
    assert (np.delete(found[:, 2], at) == 0).all()


def test_there_are_the_eighteen_of_openpose():
    assert len(JOINTS) == 18 and len({JOINTS[name] for name in JOINTS}) == 18


def test_the_neck_is_between_the_shoulders_and_needs_both():
    at = list(JOINTS).index("NECK")
    both = somebody(left_shoulder=(200, 96, 0.9), right_shoulder=(120, 48, 0.4))
    assert np.allclose(skeletons(both, 640, 480)[0, at], (0.25, 0.15, 0.4))
    assert skeletons(somebody(left_shoulder=(200, 96, 0.9)), 640, 480)[0, at, 2] == 0


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("x, y", [(-1, 10), (641, 10), (10, 481), (np.nan, 10), (np.inf, 10)])
def test_what_is_outside_the_image_is_not_seen(x, y):
    found = skeletons(somebody(nose=(x, y, 0.9)), 640, 480)[0]
    assert found[0, 2] == 0 and ((found >= 0) & (found <= 1)).all()


def test_nobody():
    assert skeletons(PersonPoses.none(), 640, 480).shape == (0, 18, 3)


@pytest.mark.parametrize(
    "box, shares",
    [
        ((64, 48, 320, 480), (0.1, 0.1, 0.5, 1.0)),
        ((-50, -1, 700, 500), (0, 0, 1, 1)),
    ],
)
def test_regions_end_at_the_image_s_border(box, shares):
    assert region(np.array(box, np.float32), 640, 480) == pytest.approx(shares)
