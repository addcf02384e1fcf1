# SPDX-License-Identifier: Apache-2.0
"""When the networks for body and hands run."""

from __future__ import annotations

import numpy as np
import pytest

from dwpose_ros.estimation.holistic.body import Body
from dwpose_ros.estimation.holistic.hand import LEFT, Hand
from dwpose_ros.estimation.holistic.parts import Turn, next_body, next_hand
from dwpose_ros.estimation.holistic.regions import Region

IMAGE = np.zeros((9, 9, 3), np.uint8)
SIDE = 1000.0
WRIST = LEFT[0]


def body(shift: float = 0.0, visibility: float = 0.95, points=slice(None), **more) -> Body:
    """A body whose points have moved by `shift` px."""
    xy = np.random.default_rng(1).uniform(300, 700, (33, 2))
    xy[points, 0] += shift
    return Body(xy, np.full(33, visibility), 1.0, Region(500, 500, SIDE, 0.0), **more)


class Network:
    """Sees what it is told to see, one after the other."""

    def __init__(self, *seen) -> None:
        self.seen, self.runs = list(seen), 0

    def __call__(self, *_):
        self.runs += 1
        return self.seen.pop(0)

    def find(self, rgb, near):
        return near


@pytest.mark.parametrize(
    "shift, points, visibility, rests",
    [
        (5, slice(None), 0.95, True),
        (15, slice(None), 0.95, False),
        (15, [WRIST], 0.95, False),  # an arm alone
        (15, [WRIST], 0.6, None),  # nothing is seen clearly: not known
        (15, [WRIST + 2], 0.95, True),  # a finger, which is no keypoint of the body
    ],
)
def test_a_body_rests_once_if_nothing_of_it_moves(shift, points, visibility, rests):
    first, second = body(visibility=visibility), body(shift, visibility, points)
    network = Network(second, second)
    found = next_body(IMAGE, network, first, may_rest=True)
    assert network.runs == 1  # how fast it is was not known
    again = next_body(IMAGE, network, found, may_rest=True)
    assert again.seen is not bool(rests) and network.runs == (1 if rests else 2)
    if rests:
        assert (again.xy == second.xy).all()
        network.seen = [second]
        assert next_body(IMAGE, network, again, may_rest=True).seen


def test_a_body_that_begins_to_move_while_it_rests_is_seen_in_every_image_from_then_on():
    network = Network(body(0), body(60), body(80), body(100))
    person = next_body(IMAGE, network, body(0), may_rest=True)
    course = []
    for _ in range(4):
        person = next_body(IMAGE, network, person, may_rest=True)
        course.append((person.seen, round(float((person.xy - body().xy)[0, 0]))))
    assert course == [(False, 0), (True, 60), (True, 80), (True, 100)]


def test_after_a_rest_the_way_is_that_of_two_images():
    network = Network(body(0), body(15))  # 1.5 % of the region, in two images
    person = next_body(IMAGE, network, body(0), may_rest=True)
    seen = []
    for _ in range(3):
        person = next_body(IMAGE, network, person, may_rest=True)
        seen.append(person.seen)
    assert seen == [False, True, False]


def test_a_body_that_must_not_rest_does_not():
    network = Network(body(), body())
    person = next_body(IMAGE, network, body(), may_rest=True)
    assert next_body(IMAGE, network, person, may_rest=False).seen and network.runs == 2


@pytest.mark.parametrize("visibility, runs", [(0.95, 1), (0.6, 0)])
def test_a_wrist_that_is_guessed_is_no_reason_to_look_for_a_hand(visibility, runs):
    """Below the border of the image the body's network guesses, elsewhere each time."""
    network = Network(Hand(np.zeros((21, 2)), 0.1, Region(0, 0, 1, 0.0)))
    moved = body(200, visibility, [WRIST])
    found = next_hand(IMAGE, network, moved, LEFT, None, body().xy, Turn.IF_MOVED)
    assert found is None and network.runs == runs
