# SPDX-License-Identifier: Apache-2.0
"""A person's apparent size, their distance, and the distance at which the picture is right."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from dwpose_ros.core.anthropometry import ABOVE_GROUND, STATURE_M
from dwpose_ros.core.keypoints import FACE, INDEX, LEFT_HAND, RIGHT_HAND
from dwpose_ros.guidance.body_parts import (
    PARTS,
    body_part_points,
    height_of,
    in_image,
    indices,
    points_without,
)
from dwpose_ros.guidance.checks.posture import held_up
from dwpose_ros.guidance.observation import Observation, per_observation
from dwpose_ros.guidance.profile import Profile
from dwpose_ros.guidance.sitting import seated_share

ROAMING = {"wrists", "hands"}  # can be anywhere; if not visible, no border need have cut them off
_RULERS = ("head", "shoulders", "elbows", "hips", "knees", "feet")  # from the top; not hands
_NOSE = INDEX["nose"]
_CHIN = FACE.start + 8
_BODY = FACE.start  # keypoints of body and feet, which come first
_LIDS = tuple(range(FACE.start + 36, FACE.start + 48))  # more exact than the body's two eyes
_EYES = (INDEX["left_eye"], INDEX["right_eye"])
_EARS = (INDEX["left_ear"], INDEX["right_ear"])
_SHOULDERS = (INDEX["left_shoulder"], INDEX["right_shoulder"])
# The distance from the first points to the crown is the distance from the first to the second
# points times the factor: the eyes are in the middle of the head. Shoulders are used if there is
# no chin. The factors follow from the proportions in core/anthropometry.py.
_CROWN = (
    (_LIDS, (_CHIN,), 0.97),
    (_EYES, (_CHIN,), 0.97),
    (_EYES, _SHOULDERS, 0.54),
    (_EARS, _SHOULDERS, 0.70),
)
_EAR_TO_NOSE = 0.068  # of a head from the side, in body heights
_HANDS_APART = 0.55  # outer distance of hands held up before the body, in body heights
_LEAST_ROOM = 0.15  # between the horizon and a border, in heights of the image
_SURE_SDS = 1.5
_ROOM = 1.05  # factor on the distance that is just enough


def shown(body_part: str, profile: Profile, mirrored: bool) -> np.ndarray:
    """Return the keypoints (n,) of a part that must be visible, as the estimator labels them."""
    points = body_part_points(body_part, in_image(profile.side, mirrored))
    if profile.without:
        left_out = points_without(profile.without, mirrored)
        points = tuple(i for i in points if i not in left_out)
    return indices(points)


@per_observation
def seen_in(observation: Observation, profile: Profile) -> np.ndarray:
    """Return (133,) bool: keypoints that score above the profile's threshold."""
    return observation.scores > profile.score


@per_observation
def with_nose(observation: Observation, profile: Profile, mirrored: bool) -> np.ndarray:
    """Return the keypoints (n,) that must be visible, plus the nose of a head from the side if the
    nose is visible or outside the image: it may be occluded, but not cut off by a border."""
    points = profile.points_in(mirrored)
    side = in_image(profile.side, mirrored)
    if "head" not in profile.parts or side not in ("left", "right"):
        return indices(points)
    seen, (ear,) = seen_in(observation, profile), shown("head", profile, mirrored)
    ahead = _EAR_TO_NOSE * _stature(observation, seen, profile, mirrored)
    nose_x = observation.xy[ear, 0] + (ahead if side == "right" else -ahead)
    room = observation.width * profile.margin
    beyond = (
        seen[ear] and not room <= nose_x <= observation.width - room and not math.isnan(nose_x)
    )
    return indices((*points, _NOSE) if beyond or seen[_NOSE] else points)


@per_observation
def size(observation: Observation, profile: Profile, mirrored: bool = False) -> float:
    """Return the height of the profile's parts as a share of the image's height; NaN if unknown.

    If some parts are not visible, the height is estimated from the visible body. Otherwise a
    person whose elbows are hidden, or whose face fills the image, would look small. For a profile
    of hands only, it is the longest side of the larger hand, as hands can be anywhere; if they
    hang down or are not visible, it is estimated from the body, too.
    """
    seen = seen_in(observation, profile)
    points = indices(profile.points_in(mirrored))
    if profile.parts == ("hands",):
        up = held_up(observation, profile, mirrored)
        if up is not None and up.ok is False or not seen[points].any():
            return (
                height_of(profile.parts)
                * _stature(observation, seen, profile, mirrored)
                / observation.height
            )
        hands = [
            observation.seen(range(hand.start, hand.stop), profile.score)
            for hand in (LEFT_HAND, RIGHT_HAND)
        ]
        return (
            max(float(np.ptp(hand, axis=0).max()) for hand in hands if len(hand))
            / observation.height
        )
    face = shown("face", profile, mirrored)
    if len(face) and "face" in profile.parts and seen[face].all():
        # The body's eyes and nose are inside the face, with an error of a sixth of its height.
        points = indices(tuple(i for i in profile.points_in(mirrored) if i not in PARTS["head"]))
    y = observation.xy[points[seen[points]], 1]
    span = float(y.max() - y.min()) if len(y) else 0.0
    ears = profile.parts == ("head",) and _NOSE not in points  # ears alone have no height
    if ears or not all(seen[shown(end, profile, mirrored)].all() for end in _ends(profile)):
        # The visible span is a lower bound.
        whole = _stature(observation, seen, profile, mirrored)
        span = max(_height_of(profile, observation) * whole, span)
    return span / observation.height


