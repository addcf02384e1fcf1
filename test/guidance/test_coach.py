# SPDX-License-Identifier: Apache-2.0
"""The coach, seen as a film: what it is told at each moment, and what it decides."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from dwpose_ros.guidance import Coach, State
from dwpose_ros.guidance.checks import CHECKS, CheckResult
from dwpose_ros.guidance.coach import (
    ABANDONED_S,
    CAPTURE_TIMEOUT_S,
    NEW_SESSION_S,
    RETAKES,
    RETRY_S,
    TURNING_S,
)
from dwpose_ros.guidance.instruction_policy import (
    PATIENCE_S,
    UNDO_S,
    UNKNOWN_S,
    InstructionPolicy,
)
from dwpose_ros.guidance.priority import LONG_WALK
from dwpose_ros.guidance.repetition import LASTING_S, PAUSE_S

FPS = 20
TIMES = dict(debounce_s=0.5, hold_s=1.5, gap_s=1.5, repeat_s=5.0)


def results(failing: str = "", body_part: str = "") -> list[CheckResult]:
    """All checks hold but the one that gives this code; 'nobody' is an empty room."""
    if failing == "nobody":
        return [CheckResult("somebody", False, 0.0, code="step_into_view")]
    there = CheckResult("somebody", True, 1.0)
    return [
        there,
        *(CheckResult(c.__name__, True, 0.0) for c in CHECKS[1:]),
        CheckResult("the one", not failing, 0.0, code=failing, body_part=body_part),
    ]


class Film:
    """Shows a coach frames at 20 Hz, and keeps what it decided."""

    def __init__(self, coach: Coach, start: float = 1000.0) -> None:
        self.coach, self.start, self.frames = coach, start, 0
        self.decisions: list = []
        self.spoken: list[tuple[float, str]] = []
        self.captures: list[float] = []

    @property
    def now(self) -> float:
        return self.start + self.frames / FPS

    @property
    def elapsed(self) -> float:
        return self.frames / FPS

    def show(self, failing: str = "", seconds: float = 1 / FPS, body_part: str = ""):
        """The same for some time; gives the last decision."""
        for _ in range(round(seconds * FPS)):
            decision = self.coach.update(results(failing, body_part), self.now)
            self.decisions.append(decision)
            if decision.speak:
                self.spoken.append((round(self.elapsed, 2), decision.code))
                # Whatever is said is about this very frame.
                assert decision.code in (
                    failing.replace("nobody", "step_into_view"),
                    "done",
                    "capture_failed",
                    "capture_unavailable",
                    "pause",
                    "next_step",
                    "retake",
                    "" if failing else "hold_still",
                )
            if decision.capture:
                self.captures.append(self.elapsed)
            self.frames += 1
        return self.decisions[-1]

    def said(self) -> list[str]:
        return [code for _, code in self.spoken]


@pytest.fixture
def film(profile):
    return Film(Coach(replace(profile("full_body"), **TIMES)))


def test_a_whole_session(film):
    assert film.show("nobody", 2).state == State.SEARCHING
    assert film.show("move_closer", 3).state == State.ADJUSTING
    assert film.show("move_left", 3).state == State.ADJUSTING
    holding = film.show("", 1)
    assert (holding.state, holding.code) == (State.HOLDING, "hold_still")
    film.show("", 1)
    assert len(film.captures) == 1
    film.coach.captured(True, film.now)
    first, then = film.show(), film.show()
    assert (first.state, first.code, first.speak) == (State.CAPTURED, "done", True)
    assert (then.state, then.code, then.speak) == (State.DONE, "done", False)
    assert film.coach.done
    assert film.said() == ["step_into_view", "move_closer", "move_left", "hold_still", "done"]


def test_an_instruction_is_given_when_it_was_due_for_long_enough(film):
    assert film.show("move_left", 0.45).code == ""
    assert film.said() == []
    assert film.show("move_left", 0.15).code == "move_left"
    assert film.spoken == [(0.5, "move_left")]


def test_instructions_that_flicker_are_not_given(film):
    for _ in range(20):
        film.show("move_left", 0.3)
        film.show("move_right", 0.3)
    assert film.said() == []
    assert {d.code for d in film.decisions} == {""}


def test_a_flicker_does_not_replace_the_instruction_in_force(film):
    film.show("move_left", 1)
    assert film.show("move_right", 0.3).code == "move_left"
    assert film.show("move_left", 0.2).code == "move_left"
    assert film.said() == ["move_left"]


def test_the_part_is_of_the_instruction(film):
    assert film.show("show", 2, body_part="feet")[1:3] == ("show", "feet")
    film.show("show", 3, body_part="knees")
    assert film.said() == ["show", "show"]  # another part is another instruction


def test_the_same_is_repeated_after_a_while(film):
    film.show("move_left", 11)
    assert film.spoken == [(0.5, "move_left"), (5.5, "move_left"), (10.5, "move_left")]


def test_something_else_is_said_sooner_but_not_at_once(film):
    film.show("move_left", 1)  # said at 0.5
    assert film.show("move_back", 1).code == "move_back"  # shown from 1.5
    assert film.said() == ["move_left"]
    film.show("move_back", 1)
    assert film.spoken == [(0.5, "move_left"), (2.0, "move_back")]


def test_what_is_no_longer_true_when_its_turn_comes_is_not_said(film):
    film.show("move_left", 1)  # said at 0.5
    film.show("move_back", 0.9)  # due at 1.5, its turn would be at 2.0
    film.show("move_closer", 0.4)
    film.show("move_right", 2)
    assert film.said() == ["move_left", "move_right"]


def test_advice_disappears_at_once_when_all_is_right(film):
    film.show("move_left", 1)
    right = film.show()
    assert (right.state, right.code, right.speak) == (State.HOLDING, "", False)


def test_the_countdown_then_exactly_one_capture(film):
    film.show("", 3)
    remaining = [d.hold_remaining for d in film.decisions]
    assert remaining[0] == 1.5
    assert remaining[15] == pytest.approx(0.75)
    assert remaining[:31] == sorted(remaining[:31], reverse=True)
    assert film.captures == [1.5]
    assert {d.state for d in film.decisions} == {State.HOLDING}
    assert set(remaining[30:]) == {0.0}
    assert film.said() == ["hold_still"]


def test_a_violation_starts_the_countdown_again(film):
    film.show("", 1.4)
    violated = film.show("keep_still")
    assert (violated.state, violated.hold_remaining) == (State.ADJUSTING, 0.0)
    assert film.show().hold_remaining == 1.5
    film.show("", 1.4)
    assert film.captures == []
    film.show("", 0.2)
    assert len(film.captures) == 1


@pytest.mark.parametrize("failing", ["nobody", "move_left"])
def test_nothing_is_captured_while_something_is_wrong(film, failing):
    film.show(failing, 20)
    assert film.captures == []


def test_hold_still_is_not_repeated_while_they_do(profile):
    film = Film(Coach(replace(profile("full_body"), hold_s=20.0)))
    film.show("", 16)
    assert film.said() == ["hold_still"]


def test_a_long_hold_is_counted_down_aloud(profile):
    coach = Coach(replace(profile("full_body"), hold_s=4.5))
    spoken = [
        (round(i / FPS, 1), d.code, d.count)
        for i in range(5 * FPS)
        if (d := coach.update(results(), i / FPS)).speak
    ]
    assert [s[1:] for s in spoken] == [
        ("hold_still", 0),
        ("countdown", 3),
        ("countdown", 2),
        ("countdown", 1),
    ]
    assert [s[0] for s in spoken[1:]] == [pytest.approx(t, abs=0.1) for t in (1.5, 2.5, 3.5)]


def test_but_no_number_is_said_over_another_sentence(profile):
    coach, said = Coach(replace(profile("full_body"), **{**TIMES, "hold_s": 3.0})), []
    for i in range(3 * FPS):
        decision = coach.update(results(), i / FPS, busy=0.5 < i / FPS < 1.7)
        if decision.speak:
            said.append((decision.code, decision.count))
    assert said == [("hold_still", 0), ("countdown", 1)]  # 2 would have been at 1.0


def test_a_hold_of_no_time_captures_at_once(profile):
    film = Film(Coach(replace(profile("full_body"), hold_s=0.0)))
    film.show("", 2)
    assert film.captures == [0.0]


def test_after_a_failed_capture_it_goes_on(film):
    film.show("", 2)
    assert film.captures == [1.5]
    film.coach.captured(False, film.now)
    assert not film.coach.done
    told = film.show("move_left", RETRY_S - 0.1)
    assert (told.state, told.code) == (State.ADJUSTING, "capture_failed")
    assert film.show("move_left", 1).code == "move_left"
    film.show("", 2)
    assert len(film.captures) == 2
    film.coach.captured(True, film.now)
    assert film.show().state == State.CAPTURED


def test_a_capture_that_fails_at_once_does_not_storm(film):
    """Each try is preceded by a pause in which the person is told, and by a whole hold."""
    for _ in range(round((2 * RETRY_S + 5) * FPS)):
        if film.show().capture:
            film.coach.captured(False, film.now)
    assert len(film.captures) == 3


def test_while_a_capture_is_under_way_nothing_is_said_or_captured(film):
    film.show("", 1.6)
    assert film.captures == [1.5]
    before = film.said()
    waiting = film.show("move_left", 5)
    assert (waiting.state, waiting.code) == (State.HOLDING, "")
    assert film.said() == before and film.captures == [1.5]


def test_a_capture_that_is_not_answered_times_out(film):
    film.show("", 1.55)
    film.show("", CAPTURE_TIMEOUT_S)
    assert film.captures == [1.5]
    film.show("", RETRY_S + 2)
    assert len(film.captures) == 2
    assert film.captures[1] > 1.5 + CAPTURE_TIMEOUT_S + RETRY_S


def test_an_answer_after_the_timeout_still_counts(film):
    film.show("", 1.6 + CAPTURE_TIMEOUT_S + 0.1)
    film.coach.captured(True, film.now)
    assert film.show().state == State.CAPTURED
    film.show("", 5)
    assert film.captures == [1.5]


def finish(film):
    film.show("", 2)
    film.coach.captured(True, film.now)
    film.show("", 0.2)
    assert film.coach.done


def test_when_done_nothing_more_is_asked_of_who_stays(film):
    finish(film)
    last = film.show("move_left", 30)
    assert (last.state, last.code) == (State.DONE, "done")
    assert film.said() == ["hold_still", "done"]
    assert len(film.captures) == 1


def test_a_new_session_begins_when_they_have_left(film):
    finish(film)
    assert film.show("nobody", NEW_SESSION_S).state == State.DONE
    assert film.show("nobody", 0.2).state == State.SEARCHING
    assert not film.coach.done
    film.show("nobody", 1)
    film.show("", 2)
    assert len(film.captures) == 2
    assert film.said() == ["hold_still", "done", "step_into_view", "hold_still"]


def test_a_session_that_was_left_begins_anew(profile):
    film = Film(Coach(profile("turnaround")))
    film.show("", 2)
    film.coach.captured(True, film.now)
    film.show("nobody", ABANDONED_S - 1)
    assert film.coach.profile.step == "left"  # they may come back
    film.show("nobody", 2)
    assert film.coach.profile.step == "front"


def test_who_is_lost_for_a_moment_has_not_left(film):
    finish(film)
    for _ in range(5):
        film.show("nobody", NEW_SESSION_S - 0.5)
        assert film.show("", 0.5).state == State.DONE
    assert film.said() == ["hold_still", "done"]


@pytest.mark.parametrize("back", [0.5, 5.0, 900.0])
def test_a_clock_that_jumps_back_does_not_stall_the_countdown(film, back):
    film.show("move_left", 1)
    film.show("", 1)
    film.start -= back
    assert film.show().hold_remaining == 1.5  # it begins anew, on the new clock
    film.show("", 1.6)
    assert len(film.captures) == 1


def test_a_clock_that_jumps_back_does_not_silence(film):
    film.show("move_left", 1)
    film.start -= 900
    film.show("move_left", 1)
    assert film.said() == ["move_left", "move_left"]


@pytest.mark.parametrize("back", [0.5, 900.0])
def test_a_clock_that_jumps_back_does_not_undo_the_capture(film, back):
    finish(film)
    film.start -= back
    assert film.show("", 5).state == State.DONE
    assert len(film.captures) == 1
    film.show("nobody", NEW_SESSION_S + 0.2)
    assert not film.coach.done


def test_a_clock_that_jumps_back_during_a_capture_holds_again(film):
    film.show("", 1.6)
    film.start -= 900
    film.show("", 1.4)
    assert len(film.captures) == 1
    film.coach.captured(True, film.now)
    assert film.show().state == State.CAPTURED


def test_nor_does_it_lose_the_answer(film):
    film.show("", 1.6)
    film.start -= 900
    film.show("", 0.4)
    film.coach.captured(True, film.now, request=film.coach.request)
    assert film.show().state == State.CAPTURED and len(film.captures) == 1


def test_what_nobody_saw_was_no_hold(film):
    """The camera stalls after one good frame: how they stood meanwhile is unknown."""
    film.show("", 0.2)
    film.start += 30
    assert film.show().hold_remaining == 1.5
    assert film.captures == []


def test_slow_estimators_hold_too(profile):
    coach = Coach(profile("full_body"))
    decisions = [coach.update(results(), t * 0.8) for t in range(4)]
    assert [d.capture for d in decisions] == [False, False, True, False]


def test_progress_is_the_share_of_checks_that_hold(film):
    assert film.show("nobody").progress == 0.0
    assert film.show("").progress == 1.0
    checks = len(results())
    assert film.show("move_left").progress == pytest.approx((checks - 1) / checks)


class Room:
    """Somebody who moves before a coach at 20 Hz; what is said to them, and when."""

    CHECKS = {
        "move_back": "too_close",
        "move_closer": "too_far",
        "move_left": "centred",
        "move_right": "centred",
        "turn_left": "facing",
        "face_camera": "facing",
        "turn_right": "facing",
        "look_at_camera": "looking",
        "show": "visible",
        "keep_still": "still",
        "arms_up": "arms_up",
    }
    # How fast somebody walks and turns, in what the checks measure.
    SPEED = {"depth": 0.3, "side": 0.4, "turn": 60.0}

    def __init__(self, profile, **more) -> None:
        self.coach, self.frames = Coach(replace(profile("full_body"), **{**TIMES, **more})), 0
        self.ways = dict.fromkeys(self.SPEED, 0.0)
        self.spoken: list[tuple[float, str]] = []
        self.captures: list[float] = []

    def run(
        self,
        seconds: float,
        *failing: str,
        moving: str = "",
        busy: bool = False,
        body_part: str = "",
        magnitude: str = "",
        count: int = 0,
    ) -> list[tuple[float, str]]:
        """What is said in that time, and when; what fails is in order of priority."""
        before = len(self.spoken)
        for _ in range(round(seconds * FPS)):
            self.frames += 1
            for name in moving.split():
                self.ways[name] += self.SPEED[name] / FPS
            found = [
                CheckResult(
                    self.CHECKS[code],
                    False,
                    0.0,
                    code=code,
                    magnitude=magnitude,
                    count=count,
                    body_part=body_part if code == "show" else "",
                )
                for code in failing
            ]
            there = {result.name for result in found}
            found += [
                CheckResult(name, True, 0.0)
                for name in ("too_close", "centred", "facing", "still")
                if name not in there
            ]
            track = {"too_close": "depth", "centred": "side"}
            found = [
                result._replace(track=self.ways[track[result.name]])
                if result.name in track
                else result._replace(value=self.ways["turn"])
                if result.name == "facing"
                else result
                for result in found
            ]
            now = self.frames / FPS + 1e-6
            self.last = self.coach.update([CheckResult("somebody", True, 1.0), *found], now, busy)
            if self.last.speak:
                self.spoken.append((round(now, 2), self.last.code))
            if self.last.capture:
                self.captures.append(now)
        return self.spoken[before:]


@pytest.fixture
def room(profile):
    return Room(profile)


class TestPace:
    """People take their time; what is said in the middle of it comes to nothing."""

    def test_who_acts_on_it_is_left_to(self, room):
        assert room.run(1, "move_closer") == [(0.55, "move_closer")]
        assert room.run(8, "move_closer", moving="depth") == []  # beyond the 5 s of `repeat_s`

    def test_nor_is_who_walks_told_again_to_go_aside(self, room):
        """They may do both at once; of somebody who comes from afar it is hardly to be seen."""
        room.run(1, "move_closer", "move_left")
        room.run(1.5, "move_closer", "move_left", moving="depth")
        assert [code for _, code in room.spoken] == ["move_closer", "move_left"]
        assert room.run(7, "move_closer", "move_left", moving="depth") == []

    def test_but_not_for_ever(self, room):
        room.run(1, "move_closer")
        assert room.run(15, "move_closer", moving="depth") == [(10.55, "move_closer")]

    def test_when_they_have_come_to_rest_it_is_said_again_soon(self, room):
        room.run(1, "move_closer")
        assert room.run(1.5, "move_closer", moving="depth") == []
        ((time, code),) = room.run(1.5, "move_closer")
        assert code == "move_closer" and 2.7 < time < 3.2

    def test_or_what_is_wrong_then(self, room):
        room.run(1, "move_closer")
        room.run(1.5, "move_closer", moving="depth")
        ((time, code),) = room.run(1.5, "turn_left")
        assert code == "turn_left" and 2.7 < time < 3.2

    def test_who_does_nothing_is_told_again_later(self, room):
        assert room.run(6, "move_closer") == [(0.55, "move_closer"), (5.55, "move_closer")]

    def test_the_opposite_is_not_said_at_once(self, room):
        room.run(1, "move_left")
        room.run(0.6, "move_left", moving="side")
        assert room.run(3, "move_right") == [(3.55, "move_right")]

    @pytest.mark.parametrize(
        "said, other",
        [
            ("move_closer", "move_back"),
            ("lower_arms", "arms_away"),
            ("feet_apart", "feet_together"),
        ],
    )
    def test_nothing_is_undone_at_once(self, profile, said, other):
        coach, spoken = Coach(profile("full_body")), []
        for i in range(6 * FPS):
            wrong = CheckResult("the one", False, 1.0, code=said if i < FPS else other)
            moves = CheckResult("still", i > 2 * FPS, 1.0, code="keep_still")
            decision = coach.update([CheckResult("somebody", True, 1.0), wrong, moves], i / FPS)
            if decision.speak:
                spoken.append((i / FPS, decision.code))
        (began, first), (then, second) = spoken
        assert (first, second) == (said, other) and then - began >= UNDO_S

    def test_ongoing_speech_is_not_talked_over(self, room):
        assert room.run(3, "move_left", busy=True) == []
        assert room.run(1, "move_left") == [(3.05, "move_left")]

    def test_grade_and_number_are_of_the_moment(self, room):
        room.run(1, "move_closer", count=3)
        assert (room.last.count, room.last.magnitude) == (3, "")
        room.run(0.1, "move_closer", magnitude="little")
        assert (room.last.count, room.last.magnitude) == (0, "little")

    def test_while_they_walk_they_are_told_to_turn(self, room):
        """One does not undo the other."""
        assert room.run(1, "move_back", "turn_left") == [(0.55, "move_back")]
        assert room.run(2, "move_back", "turn_left", moving="depth") == [(2.05, "turn_left")]
        # And then nothing more, as long as they do both.
        assert room.run(3, "move_back", "turn_left", moving="depth turn") == []

    @pytest.mark.parametrize("second", ["show", "keep_still"])
    def test_but_nothing_that_would_stop_them(self, room, second):
        room.run(1, "move_back", second)
        assert room.run(4, "move_back", second, moving="depth") == []

    def test_where_to_go_and_where_to_turn_are_said_in_one_breath(self, room):
        """Who is about to walk need not have begun."""
        room.run(0.6, "move_back", "turn_left")
        assert room.run(0.9, "move_back", "turn_left", busy=True) == []
        assert room.run(1, "move_back", "turn_left") == [(2.05, "turn_left")]
        assert room.last.code == "turn_left"  # and that is shown, although the other is due too

    @pytest.mark.parametrize("began, third", [("depth", [(3.55, "move_left")]), ("", [])])
    def test_but_never_three(self, room, began, third):
        """The third comes when they have begun with one."""
        failing = ("move_back", "turn_left", "move_left")
        room.run(0.6, *failing)
        room.run(0.9, *failing, busy=True)
        assert room.run(0.6, *failing) == [(2.05, "turn_left")]
        room.run(0.9, *failing, moving=began, busy=True)
        assert room.run(1.3, *failing, moving=began) == third

    @pytest.mark.parametrize(
        "first, then",
        [("centred", ["move_left", "move_closer"]), ("", ["move_closer", "move_left"])],
    )
    def test_some_advice_can_be_followed_only_after_another(self, profile, first, then):
        coach = Coach(profile("full_body"))
        far = CheckResult("too_far", False, 0.2, code="move_closer", first=first)
        aside = CheckResult("centred", False, 0.3, code="move_left")
        found = [
            coach.update(
                [CheckResult("somebody", True, 1.0), far, aside], i / FPS, busy=10 < i < 30
            )
            for i in range(2 * FPS)
        ]
        assert [d.code for d in found if d.speak] == then

    @pytest.mark.parametrize(
        "count, said",
        [(LONG_WALK, ["move_closer", "turn_left"]), (LONG_WALK - 1, ["turn_left", "move_closer"])],
    )
    def test_a_long_walk_is_asked_for_first(self, profile, count, said):
        """All else can be asked on the way."""
        coach = Coach(profile("full_body"))
        found = [
            CheckResult("somebody", True, 1.0),
            CheckResult("facing", False, 40.0, code="turn_left"),
            CheckResult("too_far", False, 0.2, code="move_closer", count=count),
        ]
        decisions = [coach.update(found, i / FPS, busy=10 < i < 30) for i in range(2 * FPS)]
        assert [d.code for d in decisions if d.speak] == said

    def test_but_not_of_a_crowd(self, profile):
        coach = Coach(profile("full_body"))
        found = [
            CheckResult("somebody", True, 1.0),
            CheckResult("one_person", False, 2.0, code="one_person", count=1),
            CheckResult("too_far", False, 0.2, code="move_closer", count=LONG_WALK),
        ]
        decisions = [coach.update(found, i / FPS) for i in range(FPS)]
        assert [d.code for d in decisions if d.speak] == ["one_person"]

    @pytest.mark.parametrize("known", [True, False])
    @pytest.mark.parametrize("walks_s", [0.5, 4.0, 10.0])
    def test_who_walks_into_view_is_left_to(self, profile, walks_s, known):
        """Where to go is told from where they come to rest; at the image's border only their way
        tells that they walk."""
        coach, said = Coach(replace(profile("full_body"), **TIMES)), []
        outside = [CheckResult("somebody", False, 0.0, code="step_into_view")]
        for i in range(15 * FPS):
            now = i / FPS
            walked = 0.4 * min(max(now - 2, 0.0), walks_s)
            inside = [
                CheckResult("somebody", True, 1.0),
                CheckResult("centred", False, 0.3, code="move_left", track=walked),
                CheckResult(
                    "still",
                    not 2 < now < 2 + walks_s if known else None,
                    0.0,
                    code="keep_still",
                    required=False,
                ),
            ]
            decision = coach.update(inside if now > 1.8 else outside, now)
            if decision.speak:
                said.append((now, decision.code))
        assert [code for _, code in said[:2]] == ["step_into_view", "move_left"]
        assert 2 + walks_s <= said[1][0] < 3.3 + walks_s

    def test_what_needs_no_place_is_said_on_the_way_into_view(self, profile):
        """Hands are shown anywhere."""
        coach, said = Coach(replace(profile("hands"), **TIMES)), []
        outside = [CheckResult("somebody", False, 0.0, code="step_into_view")]
        for i in range(6 * FPS):
            now = i / FPS
            inside = [
                CheckResult("somebody", True, 1.0),
                CheckResult("held_up", False, -1.0, code="show_hands"),
                CheckResult("still", False, 1.0, code="keep_still"),
            ]
            decision = coach.update(inside if now > 1.8 else outside, now)
            if decision.speak:
                said.append((round(now, 2), decision.code))
        assert said == [(0.5, "step_into_view"), (2.35, "show_hands")]

    def test_who_is_out_of_view_has_the_time_from_the_end_of_the_sentence(self, film):
        """Nobody sees whether they are on their way."""
        times = []
        for i in range(12 * FPS):
            decision = film.coach.update(results("nobody"), i / FPS, busy=10 < i <= 50)
            times += [i / FPS] * decision.speak
        assert times == [0.5, 10.0]  # and not 8.0: it was spoken until 2.5

    @pytest.mark.parametrize(
        "asked, way, said",
        [
            ("move_closer", 1, ["move_closer", "move_back", "step_into_view", "step_into_view"]),
            ("move_closer", -1, ["move_closer", "step_into_view"]),  # they walked away
            ("move_back", -1, ["move_back", "step_into_view"]),
        ],
    )
    @pytest.mark.parametrize("sentence_s", [0.0, 1.7, 3.0])
    def test_who_comes_so_close_that_they_are_lost_steps_back(
        self, profile, asked, way, said, sentence_s
    ):
        """Nobody in view, who walked towards the camera as asked: they are right before it."""
        coach, heard, ways, quiet_at = Coach(replace(profile("face"), **TIMES)), [], 0.0, 0.0
        for i in range(25 * FPS):
            walks = 4 < i / FPS < 6
            ways += way * walks * 0.3 / FPS
            found = (
                [CheckResult("somebody", False, 0.0, code="step_into_view")]
                if i > 6 * FPS
                else [
                    CheckResult("somebody", True, 1.0),
                    CheckResult("too_close", True, 0.1, track=ways),
                    CheckResult("too_far", False, 0.1, code=asked),
                    CheckResult("still", not walks, 1.0 * walks, code="keep_still"),
                ]
            )
            decision = coach.update(found, i / FPS, busy=i / FPS < quiet_at)
            assert not (decision.interrupt_speech and decision.code == "move_back")
            if decision.speak:
                heard.append(decision.code)
                quiet_at = i / FPS + sentence_s
        assert heard[: len(said)] == said

    @pytest.mark.parametrize("also", ["", "turn_around"])  # which comes first
    @pytest.mark.parametrize(
        "aside, said",
        [("", "move_back"), ("move_right", "step_into_view"), ("move_left", "step_into_view")],
    )
    def test_who_leaves_to_a_side_while_they_come_closer_is_not_right_before_it(
        self, profile, aside, said, also
    ):
        """At last they stood at the picture's side: they walked out, and need not step back."""
        coach, heard = Coach(replace(profile("face"), **TIMES)), []
        for i in range(20 * FPS):
            now = i / FPS
            found = [CheckResult("somebody", False, 0.0, code="step_into_view")]
            if now <= 6:
                found = [
                    CheckResult("somebody", True, 1.0),
                    CheckResult("facing", not (also and now > 5.7), 0.1, code=also),
                    CheckResult("too_close", True, 0.1, track=0.3 * min(max(now - 4, 0), 2)),
                    CheckResult("cut_off", not (aside and now > 5.7), 0.1, code=aside),
                    CheckResult("too_far", False, 0.1, code="move_closer"),
                    CheckResult("still", not 4 < now < 6, 1.0, code="keep_still"),
                ]
            decision = coach.update(found, now)
            if decision.speak and now > 6:
                heard.append(decision.code)
        assert heard[0] == said

    @pytest.mark.parametrize(
        "code, third",
        [("roll_closer", "half"), ("roll_back", "half"), ("move_closer", "little")],
    )
    def test_after_rolling_a_little_was_not_enough_twice_more_is_asked_for(
        self, profile, code, third
    ):
        """As where a border cuts them off: how far they must go is hard to tell from their size."""
        coach, told, way, until = Coach(replace(profile("face"), **TIMES)), [], 0.0, 0.0
        for i in range(30 * FPS):
            now = i / FPS
            way += 0.1 / FPS * (0.5 < now - until < 1.5)
            found = [
                CheckResult("somebody", True, 1.0),
                CheckResult("cut_off", False, 0.8, code=code, magnitude="little"),
                CheckResult("too_close", True, 0.1, track=way * (-1 if "back" in code else 1)),
            ]
            decision = coach.update(found, now, busy=now < until)
            if decision.speak:
                assert decision.code == code
                told.append(decision.magnitude)
                until = now + 1.0
        assert told[:4] == ["little", "little", third, "little"]

    def test_who_turns_is_not_captured(self, profile):
        """It hardly moves a point, and so they count as still."""
        room = Room(profile, hold_s=0.5)
        room.run(1.5, moving="turn")
        assert room.last.state == State.HOLDING and not room.captures
        room.run(1)
        assert len(room.captures) == 1

    def test_nor_counted_down_beyond_one(self, profile):
        room = Room(profile, hold_s=3.0)
        room.run(4)
        assert [code for _, code in room.spoken] == ["hold_still", "countdown", "countdown"]
        late = Room(profile, hold_s=3.0)
        late.run(2.5)
        late.run(1.5, moving="turn")
        assert late.spoken == room.spoken and not late.captures

    def test_nor_waited_for_for_ever(self, profile):
        """Points that jump look like a turn, too."""
        room = Room(profile, hold_s=0.5)
        room.run(0.5 + TURNING_S + 0.1, moving="turn")
        assert [round(t, 1) for t in room.captures] == [0.5 + TURNING_S + 0.1]

    def test_where_they_stop_is_waited_for(self, room):
        """Before they have stopped, the last bit of a turn looks as if it were missing."""
        room.run(1, "face_camera")
        room.run(2, "face_camera", moving="turn")
        assert room.run(0.6, "turn_left", moving="turn") == []
        assert room.run(0.2, "turn_left") == []
        assert len(room.run(0.2, "turn_left")) == 1

    def test_whoever_did_too_little_is_told_again_although_something_else_was_said(self, room):
        failing = ("move_back", "turn_left")
        room.run(1, *failing)
        assert room.run(1.4, *failing, moving="depth")[0][1] == "turn_left"
        ((time, code),) = room.run(1.5, *failing)
        assert code == "move_back" and 3.5 < time < 3.7  # the next that may be said

    def test_who_rests_is_not_told_to_keep_still(self, room):
        assert room.run(1.4, "keep_still") == []
        room.run(0.1)
        assert room.run(1.4, "keep_still") == []
        assert room.run(0.2, "keep_still") == [(3.05, "keep_still")]

    def test_nor_who_does_what_they_were_asked_to(self, room):
        room.run(1, "move_back")
        room.run(0.6, "move_back", moving="depth")
        assert room.run(3, "keep_still", moving="depth") == []  # where the picture is right

    def test_a_part_that_is_lost_for_a_moment_is_not_asked_for(self, room):
        room.run(0.1, "move_back")
        assert room.run(1.5, "show", body_part="feet") == []
        assert room.run(0.2, "show", body_part="feet") == [(1.7, "show")]

    def test_what_was_never_there_is(self, room):
        assert room.run(0.6, "show", body_part="hands") == [(0.55, "show")]

    def test_repetitions_are_counted_for_each_instruction(self, room):
        """What was due all the while is said at once when what came first is right."""
        room.run(0.4, "move_back", "turn_left")
        assert room.run(0.2, "turn_left") == [(0.55, "turn_left")]

    def test_what_was_said_is_shown_until_something_else_can_be_said(self, room):
        room.run(1, "turn_left")  # said at 0.55
        for _ in range(20):
            room.run(0.05, "move_back", "turn_left")  # due from 1.5 on; its turn is at 2.05
            assert room.last.code == "turn_left"
        assert room.run(0.1, "move_back", "turn_left") == [(2.05, "move_back")]
        assert room.last.code == "move_back"

    def test_what_is_no_longer_true_is_not_shown(self, room):
        room.run(1, "turn_left")
        room.run(0.6, "move_back")
        assert (room.last.code, room.last.speak) == ("move_back", False)

    @pytest.mark.parametrize(
        "missing, asked",
        [
            # Steps that are missing each time, to one side and the other: what is asked for.
            ([4, 4, 4, 4], [4, 2, 1, 1]),
            ([1, 1, 1, 1], [1, 1, 0, 0]),
            ([2, 6], [2, 3]),
        ],
    )
    def test_who_goes_too_far_is_asked_for_less(self, room, missing, asked):
        found, codes = [], ("move_closer", "move_back") * 2
        for code, count in zip(codes, missing):
            assert len(room.run(1.5, code, count=count)) == 1
            found.append(room.last.count)
            assert room.last.magnitude == ("" if room.last.count else "little")
            room.run(2, code, moving="depth", count=count)
        assert found == asked


