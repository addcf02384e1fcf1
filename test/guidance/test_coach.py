"""The coach, seen as a film: what it is told at each moment, and what it decides."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dwpose_ros.guidance import Coach, State
from dwpose_ros.guidance.checks import CHECKS, Verdict
from dwpose_ros.guidance.coach import (CAPTURE_TIMEOUT_S, NEW_SESSION_S, PAUSE_S, RETRY_S,
                                       UNKNOWN_S)

FPS = 20


def verdicts(failing: str = "", part: str = "") -> list[Verdict]:
    """All checks hold but the one that gives this code; 'nobody' is an empty room."""
    if failing == "nobody":
        return [Verdict("somebody", False, 0.0, code="step_into_view")]
    there = Verdict("somebody", True, 1.0)
    return [there, *(Verdict(c.__name__, True, 0.0) for c in CHECKS[1:]),
            Verdict("the one", not failing, 0.0, code=failing, part=part)]


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

    def show(self, failing: str = "", seconds: float = 1 / FPS, part: str = ""):
        """The same for some time; gives the last decision."""
        for _ in range(round(seconds * FPS)):
            decision = self.coach.update(verdicts(failing, part), self.now)
            self.decisions.append(decision)
            if decision.speak:
                self.spoken.append((round(self.elapsed, 2), decision.code))
                # Whatever is said is about this very frame.
                assert decision.code in (failing.replace("nobody", "step_into_view"),
                                         "done", "capture_failed", "pause",
                                         "" if failing else "hold_still")
            if decision.capture:
                self.captures.append(self.elapsed)
            self.frames += 1
        return self.decisions[-1]

    def said(self) -> list[str]:
        return [code for _, code in self.spoken]


@pytest.fixture
def film(profile):
    """With the shipped times: debounce 0.5 s, hold 1.5 s, gap 2 s, repeat 5 s."""
    chosen = profile("full_body")
    assert (chosen.debounce_s, chosen.hold_s, chosen.gap_s, chosen.repeat_s) == (0.5, 1.5, 2, 5)
    return Film(Coach(chosen))


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
    assert film.show("show", 1, part="feet")[1:3] == ("show", "feet")
    film.show("show", 3, part="knees")
    assert film.said() == ["show", "show"]  # another part is another instruction


def test_the_same_is_repeated_after_a_while(film):
    film.show("move_left", 11)
    assert film.spoken == [(0.5, "move_left"), (5.5, "move_left"), (10.5, "move_left")]


def test_something_else_is_said_sooner_but_not_at_once(film):
    film.show("move_left", 1)  # said at 0.5
    assert film.show("move_back", 1).code == "move_back"  # shown from 1.5
    assert film.said() == ["move_left"]
    film.show("move_back", 1)
    assert film.spoken == [(0.5, "move_left"), (2.5, "move_back")]


def test_what_is_no_longer_true_when_its_turn_comes_is_not_said(film):
    film.show("move_left", 1)  # said at 0.5
    film.show("move_back", 1)  # due at 1.5, its turn would be at 2.5
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
    spoken = [(round(i / FPS, 1), d.code, d.count) for i in range(5 * FPS)
              if (d := coach.update(verdicts(), i / FPS)).speak]
    assert [s[1:] for s in spoken] == [("hold_still", 0), ("countdown", 3), ("countdown", 2),
                                       ("countdown", 1)]
    assert [s[0] for s in spoken[1:]] == [pytest.approx(t, abs=0.1) for t in (1.5, 2.5, 3.5)]


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


def test_what_nobody_saw_was_no_hold(film):
    """The camera stalls after one good frame: how they stood meanwhile is unknown."""
    film.show("", 0.2)
    film.start += 30
    assert film.show().hold_remaining == 1.5
    assert film.captures == []


def test_slow_estimators_hold_too(profile):
    coach = Coach(profile("full_body"))
    decisions = [coach.update(verdicts(), t * 0.8) for t in range(4)]
    assert [d.capture for d in decisions] == [False, False, True, False]


def test_progress_is_the_share_of_checks_that_hold(film):
    assert film.show("nobody").progress == 0.0
    assert film.show("").progress == 1.0
    checks = len(verdicts())
    assert film.show("move_left").progress == pytest.approx((checks - 1) / checks)


class TestPace:
    """People take their time; what is said in the middle of it comes to nothing."""

    def moving(self, coach, code, start, seconds, busy=False, still=False, **more):
        """What is spoken while they move, or rest; 20 Hz."""
        spoken = []
        for i in range(round(seconds * FPS)):
            found = [Verdict("somebody", True, 1.0),
                     Verdict("the one", not code, 0.0, code=code, **more),
                     Verdict("still", still, 0.1 if still else 1.0)]
            now = start + i / FPS
            if coach.update(found, now, busy).speak:
                spoken.append(round(now, 2))
        return spoken

    def test_who_acts_on_it_is_left_to(self, profile):
        coach = Coach(profile("full_body"))
        assert self.moving(coach, "move_closer", 0, 1, still=True) == [0.5]
        assert self.moving(coach, "move_closer", 1, 4.4) == []
        assert self.moving(coach, "move_left", 5.4, 0.1) == []

    def test_when_they_have_come_to_rest_the_next_comes_soon(self, profile):
        coach = Coach(profile("full_body"))
        self.moving(coach, "move_closer", 0, 1, still=True)
        self.moving(coach, "move_closer", 1, 2)
        assert self.moving(coach, "move_closer", 3, 1, still=True) == [3.0]

    def test_who_does_nothing_is_told_again_later(self, profile):
        coach = Coach(profile("full_body"))
        assert self.moving(coach, "move_closer", 0, 6, still=True) == [0.5, 5.5]

    def test_the_opposite_is_not_said_at_once(self, profile):
        coach = Coach(profile("full_body"))
        assert self.moving(coach, "move_left", 0, 1, still=True) == [0.5]
        self.moving(coach, "move_right", 1, 0.5)
        assert self.moving(coach, "move_right", 1.5, 3, still=True) == [3.5]

    def test_ongoing_speech_is_not_talked_over(self, profile):
        coach = Coach(profile("full_body"))
        assert self.moving(coach, "move_left", 0, 3, busy=True, still=True) == []
        assert self.moving(coach, "move_left", 3, 1, still=True) == [3.0]

    def test_the_grade_is_of_the_moment(self, profile):
        coach = Coach(profile("full_body"))
        self.moving(coach, "move_closer", 0, 1, still=True, grade="big")
        found = [Verdict("somebody", True, 1.0),
                 Verdict("the one", False, 0.0, code="move_closer", grade="little")]
        assert coach.update(found, 1.0).grade == "little"


class TestPatience:
    def said(self, coach, seconds, *verdicts):
        found = [Verdict("somebody", True, 1.0), *verdicts]
        codes = []
        for i in range(round(seconds * FPS)):
            decision = coach.update(found, i / FPS)
            if decision.speak:
                codes.append((round(i / FPS), decision.code, decision.part))
        return codes

    def test_what_is_said_in_vain_ends_in_a_pause(self, profile):
        far = Verdict("too_far", False, 0.1, code="move_closer")
        codes = self.said(Coach(profile("full_body")), 45, far)
        assert [c for _, c, _ in codes] == ["move_closer"] * 4 + ["pause"] + ["move_closer"] * 3
        assert codes[5][0] - codes[4][0] >= PAUSE_S

    def test_the_missing_part_is_named_first(self, profile):
        cut = Verdict("cut_off", False, 0.1, code="move_back")
        hidden = Verdict("visible", False, 0.1, code="show", part="feet")
        codes = self.said(Coach(profile("full_body")), 30, cut, hidden)
        assert [c[1:] for c in codes] == [
            *[("move_back", "")] * 4, ("show", "feet"), ("pause", "")]


class TestWhatCannotBeJudged:
    def test_is_no_fault_and_no_leave_to_capture(self, profile):
        coach = Coach(profile("full_body"))
        unknown = Verdict("arms_away", None, float("nan"), code="show", part="elbows")
        found = [Verdict("somebody", True, 1.0), unknown]
        codes = {}
        for i in range(20 * FPS):
            decision = coach.update(found, i / FPS)
            assert not decision.capture and decision.state == State.ADJUSTING
            codes.setdefault(decision.code, i / FPS)
        assert codes == {"": 0.0, "show": pytest.approx(UNKNOWN_S + 0.5)}

    def test_is_ignored_where_the_profile_does_not_need_it(self, profile):
        coach = Coach(profile("full_body"))
        found = [Verdict("somebody", True, 1.0),
                 Verdict("light", None, float("nan"), required=False)]
        captures = [coach.update(found, i / FPS).capture for i in range(3 * FPS)]
        assert sum(captures) == 1 and coach.update(found, 4.0).progress == 1.0


def test_steps_one_after_the_other(profile):
    """A session of several pictures; a step is done when its picture is."""
    whole = profile("turnaround")
    film = Film(Coach(whole))
    for number, step in enumerate(whole.steps):
        assert film.coach.profile == step and not film.coach.done
        film.show("turn_left", 1)
        film.show("", 4)
        assert len(film.captures) == number + 1
        film.coach.captured(True, film.now)
    assert film.show().state == State.CAPTURED and film.show().state == State.DONE


def test_a_restart_forgets_everything(film):
    finish(film)
    film.coach.restart()
    assert not film.coach.done
    film.show("", 2)
    assert len(film.captures) == 2


def test_states_are_those_of_the_message():
    message = pytest.importorskip("dwpose_ros.msg").Guidance
    assert {s.name: int(s) for s in State} == {s.name: getattr(message, s.name) for s in State}
