# SPDX-License-Identifier: Apache-2.0
"""Checks of the framing: number of people, size, cut off parts, position in the image."""

from __future__ import annotations

import math

import numpy as np

from dwpose_ros.core.anthropometry import ABOVE_GROUND, FOCAL
from dwpose_ros.guidance.body_parts import PARTS, in_image, indices
from dwpose_ros.guidance.checks.apparent_size import (
    ROAMING,
    across,
    crown,
    per_observation,
    reach_of,
    seen_in,
    shown,
    size,
    sticks_out,
    with_nose,
)
from dwpose_ros.guidance.checks.facing import facing
from dwpose_ros.guidance.checks.result import LITTLE_M, CheckResult, sideways, steps, within
from dwpose_ros.guidance.observation import Observation
from dwpose_ros.guidance.profile import Profile

# Advice to walk is given in steps to the middle of the allowed range, since a person who stops at
# its edge would soon be told to move again. Distances assume an adult and a horizontal field of
# view of 60 degrees. A child or another camera changes the number of steps, not the direction.
_WALKS_OUT = 0.4  # offset from the middle, in image widths, at which somebody is at the border
_CUT_M = 1.5  # way back if all points are cut off and the distance is unknown
_NEAR_M = 1.0  # distance assumed for a person who fills the image
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
    )._replace(track=observation.nearer)
    return _by_distance(result, observation, profile, mirrored, before)


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
    result = _by_distance(result, observation, profile, mirrored, before)
    aside = centred(observation, profile, mirrored)
    reach = reach_of(observation, profile, mirrored)
    soon = max(reach.best, reach.here - _MEANWHILE_M)
    if aside.ok is False and abs(aside.value) * reach.here / soon > _WALKS_OUT:
        # Coming closer, they would leave the image at its side.
        return result._replace(first="centred")
    return result


def _by_distance(
    result: CheckResult,
    observation: Observation,
    profile: Profile,
    mirrored: bool,
    before: CheckResult | None,
) -> CheckResult:
    """Add the number of steps to the best distance."""
    if result.ok is not False:
        return result
    reach = reach_of(observation, profile, mirrored)
    return result._replace(**steps(abs(reach.best - reach.here), result.code, before))


@per_observation
def _inside(observation: Observation, profile: Profile) -> np.ndarray:
    """Return (133,) bool: visible, and inside the image with the profile's margin."""
    x, y = observation.xy.T
    room_x, room_y = observation.width * profile.margin, observation.height * profile.margin
    inside = (
        seen_in(observation, profile)
        & (x >= room_x)
        & (x <= observation.width - room_x)
        & (y >= room_y)
        & (y <= observation.height - room_y)
    )
    if observation.box[3] >= observation.height - room_y:
        inside[indices(PARTS["feet"])] = False  # cut off; the network guesses feet
    return inside


def cut_off(
    observation: Observation,
    profile: Profile,
    mirrored: bool = False,
    before: CheckResult | None = None,
) -> CheckResult:
    """No border cuts parts off. The value is the share of points visible inside the image."""
    share, where_to = _cut(observation, profile, mirrored)
    result = CheckResult("cut_off", not where_to, share, 1.0)
    if not where_to:
        return result
    reach = reach_of(observation, profile, mirrored)
    # How far away a hand outside the image is, is unknown; stepping back brings all to the middle.
    draws_back = profile.parts == ("hands",) and reach.best - reach.here > LITTLE_M
    if where_to != "back" and not draws_back:
        left, right = across(observation, profile, mirrored)
        left, right = np.fmin(left, observation.box[0]), np.fmax(right, observation.box[2])
        aside = abs(float(left + right) / 2 / observation.width - 0.5)
        return _aside(result, where_to == "right", aside, observation, profile, mirrored, before)
    way = (1 - share) * _CUT_M if math.isnan(reach.here) else max(reach.best - reach.here, 0.0)
    return result._replace(code="move_back", **steps(way, "move_back", before))


