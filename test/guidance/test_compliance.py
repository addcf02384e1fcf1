# SPDX-License-Identifier: Apache-2.0
"""What is known of somebody who was told something: whether they began, and whether they ended."""

from __future__ import annotations

import math

import numpy as np
import pytest

from dwpose_ros.guidance.checks import CheckResult
from dwpose_ros.guidance.compliance import (
    OPPOSITES,
    PLACING,
    RESTED_S,
    ComplianceTracker,
    axis,
    undoes,
)

FPS = 20
# What a check measures, and how much of it a second is a walk, or a turn.
AXES = {
    "depth": ("too_close", "track", 0.3),
    "side": ("centred", "track", 0.4),
    "turn": ("facing", "value", 90.0),
    "head": ("looking", "value", 90.0),
}
ASKED = {"depth": "move_back", "side": "move_left", "turn": "turn_left", "head": "look_at_camera"}


class Watched:
    """Somebody who is watched at 20 Hz, or as often as is said; `ways` are where they are."""

    def __init__(self, fps: float = FPS) -> None:
        self.responses, self.fps, self.now = ComplianceTracker(), fps, 100.0
        self.ways = dict.fromkeys(AXES, 0.0)

    def go(
        self, seconds: float, *moving: str, busy: bool = False, still: bool = True
    ) -> ComplianceTracker:
        for _ in range(round(seconds * self.fps)):
            self.now += 1 / self.fps
            found = [CheckResult("still", still, 0.0)]
            for name, (check, what, speed) in AXES.items():
                self.ways[name] += (name in moving) * speed / self.fps
                found.append(CheckResult(check, True, 0.0)._replace(**{what: self.ways[name]}))
            self.responses.watch(found, self.now, busy)
        return self.responses

    def ask(self, code: str) -> None:
        self.responses.asked(code, "", self.now)


def test_axes():
    assert {axis(code) for code in PLACING} == {"depth", "side", "turn", "head", "arms", "hands"}
    assert axis("turn_left") == axis("turn_around") == axis("face_back") == "turn"
    assert axis("show") == "show"  # which moves nobody is an axis of its own
    assert undoes("turn_right", "turn_left") and not undoes("turn_left", "turn_left")
    for code, other in OPPOSITES:
        assert axis(code) == axis(other)


@pytest.mark.parametrize("name", AXES)
@pytest.mark.parametrize("fps", [2, 5, 20, 60])
def test_they_hear_it_do_it_and_end(name, fps):
    one, code = Watched(fps), ASKED[name]
    one.go(2)
    one.ask(code)
    one.go(0.5)
    assert not one.responses.under_way(code) and not one.responses.begun(one.now)
    one.go(2, name)
    assert one.responses.under_way(code) and one.responses.begun(one.now)
    assert one.responses.busy() and not one.responses.ended(code, one.now)
    others = [ASKED[other] for other in AXES if other != name]
    under_way = [other for other in others if one.responses.under_way(other)]
    assert under_way == (["look_at_camera"] if name == "turn" else [])  # it turns with the body
    one.go(2)
    assert one.responses.ended(code, one.now) and not one.responses.busy()
    assert not any(one.responses.ended(other, one.now) for other in others)


def test_of_who_walks_nobody_knows_whether_they_go_aside_too():
    """The lesser of two ways is hardly to be seen, and a turn is another thing."""
    one = Watched()
    one.go(1)
    one.ask("move_left")
    one.ask("move_back")
    one.go(5, "depth")
    assert one.responses.moves("move_left") and one.responses.moves("move_back")
    assert not one.responses.moves("turn_left")
    assert not one.responses.ended("move_left", one.now)
    one.go(2)
    assert not one.responses.moves("move_left") and one.responses.ended("move_left", one.now)


def test_a_turn_on_the_spot_is_no_step_aside():
    """Although it moves what is seen of them."""
    one = Watched()
    one.go(1)
    one.ask("turn_left")
    one.ask("move_left")
    one.go(0.5)
    one.go(0.5, "turn", "side")
    assert not one.go(1).ended("move_left", one.now)
    one.go(0.5, "side")
    assert one.go(1).ended("move_left", one.now)


def test_who_does_nothing_has_not_ended_but_had_the_time_to_begin():
    one = Watched()
    one.ask("move_back")
    assert not one.go(0.9).begun(one.now)
    assert one.go(0.2).begun(one.now)
    assert not one.go(9).ended("move_back", one.now)


def test_what_was_asked_just_now_is_awaited():
    one = Watched()
    one.go(1)
    one.ask("move_back")
    one.ask("turn_left")
    assert one.go(0.5, "turn").awaited(one.now) == ["depth"]  # the turn is seen
    assert one.go(0.6).awaited(one.now) == []  # nobody takes so long


def test_who_is_asked_to_look_at_something_may_turn_to_it():
    one = Watched()
    one.ask("look_at_camera")
    seen = one.go(0.5)
    assert seen.awaited(one.now) == ["head"]
    assert all(seen.awaits(code, one.now) for code in ("look_ahead", "turn_left", "face_back"))
    assert not seen.awaits("move_left", one.now)


def test_they_rest_a_moment_after_they_have_stopped():
    """Where somebody is just before they stop is not where they will be."""
    one = Watched()
    one.ask("turn_left")
    assert not one.go(1, "turn").rests("turn_left", one.now)
    while one.responses.on("turn_left").moving:
        one.go(1 / FPS)
    assert not one.responses.rests("turn_left", one.now)
    assert one.go(RESTED_S).rests("turn_left", one.now)


