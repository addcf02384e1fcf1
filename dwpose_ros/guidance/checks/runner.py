# SPDX-License-Identifier: Apache-2.0
"""All checks by priority, and a runner that adds hysteresis."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Callable

import numpy as np

from dwpose_ros.core.anthropometry import FOCAL
from dwpose_ros.guidance.allowances import Allowed
from dwpose_ros.guidance.body_parts import (
    OF_HANDS,
    ONE_OF_ARMS,
    PARTS,
    POSTURE_RANGE,
    PostureLimit,
)
from dwpose_ros.guidance.checks.apparent_size import reach_of, size
from dwpose_ros.guidance.checks.cut_off import cut_by_border, cut_off, inside_of, visible
from dwpose_ros.guidance.checks.facing import (
    facing,
    head_yaw_deg,
    looking,
)
from dwpose_ros.guidance.checks.fits import Fits
from dwpose_ros.guidance.checks.framing import (
    centred,
    one_person,
    somebody,
    too_close,
    too_far,
)
from dwpose_ros.guidance.checks.leaning import leaning
from dwpose_ros.guidance.checks.picture import light, sharp, still
from dwpose_ros.guidance.checks.posture import POSTURE_CHECKS, held_up
from dwpose_ros.guidance.checks.result import CheckResult
from dwpose_ros.guidance.checks.torso import breadth
from dwpose_ros.guidance.darkening import Darkening
from dwpose_ros.guidance.observation import Observation
from dwpose_ros.guidance.profile import Profile
from dwpose_ros.guidance.scale import ScaleLearner
from dwpose_ros.guidance.sitting import knee_drop
from dwpose_ros.guidance.walk import Seen

# Hysteresis against flicker: a check passes once its value is inside the profile's limits by this
# share of them, and then as long as it is inside (a turn: inside by _STAY). The share is about the
# error of a network, so that a picture of a person near a limit is not wrong half of the time.
ENTER = -0.1
# Factors on that share: margin, score and speed flicker more than lengths. The turn of body and
# head is known only roughly, so it must be well inside the limits, and stay so; from behind even
# more.
_MARGIN, _SCORE, _STILL, _TURN = 2.5, 1.0, 2.5, 2.5
# The error of a body's turn does not depend on the limit: it is this angle times the share.
_TURN_DEG, _BEHIND = 60.0, 2.0
_STAY = -0.06
# Narrowing leaves at least this share of the range between two limits, or from a lower limit to
# the largest possible value. Of the shipped limits, open hands (0.85 of 1) keeps 0.43 of it.
_LEAST_BAND = 1 / 3

# A check is a pure function (observation, profile, mirrored, before) -> CheckResult, or None if
# the profile does not ask for it. `before` is its last result, for hysteresis of the advice.
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
    leaning,
    *POSTURE_CHECKS,
    light,
    sharp,
    still,
)


# For hands only: position and size mean something only once the hands are held up.
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
    """Return all checks in the order of their priority for a profile."""
    return _OF_HANDS if profile.parts == ("hands",) else CHECKS


def _limits(low: float, high: float, by: float, most: float) -> tuple[float, float]:
    """Widen two limits of a value from 0 to `most` by a share; a negative share narrows them.

    Narrowing leaves a range between them. NaN is no limit."""
    to_low, to_high = low * (1 - by), high * (1 + by)
    room = np.fmin(high, most) - np.fmax(low, 0.0)  # fmin and fmax ignore NaN
    left = np.fmin(to_high, most) - np.fmax(to_low, 0.0)
    if left >= _LEAST_BAND * room:
        return to_low, to_high
    share = float((1 - _LEAST_BAND) * room / (room - left))
    return low + share * (to_low - low), high + share * (to_high - high)


def relaxed(profile: Profile, by: float) -> Profile:
    """Return the profile with its limits widened by a share.

    A negative share narrows them, but never so far that they cannot be met."""
    closer = by * (_BEHIND if profile.side == "back" else 1.0)

    def turn(limit: float, errs: float = 0.0) -> float:
        if limit >= 180.0:
            return 180.0  # any turn is allowed
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
    """Run all checks by priority with the profile's own limits.

    Without a person (None), only `somebody` is run.
    """
    asked = checks(profile) if observation is not None else ()
    found = (check(observation, profile, mirrored) for check in asked)
    return [somebody(observation), *(result for result in found if result is not None)]


def place_of(observation: Observation, profile: Profile, mirrored: bool) -> Seen:
    """Return what an observation shows of the person's place, as a usual lens would show it."""
    here = reach_of(observation, profile, mirrored).here * FOCAL / observation.scale.focal
    shoulders = observation.seen(PARTS["shoulders"], profile.score)
    row = float(shoulders[:, 1].mean()) / observation.height if len(shoulders) else math.nan
    drop = knee_drop(observation, profile.score)
    width, torso = breadth(observation, profile.score)
    return Seen(
        observation.time_s,
        here,
        observation.nearer,
        observation.aside,
        row,
        drop,
        width / torso if torso >= 1.0 and width > 0 else math.nan,
        head_yaw_deg(observation, profile.score),
    )