class TestNoise:
    """Whatever happens before the camera: the coach keeps its head."""

    def test_a_voice_that_never_ends_does_not_keep_from_the_picture(self, film):
        decisions = [
            film.coach.update(results("move_left" if i < 60 else ""), i / FPS, True)
            for i in range(8 * FPS)
        ]
        assert [d.code for d in decisions if d.speak] == ["hold_still"]
        assert sum(d.capture for d in decisions) == 1

    @pytest.mark.parametrize("gone_s", [0.05, 0.5, 4.0])
    def test_who_vanishes_during_the_countdown_holds_again(self, film, gone_s):
        film.show("", 1.4)
        gone = film.show("nobody", gone_s)
        assert (gone.state, gone.hold_remaining, gone.capture) == (State.SEARCHING, 0.0, False)
        film.show("", 1.45)
        assert film.captures == []
        film.show("", 0.2)
        assert len(film.captures) == 1

    def test_results_at_random_never_crash_and_never_capture(self, profile):
        """Each frame something else is wrong, or unknown; the clock jumps."""
        random = np.random.default_rng(3)
        codes = sorted(Room.CHECKS)
        coach, now = Coach(replace(profile("full_body"), hold_s=0.3)), 0.0
        for _ in range(4000):
            now += random.choice(
                [0.05, 0.05, 0.0, 3.0, -0.05, -100.0], p=[0.5, 0.4, 0.04, 0.02, 0.02, 0.02]
            )
            found = [CheckResult("somebody", True, 1.0)]
            for code in random.choice(codes, random.integers(1, 5)):
                value = random.choice([0.0, 1.0, -50.0, math.nan])
                found.append(
                    CheckResult(
                        Room.CHECKS[code],
                        random.choice([False, None]),
                        value,
                        code=str(code),
                        count=int(random.integers(0, 7)),
                        track=random.choice([0.0, 9.0, math.nan]),
                    )
                )
            decision = coach.update(found, now, bool(random.random() < 0.3))
            assert not decision.capture and decision.state in (State.ADJUSTING, State.HOLDING)
            assert 0 <= decision.progress <= 1 and 0 <= decision.count <= 6
            assert decision.code in ("", "pause", *codes)


