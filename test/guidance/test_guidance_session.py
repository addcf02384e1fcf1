# SPDX-License-Identifier: Apache-2.0
"""A whole session without a middleware: goals, speech, the notice, and captures that fail."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dwpose_ros.core.person_poses import PersonPoses
from dwpose_ros.guidance import load_phrases
from dwpose_ros.guidance.coach import CAPTURE_TIMEOUT_S, FAILURES, NEW_SESSION_S, QUIET_RETRY_S
from dwpose_ros.guidance.session import FIRST_S, NO_CAPTURE, NO_POSE, GuidanceSession
from dwpose_ros.guidance.session_types import Frame, Goal, Outcome, Plan

FPS = 15
CONFIG = Path(__file__).resolve().parents[2] / "config"
ENGLISH = load_phrases(CONFIG / "phrases" / "en.yaml")


class World:
    """Effects that are remembered, and a camera that answers as `answer` says."""

    def __init__(self) -> None:
        self.said, self.shown, self.languages, self.ended_goals = [], [], [], []
        self.requests, self.idle_frames = [], 0
        self.answer = lambda request: (True, False, "")
        self.now, self.session = 100.0, None

    def say(self, text):
        self.said.append(text)

    def show(self, told):
        self.shown.append(told)

    def idle(self, source):
        self.idle_frames += 1

    def speak_in(self, phrases):
        self.languages.append(phrases.language)

    def capture(self, request):
        self.requests.append(request)
        answer = self.answer(request)
        if answer is not None:
            success, retake, message = answer
            self.session.captured(request, success, retake, message, [f"{request.step.name}"])

    def ended(self, goal, outcome, message):
        self.ended_goals.append((goal, outcome, message))

    # What the test does

    def frames(self, *people, seconds: float) -> None:
        """Show so many people at 15 Hz, and let the session look at its deadlines."""
        arrays = [
            np.array([p[i] for p in people], np.float32).reshape(len(people), *shape)
            for i, shape in enumerate(((133, 2), (133,), (4,)))
        ]
        for _ in range(round(seconds * FPS)):
            self.now += 1 / FPS
            self.session.look(
                Frame(
                    self.now,
                    PersonPoses.of(*arrays, ids=range(1, 1 + len(people))),
                    1280,
                    720,
                )
            )
            self.tick()

    def tick(
        self,
        after_s: float = 0.0,
        ready: bool = True,
        blind: bool = False,
        heard: bool = False,
    ) -> None:
        now = self.now + after_s
        self.session.tick(now, capture_ready=ready, blind=blind, source=None, heard=heard)

    @property
    def sentences(self) -> list[str]:
        return [text for text in self.said if text]


@pytest.fixture
def plan(profile):
    """plan('face') -> the plan of a shipped profile."""
    return lambda name, **changes: Plan(replace(profile(name), **changes), name, ENGLISH)


@pytest.fixture
def world(plan):
    """world(on_demand=True) -> a world with a session for the whole body."""

    def make(name="full_body", **more):
        made = World()
        made.session = GuidanceSession(plan(name), made, **{"notice": False, **more})
        return made

    return make


def test_whoever_comes_is_told_first_that_pictures_are_taken(world, person):
    one = world(notice=True)
    one.frames(seconds=2.0)
    one.frames(person(), seconds=8.0)
    notice = ENGLISH.text("notice")
    assert one.sentences == [
        ENGLISH.text("step_into_view"),
        notice,
        ENGLISH.text("hold_still"),
        ENGLISH.text("done"),
    ]
    assert notice in [told.text for told in one.shown]  # for who does not hear
    first = next(i for i, told in enumerate(one.shown) if told.decision.capture)
    assert notice in [told.text for told in one.shown[:first]]
    assert len(one.requests) == 1


def test_before_anything_is_seen_people_are_asked_for_a_moment(world):
    wait = ENGLISH.text("one_moment")
    one = world()
    one.tick(heard=False)  # there is no voice yet
    assert one.said == [] and not one.shown
    one.tick(heard=True)
    one.tick(heard=True)
    assert one.said == [wait]
    assert [(told.decision.code, told.text) for told in one.shown] == [("one_moment", wait)]
    two = world()
    for each in (one, two):
        each.frames(seconds=2.0)
    assert one.said == [wait, ENGLISH.text("step_into_view")]
    told = [[(told.decision, told.text) for told in each.shown] for each in (one, two)]
    assert told[0][1:] == told[1]  # nothing waits for the end of it


def test_nobody_is_asked_for_a_moment_once_something_is_seen_or_while_nobody_is_guided(
    world, plan, person
):
    wait = ENGLISH.text("one_moment")
    one, two = world(), world(on_demand=True)
    one.frames(person(), seconds=0.1)
    for each in (one, two):
        each.tick(heard=True)
        assert wait not in each.said
    two.session.begin(Goal(plan("full_body")), two.now)
    two.tick(heard=True)
    assert two.said == [wait]


def test_the_notice_is_given_once_in_a_session(world, person):
    one = world(notice=True)
    one.frames(person(), seconds=8.0)
    one.frames(person(), seconds=5.0)
    assert one.sentences.count(ENGLISH.text("notice")) == 1
    one.frames(seconds=NEW_SESSION_S + 1.0)
    one.frames(person(), seconds=8.0)  # somebody new
    assert one.sentences.count(ENGLISH.text("notice")) == 2 and len(one.requests) == 2


def test_after_a_goal_it_goes_on_with_its_own_profile(world, plan, person):
    one = world()
    one.frames(person(0.4), seconds=1.0)
    assert one.shown[-1].profile.name == "full_body"
    one.session.begin(Goal(plan("upper_body"), timeout_s=2.0), one.now)
    one.frames(person(0.4), seconds=1.0)
    assert one.shown[-1].profile.name == "upper_body"
    one.frames(person(0.4), seconds=2.0)
    assert [(o, m.split(";")[0]) for _, o, m in one.ended_goals] == [
        (Outcome.ABORTED, "no picture after 2 s")
    ]
    assert one.shown[-1].profile.name == "full_body" and one.idle_frames == 0


def test_on_demand_nobody_is_guided_without_a_goal(world, plan, person):
    one = world(on_demand=True)
    one.frames(person(), seconds=3.0)
    assert not one.shown and not one.requests and one.idle_frames == 3 * FPS
    one.session.begin(Goal(plan("full_body")), one.now)
    one.frames(person(), seconds=3.0)
    ((goal, outcome, message),) = one.ended_goals
    assert (outcome, message, goal.captures) == (Outcome.SUCCEEDED, "", ["full_body"])
    before = len(one.shown)
    one.frames(person(), seconds=1.0)
    assert len(one.shown) == before


def test_a_profile_that_is_set_during_a_goal_is_for_afterwards(world, plan, person):
    one = world()
    goal = Goal(plan("full_body"))
    one.session.begin(goal, one.now)
    one.frames(person(), seconds=0.5)
    one.session.use(plan("face"))
    assert one.shown[-1].profile.name == "full_body"
    one.frames(person(), seconds=4.0)
    assert [r.profile_name for r in one.requests] == ["full_body"]
    assert one.ended_goals == [(goal, Outcome.SUCCEEDED, "")]
    assert goal.captures == ["full_body"]  # and no picture of another profile
    assert one.shown[-1].profile.name == "face"


def test_a_picture_that_comes_after_the_goal_s_end_is_nobody_s(world, plan, person):
    one = world()
    one.answer = lambda request: None  # it takes its time
    first, second = Goal(plan("full_body")), Goal(plan("full_body"))
    one.session.begin(first, one.now)
    one.frames(person(), seconds=3.0)
    (request,) = one.requests
    one.session.begin(second, one.now)
    one.session.captured(request, True, pictures=["late"])
    assert first.captures == second.captures == []
    assert one.ended_goals == [(first, Outcome.ABORTED, "another goal came")]


def test_a_picture_of_its_own_that_comes_during_a_goal_is_its_own(world, plan, person):
    one = world()
    one.answer = lambda request: None
    one.frames(person(), seconds=2.0)
    (request,) = one.requests
    goal = Goal(plan("full_body"), timeout_s=1.0)
    one.session.begin(goal, one.now)
    one.session.captured(request, True, pictures=["own"])
    assert goal.captures == [] and one.session.goal is goal
    one.frames(person(0.3), seconds=2.0)
    assert one.session.goal is None
    one.frames(person(), seconds=5.0)
    assert len(one.requests) == 1 and ENGLISH.text("done") in one.sentences


def test_a_goal_that_is_cancelled_ends_so(world, plan, person):
    one, cancelled = world(), []
    one.session.begin(Goal(plan("face"), cancelled=lambda: bool(cancelled)), one.now)
    one.frames(person(), seconds=1.0)
    cancelled.append(True)
    one.frames(person(), seconds=0.1)
    assert [(o, m) for _, o, m in one.ended_goals] == [(Outcome.CANCELLED, "cancelled")]
    assert one.said[-1] == ""


def test_the_language_of_a_goal_ends_with_it(world, plan, person):
    german = load_phrases(CONFIG / "phrases" / "de.yaml")
    one = world()
    one.session.begin(Goal(replace(plan("full_body"), phrases=german)), one.now)
    one.frames(person(), seconds=3.0)
    assert one.ended_goals and one.languages == ["en", "de", "en"]
    assert german.text("hold_still") in one.said


def test_another_language_changes_the_words_and_nothing_else(world, plan, person):
    french = load_phrases(CONFIG / "phrases" / "fr.yaml")
    one = world()
    one.frames(person(0.4), seconds=1.0)
    one.session.use(replace(one.session.plan, phrases=french))
    one.frames(person(0.4), seconds=1.0)
    assert one.shown[-1].text == french.text(
        "move_closer",
        magnitude=one.shown[-1].decision.magnitude,
        count=one.shown[-1].decision.count,
    )
    assert len(one.sentences) == 1  # it is the same instruction, and still being carried out


def test_a_full_disk_is_told_once_and_not_for_ever(world, person):
    one = world()
    one.answer = lambda request: (False, False, "cannot write to /captures: no space left")
    one.frames(person(), seconds=180.0)
    failed, over = ENGLISH.text("capture_failed"), ENGLISH.text("capture_unavailable")
    assert one.sentences.count(failed) == FAILURES - 1 and one.sentences.count(over) == 1
    assert one.sentences[-1] == over
    assert one.session.trouble == (
        "the last capture failed: cannot write to /captures: no space left"
    )
    # It is still tried now and then, without a word; so there is a picture once there is room.
    tries = len(one.requests)
    one.frames(person(), seconds=2 * QUIET_RETRY_S)
    assert tries < len(one.requests) <= tries + 2
    one.answer = lambda request: (True, False, "")
    one.frames(person(), seconds=QUIET_RETRY_S + 5.0)
    assert one.sentences[-1] == ENGLISH.text("done") and one.session.trouble == ""


def test_whoever_comes_to_a_full_disk_is_told_after_one_failure(world, person):
    one = world()
    one.answer = lambda request: (False, False, "no space left")
    one.frames(person(), seconds=40.0)
    one.frames(seconds=NEW_SESSION_S + 1.0)
    assert one.shown[-1].decision.code == "step_into_view"
    before, said = len(one.requests), len(one.sentences)
    one.frames(person(), seconds=10.0)
    assert len(one.requests) == before + 1
    assert ENGLISH.text("capture_unavailable") in one.sentences[said:]
    assert ENGLISH.text("capture_failed") not in one.sentences[said:]


@pytest.mark.parametrize(
    "retake, message, within_s",
    [
        (False, "no space left", 60.0),
        (True, "one_person 2, at most 1: nothing was captured", 300.0),
    ],
)
def test_a_goal_without_a_picture_fails_with_the_reason(
    world, plan, person, retake, message, within_s
):
    one = world(on_demand=True)
    one.answer = lambda request: (False, retake, message)
    one.session.begin(Goal(plan("full_body")), one.now)
    one.frames(person(), seconds=within_s)
    assert [(o, m) for _, o, m in one.ended_goals] == [
        (Outcome.ABORTED, f"the last capture failed: {message}")
    ]
    if not retake:
        assert len(one.requests) == FAILURES


def test_whoever_sends_a_goal_is_told_that_no_pose_comes(world, plan):
    one = world(on_demand=True)
    one.tick(blind=True)
    assert (one.idle_frames, one.shown) == (1, [])
    for number in (1, 2):
        one.session.begin(Goal(plan("full_body"), timeout_s=5.0), one.now)
        one.tick(blind=True)
        assert [told.decision.code for told in one.shown] == [NO_POSE] * number
        one.now += 6.0
        one.tick(blind=True)
        assert (len(one.ended_goals), one.idle_frames) == (number, 1 + number)


def test_a_picture_ignores_what_the_guidance_takes_for_a_thing(world, person):
    one, random = world(), np.random.default_rng(1)
    for frame in range(18 * FPS):
        sway = 0.05 * np.sin(frame / FPS) if frame < 12 * FPS else 0.0
        noise = random.normal(0, 1e-4, 2)
        one.frames(person(x=0.5 + sway + noise[0]), person(x=0.85 + noise[1]), seconds=1 / FPS)
    assert one.requests[0].ignored == (2,)


def test_a_capture_node_that_dies_is_not_waited_for(world, person):
    one = world()
    one.answer = lambda request: None
    one.frames(person(), seconds=2.0)
    assert len(one.requests) == 1
    one.tick(ready=False)
    one.frames(person(), seconds=CAPTURE_TIMEOUT_S - 1.0)
    assert len(one.requests) == 2  # long before the time-out


def test_without_a_capture_service_that_is_the_trouble(world, person):
    one = world()
    one.tick(FIRST_S - 1.0, ready=False)
    assert one.session.trouble == ""
    one.tick(2 * FIRST_S, ready=False)
    assert one.session.trouble == NO_CAPTURE
    one.tick(2 * FIRST_S + 1.0, ready=True)
    assert one.session.trouble == ""


def test_nothing_is_said_or_held_once_no_pose_comes(world, person):
    one = world()
    one.frames(person(), seconds=1.0)
    one.tick(blind=True)
    assert (one.shown[-1].decision.code, one.shown[-1].text, one.said[-1]) == (NO_POSE, "", "")
    one.frames(person(), seconds=0.8)
    assert not one.requests  # to hold still began anew
    one.frames(person(), seconds=1.0)
    assert len(one.requests) == 1


def test_a_voice_that_says_nothing_is_not_silenced(world, person):
    one = world()
    one.tick(blind=True)  # no pose has come yet
    assert one.said == []
    one.frames(person(), seconds=3.0)
    assert one.said and "" not in one.said
    for _ in range(2):
        one.tick(blind=False)
        one.tick(blind=True)
    assert one.said.count("") == 1


def test_at_the_end_of_the_node_a_goal_is_told_so(world, plan):
    one = world()
    one.session.begin(Goal(plan("face")), one.now)
    one.session.close("the guidance node was deactivated")
    assert [(o, m) for _, o, m in one.ended_goals] == [
        (Outcome.ABORTED, "the guidance node was deactivated")
    ]