def left_out(profile: Profile, limbs: tuple[str, ...]) -> Profile:
    """Return a profile that leaves out limbs, and postures that cannot be taken without them.

    It is the profile itself if nothing would be left of it.
    """
    names = set(limbs)
    feet = any(name.endswith(("foot", "leg", "feet", "knees")) for name in names)
    arms = names & {"elbows", "wrists"} or {"left_arm", "right_arm"} <= names
    hands = "hands" in names or {"left_hand", "right_hand"} <= names
    lost = {
        *(("feet_apart",) if feet else ()),
        *((*ONE_OF_ARMS, "arms_straight") if arms else ()),
        *(OF_HANDS if hands else ()),
    }
    kept = tuple(limit for limit in profile.posture if limit.name not in lost)
    less = replace(profile, without=(*profile.without, *limbs), posture=kept)
    return less if less.points else profile


def allowing(profile: Profile, allowed: Allowed) -> Profile:
    """Return a profile that wants no more than what one person can do."""
    if allowed.without:
        profile = left_out(profile, allowed.without)
    if 0 < allowed.size_minimum < profile.size_minimum:
        profile = replace(profile, size_minimum=allowed.size_minimum)
    return profile


class CheckRunner:
    """Runs the checks on successive observations, with separate limits to enter and to leave.

    A check passes when its value is a little inside the profile's limits, and fails when it is
    outside (for a turn: nearly outside). The direction of a turn and the magnitude of advice have
    hysteresis, too.

    Args:
        learner: of the picture's scale; it outlives one profile.
    """

    def __init__(
        self, profile: Profile, mirrored: bool = False, learner: ScaleLearner | None = None
    ) -> None:
        self.profile, self.mirrored = profile, mirrored
        self.learner = ScaleLearner() if learner is None else learner
        self._darkening = Darkening()
        self._fits = Fits()
        self._use_limits()
        self._before: dict[str, CheckResult] = {}

    @property
    def allowed(self) -> Allowed:
        """What is allowed to this person."""
        return Allowed(
            self.learner.allowances.without,
            self.learner.scale.sits,
            self._fits.size_minimum(self.profile),
        )

    def _use_limits(self) -> None:
        self._uses = self.allowed
        profile = allowing(self.profile, self._uses)
        sure = relaxed(profile, _STAY)
        self._limits = {
            True: replace(profile, facing=sure.facing, looking=sure.looking),
            False: relaxed(profile, ENTER),
        }

    def _allowed(self, observation: Observation, results: list[CheckResult]) -> None:
        """Add what is asked for but once: to stand up, and to show a limb."""
        allowances, now = self.learner.allowances, observation.time_s
        if self.allowed != self._uses:
            self._use_limits()
        allowances.watch(observation.scores > self.profile.score)
        sits = observation.scale.sits and not self.profile.may_sit
        if sits and not allowances.may_sit(now):
            results.append(
                CheckResult("standing", False, 0.0, 1.0, code="stand_up", required=False)
            )
        limits, inside = self._limits[True], inside_of(observation, self._limits[True])
        points = limits.points_in(self.mirrored)
        missing = [i for i in points if not inside[i]]
        if missing and not cut_by_border(observation, limits, self.mirrored)[1]:
            limb = allowances.due(missing, limits, self.mirrored, now)
            if limb:
                results.append(
                    CheckResult("left_out", False, math.nan, code="leave_out", body_part=limb)
                )

    def reset(self) -> None:
        """Forget the last results, for another person or a new start."""
        self._before = {}
        self._darkening = Darkening()
        self._fits = Fits()

    def __call__(self, observation: Observation | None) -> list[CheckResult]:
        """Run the checks as `run_checks`. The last results are kept if nobody is in view, since
        the detector may have missed the person in one frame."""
        if observation is not None:
            observation = observation._replace(scale=self.learner.scale)
            # By the limits to leave, since checks that hold look at the same measures.
            self.learner.watch(place_of(observation, self._limits[True], self.mirrored))
            if self.learner.scale is not observation.scale:
                observation = observation._replace(scale=self.learner.scale)
        results = [somebody(observation)]
        if observation is None and self._darkening.dark:  # they cannot be seen any more
            results = [results[0]._replace(code="more_light")]
        if observation is not None:
            if not observation.at_one_side:  # of who walks out, other parts are measured
                self._darkening.watch(
                    observation.brightness, self.profile.brightness_minimum, observation.time_s
                )
            self._allowed(observation, results)
        for check in checks(self.profile) if observation is not None else ():
            before = self._before.get(check.__name__)
            held = before is not None and before.ok is True
            result = check(observation, self._limits[held], self.mirrored, before)
            if result is None:
                continue
            if result.ok is not None:  # an unknown result changes nothing
                self._before[check.__name__] = result
            results.append(result)
            if check is cut_off and observation is not None:
                here = size(observation, self._limits[True], self.mirrored)
                self._fits.watch(result, here, observation.time_s)
        return results