class TestRepetitions:
    def said(self, coach, seconds, *results):
        found = [CheckResult("somebody", True, 1.0), *results]
        codes = []
        for i in range(round(seconds * FPS)):
            decision = coach.update(found, i / FPS)
            if decision.speak:
                codes.append((round(i / FPS), decision.code, decision.body_part))
        return codes

    def test_what_is_said_in_vain_ends_in_a_pause(self, profile):
        far = CheckResult("too_far", False, 0.1, code="move_closer")
        codes = self.said(Coach(profile("full_body")), 48, far)
        assert [c for _, c, _ in codes] == ["move_closer"] * 4 + ["pause"] + ["move_closer"] * 3
        assert codes[5][0] - codes[4][0] >= PAUSE_S

    def turns(self, coach, heeded_s=0.0):
        """What is said within 100 s to somebody too near, who does not stand square; with
        `heeded_s` they do so for as long, from 12 s on."""
        spoken, quiet_at = [], 0.0
        near = CheckResult("too_close", False, 0.9, code="move_back")
        turned = CheckResult("facing", False, 40.0, code="turn_left")
        for i in range(100 * FPS):
            now = i / FPS
            found = [near] if 12 < now < 12 + heeded_s else [near, turned]
            decision = coach.update(
                [CheckResult("somebody", True, 1.0), *found], now, now < quiet_at
            )
            if decision.speak:
                spoken.append((now, decision.code))
                quiet_at = now + 1.5
        return spoken

    def test_so_does_what_is_said_in_turns(self, profile):
        spoken = self.turns(Coach(profile("full_body")))
        codes = [code for _, code in spoken]
        told = codes.index("pause")
        assert codes[:told] == (["move_back", "turn_left"] * told)[:told]
        assert told in (7, 8) and codes.count("pause") > 1
        assert spoken[told + 1][0] - spoken[told][0] >= PAUSE_S

    def test_who_does_some_of_it_is_told_again_as_often(self, profile):
        def coach():
            return Coach(profile("full_body"))

        first, moment, heeded = (
            [code for _, code in self.turns(coach(), s)].index("pause") for s in (0.0, 0.5, 2.0)
        )
        assert first == moment < heeded

    def test_pauses_become_longer(self, profile):
        codes = self.said(
            Coach(profile("full_body")),
            200,
            CheckResult("too_far", False, 0.1, code="move_closer"),
        )
        pauses = [t for t, code, _ in codes if code == "pause"]
        resumed = [next(t for t, code, _ in codes if t > pause) - pause for pause in pauses]
        assert resumed == pytest.approx([PAUSE_S, 2 * PAUSE_S], abs=1.1)

    def test_who_never_does_anything_hears_a_goodbye_and_then_nothing(self, profile):
        far = CheckResult("too_far", False, 0.1, code="move_closer")
        codes = [code for _, code, _ in self.said(Coach(profile("full_body")), 900, far)]
        assert codes.count("goodbye") == 1 and codes[-1] == "goodbye" and len(codes) < 20

    @pytest.mark.parametrize("then", ["something else is wrong", "all is right", "somebody else"])
    def test_after_a_goodbye_guidance_goes_on_when_things_change(self, profile, then):
        coach = Coach(profile("full_body"))
        far = CheckResult("too_far", False, 0.1, code="move_closer")
        assert self.said(coach, 300, far)[-1][1] == "goodbye"
        aside = CheckResult("centred", False, 0.4, code="move_left")
        if then == "somebody else":
            coach.somebody_else()
        found = {"something else is wrong": [aside], "all is right": []}.get(then, [far])
        decisions = [
            coach.update([CheckResult("somebody", True, 1.0), *found], 300 + i / FPS)
            for i in range(3 * FPS)
        ]
        said = [d.code for d in decisions if d.speak]
        assert said[:1] == [found[0].code if found else "hold_still"]

    def test_a_person_is_guided_for_so_long_only_whatever_they_do(self, profile):
        """They walk to and fro, for ever, without ever being right."""
        coach, spoken, quiet_at = Coach(profile("full_body")), [], 0.0
        for i in range(400 * FPS):
            now, way = i / FPS, math.sin(i / FPS / 2)
            code = "move_back" if way > 0 else "move_closer"
            wrong = CheckResult("too_close", False, 0.9, code=code, count=1, track=way)
            still = CheckResult("still", True, 0.0)
            found = [CheckResult("somebody", True, 1.0), wrong, still]
            decision = coach.update(found, now, now < quiet_at)
            if decision.speak:
                spoken.append((now, decision.code))
                quiet_at = now + 1.5
        assert spoken[-1][1] == "goodbye" and len(spoken) > 10
        assert PATIENCE_S < spoken[-1][0] < PATIENCE_S + 10

    def test_nobody_says_goodbye_to_an_empty_room(self, profile):
        coach, codes = Coach(profile("full_body")), set()
        for i in range(600 * 2):
            decision = coach.update(
                [CheckResult("somebody", False, 0.0, code="step_into_view")], i / 2
            )
            codes |= {decision.code} if decision.speak else set()
        assert codes <= {"step_into_view", "pause"}

    @pytest.mark.parametrize(
        "change", ["something else is wrong", "something more is wrong", "somebody else has come"]
    )
    def test_a_pause_ends_when_things_change(self, profile, change):
        coach = Coach(profile("full_body"))
        far = CheckResult("too_far", False, 0.1, code="move_closer")
        assert self.said(coach, 20.5, far)[-1][1] == "pause"
        aside = CheckResult("centred", False, 0.4, code="move_left")
        if change == "somebody else has come":
            coach.somebody_else()
        found = {"something else is wrong": [aside], "something more is wrong": [aside, far]}.get(
            change, [far]
        )
        decisions = [
            coach.update([CheckResult("somebody", True, 1.0), *found], 20.5 + i / FPS)
            for i in range(3 * FPS)
        ]
        assert [d.code for d in decisions if d.speak] == [found[0].code]

    def test_who_does_too_little_each_time_has_not_heard_it_in_vain(self, room):
        for _ in range(6):
            assert [code for _, code in room.run(1.5, "move_closer")] == ["move_closer"]
            room.run(2, "move_closer", moving="depth")

    def test_the_missing_part_is_named_first(self, profile):
        cut = CheckResult("cut_off", False, 0.1, code="move_back")
        hidden = CheckResult("visible", False, 0.1, code="show", body_part="feet")
        codes = self.said(Coach(profile("full_body")), 30, cut, hidden)
        assert [c[1:] for c in codes] == [
            *[("move_back", "")] * 4,
            ("show", "feet"),
            ("pause", ""),
        ]

    def test_and_once_whatever_else_is_asked_of_it(self, profile):
        far = CheckResult("too_far", False, 0.1, code="move_closer")
        hanging = CheckResult("held_up", False, -1.0, code="show_hands", body_part="hands")
        codes = [c[1:] for c in self.said(Coach(profile("hands")), 80, far, hanging)]
        told = codes.index(("show", "hands"))
        assert codes[told + 1] == ("pause", "") and codes.count(("pause", "")) == 2