def test_a_head_rests_once_its_body_does():
    one = Watched()
    one.ask("turn_left")
    assert not one.go(1, "turn").rests("look_ahead", one.now)
    assert one.go(1).rests("look_ahead", one.now)
    assert not one.go(0.5, "head").rests("look_ahead", one.now)
    assert one.responses.rests("turn_left", one.now)


def test_turning_is_seen_whether_asked_for_or_not():
    one = Watched()
    assert not one.go(1, "depth", "side").turning()
    assert one.go(0.5, "turn").turning() and not one.go(1).turning()
    assert one.go(0.5, "head").turning() and not one.go(1).turning()


def test_what_they_did_when_they_heard_it_does_not_count():
    one = Watched()
    one.go(2, "depth")
    one.ask("move_back")
    assert not one.go(0.1).under_way("move_back")
    assert not one.go(2).on("move_back").moved


def test_they_hear_it_at_its_end():
    """While the sentence is spoken they cannot have acted on it."""
    one = Watched()
    one.ask("move_back")
    one.go(3, "depth", busy=True)
    assert not one.responses.on("move_back").moved and not one.responses.begun(one.now)
    assert one.go(0.7, "depth").under_way("move_back")


def test_what_has_no_measure_is_done_by_who_stirs():
    one = Watched()
    one.ask("arms_up")
    assert not one.go(1).under_way("arms_up")
    assert one.go(1, still=False).under_way("arms_up")
    assert one.go(1).ended("arms_up", one.now)


@pytest.mark.parametrize("fps", [20, 30])
def test_a_single_frame_may_be_wrong(fps):
    one = Watched(fps)
    one.ask("turn_left")
    one.go(2)
    for _ in range(5):
        one.ways["turn"] += 40
        one.go(1 / fps)
        one.ways["turn"] -= 40
        assert not one.go(0.5).on("turn_left").moved


@pytest.mark.parametrize("name", ["turn", "head"])
def test_who_shows_their_back_does_not_turn_because_the_sign_changes(name):
    """From behind an angle is 178 and -178 by turns."""
    check, what, _ = AXES[name]
    tracker = ComplianceTracker()
    for i in range(100):
        angle = 180.0 + 2.0 * math.sin(i)
        found = CheckResult(check, False, 0.0)._replace(**{what: (angle + 180) % 360 - 180})
        tracker.watch([found], i / FPS, False)
        assert not tracker.turning()
    for i in range(100, 120):  # and then they do turn, on beyond 180 degrees
        angle = 180.0 + 90.0 * (i - 100) / FPS
        found = CheckResult(check, False, 0.0)._replace(**{what: (angle + 180) % 360 - 180})
        tracker.watch([found], i / FPS, False)
    assert tracker.turning()


def test_what_is_not_known_is_no_movement():
    one = Watched()
    one.ask("move_back")
    one.ways = dict.fromkeys(AXES, math.nan)
    assert not one.go(2).busy()
    responses = ComplianceTracker()
    responses.asked("move_back", "", 0.0)
    with np.errstate(all="raise"):
        for i in range(40):  # nobody in view: none of the checks
            responses.watch([CheckResult("somebody", False, 0.0)], i / FPS, False)
    assert not responses.on("move_back").moved and not responses.ended("move_back", 2.0)


@pytest.mark.parametrize(
    "told, eased",
    [
        # (what was said, whether they moved), then what to ask of them now.
        ([], 1.0),
        ([("move_left", True)], 0.55),  # they went too far
        ([("move_left", False)], 1.0),  # something else moved them
        ([("move_right", True)], 1.0),  # not far enough yet
        ([("turn_left", True)], 1.0),
        ([("move_forward", True)], 1.0),
        ([("move_left", True), ("move_back", True)], 0.55),
        ([("move_right", True), ("move_left", True)], 0.55**2),  # always
        ([("move_right", True), ("move_left", False)], 0.55),
    ],
)
def test_who_overdoes_it_is_asked_for_less(told, eased):
    one = Watched()
    for code, moved in told:
        one.ask(code)
        one.go(0.5)
        one.go(1, *([axis(code)] if moved else []))
        one.go(1)
    assert one.responses.ease("move_right") == pytest.approx(eased)


@pytest.mark.parametrize(
    "code, units, word",
    [
        ("move_closer", 9, "close_enough"),
        ("move_back", 9, "far_enough"),
        ("move_closer", 3, ""),  # they stop before they have heard it
        ("move_closer", 0, ""),  # "a little"
        ("roll_closer", 3, "close_enough"),  # metres
    ],
)
def test_only_who_would_walk_on_is_told_that_it_is_enough(code, units, word):
    person = Watched()
    person.ask(code)
    person.go(0.8)
    way = 1 if code.endswith("closer") else -1
    for _ in range(20):
        person.now += 1 / FPS
        person.ways["depth"] += way * 0.3 / FPS
        track = CheckResult("too_close", True, 0.0)._replace(track=person.ways["depth"])
        person.responses.watch([track], person.now, False)
    assert person.responses.enough(way * 2.0, units, person.now) == ""  # not there yet
    assert person.responses.enough(way * 0.2, units, person.now) == word
