# SPDX-License-Identifier: Apache-2.0
"""How large somebody is in the image, how far away, and how far away they should be."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from dwpose_ros.core.anthropometry import ABOVE_GROUND, FOCAL, STATURE_M
from dwpose_ros.core.keypoints import FACE, INDEX, LEFT_HAND, RIGHT_HAND
from dwpose_ros.guidance.body_parts import PARTS, height_of, in_image, indices, part_points
from dwpose_ros.guidance.checks.posture import held_up
from dwpose_ros.guidance.observation import Observation
from dwpose_ros.guidance.profile import Profile

ROAMING = {"wrists", "hands"}  # may be anywhere: no border is to blame when they are not seen
_RULERS = ("head", "shoulders", "elbows", "hips", "knees", "feet")  # from the top; hands move
_NOSE = INDEX["nose"]
_CHIN = FACE.start + 8
_BODY = 23  # points of the body with its feet, which come first
_LIDS = tuple(range(FACE.start + 36, FACE.start + 48))  # truer than the body's two eyes
_EYES = (INDEX["left_eye"], INDEX["right_eye"])
_EARS = (INDEX["left_ear"], INDEX["right_ear"])
_SHOULDERS = (INDEX["left_shoulder"], INDEX["right_shoulder"])
# The crown lies beyond the first as far as the second is on the other side, times the third: the
# eyes are in the middle of a head. Then by the shoulders; from the same proportions.
_CROWN = (
    (_LIDS, (_CHIN,), 0.97),
    (_EYES, (_CHIN,), 0.97),
    (_EYES, _SHOULDERS, 0.54),
    (_EARS, _SHOULDERS, 0.70),
)
_EAR_TO_NOSE = 0.068  # in heights, of a head from the side
_HANDS_APART = 0.55  # from edge to edge of hands held up before the body, in its heights
_ROOM = 1.05  # so many times as far as would just do
# Several checks ask for the same measures of one view, by the limits to enter and to leave.
per_view = lru_cache(maxsize=4)


def shown(part: str, profile: Profile, mirrored: bool) -> np.ndarray:
    """(n,) the keypoints of a part that must be seen, as an estimator names them."""
    return indices(part_points(part, in_image(profile.side, mirrored)))


@per_view
def seen_in(observation: Observation, profile: Profile) -> np.ndarray:
    """(133,) bool: keypoints that score above the profile's threshold."""
    return observation.scores > profile.score


@per_view
def with_nose(observation: Observation, profile: Profile, mirrored: bool) -> np.ndarray:
    """(n,) all keypoints that must be seen, and of a head from the side the nose where it is: it
    may be hidden, but no border is to cut it off."""
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


@per_view
def size(observation: Observation, profile: Profile, mirrored: bool = False) -> float:
    """Height of the profile's parts as a share of the image's height; NaN if it cannot be told.

    Where some are not seen, what is seen of the body tells how large all would be: otherwise
    somebody whose elbows are hidden, or whose face fills the image, looked small. Of hands alone
    it is the larger one's longest side: they may be anywhere; of hands that hang, or are not
    seen, what it would be.
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
        # The body's own eyes and nose are within it, and err by a sixth of it.
        points = indices(tuple(i for i in profile.points_in(mirrored) if i not in PARTS["head"]))
    y = observation.xy[points[seen[points]], 1]
    span = float(y.max() - y.min()) if len(y) else 0.0
    ears = profile.parts == ("head",) and _NOSE not in points  # which have no height
    if ears or not all(seen[shown(end, profile, mirrored)].all() for end in _ends(profile)):
        # What is seen of them is the least that it can be.
        span = max(height_of(profile.parts) * _stature(observation, seen, profile, mirrored), span)
    return span / observation.height


@lru_cache(maxsize=16)
def _ends(profile: Profile) -> tuple[str, str]:
    """Of the profile's parts, that which reaches highest and that which reaches lowest."""
    return (
        max(profile.parts, key=lambda p: ABOVE_GROUND[p][1]),
        min(profile.parts, key=lambda p: ABOVE_GROUND[p][0]),
    )


def _stature(
    observation: Observation, seen: np.ndarray, profile: Profile, mirrored: bool
) -> float:
    """Height of the person by the parts (133,) that are seen, px; NaN if they do not tell."""
    there, y = (
        seen[:_BODY].tolist(),
        observation.xy[:_BODY, 1].tolist(),
    )  # faster than numpy, of so few
    side = in_image(profile.side, mirrored)
    rulers = []
    for part in _RULERS:
        if part == "elbows" and _lifts_arms(profile):
            continue
        points = part_points(part, side)
        at = [y[i] for i in points if there[i]]
        if at and (part != "feet" or len(at) == len(points)):
            rulers.append((sum(ABOVE_GROUND[part]) / 2, sum(at) / len(at)))
    if len(rulers) > 1:
        (high, top), (low, bottom) = rulers[0], rulers[-1]
        return (bottom - top) / (high - low)
    face = shown("face", profile, mirrored)
    if len(face) and seen[face].all():
        low, high = ABOVE_GROUND["face"]
        return float(np.ptp(observation.xy[face, 1])) / (high - low)
    return math.nan


