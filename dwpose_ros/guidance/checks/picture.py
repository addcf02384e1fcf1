# SPDX-License-Identifier: Apache-2.0
"""Checks of the picture itself: light, sharpness, stillness."""

from __future__ import annotations

import math

from dwpose_ros.guidance.checks.result import CheckResult, within
from dwpose_ros.guidance.observation import Observation
from dwpose_ros.guidance.profile import Profile


def light(
    observation: Observation,
    profile: Profile,
    mirrored: bool = False,
    before: CheckResult | None = None,
) -> CheckResult:
    """The person is neither too dark nor too bright; unknown without a measurement."""
    return within(
        "light",
        observation.brightness,
        profile.brightness_minimum,
        profile.brightness_maximum,
        "1",
        "more_light",
        "less_light",
    )._replace(required=False)


def sharp(
    observation: Observation,
    profile: Profile,
    mirrored: bool = False,
    before: CheckResult | None = None,
) -> CheckResult:
    """The image is not blurred; unknown without a measurement."""
    return within(
        "sharp", observation.sharpness, profile.sharpness_minimum, math.nan, "1", "clean_lens"
    )._replace(required=False)


def still(
    observation: Observation,
    profile: Profile,
    mirrored: bool = False,
    before: CheckResult | None = None,
) -> CheckResult:
    """The person and their visible hands do not move.

    Unknown in the first frame, and if frames are too far apart."""
    body, hands = (
        within("still", speed, maximum=most, unit="1/s", high_code="keep_still")
        for speed, most in (
            (observation.speed, profile.still),
            (observation.hands, profile.still_hands),
        )
    )
    return hands if hands.ok is False and body.ok is not False else body
