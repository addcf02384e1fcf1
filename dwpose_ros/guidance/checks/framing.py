# SPDX-License-Identifier: Apache-2.0
"""Checks of where the person is in the image: how many, how large, cut off, in the middle."""

from __future__ import annotations

import math

import numpy as np

from dwpose_ros.core.anthropometry import ABOVE_GROUND, FOCAL
from dwpose_ros.guidance.body_parts import PARTS, in_image, indices
from dwpose_ros.guidance.checks.apparent_size import (
    ROAMING,
    across,
    crown,
    per_view,
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

# Advice about a way to go is in steps to the middle of what is allowed: who stops at its edge is
# soon told again. How far away somebody is comes from an adult's height and a camera of 60 degrees
# across: another camera, or a child, changes the number, not the direction.
_WALKS_OUT = 0.4  # so far from the middle, in widths, somebody is at the image's border
_CUT_M = 1.5  # where that cannot be told: the way back if all points are cut off
_NEAR_M = 1.0  # and how far away is who fills the image
_MEANWHILE_M = 1.6  # so far somebody walks before they have heard the next sentence
_NEARLY = 1.15


def somebody(observation: Observation | None) -> CheckResult:
    """Anybody at all."""
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
    """As many people as are wanted, each of at least half the person's height."""
    few = math.nan if profile.people == 1 else float(profile.people)  # one of them is followed
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
    """The parts are not larger than the profile wants."""
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
    """The parts are not smaller than the profile wants."""
    value = size(observation, profile, mirrored)
    result = within("too_far", value, profile.size_minimum, low_code="move_closer")
    if result.ok is not False:
        return result
    result = _by_distance(result, observation, profile, mirrored, before)
    aside = centred(observation, profile, mirrored)
    reach = reach_of(observation, profile, mirrored)
    soon = max(reach.best, reach.here - _MEANWHILE_M)
    if aside.ok is False and abs(aside.value) * reach.here / soon > _WALKS_OUT:
        # Coming closer they would leave the image at its side.
        return result._replace(first="centred")
    return result


def _by_distance(
    result: CheckResult,
    observation: Observation,
    profile: Profile,
    mirrored: bool,
    before: CheckResult | None,
) -> CheckResult:
    """With the way to where the picture is best."""
    if result.ok is not False:
        return result
    reach = reach_of(observation, profile, mirrored)
    return result._replace(**steps(abs(reach.best - reach.here), result.code, before))


@per_view
def _inside(observation: Observation, profile: Profile) -> np.ndarray:
    """(133,) bool: seen, and inside the image with the profile's margin."""
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
        inside[indices(PARTS["feet"])] = False  # the body goes on below: the network invents legs
    return inside


def cut_off(
    observation: Observation,
    profile: Profile,
    mirrored: bool = False,
    before: CheckResult | None = None,
) -> CheckResult:
    """No border cuts the parts off. The value is the share of points seen inside the image."""
    share, where_to = _cut(observation, profile, mirrored)
    result = CheckResult("cut_off", not where_to, share, 1.0)
    if not where_to:
        return result
    reach = reach_of(observation, profile, mirrored)
    # A hand that is not in the image: who knows how far. Further away all is nearer to the middle.
    draws_back = profile.parts == ("hands",) and reach.best - reach.here > LITTLE_M
    if where_to != "back" and not draws_back:
        left, right = across(observation, profile, mirrored)
        left, right = np.fmin(left, observation.box[0]), np.fmax(right, observation.box[2])
        aside = abs(float(left + right) / 2 / observation.width - 0.5)
        return _aside(result, where_to == "right", aside, observation, profile, mirrored, before)
    way = (1 - share) * _CUT_M if math.isnan(reach.here) else max(reach.best - reach.here, 0.0)
    return result._replace(code="move_back", **steps(way, "move_back", before))


@per_view
def _cut(observation: Observation, profile: Profile, mirrored: bool) -> tuple[float, str]:
    """The share of points seen inside the image, and where to go from the border that cuts parts
    off: back, or the image's left or right; empty where none does, and `visible` tells the rest.

    A head is whole with its crown, which counts as one more point.
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
    """Where to go from the border that cuts: back, or the image's left or right; empty where none
    does."""
    if cropped:
        return "back"
    # Which border? Points that are seen tell best, but the box may reach further than they do.
    extent = np.vstack(
        [observation.xy[seen_in(observation, profile)], observation.box.reshape(2, 2)]
    )
    (left, top), (right, bottom) = extent.min(0), extent.max(0)
    room_x, room_y = observation.width * profile.margin, observation.height * profile.margin
    cut_left = min(left, ends[0]) <= room_x  # which a NaN is not
    cut_right = max(right, ends[1]) >= observation.width - room_x
    # Above and below the image is only what lies higher or lower than all that is inside: the
    # elbows of somebody whose hips are in view are behind their back, not below the border.
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
    """Advice to go towards the image's right, or left, by a share of its width, in the person's
    own words for it.

    Who is not turned as they are to be turns first: left and right would mislead them.
    """
    turned = facing(observation, profile, mirrored)
    first = "facing" if turned is not None and turned.ok is False else ""
    side = in_image(profile.side, mirrored)
    if side in ("left", "right"):  # they look along the image
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
    """Every part is seen; the instruction names the first that is not. The value: their share."""
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

    For who is too close or too far it is where the middle will be once they are not.
    """
    offset = sum(across(observation, profile, mirrored)) / 2 / observation.width - 0.5
    if math.isnan(offset):
        return within("centred", math.nan, -profile.centre, profile.centre)._replace(
            track=observation.aside
        )
    reach = reach_of(observation, profile, mirrored)
    there = offset
    if not math.isnan(reach.here):
        # Well within where size alone asks them to move: the limits to enter and to leave differ.
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