class TestUnknownChecks:
    def test_is_no_fault_and_no_leave_to_capture(self, profile):
        coach = Coach(profile("full_body"))
        unknown = CheckResult("arms_away", None, float("nan"), code="show", body_part="elbows")
        found = [CheckResult("somebody", True, 1.0), unknown]
        codes = {}
        for i in range(20 * FPS):
            decision = coach.update(found, i / FPS)
            assert not decision.capture and decision.state == State.ADJUSTING
            codes.setdefault(decision.code, i / FPS)
        asked_s = UNKNOWN_S + coach.profile.debounce_s
        assert list(codes) == ["", "show", "pause"]  # which is asked for in vain, too
        assert codes["show"] == pytest.approx(asked_s, abs=0.06)

    def test_is_ignored_where_the_profile_does_not_need_it(self, profile):
        coach = Coach(profile("full_body"))
        found = [
            CheckResult("somebody", True, 1.0),
            CheckResult("light", None, float("nan"), required=False),
        ]
        captures = [coach.update(found, i / FPS).capture for i in range(3 * FPS)]
        assert sum(captures) == 1 and coach.update(found, 4.0).progress == 1.0


def test_steps_one_after_the_other(profile):
    """A session of several pictures; a step is done when its picture is."""
    whole = profile("turnaround")
    film = Film(Coach(whole))
    for number, step in enumerate(whole.steps):
        assert film.coach.profile == step and not film.coach.done
        film.show("turn_left", 3)
        film.show("", 4)
        assert len(film.captures) == number + 1
        film.coach.captured(True, film.now)
    assert film.show().state == State.CAPTURED and film.show().state == State.DONE
    each = ["turn_left", "hold_still", "next_step"]
    assert film.said() == [*each * (len(whole.steps) - 1), *each[:2], "done"]