def _height_of(profile: Profile, observation: Observation) -> float:
    """Return the share of the person's stature that the profile's parts span."""
    share = seated_share(profile.parts) if observation.scale.sits else 1.0
    return share * height_of(profile.parts)


@lru_cache(maxsize=16)
def _ends(profile: Profile) -> tuple[str, str]:
    """Return the highest and the lowest of the profile's parts."""
    return (
        max(profile.parts, key=lambda p: ABOVE_GROUND[p][1]),
        min(profile.parts, key=lambda p: ABOVE_GROUND[p][0]),
    )


def _stature(
    observation: Observation, seen: np.ndarray, profile: Profile, mirrored: bool
) -> float:
    """Estimate the person's full height from the visible keypoints (133,), px; NaN if unknown."""
    there, y = (
        seen[:_BODY].tolist(),
        observation.xy[:_BODY, 1].tolist(),
    )  # faster than numpy for so few
    side = in_image(profile.side, mirrored)
    rulers = []
    for body_part in _RULERS[: -2 if observation.scale.sits else None]:  # not knees and feet
        if body_part == "elbows" and _lifts_arms(profile):
            continue
        points = body_part_points(body_part, side)
        at = [y[i] for i in points if there[i]]
        if at and (body_part != "feet" or len(at) == len(points)):
            rulers.append((sum(ABOVE_GROUND[body_part]) / 2, sum(at) / len(at)))
    if len(rulers) > 1:
        (high, top), (low, bottom) = rulers[0], rulers[-1]
        return (bottom - top) / (high - low)
    face = shown("face", profile, mirrored)
    if len(face) and seen[face].all():
        low, high = ABOVE_GROUND["face"]
        return float(np.ptp(observation.xy[face, 1])) / (high - low)
    return math.nan


def _lifts_arms(profile: Profile) -> bool:
    """Whether the profile asks for raised arms, so that elbows are no measure of height."""
    return profile.parts == ("hands",) or any(map(profile.posture_limit, ("arms_side", "arms_up")))


class Reach(NamedTuple):
    """The person's distance, and the limits of it, m; NaN if unknown."""

    here: float
    near: float  # smallest distance with the right size and nothing cut off
    far: float  # largest distance with the right size

    @property
    def best(self) -> float:
        """The middle of the limits."""
        return (self.near + self.far) / 2


@per_observation
def reach_of(observation: Observation, profile: Profile, mirrored: bool) -> Reach:
    """Estimate the distances from the apparent size, for an adult's stature."""
    value = size(observation, profile, mirrored)
    stature = value * observation.height / _height_of(profile, observation)
    focal = observation.scale.focal * observation.width
    here = STATURE_M * focal / max(stature, 1.0) if stature > 0 else math.nan
    near, far = (
        here * value / max(limit, 1e-3) for limit in (profile.size_maximum, profile.size_minimum)
    )
    least, most = _whole_between(observation, profile, mirrored, stature)
    if near < here * least:
        near = min(here * least, far)
    if far > here * most:
        far = max(here * most, near)
    return Reach(here, near, far)


def _whole_between(
    observation: Observation, profile: Profile, mirrored: bool, stature: float
) -> tuple[float, float]:
    """Return between which factors on their distance the person is complete in the image.

    These are for the top and the bottom border, or for the sides with hands; the first is NaN if
    unknown. Moving away moves all points towards the horizon. It is outside the image if the
    camera is tilted much: then going away moves the head out of the image, or what is below.
    """
    if profile.parts == ("hands",):
        return _spread(observation, profile, mirrored, stature), math.inf
    seen = seen_in(observation, profile)
    ruler = next((p for p in _RULERS if seen[shown(p, profile, mirrored)].any()), None)
    parts = [p for p in profile.parts if p not in ROAMING]
    if ruler is None or not parts:
        return math.nan, math.inf
    points = shown(ruler, profile, mirrored)
    at = float(observation.xy[points[seen[points]], 1].mean())
    level = sum(ABOVE_GROUND[ruler]) / 2
    highest = max(1.0 if p in ("head", "face") else ABOVE_GROUND[p][1] for p in parts)
    lowest = min(ABOVE_GROUND[p][0] for p in parts)
    top, bottom = at - (highest - level) * stature, at + (level - lowest) * stature
    scale, height = observation.scale, observation.height
    # What the horizon may be: only what is certain keeps a person from where they should go.
    found = [
        _between(horizon, top / height, bottom / height, profile.margin)
        for horizon in (scale.horizon - scale.horizon_sd, scale.horizon + scale.horizon_sd)
    ]
    return min(least for least, _ in found), max(most for _, most in found)


