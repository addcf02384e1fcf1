# SPDX-License-Identifier: Apache-2.0
"""Checks of the framing: number of people, size, position in the image."""

from __future__ import annotations

import math

from dwpose_ros.guidance.checks.apparent_size import across, reach_of, size
from dwpose_ros.guidance.checks.cut_off import cut_by_border
from dwpose_ros.guidance.checks.result import CheckResult, within
from dwpose_ros.guidance.checks.walking import by_distance, to_the_side
from dwpose_ros.guidance.observation import Observation
from dwpose_ros.guidance.profile import Profile

_WALKS_OUT = 0.4  # offset from the middle, in image widths, at which somebody is at the border
_MEANWHILE_M = 1.6  # a person walks this far before they have heard the next sentence
_NEARLY = 1.15


def somebody(observation: Observation | None) -> CheckResult:
    """There is a person in the image."""
    there = observation is not None
    return CheckResult(
        "somebody", there, float(there), 1.0, unit="people", code="" if there else "step_into_view"
    )


def one_person(
    observation: Observation,
    profile: Profile,
    mirrored: bool = False,
    before: CheckResult | None = None,
) -> CheckResult:
    """The number of people is as wanted; only those of at least half the person's height count."""
    few = math.nan if profile.people == 1 else float(profile.people)  # one person is always there
    return within(
        "one_person",
        float(observation.others + 1),
        few,
        float(profile.people),
        "people",
        "more_people",
        "one_person",
    )


def too_close(
    observation: Observation,
    profile: Profile,
    mirrored: bool = False,
    before: CheckResult | None = None,
) -> CheckResult:
    """The parts are not larger than the profile allows."""
    result = within(
        "too_close",
        size(observation, profile, mirrored),
        maximum=profile.size_maximum,
        high_code="move_back",
    )
    reach = reach_of(observation, profile, mirrored)
    remaining = math.log(max(reach.here, 1e-3) / reach.best) if reach.best > 0 else math.nan
    result = result._replace(track=observation.nearer, remaining=remaining)
    return by_distance(result, observation, profile, mirrored, before)


def too_far(
    observation: Observation,
    profile: Profile,
    mirrored: bool = False,
    before: CheckResult | None = None,
) -> CheckResult:
    """The parts are not smaller than the profile allows."""
    value = size(observation, profile, mirrored)
    result = within("too_far", value, profile.size_minimum, low_code="move_closer")
    if result.ok is not False:
        return result
    result = by_distance(result, observation, profile, mirrored, before)
    aside = centred(observation, profile, mirrored)
    reach = reach_of(observation, profile, mirrored)
    soon = max(reach.best, reach.here - _MEANWHILE_M)
    if aside.ok is False and abs(aside.value) * reach.here / soon > _WALKS_OUT:
        # Coming closer, they would leave the image at its side.
        return result._replace(first="centred")
    return result


def centred(
    observation: Observation,
    profile: Profile,
    mirrored: bool = False,
    before: CheckResult | None = None,
) -> CheckResult:
    """The middle of the parts is near the image's middle; > 0 is towards the image's right.

    For a person who is too close or too far, the position after correcting the distance counts.
    """
    offset = sum(across(observation, profile, mirrored)) / 2 / observation.width - 0.5
    if math.isnan(offset):
        return within("centred", math.nan, -profile.centre, profile.centre)._replace(
            track=observation.aside
        )
    reach = reach_of(observation, profile, mirrored)
    there = offset
    if not math.isnan(reach.here):
        # Wider than the limits of `too_close` and `too_far`, which differ to enter and to leave.
        fits = (
            profile.size_minimum / _NEARLY
            <= size(observation, profile, mirrored)
            <= profile.size_maximum * _NEARLY
        )
        stays = fits and not cut_by_border(observation, profile, mirrored)[1]
        there *= 1.0 if stays else reach.here / reach.best
    result = within("centred", there, -profile.centre, profile.centre)._replace(
        value=offset, track=observation.aside
    )
    if result.ok:
        return result
    return to_the_side(result, offset < 0, abs(offset), observation, profile, mirrored, before)
