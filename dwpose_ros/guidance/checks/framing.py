"""Checks of where the person is in the image: how many, how large, cut off, in the middle."""

from __future__ import annotations

import math

import numpy as np

from dwpose_ros.core.anthropometry import ABOVE_GROUND, FOCAL
from dwpose_ros.guidance.body_parts import in_image, indices
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
from dwpose_ros.guidance.profile import PARTS, Profile

# Advice about a way to go is in steps to the middle of what is allowed: who stops at its edge is
# soon told again. How far away somebody is comes from an adult's height and a camera of 60 degrees
# across: another camera, or a child, changes the number, not the direction.
_WALKS_OUT = 0.4  # so far from the middle, in widths, somebody is at the image's border
_CUT_M = 1.5  # where that cannot be told: the way back if all points are cut off
_NEAR_M = 1.0  # and how far away is who fills the image
_MEANWHILE_M = 1.6  # so far somebody walks before they have heard the next sentence
_NEARLY = 1.15


def somebody(view: Observation | None) -> CheckResult:
    """Anybody at all."""
    there = view is not None
    return CheckResult(
        "somebody", there, float(there), 1.0, unit="people", code="" if there else "step_into_view"
    )


def one_person(
    view: Observation, profile: Profile, mirrored: bool = False, before: CheckResult | None = None
) -> CheckResult:
    """As many people as are wanted, each of at least half the person's height."""
    few = math.nan if profile.people == 1 else float(profile.people)  # one of them is followed
    return within(
        "one_person",
        float(view.others + 1),
        few,
        float(profile.people),
        "people",
        "more_people",
        "one_person",
    )


def too_close(
    view: Observation, profile: Profile, mirrored: bool = False, before: CheckResult | None = None
) -> CheckResult:
    """The parts are not larger than the profile wants."""
    verdict = within(
        "too_close",
        size(view, profile, mirrored),
        maximum=profile.size_maximum,
        high_code="move_back",
    )._replace(track=view.nearer)
    return _by_distance(verdict, view, profile, mirrored, before)


def too_far(
    view: Observation, profile: Profile, mirrored: bool = False, before: CheckResult | None = None
) -> CheckResult:
    """The parts are not smaller than the profile wants."""
    value = size(view, profile, mirrored)
    verdict = within("too_far", value, profile.size_minimum, low_code="move_closer")
    if verdict.ok is not False:
        return verdict
    verdict = _by_distance(verdict, view, profile, mirrored, before)
    aside = centred(view, profile, mirrored)
    reach = reach_of(view, profile, mirrored)
    soon = max(reach.best, reach.here - _MEANWHILE_M)
    if aside.ok is False and abs(aside.value) * reach.here / soon > _WALKS_OUT:
        # Coming closer they would leave the image at its side.
        return verdict._replace(first="centred")
    return verdict


def _by_distance(
    verdict: CheckResult,
    view: Observation,
    profile: Profile,
    mirrored: bool,
    before: CheckResult | None,
) -> CheckResult:
    """With the way to where the picture is best."""
    if verdict.ok is not False:
        return verdict
    reach = reach_of(view, profile, mirrored)
    return verdict._replace(**steps(abs(reach.best - reach.here), verdict.code, before))


@per_view
def _inside(view: Observation, profile: Profile) -> np.ndarray:
    """(133,) bool: seen, and inside the image with the profile's margin."""
    x, y = view.xy.T
    room_x, room_y = view.width * profile.margin, view.height * profile.margin
    inside = (
        seen_in(view, profile)
        & (x >= room_x)
        & (x <= view.width - room_x)
        & (y >= room_y)
        & (y <= view.height - room_y)
    )
    if view.box[3] >= view.height - room_y:
        inside[indices(PARTS["feet"])] = False  # the body goes on below: the network invents legs
    return inside


def cut_off(
    view: Observation, profile: Profile, mirrored: bool = False, before: CheckResult | None = None
) -> CheckResult:
    """No border cuts the parts off. The value is the share of points seen inside the image."""
    share, where_to = _cut(view, profile, mirrored)
    verdict = CheckResult("cut_off", not where_to, share, 1.0)
    if not where_to:
        return verdict
    reach = reach_of(view, profile, mirrored)
    # A hand that is not in the image: who knows how far. Further away all is nearer to the middle.
    draws_back = profile.parts == ("hands",) and reach.best - reach.here > LITTLE_M
    if where_to != "back" and not draws_back:
        left, right = across(view, profile, mirrored)
        left, right = np.fmin(left, view.box[0]), np.fmax(right, view.box[2])
        aside = abs(float(left + right) / 2 / view.width - 0.5)
        return _aside(verdict, where_to == "right", aside, view, profile, mirrored, before)
    way = (1 - share) * _CUT_M if math.isnan(reach.here) else max(reach.best - reach.here, 0.0)
    return verdict._replace(code="move_back", **steps(way, "move_back", before))


