# SPDX-License-Identifier: Apache-2.0
"""Checks that the body parts are inside the image: no border cuts them off, nothing hides them."""

from __future__ import annotations

import math

import numpy as np

from dwpose_ros.core.anthropometry import ABOVE_GROUND
from dwpose_ros.core.person_poses import valid_boxes
from dwpose_ros.guidance.body_parts import PARTS, indices
from dwpose_ros.guidance.checks.apparent_size import (
    ROAMING,
    across,
    crown,
    horizon_is_inside,
    reach_of,
    seen_in,
    shown,
    sticks_out,
    with_nose,
)
from dwpose_ros.guidance.checks.result import LITTLE, CheckResult, steps
from dwpose_ros.guidance.checks.walking import to_the_side
from dwpose_ros.guidance.observation import Observation, per_observation
from dwpose_ros.guidance.profile import Profile

_CUT_M = 1.5  # way back if all points are cut off and the distance is unknown


@per_observation
def inside_of(observation: Observation, profile: Profile) -> np.ndarray:
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
    share, where_to = cut_by_border(observation, profile, mirrored)
    result = CheckResult("cut_off", not where_to, share, 1.0)
    if not where_to:
        return result
    reach = reach_of(observation, profile, mirrored)
    # How far away a hand outside the image is, is unknown; stepping back brings all to the middle.
    draws_back = (
        profile.parts == ("hands",) and reach.best - reach.here > LITTLE * observation.scale.step_m
    )
    if where_to != "back" and not draws_back:
        left, right = across(observation, profile, mirrored)
        left, right = np.fmin(left, observation.box[0]), np.fmax(right, observation.box[2])
        aside = abs(float(left + right) / 2 / observation.width - 0.5)
        return to_the_side(
            result, where_to == "right", aside, observation, profile, mirrored, before
        )
    way = (1 - share) * _CUT_M if math.isnan(reach.here) else reach.best - reach.here
    # Going away moves everything towards the horizon. It does not help before a camera that is
    # tilted so much that the horizon is outside the image.
    closer = way < 0 and not horizon_is_inside(observation)
    code = observation.scale.on_wheels("move_closer" if closer else "move_back")
    way = way if closer else max(way, 0.0)
    return result._replace(code=code, **steps(abs(way), code, before, observation.scale))


@per_observation
def cut_by_border(observation: Observation, profile: Profile, mirrored: bool) -> tuple[float, str]:
    """Find the border that cuts parts off.

    The crown of the head counts as one more point.

    Returns:
        The share of points visible inside the image, and where to go: "back", or "left" or
        "right" in the image; empty if no border cuts parts off. Parts that are missing for another
        reason are reported by `visible`.
    """
    inside = inside_of(observation, profile)
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
        else _border_to_leave(
            observation, profile, inside, missing, cropped, across(observation, profile, mirrored)
        )
    )
    if not where_to and missing and sticks_out(observation, profile, mirrored):
        where_to = "back"
    return share, where_to


def _border_to_leave(
    observation: Observation,
    profile: Profile,
    inside: np.ndarray,
    missing: list,
    cropped: bool,
    ends: tuple[float, float],
) -> str:
    """Return where to go, as `cut_by_border`; empty if no border cuts parts off."""
    if cropped:
        return "back"
    # Use visible points and the box, which may reach further than the points.
    points = observation.xy[seen_in(observation, profile)]
    if valid_boxes(observation.box[None])[0]:
        points = np.vstack([points, observation.box.reshape(2, 2)])
    if not len(points):
        return ""
    (left, top), (right, bottom) = points.min(0), points.max(0)
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


def visible(
    observation: Observation,
    profile: Profile,
    mirrored: bool = False,
    before: CheckResult | None = None,
) -> CheckResult:
    """All parts are visible; the instruction names the first that is not. Value: visible share."""
    inside = inside_of(observation, profile)
    missing = [p for p in profile.parts if not inside[shown(p, profile, mirrored)].all()]
    share = 1 - len(missing) / len(profile.parts)
    return CheckResult(
        "visible",
        not missing,
        share,
        1.0,
        code="show" if missing else "",
        body_part=missing[0] if missing else "",
    )
