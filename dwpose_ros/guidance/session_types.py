# SPDX-License-Identifier: Apache-2.0
"""The inputs of a guidance session, and its effects."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NamedTuple, Protocol

from dwpose_ros.core.person_poses import PersonPoses
from dwpose_ros.guidance.allowances import Allowed
from dwpose_ros.guidance.checks import CheckResult
from dwpose_ros.guidance.decision import Decision
from dwpose_ros.guidance.phrases import Phrases
from dwpose_ros.guidance.profile import Profile


class Frame(NamedTuple):
    """The people in one image of `width` x `height` px, at a time in seconds."""

    now_s: float
    people: PersonPoses
    width: int
    height: int
    looks: Callable[[int], tuple[float, float]] = lambda person_id: (math.nan, math.nan)
    """Brightness and sharpness of a person, NaN where unknown."""
    source: Any = None
    """Whatever the caller needs to know it by."""
    focal: float = math.nan
    """Focal length of a calibrated camera, in widths of the image; NaN if unknown."""


@dataclass(frozen=True)
class Plan:
    """Which pictures are wanted, and the language of the instructions."""

    profile: Profile
    profile_name: str
    """As it was asked for: the capture service is told the same."""
    phrases: Phrases


class Told(NamedTuple):
    """What one frame led to, for display."""

    decision: Decision
    text: str
    profile: Profile
    """The step that is under way."""
    results: Sequence[CheckResult]
    person_id: int
    source: Any


@dataclass(eq=False)
class CaptureRequest:
    """A picture that is to be taken now."""

    person_id: int
    profile_name: str
    step: Profile
    count: int
    source: Any
    course: Any
    """The session's own note of what this picture is for."""
    number: int
    allowed: Allowed = Allowed()
    ignored: tuple[int, ...] = ()
    """Track ids of those in view that are no people."""


class Outcome(Enum):
    SUCCEEDED = "succeeded"
    CANCELLED = "cancelled"
    ABORTED = "aborted"


@dataclass(eq=False)
class Goal:
    """Pictures that a client asked for."""

    plan: Plan
    count: int = 1
    """So many of each step, if there are as many."""
    timeout_s: float = 0.0
    """0: never."""
    cancelled: Callable[[], bool] = lambda: False
    handle: Any = None
    """The caller's."""
    captures: list = field(default_factory=list)


class Effects(Protocol):
    """What a session can cause outside of itself."""

    def show(self, told: Told) -> None:
        """Show the instruction."""

    def idle(self, source: Any) -> None:
        """Show that nobody is guided."""

    def say(self, text: str) -> None:
        """Speak a text, in place of the current one. An empty text is silence."""

    def speak_in(self, phrases: Phrases) -> None:
        """Use this language from now on."""

    def capture(self, request: CaptureRequest) -> None:
        """Take a picture, and report it by `GuidanceSession.captured`."""

    def ended(self, goal: Goal, outcome: Outcome, message: str) -> None:
        """Report the end of a goal."""
