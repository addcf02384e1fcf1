# SPDX-License-Identifier: Apache-2.0
"""What a guidance session takes in, and what it has done in the world."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NamedTuple, Protocol

from dwpose_ros.core.person_poses import PersonPoses
from dwpose_ros.guidance.checks import CheckResult
from dwpose_ros.guidance.decision import Decision
from dwpose_ros.guidance.phrases import Phrases
from dwpose_ros.guidance.profile import Profile


class Frame(NamedTuple):
    """The people of one image of `width` x `height` px, at a time in seconds."""

    now_s: float
    people: PersonPoses
    width: int
    height: int
    looks: Callable[[int], tuple[float, float]] = lambda person_id: (math.nan, math.nan)
    """Brightness and sharpness of a person, NaN where unknown."""
    source: Any = None
    """Whatever the caller needs to know it by."""


@dataclass(frozen=True)
class Plan:
    """What pictures are wanted, and in which language they are asked for."""

    profile: Profile
    profile_name: str
    """As it was asked for: the capture service is told the same."""
    phrases: Phrases


class Told(NamedTuple):
    """What one frame led to, to be shown."""

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


class Outcome(Enum):
    SUCCEEDED = "succeeded"
    CANCELLED = "cancelled"
    ABORTED = "aborted"


@dataclass(eq=False)
class Goal:
    """Pictures that somebody asked for, until they are taken or given up."""

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
    """What a session has done in the world."""

    def show(self, told: Told) -> None:
        """Show what is to be done, or nothing to do while nobody is guided."""

    def idle(self, source: Any) -> None:
        """Nobody is guided but for a goal."""

    def say(self, text: str) -> None:
        """Speak, in place of what is being said; an empty text is silence."""

    def speak_in(self, phrases: Phrases) -> None:
        """From now on in that language."""

    def capture(self, request: CaptureRequest) -> None:
        """Take a picture; then tell by `GuidanceSession.captured`."""

    def ended(self, goal: Goal, outcome: Outcome, message: str) -> None:
        """A goal has come to its end."""