@per_observation
def _cut(observation: Observation, profile: Profile, mirrored: bool) -> tuple[float, str]:
    """Find the border that cuts parts off.

    The crown of the head counts as one more point.

    Returns:
        The share of points visible inside the image, and where to go: "back", or "left" or
        "right" in the image; empty if no border cuts parts off. Parts that are missing for another
        reason are reported by `visible`.
    """
    inside = _inside(observation, profile)
    cropped = bool({"head", "face"} & set(profile.parts)) and (
        crown(observation, profile.score) < observation.height * profile.margin
    )
    points = with_nose(observation, profile, mirrored)
    share = float(inside[points].sum()) / (len(points) + cropped)
    missing = [
        ABOVE_GROUND[p]
        for p in profile.parts
        if p not in ROAMING and not inside[shown(p, profile, mirrored)].all()
    ]
    whole = inside[points].all() and not cropped
    where_to = (
        ""
        if whole
        else _cut_by(
            observation, profile, inside, missing, cropped, across(observation, profile, mirrored)
        )
    )
    if not where_to and missing and sticks_out(observation, profile, mirrored):
        where_to = "back"
    return share, where_to


def _cut_by(
    observation: Observation,
    profile: Profile,
    inside: np.ndarray,
    missing: list,
    cropped: bool,
    ends: tuple[float, float],
) -> str:
    """Return where to go from the border that cuts parts off, as `_cut`; empty if none does."""
    if cropped:
        return "back"
    # Use visible points and the box, which may extend further than the points.
    extent = np.vstack(
        [observation.xy[seen_in(observation, profile)], observation.box.reshape(2, 2)]
    )
    (left, top), (right, bottom) = extent.min(0), extent.max(0)
    room_x, room_y = observation.width * profile.margin, observation.height * profile.margin
    cut_left = min(left, ends[0]) <= room_x  # False for NaN
    cut_right = max(right, ends[1]) >= observation.width - room_x
    # A part is above or below the image only if it is higher or lower than all parts inside: if a
    # person's hips are in view, missing elbows are behind the back, not below the border.
    there = [
        ABOVE_GROUND[p] for p in PARTS if p not in ROAMING and inside[indices(PARTS[p])].any()
    ]
    cut_top = bool(missing) and top <= room_y and max(missing) >= max(there, default=(0, 0))
    cut_bottom = (
        bool(missing)
        and bottom >= observation.height - room_y
        and (min(missing) <= min(there, default=(1, 1)))
    )
    if cut_top or cut_bottom or (cut_left and cut_right):
        return "back"
    return "right" if cut_left else "left" if cut_right else ""


def _aside(
    result: CheckResult,
    right: bool,
    share: float,
    observation: Observation,
    profile: Profile,
    mirrored: bool,
    before: CheckResult | None,
) -> CheckResult:
    """Advise to move towards the image's right or left by a share of its width.

    The instruction is from the person's point of view. A person who is not turned as wanted turns
    first, since left and right would be misleading.
    """
    turned = facing(observation, profile, mirrored)
    first = "facing" if turned is not None and turned.ok is False else ""
    side = in_image(profile.side, mirrored)
    if side in ("left", "right"):  # the person faces along the image plane
        code = "move_forward" if right == (side == "right") else "move_backward"
    else:
        code = f"move_{sideways(right, mirrored != (side == 'back'))}"
    here = reach_of(observation, profile, mirrored).here
    way = share / FOCAL * (_NEAR_M if math.isnan(here) else here)
    return result._replace(code=code, first=first, **steps(way, code, before))


def visible(
    observation: Observation,
    profile: Profile,
    mirrored: bool = False,
    before: CheckResult | None = None,
) -> CheckResult:
    """All parts are visible; the instruction names the first that is not. Value: visible share."""
    inside = _inside(observation, profile)
    missing = [p for p in profile.parts if not inside[shown(p, profile, mirrored)].all()]
    share = 1 - len(missing) / len(profile.parts)
    return CheckResult(
        "visible",
        not missing,
        share,
        1.0,
        code="show" if missing else "",
        part=missing[0] if missing else "",
    )


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
        stays = fits and not _cut(observation, profile, mirrored)[1]
        there *= 1.0 if stays else reach.here / reach.best
    result = within("centred", there, -profile.centre, profile.centre)._replace(
        value=offset, track=observation.aside
    )
    if result.ok:
        return result
    return _aside(result, offset < 0, abs(offset), observation, profile, mirrored, before)