@per_view
def _cut(view: Observation, profile: Profile, mirrored: bool) -> tuple[float, str]:
    """The share of points seen inside the image, and where to go from the border that cuts parts
    off: back, or the image's left or right; empty where none does, and `visible` tells the rest.

    A head is whole with its crown, which counts as one more point.
    """
    inside = _inside(view, profile)
    cropped = bool({"head", "face"} & set(profile.parts)) and (
        crown(view, profile.score) < view.height * profile.margin
    )
    points = with_nose(view, profile, mirrored)
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
        else _cut_by(view, profile, inside, missing, cropped, across(view, profile, mirrored))
    )
    if not where_to and missing and sticks_out(view, profile, mirrored):
        where_to = "back"
    return share, where_to


def _cut_by(
    view: Observation,
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
    extent = np.vstack([view.xy[seen_in(view, profile)], view.box.reshape(2, 2)])
    (left, top), (right, bottom) = extent.min(0), extent.max(0)
    room_x, room_y = view.width * profile.margin, view.height * profile.margin
    cut_left = min(left, ends[0]) <= room_x  # which a NaN is not
    cut_right = max(right, ends[1]) >= view.width - room_x
    # Above and below the image is only what lies higher or lower than all that is inside: the
    # elbows of somebody whose hips are in view are behind their back, not below the border.
    there = [
        ABOVE_GROUND[p] for p in PARTS if p not in ROAMING and inside[indices(PARTS[p])].any()
    ]
    cut_top = bool(missing) and top <= room_y and max(missing) >= max(there, default=(0, 0))
    cut_bottom = (
        bool(missing)
        and bottom >= view.height - room_y
        and (min(missing) <= min(there, default=(1, 1)))
    )
    if cut_top or cut_bottom or (cut_left and cut_right):
        return "back"
    return "right" if cut_left else "left" if cut_right else ""


def _aside(
    verdict: CheckResult,
    right: bool,
    share: float,
    view: Observation,
    profile: Profile,
    mirrored: bool,
    before: CheckResult | None,
) -> CheckResult:
    """Advice to go towards the image's right, or left, by a share of its width, in the person's
    own words for it.

    Who is not turned as they are to be turns first: left and right would mislead them.
    """
    turned = facing(view, profile, mirrored)
    first = "facing" if turned is not None and turned.ok is False else ""
    side = in_image(profile.side, mirrored)
    if side in ("left", "right"):  # they look along the image
        code = "move_forward" if right == (side == "right") else "move_backward"
    else:
        code = f"move_{sideways(right, mirrored != (side == 'back'))}"
    here = reach_of(view, profile, mirrored).here
    way = share / FOCAL * (_NEAR_M if math.isnan(here) else here)
    return verdict._replace(code=code, first=first, **steps(way, code, before))


def visible(
    view: Observation, profile: Profile, mirrored: bool = False, before: CheckResult | None = None
) -> CheckResult:
    """Every part is seen; the instruction names the first that is not. The value: their share."""
    inside = _inside(view, profile)
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
    view: Observation, profile: Profile, mirrored: bool = False, before: CheckResult | None = None
) -> CheckResult:
    """The middle of the parts is near the image's middle; > 0 is towards the image's right.

    For who is too close or too far it is where the middle will be once they are not.
    """
    offset = sum(across(view, profile, mirrored)) / 2 / view.width - 0.5
    if math.isnan(offset):
        return within("centred", math.nan, -profile.centre, profile.centre)._replace(
            track=view.aside
        )
    reach = reach_of(view, profile, mirrored)
    there = offset
    if not math.isnan(reach.here):
        # Well within where size alone asks them to move: the limits to enter and to leave differ.
        fits = (
            profile.size_minimum / _NEARLY
            <= size(view, profile, mirrored)
            <= profile.size_maximum * _NEARLY
        )
        stays = fits and not _cut(view, profile, mirrored)[1]
        there *= 1.0 if stays else reach.here / reach.best
    verdict = within("centred", there, -profile.centre, profile.centre)._replace(
        value=offset, track=view.aside
    )
    if verdict.ok:
        return verdict
    return _aside(verdict, offset < 0, abs(offset), view, profile, mirrored, before)
