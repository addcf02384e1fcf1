# SPDX-License-Identifier: Apache-2.0
"""A guidance session: who is guided to which pictures, what is spoken, and what was captured.

The state machine behind the guidance node, without ROS and without a clock of its own: frames
carry their time, and deadlines are on a monotonic clock of the caller.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from dwpose_ros.guidance.checks import CheckResult
from dwpose_ros.guidance.course import Course
from dwpose_ros.guidance.decision import Decision, State
from dwpose_ros.guidance.session_types import (
    CaptureRequest,
    Effects,
    Frame,
    Goal,
    Outcome,
    Plan,
    Told,
)
from dwpose_ros.guidance.voice import Voice

NO_POSE = "no_pose"  # code while nothing is known, so that there is nothing to say
NO_CAPTURE = "there is no capture service: is the capture node running?"
FIRST_S = 10.0  # for so long a capture service may take to start


class GuidanceSession:
    """Guides for its own plan. A goal takes precedence; afterwards the own plan goes on.

    Args:
        on_demand: guide only for goals; be idle without one.
    """

    def __init__(
        self,
        plan: Plan,
        effects: Effects,
        *,
        on_demand: bool = False,
        mirrored: bool = False,
        notice: bool = True,
        cues: str = "speech",
    ) -> None:
        self.mirrored, self.notice = mirrored, notice
        self.trouble = ""  # why no picture can be taken; empty if one can
        self._effects, self._on_demand = effects, on_demand
        self._own = Course(plan)
        self._goal: Goal | None = None
        self._for_goal: Course | None = None
        self._until = math.inf  # when the goal is given up
        self._asked: CaptureRequest | None = None
        self._now = -math.inf  # of the newest frame
        self._voice = Voice(effects.say, cues)
        self._last_text = ""
        self._noticing = self._blind = self._asked_to_wait = False
        self._ready_at: float | None = None  # when there was a capture service
        effects.speak_in(plan.phrases)

    @property
    def plan(self) -> Plan:
        """The session's own plan, which is followed while there is no goal."""
        return self._own.plan

    @property
    def goal(self) -> Goal | None:
        """The current goal, if any."""
        return self._goal

    @property
    def last_text(self) -> str:
        """The current instruction."""
        return self._last_text

    @property
    def _course(self) -> Course | None:
        if self._goal is not None:
            return self._for_goal
        return None if self._on_demand else self._own

    # What the user changes

    def use(self, plan: Plan) -> None:
        """Replace the own plan. With the same profile only the language changes. A current
        goal is kept.
        """
        if plan.profile is self._own.plan.profile:
            self._own.plan = plan
        else:
            self._own = Course(plan)
            if self._goal is None:
                self._voice.forget()
        if self._goal is None:
            self._effects.speak_in(plan.phrases)

    # Goals

    def begin(self, goal: Goal, now_mono_s: float) -> None:
        """Start a goal; it replaces another one."""
        if self._goal is not None:
            self._end(Outcome.ABORTED, "another goal came")
        self._voice.interrupt()
        self._goal, self._for_goal = goal, Course(goal.plan)
        self._blind = False  # whoever sent it is told, too
        self._until = now_mono_s + goal.timeout_s if goal.timeout_s > 0 else math.inf
        self._effects.speak_in(goal.plan.phrases)

    def close(self, message: str) -> None:
        """Abort the goal, and stop speaking."""
        self._voice.interrupt()
        if self._goal is not None:
            self._end(Outcome.ABORTED, message)

    def _end(self, outcome: Outcome, message: str = "") -> None:
        assert self._goal is not None
        goal, self._goal, self._for_goal = self._goal, None, None
        self._blind = False  # what is true now is told
        self._until = math.inf
        self._voice.interrupt()
        self._own.coach.interrupted()
        self._effects.speak_in(self._own.plan.phrases)
        self._effects.ended(goal, outcome, message)

    # What happens

    def speaking(self, speaks: bool) -> None:
        """Note whether the voice speaks."""
        self._voice.reports_speaking = speaks

    def look(self, frame: Frame) -> None:
        """Decide from a frame what is to be shown, said and captured."""
        self._now = frame.now_s
        if (course := self._course) is None:
            self._effects.idle(frame.source)
            return
        results, person = course.look(frame, self.mirrored)
        decision = self._notice(course, person) or course.coach.update(
            results, frame.now_s, busy=self._voice.busy(self._now)
        )
        self._show(course, decision, results, person, frame.source)
        if not self._voice.leaves_out(decision.code):
            course.decided(decision, self._now)
        if decision.speak:
            self._voice.say(self._last_text, self._now, decision.code)
        elif decision.interrupt_speech:
            self._voice.interrupt()
        if decision.capture:
            self._request(course, person, frame.source)

    def _notice(self, course: Course, person: int) -> Decision | None:
        """Return the notice that pictures are taken: once a session, to the first person in
        view, before anything else. None if it was given, or nobody is there.
        """
        session = course.coach.sessions
        if not self.notice or course.noticed == session and not self._noticing:
            return None
        busy = self._voice.busy(self._now)
        due = course.noticed != session and person > 0
        self._noticing = due or self._noticing and busy
        if not self._noticing:
            return None
        speak = due and not busy
        if speak:
            course.noticed = session
        return Decision(State.ADJUSTING, "notice", "", 0.0, 0.0, speak, False)

    def _show(
        self,
        course: Course,
        decision: Decision,
        results: Sequence[CheckResult],
        person: int,
        source: Any,
    ) -> None:
        self._last_text = (
            ""
            if decision.code == NO_POSE
            else course.plan.phrases.text(
                decision.code, decision.body_part, decision.magnitude, decision.count
            )
        )
        self._effects.show(
            Told(decision, self._last_text, course.coach.profile, results, person, source)
        )

    def tick(
        self,
        now_mono_s: float,
        *,
        capture_ready: bool,
        blind: bool,
        source: Any,
        heard: bool = False,
    ) -> None:
        """Handle deadlines, and call this periodically.

        Args:
            blind: no frames arrive any more.
            heard: there is a voice.
        """
        self._look_at_goal(now_mono_s)
        if heard and self._now == -math.inf and self._course is not None:
            self._ask_to_wait(self._course, source)
        if capture_ready or self._ready_at is None:
            self._ready_at = now_mono_s
        if not capture_ready and self._asked is not None:
            self._lost_capture()
        if capture_ready and self.trouble == NO_CAPTURE:
            self.trouble = ""
        elif now_mono_s - self._ready_at > FIRST_S:
            self.trouble = NO_CAPTURE
        if blind and not self._blind:
            self._tell_blind(source)
        self._blind = blind

    def _tell_blind(self, source: Any) -> None:
        if (course := self._course) is None:
            self._effects.idle(source)
            return
        course.coach.interrupted()
        self._voice.interrupt()
        no_pose = Decision(State.SEARCHING, NO_POSE, "", 0.0, 0.0, False, False)
        self._show(course, no_pose, [], 0, source)

    def _ask_to_wait(self, course: Course, source: Any) -> None:
        """Say once that it takes a moment: no frame has come, since networks take time to load.

        Nothing waits for its end, so that the same frames lead to the same decisions."""
        if not self._asked_to_wait:
            self._asked_to_wait = True
            wait = Decision(State.SEARCHING, "one_moment", "", 0.0, 0.0, True, False)
            self._show(course, wait, [], 0, source)
            self._effects.say(self._last_text)

    def _look_at_goal(self, now_mono_s: float) -> None:
        if self._goal is None:
            return
        if self._goal.cancelled():
            self._end(Outcome.CANCELLED, "cancelled")
        elif now_mono_s >= self._until:
            self._end(
                Outcome.ABORTED,
                f"no picture after {self._goal.timeout_s:g} s; last said: "
                f"{self._last_text or 'nothing'}",
            )

    # Captures

    def _request(self, course: Course, person: int, source: Any) -> None:
        goal = self._goal if course is self._for_goal else None
        count = 1 if goal is None else goal.count
        self._asked = CaptureRequest(
            person,
            course.plan.profile_name,
            course.coach.profile,
            count,
            source,
            course,
            course.coach.request,
            course.allowed,
            course.left_out,
        )
        self._effects.capture(self._asked)

    def _lost_capture(self) -> None:
        """Treat a capture as failed: its service is gone."""
        asked, self._asked = self._asked, None
        assert asked is not None
        asked.course.coach.captured(False, self._now)

    def captured(
        self,
        request: CaptureRequest,
        success: bool,
        retake: bool = False,
        message: str = "",
        pictures: Sequence[Any] = (),
    ) -> None:
        """Take the result of a capture. `retake`: the picture was not good enough."""
        if self._asked is request:
            self._asked = None
        course: Course | None = request.course
        if course is None or course not in (self._own, self._for_goal):
            return  # it was for a goal that has ended, or for another profile
        course.coach.captured(success, self._now, retake, request.number)
        if not success and not retake:
            self.trouble = f"the last capture failed: {message}"
        elif success:
            self.trouble = ""
        if course is not self._for_goal or self._goal is None:
            return
        if success:
            if request.step is course.first:  # also of who came after somebody had left
                self._goal.captures.clear()
            self._goal.captures.extend(pictures)
            if course.coach.complete:
                self._end(Outcome.SUCCEEDED)
        elif course.coach.unavailable:
            self._end(Outcome.ABORTED, f"the last capture failed: {message}")
