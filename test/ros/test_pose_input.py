# SPDX-License-Identifier: Apache-2.0
"""Poses from anybody: what is left of them is what the message's description promises."""

from __future__ import annotations

import math

import numpy as np
import pytest

pytest.importorskip("rclpy")

from std_msgs.msg import Header  # noqa: E402

from dwpose_ros.core.person_poses import PersonPoses  # noqa: E402
from dwpose_ros.msg import PersonPose, WholeBodyPose  # noqa: E402
from dwpose_ros.ros.conversions import to_msg  # noqa: E402
from dwpose_ros.ros.pose_input import BEYOND, MOST_PERSONS, cleaned  # noqa: E402

WIDTH, HEIGHT = 640, 480


def person(**changed) -> PersonPose:
    made = PersonPose(
        id=1,
        score=0.9,
        box=np.array([100, 50, 200, 400], np.float32),
        x=np.linspace(100, 200, 133).astype(np.float32),
        y=np.linspace(50, 400, 133).astype(np.float32),
        scores=np.full(133, 0.8, np.float32),
        brightness=math.nan,
        sharpness=20.0,
    )
    for name, value in changed.items():
        setattr(made, name, value)
    return made


def pose(*persons: PersonPose, width: int = WIDTH, height: int = HEIGHT) -> WholeBodyPose:
    return WholeBodyPose(width=width, height=height, persons=list(persons))


def numbers(*some, count: int = 133) -> np.ndarray:
    return np.resize(np.array(some, np.float32), count)


def test_what_is_right_is_left_as_it_is():
    msg, same = pose(person(), person(id=2)), pose(person(), person(id=2))
    assert cleaned(msg) == ""
    for one, other in zip(msg.persons, same.persons):
        for name in ("x", "y", "scores", "box"):
            assert np.array_equal(getattr(one, name), getattr(other, name))
    assert cleaned(pose()) == "" == cleaned(pose(width=0, height=0))


@pytest.mark.parametrize(
    "changed, seen",
    [
        ({"x": numbers(3e38)}, 0),
        ({"y": numbers(math.nan, 100)}, 66),
        ({"x": numbers(-math.inf, 100, 100)}, 88),
        ({"x": numbers((1 + BEYOND) * WIDTH + 1, 100)}, 66),
        ({"x": numbers(-BEYOND * WIDTH + 1)}, 133),  # who is cut off
        ({"scores": numbers(math.nan, 0.5)}, 66),
        ({"scores": numbers(-1, 2, 0.5)}, 44),
    ],
)
def test_points_that_cannot_be_count_as_not_seen(changed, seen):
    msg = pose(person(**changed))
    told = cleaned(msg)
    assert ("count as not seen" in told) == (seen < 133)
    (one,) = msg.persons
    assert np.count_nonzero(one.scores) == seen
    for values in (one.x, one.y, one.scores, one.box):
        assert np.isfinite(values).all()
    assert (0 <= one.scores).all() and (one.scores <= 1).all()


@pytest.mark.parametrize(
    "box",
    [
        numbers(math.nan, count=4),
        numbers(-3e38, -3e38, 3e38, 3e38, count=4),
        numbers(200, 50, 100, 400, count=4),
    ],
)
def test_a_box_that_is_none_is_made_from_the_points(box):
    msg = pose(person(box=box))
    assert "boxes" in cleaned(msg)
    assert msg.persons[0].box == pytest.approx([100, 50, 200, 400])


def test_of_whom_nothing_is_left_is_nobody():
    msg = pose(person(x=numbers(math.nan), box=numbers(math.inf, count=4)), person(id=2))
    cleaned(msg)
    assert [p.id for p in msg.persons] == [2]


def test_ids_are_unique_and_a_crowd_has_an_end():
    msg = pose(*(person(id=i // 2) for i in range(4 * MOST_PERSONS)))
    assert "persons are left out" in cleaned(msg)
    ids = [p.id for p in msg.persons]
    assert len(ids) == len(set(ids)) <= MOST_PERSONS and ids == sorted(ids)


@pytest.mark.parametrize("width, height", [(0, 480), (640, 0), (2**32 - 1, 480)])
def test_people_of_no_image_are_nobody(width, height):
    msg = pose(person(), width=width, height=height)
    assert f"{width}x{height} pixels are ignored" in cleaned(msg) and not msg.persons


def test_other_numbers_are_made_sane():
    msg = pose(person(score=7.0, brightness=math.inf, sharpness=-math.inf))
    assert "scores must be from 0 to 1" in cleaned(msg)
    (one,) = msg.persons
    assert one.score == 1.0 and math.isnan(one.brightness) and math.isnan(one.sharpness)


def test_our_own_messages_are_as_they_will_be_read():
    """By reference, from the network and from a bag: so sessions that are replayed are the same."""
    xy = np.full((1, 133, 2), 50, np.float32)
    xy[0, 17] = 1e5, 2000  # a foot that a network places far below the picture
    people = PersonPoses.of(xy, np.full((1, 133), 0.1), np.array([[0, 0, 90, 90]]), ids=[1])
    msg = to_msg(people, Header(), 100, 100, "test")
    assert (msg.persons[0].x[17], msg.persons[0].scores[17]) == (0, 0)
    assert cleaned(msg) == ""
