# SPDX-License-Identifier: Apache-2.0
"""Poses in, decisions out: target selector, check runner and coach one after the other, as a node has them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from dwpose_ros.core.person_poses import PersonPoses
from dwpose_ros.guidance import Coach, State
from dwpose_ros.guidance.checks import CheckRunner
from dwpose_ros.guidance.observation import TargetSelector

FPS = 15
HELD = 1.0  # s, as in full_body
BAD = [math.nan, math.inf, -math.inf, 1e30, -3e38]


class Session:
    """Shows frames at 15 Hz, each a mapping of ids to people, and keeps what was decided."""

    def __init__(self, profile) -> None:
        self.selector, self.run_checks, self.coach = (
            TargetSelector(profile),
            CheckRunner(profile),
            Coach(profile),
        )
        self.now, self.said, self.captures = 500.0, [], []

    def show(self, people, seconds: float = 1 / FPS):
        for _ in range(max(round(seconds * FPS), 1)):
            self.now += 1 / FPS
            shown = people() if callable(people) else people
            parts = [
                np.array([p[i] for p in shown.values()], np.float32).reshape(len(shown), *shape)
                for i, shape in enumerate(((133, 2), (133,), (4,)))
            ]
            before = self.selector.person_id
            observation = self.selector.look(
                PersonPoses.of(*parts, ids=list(shown)), 1280, 720, self.now
            )
            if self.selector.person_id != before:
                self.run_checks.reset()
                self.coach.interrupted()
            if self.selector.newcomer:
                self.coach.somebody_else()
            decision = self.coach.update(self.run_checks(observation), self.now)
            if decision.speak:
                self.said.append(decision.code)
            if decision.capture:
                self.captures.append(self.now)
        return decision


@pytest.fixture
def session(profile):
    return Session(profile("full_body"))


def test_a_good_picture_is_taken_and_nothing_but_hold_still_is_said(session, person):
    assert session.show({1: person()}, HELD + 0.3).state == State.HOLDING
    assert len(session.captures) == 1 and session.said == ["hold_still"]


@pytest.mark.parametrize("back_s", [0.2, 5.0, 400.0])
def test_time_that_jumps_back_begins_the_hold_anew(session, person, back_s):
    session.show({1: person()}, HELD - 0.2)
    session.now -= back_s
    session.show({1: person()}, HELD - 0.2)
    assert session.captures == []
    session.show({1: person()}, 0.5)
    assert len(session.captures) == 1


@pytest.mark.parametrize("gone_s", [1 / FPS, 0.5, 5.0])
def test_a_person_who_vanishes_during_the_countdown_holds_anew(session, person, gone_s):
    session.show({1: person()}, HELD - 0.2)
    assert session.show({}, gone_s).state == State.SEARCHING
    session.show({1: person()}, HELD - 0.2)
    assert session.captures == []
    session.show({1: person()}, 0.5)
    assert len(session.captures) == 1


@pytest.mark.parametrize(
    "gone_s, said",
    [
        (0.0, ["move_closer"]),
        (0.5, ["move_closer"]),  # a tracker lost them, that is all
        (2.0, ["move_closer", "move_closer"]),
    ],
)
def test_only_somebody_else_is_told_anew(session, person, gone_s, said):
    far = person(0.4)
    session.show({1: far}, 1.0)
    session.show({}, gone_s) if gone_s else None
    session.show({2: far}, 1.5)
    assert [code for code in session.said if code != "step_into_view"] == said


def test_who_comes_as_they_were_asked_to_is_left_to(session, person):
    """A tracker gives them a new id, of course."""
    session.show({}, 3.0)
    xs = iter(np.linspace(0.2, 0.6, round(3 * FPS)))
    session.show(lambda: {7: person(0.4, x=next(xs))}, 3.0)
    assert session.said == ["step_into_view"]
    session.show({7: person(0.4, x=0.6)}, 1.0)
    assert session.said == ["step_into_view", "move_closer"]


@pytest.mark.parametrize("who", [{1: 0.7, 2: 0.3}, {2: 0.7, 1: 0.3}, {1: 0.3, 3: 0.7}])
def test_two_people_who_swap_places_are_no_stillness(custom, person, who):
    """Whether their ids come along, or a tracker mistakes the one for the other."""
    session = Session(custom(people=2, centre=0.4, looking=180.0, hold_s=HELD))

    def there(places):
        return {i: person(0.7, x=x) for i, x in places.items()}

    session.show(there({1: 0.3, 2: 0.7}), HELD - 0.2)
    assert session.coach.update([], session.now).state == State.HOLDING
    swapped = session.now
    session.show(there(who), 4.0)
    if who == {1: 0.3, 3: 0.7}:  # another second person is none of the first one's business
        assert session.captures[0] < swapped + 0.5
    elif who[1] == 0.7:
        assert session.captures[0] > swapped + HELD
    assert len(session.captures) == 1


@pytest.mark.parametrize("front", [1, 2])
def test_who_takes_somebody_s_place_holds_anew(custom, person, front):
    """A bystander comes to the front; or it is the same one, whom a tracker mistakes."""
    session = Session(custom(hold_s=HELD))
    session.show({1: person(), 2: person(0.3, x=0.1)}, HELD - 0.2)
    swapped = session.now
    session.show({front: person(), 3 - front: person(0.3, x=0.1)}, 3.0)
    (captured,) = session.captures
    assert captured < swapped + 0.5 if front == 1 else captured > swapped + HELD


@pytest.mark.parametrize("what", ["xy", "scores", "all", "most"])
def test_what_is_no_place_never_crashes_and_is_never_captured(session, person, what):
    random = np.random.default_rng(5)

    def broken():
        one, bad = person(), random.choice(BAD)
        points = random.random(133) < (0.9 if what == "most" else 1.0)
        if what != "scores":
            one.xy[points] = bad
        if what in ("scores", "all"):
            one.scores[:] = -bad if bad > 0 else bad
        if what == "all":
            one.box[:] = bad
        return {1: one}

    with np.errstate(all="raise"):
        last = session.show(broken, 20.0)
    assert session.captures == [] and math.isfinite(last.progress)
    assert set(session.said) <= {"show", "move_back", "move_closer", "keep_still", "pause"}
    # And whoever is seen again is still taken a picture of.
    session.show({1: person()}, 5.0)
    assert len(session.captures) == 1


def scattered(random, one):
    one.xy[:] = random.uniform(0, 1, (133, 2)) * (1280, 720)
    return one


def piled(random, one):
    one.xy[:] = 640, 360
    return one


def flat(random, one):
    one.xy[:, 1] = 360
    return one


def thrown(random, one):
    one.xy[:] += random.normal(0, 60, 2)
    return one


def huge(random, one):
    one.xy[:] = (one.xy - 640) * 130
    return one


@pytest.mark.parametrize("absurd", [scattered, piled, flat, thrown, huge])
def test_nobody_looks_like_that(session, person, absurd):
    random = np.random.default_rng(7)
    with np.errstate(all="raise"):
        session.show(lambda: {1: absurd(random, person())}, 30.0)
    assert session.captures == []


def test_a_frame_now_and_then_that_is_wrong_does_not_keep_from_the_picture(session, person):
    """Points that are lost in every fourth frame are bridged."""
    frames = iter(range(999))

    def flickering():
        return {1: person(hidden=() if next(frames) % 4 else ("knees", "feet", "face"))}

    session.show(flickering, HELD + 0.5)
    assert len(session.captures) == 1 and session.said == ["hold_still"]


def test_who_walks_back_while_legs_come_into_view_is_left_to_it(session, person):
    """The seen parts grow with each part that comes into view, while the person shrinks."""

    def at(distance_m):
        height = 2.63 / distance_m
        return {1: person(height=height, top=0.5 - 0.4 * height)}

    session.show(at(1.2), 2.0)
    assert session.said == ["move_back"]
    for distance_m in np.arange(1.2, 3.5, 0.8 / FPS):
        session.show(at(distance_m))
    session.show(at(3.5), HELD + 1.0)
    assert [code for code in session.said if code != "far_enough"] == ["move_back", "hold_still"]
    assert len(session.captures) == 1
