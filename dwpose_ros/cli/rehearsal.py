# SPDX-License-Identifier: Apache-2.0
"""A guidance session over recorded frames: what would be said, and which pictures taken."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any, NamedTuple

import cv2
import numpy as np

from dwpose_ros.capture import Candidate, choose
from dwpose_ros.capture.selection import WINDOW_S, FrameEvaluator
from dwpose_ros.core.person_poses import PersonPoses
from dwpose_ros.guidance.checks import CheckResult, described
from dwpose_ros.guidance.decision import State
from dwpose_ros.guidance.instruction_policy import NEWS
from dwpose_ros.guidance.phrases import Phrases
from dwpose_ros.guidance.session import GuidanceSession
from dwpose_ros.guidance.session_types import CaptureRequest, Frame, Goal, Outcome, Plan, Told
from dwpose_ros.quality import Looks

SPEED_S = 1.0  # frames from so long before the window tell how fast the person moves


class Event(NamedTuple):
    """Something that the guidance would do."""

    time_s: float
    """Of the frame that led to it."""
    kind: str
    """"says"; "stops": the sentence, which is no longer true; "takes" a picture; "rejects" all
    frames that it could take."""
    text: str
    """What is said, or about the picture."""
    code: str
    """Of the instruction; empty for none."""
    reason: str
    person_id: int


class _Seen(NamedTuple):
    time_s: float
    rgb: np.ndarray
    people: PersonPoses


class Rehearsal:
    """Guides whoever is in recorded frames as the nodes would, without them and without a voice.

    A sentence takes as long as espeak-ng needs for it. A picture is chosen from the recent
    frames by the capture node's rules, at once, and nothing is written.

    Args:
        plan: the pictures wanted, and the language.
        mirrored: the frames are mirrored.
        notice: tell people first that pictures are taken.
    """

    def __init__(self, plan: Plan, *, mirrored: bool = False, notice: bool = True) -> None:
        self._events: list[Event] = []
        self._recent: deque[_Seen] = deque()
        self._told: Told | None = None
        self._looks = Looks()
        self.language = ""
        self._session = GuidanceSession(plan, self, mirrored=mirrored, notice=notice)

    def __call__(self, time_s: float, rgb: np.ndarray, people: PersonPoses) -> list[Event]:
        """Return what the next frame leads to.

        Args:
            time_s: of the frame, on any clock.
            rgb: the frame, (h, w, 3) uint8.
            people: those in it, with track ids.
        """
        if self._recent and time_s < self._recent[-1].time_s:
            self._recent.clear()  # as the capture node does
        self._recent.append(_Seen(time_s, rgb, people))
        while time_s - self._recent[0].time_s > WINDOW_S + SPEED_S:
            self._recent.popleft()
        height, width = rgb.shape[:2]
        seen = dict(zip(people.ids.tolist(), self._looks(rgb, people, time_s)))
        self._events = []
        self._session.look(Frame(time_s, people, width, height, seen.__getitem__))
        return self._events

    # The session's effects

    def show(self, told: Told) -> None:
        self._told = told

    def idle(self, source: Any) -> None:
        """There are no goals, so it never is."""

    def speak_in(self, phrases: Phrases) -> None:
        self.language = phrases.language

    def say(self, text: str) -> None:
        told = self._told
        if told is None:
            return
        if text:
            self._add("says", text, told.decision.code, reason_for(told))
        else:
            self._add("stops", "", "", "it is no longer true")

    def capture(self, request: CaptureRequest) -> None:
        now_s = self._recent[-1].time_s
        look = FrameEvaluator(
            request.step,
            request.person_id,
            self._session.mirrored,
            request.allowed,
        )
        found = self._candidates(look)
        best, rejected = choose(found, 1, look.weights, round(now_s * 1e9))
        step = f" ({request.step.step})" if request.step.step else ""
        if best and best[0].quality is not None:
            score, age_s = best[0].quality.score, now_s - best[0].stamp_ns / 1e9
            text = f"picture{step}, quality {score:.0f} of 100, {age_s:.2f} s ago"
            self._add("takes", text, "", "all checks pass")
        else:
            self._add("rejects", f"picture{step}", "", found[-1].fault)
        self._session.captured(request, bool(best), retake=not best)

    def ended(self, goal: Goal, outcome: Outcome, message: str) -> None:
        """There are no goals that could end."""

    def _candidates(self, look: FrameEvaluator) -> list[Candidate]:
        since_s, found = self._recent[-1].time_s - WINDOW_S, []
        for seen in self._recent:
            height, width = seen.rgb.shape[:2]
            fresh = seen.time_s >= since_s
            bgr = cv2.cvtColor(seen.rgb, cv2.COLOR_RGB2BGR) if fresh else None
            candidate = look(round(seen.time_s * 1e9), seen.people, width, height, bgr)
            if candidate is not None:
                found.append(candidate)
        return found

    def _add(self, kind: str, text: str, code: str, reason: str) -> None:
        person_id = 0 if self._told is None else self._told.person_id
        self._events.append(Event(self._recent[-1].time_s, kind, text, code, reason, person_id))


def reason_for(told: Told) -> str:
    """Return the checks that an instruction comes from, in words."""
    decision = told.decision
    wrong = [result for result in told.results if _is_wrong(result)]
    theirs = [
        result
        for result in wrong
        if (result.code, result.body_part) == (decision.code, decision.body_part)
    ]
    if decision.state == State.HOLDING:
        return "all checks pass"
    if decision.code in NEWS or decision.code == "notice":
        return ""
    return "; ".join(map(_in_words, theirs or wrong))


def _is_wrong(result: CheckResult) -> bool:
    return result.ok is False or result.ok is None and result.required


def _in_words(result: CheckResult) -> str:
    if result.ok is None:
        part = f" ({result.body_part})" if result.body_part else ""
        return f"{result.name} unknown{part}"
    return described(result)


def summary(events: Sequence[Event], frames: int, length_s: float) -> str:
    """Return one line about a whole recording."""
    sentences = sum(event.kind == "says" for event in events)
    pictures = sum(event.kind == "takes" for event in events)
    return (
        f"{frames} frames, {length_s:.1f} s: {sentences} sentence{'s' * (sentences != 1)}, "
        f"{pictures} picture{'s' * (pictures != 1)}"
    )