def test_a_picture_that_is_not_good_enough_is_taken_again(film):
    """They are told so, and hold still for as long as the first time."""
    film.show("", 1.6)
    film.coach.captured(False, film.now, retake=True)
    assert film.show().code == "retake"
    film.show("", 1.4)
    assert film.captures == [1.5]
    film.show("", 0.3)
    assert len(film.captures) == 2
    film.coach.captured(True, film.now)
    film.show()
    assert film.said()[:2] == ["hold_still", "retake"] and film.said()[-1] == "done"


def test_after_some_retakes_it_has_failed(film):
    for _ in range(60 * FPS):
        if "capture_failed" not in film.said() and film.show().capture:
            film.coach.captured(False, film.now, retake=True)
    assert film.said().count("retake") == RETAKES and len(film.captures) == RETAKES + 1
    assert film.said()[-1] == "capture_failed"


def test_a_restart_forgets_everything(film):
    finish(film)
    film.coach.restart()
    assert not film.coach.done
    film.show("", 2)
    assert len(film.captures) == 2


def test_states_are_those_of_the_message():
    message = pytest.importorskip("dwpose_ros.msg").Guidance
    assert {s.name: int(s) for s in State} == {s.name: getattr(message, s.name) for s in State}


@pytest.mark.parametrize(
    "code, magnitude, count, ease, then",
    [
        ("move_back", "", 3, 0.55, ("", 2)),
        ("move_back", "", 1, 0.3, ("little", 0)),
        ("move_back", "", 1, 0.55, ("", 1)),
        ("roll_back", "", 1, 0.55, ("half", 0)),  # of a metre
        ("roll_back", "", 2, 0.55, ("", 1)),
        ("roll_back", "half", 0, 0.55, ("little", 0)),
        ("turn_left", "", 0, 0.55, ("little", 0)),
        ("roll_back", "half", 0, 1.0, ("half", 0)),
    ],
)
def test_who_overdoes_it_is_asked_for_a_smaller_amount(
    profile, code, magnitude, count, ease, then
):
    policy = InstructionPolicy(profile("full_body"))
    policy._compliance.on(code).ease = ease
    asked = policy._eased(
        CheckResult("x", False, 0.0, code=code, magnitude=magnitude, count=count)
    )
    assert (asked.code, asked.magnitude, asked.count) == (code, *then)


