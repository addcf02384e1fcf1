# SPDX-License-Identifier: Apache-2.0
"""All checks by priority, and a runner that remembers which held."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Callable

import numpy as np

from dwpose_ros.guidance.body_parts import POSTURE_RANGE, PostureLimit
from dwpose_ros.guidance.checks.facing import facing, looking
from dwpose_ros.guidance.checks.framing import (
    centred,
    cut_off,
    one_person,
    somebody,
    too_close,
    too_far,
    visible,
)
from dwpose_ros.guidance.checks.picture import light, sharp, still
from dwpose_ros.guidance.checks.posture import POSTURE_CHECKS, held_up
from dwpose_ros.guidance.checks.result import CheckResult
from dwpose_ros.guidance.observation import Observation
from dwpose_ros.guidance.profile import Profile

# Two limits keep a check from flickering: it holds once it is so far inside the profile's, as a
# share of them, and then as long as it is inside; a turn somewhat further. A network errs by about
# as much, so a picture of somebody near a limit would be wrong as often as not.
ENTER = -0.1
# How much more a border, a score and a speed flicker than lengths do; and how body and head are
# turned is known so roughly that they must be well inside, and stay it; from behind even more so.
_MARGIN, _SCORE, _STILL, _TURN = 2.5, 1.0, 2.5, 2.5
# A body's turn errs by degrees, however few of them are allowed: by these, times the share.
_TURN_DEG, _BEHIND = 60.0, 2.0
_STAY = -0.06
# What narrowing leaves, at least, of the room between two limits, or from a lower limit to the
# largest value there is. Of the shipped ones that of open hands, 0.85 of 1, is left 0.43 of it.
_LEAST_BAND = 1 / 3

# A check is a pure function (view, profile, mirrored, before) -> CheckResult, or None where the
# profile does not ask for it. `before` is what it found last: advice does not change lightly.
Check = Callable[..., "CheckResult | None"]
CHECKS: tuple[Check, ...] = (
    one_person,
    too_close,
    cut_off,
    too_far,
    centred,
    facing,
    looking,
    visible,
    *POSTURE_CHECKS,
    light,
    sharp,
    still,
)


# Where hands are, and how large, tells something once they are held up.
_OF_HANDS: tuple[Check, ...] = (
    one_person,
    too_close,
    facing,
    held_up,
    cut_off,
    visible,
    *POSTURE_CHECKS,
)
_OF_HANDS += tuple(check for check in CHECKS if check not in _OF_HANDS)


def checks(profile: Profile) -> tuple[Check, ...]:
    """All checks in the order of their priority for a profile."""
    return _OF_HANDS if profile.parts == ("hands",) else CHECKS


def _limits(low: float, high: float, by: float, most: float) -> tuple[float, float]:
    """Two limits of a value from 0 to `most`, wider by a share; narrower where that is negative,
    but with a band left between them. NaN is no limit."""
    to_low, to_high = low * (1 - by), high * (1 + by)
    room = np.fmin(high, most) - np.fmax(low, 0.0)  # which ignore NaN
    left = np.fmin(to_high, most) - np.fmax(to_low, 0.0)
    if left >= _LEAST_BAND * room:
        return to_low, to_high
    share = float((1 - _LEAST_BAND) * room / (room - left))
    return low + share * (to_low - low), high + share * (to_high - high)


def relaxed(profile: Profile, by: float) -> Profile:
    """The profile with its limits wider by a share; narrower where that is negative, but never so
    far that nothing fulfils them."""
    closer = by * (_BEHIND if profile.side == "back" else 1.0)

    def turn(limit: float, errs: float = 0.0) -> float:
        if limit >= 180.0:
            return 180.0  # any is right
        if by > 0:
            return min(limit * (1 + by), 180.0)
        return max(limit + closer * max(_TURN * limit, errs), limit * _LEAST_BAND)

    margin, _ = _limits(profile.margin, math.nan, _MARGIN * by, (1 - profile.size_minimum) / 2)
    smallest, largest = _limits(profile.size_minimum, profile.size_maximum, by, 1 - 2 * margin)
    darkest, brightest = _limits(profile.brightness_minimum, profile.brightness_maximum, by, 1.0)
    score, _ = _limits(profile.score, math.nan, _SCORE * by, 1.0)
    return replace(
        profile,
        size_minimum=smallest,
        size_maximum=min(largest, 1),
        margin=margin,
        centre=profile.centre * (1 + by),
        facing=turn(profile.facing, _TURN_DEG),
        looking=None if profile.looking is None else turn(profile.looking),
        posture=tuple(
            PostureLimit(w.name, *_limits(w.minimum, w.maximum, by, POSTURE_RANGE[w.name]))
            for w in profile.posture
        ),
        brightness_minimum=darkest,
        brightness_maximum=brightest,
        sharpness_minimum=profile.sharpness_minimum * (1 - by),
        still=profile.still * (1 + _STILL * by),
        still_hands=profile.still_hands * (1 + _STILL * by),
        score=score,
    )


def run_checks(
    observation: Observation | None, profile: Profile, mirrored: bool = False
) -> list[CheckResult]:
    """All checks by priority with the profile's own limits; with nobody in view, only that."""
    asked = checks(profile) if observation is not None else ()
    found = (check(observation, profile, mirrored) for check in asked)
    return [somebody(observation), *(result for result in found if result is not None)]


class CheckRunner:
    """Judges one view after the other, with separate limits to enter and to leave.

    A check has to be a little inside the profile's limits first; from then on it holds until it
    is outside, or a turn nearly so. Advice to turn one way, and its grade, last too.
    """

    def __init__(self, profile: Profile, mirrored: bool = False) -> None:
        self.profile, self.mirrored = profile, mirrored
        sure = relaxed(profile, _STAY)
        self._limits = {
            True: replace(profile, facing=sure.facing, looking=sure.looking),
            False: relaxed(profile, ENTER),
        }
        self._before: dict[str, CheckResult] = {}

    def reset(self) -> None:
        """Forget what held: for another person, or when they begin anew."""
        self._before = {}

    def __call__(self, observation: Observation | None) -> list[CheckResult]:
        """As `run_checks`. Nobody in view, as in a frame that failed, is no reason to forget."""
        results = [somebody(observation)]
        for check in checks(self.profile) if observation is not None else ():
            before = self._before.get(check.__name__)
            held = before is not None and before.ok is True
            result = check(observation, self._limits[held], self.mirrored, before)
            if result is None:
                continue
            if result.ok is not None:  # what cannot be judged changes nothing
                self._before[check.__name__] = result
            results.append(result)
        return results