def horizon_is_inside(observation: Observation) -> bool:
    """Whether the horizon is certain to be well inside the image: the camera is tilted little."""
    row, off = observation.scale.horizon, _SURE_SDS * observation.scale.horizon_sd
    return _LEAST_ROOM <= row - off and row + off <= 1 - _LEAST_ROOM


def _between(horizon: float, top: float, bottom: float, margin: float) -> tuple[float, float]:
    """Return the same for a span of rows, in heights of the image, and one horizon."""
    above, below = horizon - margin, 1 - margin - horizon
    least = max(
        (horizon - top) / max(above, _LEAST_ROOM), (bottom - horizon) / max(below, _LEAST_ROOM)
    )
    most = math.inf
    if above < -_LEAST_ROOM:  # all of the image is below the horizon
        most = (top - horizon) / -above
    elif below < -_LEAST_ROOM:
        most = (horizon - bottom) / -below
    return least * _ROOM, max(most, 0.0) / _ROOM


@per_observation
def across(observation: Observation, profile: Profile, mirrored: bool) -> tuple[float, float]:
    """Return the left and right end of the profile's visible parts, px; NaN if none is visible.

    A hand outside the image counts as well; it is assumed as far from the person's middle as the
    other one.
    """
    points = observation.seen(with_nose(observation, profile, mirrored), profile.score)
    if not len(points):
        return math.nan, math.nan
    left, right = float(points[:, 0].min()), float(points[:, 0].max())
    hand = _hand_beyond(observation, profile) if "hands" in profile.parts else math.nan
    return min(left, hand), max(right, hand)  # min and max ignore a NaN that comes second


@per_observation
def _hand_beyond(observation: Observation, profile: Profile) -> float:
    """Return the outer end of an invisible hand, px, if it is beyond the left or right border.

    NaN if it is not or is unknown, and for pictures from the side, where one hand is enough."""
    seen = seen_in(observation, profile)
    hands = [seen[hand.start : hand.stop] for hand in (LEFT_HAND, RIGHT_HAND)]
    centre = next((p for p in (_SHOULDERS, PARTS["head"]) if seen[list(p)].all()), None)
    one_is_seen = hands[0].any() != hands[1].any()
    lacks = any(limb.endswith(("hand", "arm")) for limb in profile.without)
    if centre is None or not one_is_seen or lacks or profile.side in ("left", "right"):
        return math.nan
    there = LEFT_HAND if hands[0].any() else RIGHT_HAND
    middle = float(observation.xy[list(centre), 0].mean())
    ends = 2 * middle - observation.seen(range(there.start, there.stop), profile.score)[:, 0]
    end = float(ends[np.argmax(np.abs(ends - middle))])
    room = observation.width * profile.margin
    return math.nan if room <= end <= observation.width - room else end


def _spread(observation: Observation, profile: Profile, mirrored: bool, stature: float) -> float:
    """Return from which factor on their distance on hands fit between the sides of the image.

    For hands that are not visible it is estimated. A person who has to move to the middle is
    assumed to be there.
    """
    points = indices(profile.points_in(mirrored))
    if seen_in(observation, profile)[points].all() or not math.isnan(
        _hand_beyond(observation, profile)
    ):
        left, right = across(observation, profile, mirrored)
    else:
        left, right = (
            observation.box[[0, 2]].mean() + np.array([-0.5, 0.5]) * _HANDS_APART * stature
        )
    aside = abs((left + right) / observation.width - 1)  # of half the width
    aside = 0.0 if aside / 2 > profile.centre else aside
    return _ROOM * float((right - left) / observation.width + aside) / (1 - 2 * profile.margin)


def sticks_out(observation: Observation, profile: Profile, mirrored: bool) -> bool:
    """Whether, going by the visible parts, the others are above or below the image."""
    value = size(observation, profile, mirrored)
    stature = value * observation.height / _height_of(profile, observation)
    return _whole_between(observation, profile, mirrored, stature)[0] > _ROOM


def crown(observation: Observation, threshold: float) -> float:
    """Estimate the y of the top of the head, px, which no keypoint marks; NaN if unknown."""
    for upper, lower, share in _CROWN:
        if (observation.scores[[*upper, *lower]] > threshold).all():
            top = float(observation.xy[list(upper), 1].mean())
            return top - share * (float(observation.xy[list(lower), 1].mean()) - top)
    return math.nan