class TestWhatCeasesToBeTrue:
    def told(self, coach, found, seconds, start, busy=True):
        """The decisions of some seconds at 20 Hz with these results."""
        return [
            coach.update([CheckResult("somebody", True, 1.0), *found], start + i / FPS, busy)
            for i in range(round(seconds * FPS))
        ]

    def test_the_voice_is_told_to_stop(self, profile):
        coach = Coach(replace(profile("full_body"), **TIMES))
        far = CheckResult("too_far", False, 0.1, code="move_closer")
        aside = CheckResult("centred", False, 0.3, code="move_left")
        assert self.told(coach, [far], 0.55, 0.0, busy=False)[-1].speak
        assert not any(d.interrupt_speech for d in self.told(coach, [far], 1.0, 0.55))
        assert not any(
            d.interrupt_speech for d in self.told(coach, [aside], 0.4, 1.55)
        )  # it may flicker
        assert sum(d.interrupt_speech for d in self.told(coach, [aside], 3.0, 1.95)) == 1

    def test_who_comes_into_view_may_hear_to_its_end_that_they_should(self, profile):
        """At the image's border somebody is found, and lost again."""
        coach, silenced = Coach(replace(profile("full_body"), **TIMES)), []
        for i in range(5 * FPS):
            now = i / FPS
            there = 1.0 < now < 2.2 or now > 2.5
            found = [
                CheckResult(
                    "somebody", there, float(there), code="" if there else ("step_into_view")
                )
            ]
            found += [CheckResult("centred", False, 0.4, code="move_left")] if there else []
            if coach.update(found, now, busy=0.6 < now).interrupt_speech:
                silenced.append(now)
        assert silenced == [pytest.approx(2.5 + LASTING_S, abs=0.1)]

    def test_to_hold_still_is_true_until_the_picture_is_taken(self, profile):
        coach = Coach(replace(profile("full_body"), **TIMES))
        decisions = self.told(coach, [], 4.0, 0.0)
        assert any(d.capture for d in decisions) and not any(d.interrupt_speech for d in decisions)

    @pytest.mark.parametrize("name, code", [("turnaround", "next_step"), ("full_body", "done")])
    def test_news_waits_for_the_end_of_a_sentence(self, profile, name, code):
        coach = Coach(profile(name))
        self.told(coach, [], 2.0, 0.0)
        coach.captured(True, 2.0)
        waits = self.told(coach, [], 1.0, 2.0)
        assert {(d.code, d.speak, d.interrupt_speech) for d in waits} == {(code, False, False)}
        assert [d.speak for d in self.told(coach, [], 0.15, 3.0, busy=False)] == [
            True,
            False,
            False,
        ]

    def test_a_late_answer_about_another_step_counts_for_nothing(self, profile):
        coach = Coach(profile("turnaround"))
        now = 0.0
        while coach.request < 2:  # the first is not answered in time, so there is a second
            now += 1 / FPS
            coach.update([CheckResult("somebody", True, 1.0)], now)
        coach.captured(True, now, request=2)
        assert coach.profile.step == "left"
        coach.captured(True, now, request=1)
        assert coach.profile.step == "left"