def _lifts_arms(profile: Profile) -> bool:
    """Whether elbows are not to be where they are on somebody who just stands."""
    return profile.parts == ("hands",) or any(map(profile.posture_limit, ("arms_side", "arms_up")))


class Reach(NamedTuple):
    """How far away the person is, and may be, m; NaN where that cannot be told."""

    here: float
    near: float  # from here on their size is right and no border cuts them off
    far: float  # until here

    @property
    def best(self) -> float:
        """In the middle: as many steps from one end as from the other."""
        return (self.near + self.far) / 2


@per_view
def reach_of(observation: Observation, profile: Profile, mirrored: bool) -> Reach:
    """From their size, which is taken for an adult's."""
    value = size(observation, profile, mirrored)
    stature = value * observation.height / height_of(profile.parts)
    here = STATURE_M * FOCAL * observation.width / max(stature, 1.0) if stature > 0 else math.nan
    near, far = (
        here * value / max(limit, 1e-3) for limit in (profile.size_maximum, profile.size_minimum)
    )
    whole = here * _overhang(observation, profile, mirrored, stature)
    if near < whole:
        near = min(whole, far)
    return Reach(here, near, far)


def _overhang(observation: Observation, profile: Profile, mirrored: bool, stature: float) -> float:
    """How many times too large the person is to be whole above and below, or of hands to either
    side; NaN if unknown.

    Moving away draws everything towards the image's middle, as far as the camera is level.
    """
    if profile.parts == ("hands",):
        return _spread(observation, profile, mirrored, stature)
    seen = seen_in(observation, profile)
    ruler = next((p for p in _RULERS if seen[shown(p, profile, mirrored)].any()), None)
    parts = [p for p in profile.parts if p not in ROAMING]
    if ruler is None or not parts:
        return math.nan
    points = shown(ruler, profile, mirrored)
    at = float(observation.xy[points[seen[points]], 1].mean())
    above = sum(ABOVE_GROUND[ruler]) / 2
    highest = max(1.0 if p in ("head", "face") else ABOVE_GROUND[p][1] for p in parts)
    lowest = min(ABOVE_GROUND[p][0] for p in parts)
    ends = (at - (highest - above) * stature, at + (above - lowest) * stature)
    middle = observation.height / 2
    return _ROOM * max(abs(end - middle) for end in ends) / (middle * (1 - 2 * profile.margin))


@per_view
def across(observation: Observation, profile: Profile, mirrored: bool) -> tuple[float, float]:
    """Left and right end of the profile's parts, px, as far as they are seen; NaN if none is.

    Of hands, one that is not seen counts where it is beyond the border: as far from the person's
    middle as the other one.
    """
    points = observation.seen(with_nose(observation, profile, mirrored), profile.score)
    if not len(points):
        return math.nan, math.nan
    left, right = float(points[:, 0].min()), float(points[:, 0].max())
    hand = _hand_beyond(observation, profile) if "hands" in profile.parts else math.nan
    return min(left, hand), max(right, hand)  # where a NaN, as the second, counts for nothing


@per_view
def _hand_beyond(observation: Observation, profile: Profile) -> float:
    """Where the hand that is not seen ends, px, if that is beyond the left or right border; NaN if
    not, or if that cannot be told, or from the side, where one is enough."""
    seen = seen_in(observation, profile)
    hands = [seen[hand.start : hand.stop] for hand in (LEFT_HAND, RIGHT_HAND)]
    centre = next((p for p in (_SHOULDERS, PARTS["head"]) if seen[list(p)].all()), None)
    one_is_seen = hands[0].any() != hands[1].any()
    if centre is None or not one_is_seen or profile.side in ("left", "right"):
        return math.nan
    there = LEFT_HAND if hands[0].any() else RIGHT_HAND
    middle = float(observation.xy[list(centre), 0].mean())
    ends = 2 * middle - observation.seen(range(there.start, there.stop), profile.score)[:, 0]
    end = float(ends[np.argmax(np.abs(ends - middle))])
    room = observation.width * profile.margin
    return math.nan if room <= end <= observation.width - room else end


def _spread(observation: Observation, profile: Profile, mirrored: bool, stature: float) -> float:
    """The same of hands, to either side; of those that are not seen, what it will be.

    Who is to come to the middle is taken to be there.
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
    """Whether what is seen tells that the rest is above or below the image."""
    stature = size(observation, profile, mirrored) * observation.height / height_of(profile.parts)
    return _overhang(observation, profile, mirrored, stature) > _ROOM


def crown(observation: Observation, threshold: float) -> float:
    """Where the top of the head is, y in px: no keypoint says so; NaN if it cannot be told."""
    for upper, lower, share in _CROWN:
        if (observation.scores[[*upper, *lower]] > threshold).all():
            top = float(observation.xy[list(upper), 1].mean())
            return top - share * (float(observation.xy[list(lower), 1].mean()) - top)
    return math.nan
