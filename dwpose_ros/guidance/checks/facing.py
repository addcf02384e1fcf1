# SPDX-License-Identifier: Apache-2.0
"""Checks of the orientation of body and head, from 2D keypoints.

Angles are in the image: 0 faces the camera, > 0 is towards the image's right (the person's own
left if the image is not mirrored), and 180 is seen from behind.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from dwpose_ros.core.anthropometry import FOCAL
from dwpose_ros.core.keypoints import FACE, INDEX
from dwpose_ros.guidance.body_parts import SIDE_CODES, SIDES, in_image
from dwpose_ros.guidance.checks.result import CheckResult, sideways, with_magnitude
from dwpose_ros.guidance.checks.torso import breadth, points_at
from dwpose_ros.guidance.observation import Observation, per_observation
from dwpose_ros.guidance.profile import Profile

# Two points on the sides of the head, one in front of them, and half width / depth: tan(yaw) =
# offset of the third from the middle of the two / half of their distance * half width / depth.
# The ears are 15 cm apart, and the tip of the nose is 11.5 cm in front of them; for the eyes
# 6.3 cm and 3.5 cm.
_HEADS = (
    (FACE.start, FACE.start + 16, FACE.start + 30, 7.5 / 11.5),
    (INDEX["right_ear"], INDEX["left_ear"], INDEX["nose"], 7.5 / 11.5),
    (INDEX["right_eye"], INDEX["left_eye"], INDEX["nose"], 3.15 / 3.5),
)
# Range of the width of shoulders plus hips of a person who faces the camera, in torso lengths.
# Drillis and Contini (1966) give 1.18.
_NARROW, _BROAD = 0.95, 1.40
_OWN_SDS = 1.5  # standard deviations around this person's own width
# If the hips are not visible: the shoulders' width, in heights of the eyes (or ears) above them.
# The range is larger, as a bowed head changes it.
_NARROW_BUST, _BROAD_BUST = 1.2, 2.8
_FOOT = 0.45  # from heel to big toe, in torso lengths
_FOOT_TELLS, _ONE_FOOT_TELLS = 0.35, 0.6  # least sine of the turn; one foot alone may be splayed
_SPLAYED = 0.2  # sine up to which both feet may point to one side although the body is not turned
_HEAD_TELLS_DEG = 20.0
_AGREES_DEG = 5.0
# From the first angle on the instruction is to turn around, or to show the wanted side, instead of
# turning left or right; once given, it is kept down to the second angle.
_AROUND_DEG, _AROUND_LEFT_DEG = 120.0, 100.0
_TO_DEG, _TO_LEFT_DEG = 60.0, 45.0
_LITTLE_DEG = 32.0  # up to this deviation the advice is to turn "a little"
_HEAD = {"head", "face"}  # parts of a portrait, in which the body matters little
_ANY_DEG = 180.0  # this limit allows any orientation


class BodyTurn(NamedTuple):
    """The body's turn as bounds of its absolute angle, from the widths in the image."""

    least: float  # deg; both NaN if unknown
    most: float
    head: float  # where the head looks, deg; NaN if unknown
    way: int  # 1: towards the image's right, -1: left, 0: unknown


def wrapped(degrees: float) -> float:
    """Return the same direction in [-180, 180)."""
    return (degrees + 180.0) % 360.0 - 180.0


def in_the_middle(turn: float, wanted: float, bearing: float) -> float:
    """Return a turn as it may be seen once they have moved to the middle, deg.

    Who faces as the camera does seems turned there by `bearing` less, and who follows it with
    their eyes as now. Of what lies between, it is what is nearest to the wanted turn, so that only
    who is turned in any case is asked to turn before they move.
    """
    return turn - min(max(wrapped(turn - wanted), min(bearing, 0.0)), max(bearing, 0.0))


def bearing_deg(observation: Observation, profile: Profile) -> float:
    """Return how much further to the image's right a person looks turned than in its middle, deg.

    Who stands straight at the side of the image seems to be turned away, and does not any more
    once they have moved to the middle, as they are asked to. It is 0 for those who need not move.
    """
    left, _, right, _ = observation.box.tolist()
    if right <= left:
        return 0.0
    aside = (left + right) / 2 / observation.width - 0.5
    share = (abs(aside) - profile.centre) / max(profile.centre, 0.05)
    bearing = math.degrees(math.atan(aside / observation.scale.focal))
    return bearing * min(max(share, 0.0), 1.0)


@per_observation
def head_yaw_deg(observation: Observation, threshold: float) -> float:
    """Return the head's yaw in the image, deg.

    NaN unless the face is visible, or the nose and both ears or both eyes.
    """
    for right, left, nose, half_per_depth in _HEADS:
        if (
            min(observation.scores[right], observation.scores[left], observation.scores[nose])
            > threshold
        ):
            a, b, tip = (float(observation.xy[i, 0]) for i in (right, left, nose))
            half = (b - a) / 2  # < 0 if an estimator places a face on a head seen from behind
            # The nose is closer to the camera, and so appears further from the middle.
            flat = max(1 - abs(half) / (half_per_depth * FOCAL * observation.width), 0.0)
            return math.degrees(math.atan2((tip - (a + b) / 2) * half_per_depth * flat, half))
    return math.nan


@per_observation
def body(observation: Observation, threshold: float) -> BodyTurn:
    """Estimate the body's turn from shoulders, hips, feet and head."""
    head = head_yaw_deg(observation, threshold)
    shoulders = points_at(observation, threshold, "left_shoulder", "right_shoulder")
    if shoulders is None:
        return BodyTurn(math.nan, math.nan, head, 0)
    (left, left_y), (right, right_y) = shoulders
    width, height = left - right, (left_y + right_y) / 2
    hips = points_at(observation, threshold, "left_hip", "right_hip")
    narrow, broad, scale = _NARROW, _BROAD, 0.0
    if hips is not None:
        width, scale = breadth(observation, threshold)
        own, sd = observation.scale.breadth, observation.scale.breadth_sd
        if own > 0:  # what this person was seen to be tells more than what people are
            narrow = max(own * (1 - _OWN_SDS * sd), narrow * 0.9)
            broad = max(min(own * (1 + _OWN_SDS * sd), broad * 1.1), narrow)
    else:
        level = points_at(observation, threshold, "left_eye", "right_eye") or points_at(
            observation, threshold, "left_ear", "right_ear"
        )
        if level is not None:
            narrow, broad = _NARROW_BUST, _BROAD_BUST
            scale = height - (level[0][1] + level[1][1]) / 2
    if scale < 1.0:  # px
        least, most = (0.0, 90.0) if width >= 0 else (90.0, 180.0)
    else:
        bounds = [
            math.degrees(math.acos(max(-1.0, min(1.0, width / scale / typical))))
            for typical in (narrow, broad)
        ]
        least, most = min(bounds), max(bounds)
    sines = _feet(observation, threshold, scale) if hips is not None and scale >= 1.0 else []
    if len(sines) == 2 and not abs(head) < 90:
        # From behind, feet tell more than widths or the back of the head.
        turned = math.degrees(math.asin(min(max(abs(sum(sines)) / 2 - _SPLAYED, 0.0), 1.0)))
        most = max(least, min(most, 180 - turned))
    return BodyTurn(least, most, head, _way(observation, threshold, head, sines))


def _feet(observation: Observation, threshold: float, torso: float) -> list[float]:
    """Return how far each visible foot points to the image's right, in foot lengths, -1 to 1."""
    feet = (
        points_at(observation, threshold, f"{side}_heel", f"{side}_big_toe")
        for side in ("left", "right")
    )
    return [
        (toe[0] - heel[0]) / (torso * _FOOT)
        for heel, toe in (foot for foot in feet if foot is not None)
    ]


def _way(observation: Observation, threshold: float, head: float, feet: list[float]) -> int:
    """Return the side of the image that the feet, or else the head, point to: 1, -1 or 0."""
    if feet:
        sine = sum(feet) / len(feet)
        if abs(sine) > (_FOOT_TELLS if len(feet) == 2 else _ONE_FOOT_TELLS):
            return 1 if sine > 0 else -1
    if _HEAD_TELLS_DEG < abs(head) < 180 - _HEAD_TELLS_DEG:
        return 1 if head > 0 else -1
    if math.isnan(head):  # one ear, as from the side, and the nose beyond it
        for ear in ("left_ear", "right_ear"):
            profile = points_at(observation, threshold, "nose", ear)
            if profile is not None:
                return 1 if profile[0][0] > profile[1][0] else -1
        near = [
            side
            for side, ear in ((-1, "left_ear"), (1, "right_ear"))
            if points_at(observation, threshold, ear) is not None
        ]
        if len(near) == 1:  # the other ear is behind the head
            return near[0]
    return 0


def body_turn(observation: Observation, threshold: float, wanted: float) -> tuple[float, bool]:
    """Return the body's turn in degrees (NaN if unknown), and whether its sign is known.

    A width gives only rough bounds of the angle. If the head's angle is within them, it is taken
    for the body, too. Otherwise the angle within the bounds that is closest to `wanted` is taken,
    so that a person who is reported as turned really is.
    """
    found = body(observation, threshold)
    if math.isnan(found.least):
        return found.head, True
    head = abs(found.head)
    agrees = found.least - _AGREES_DEG <= head <= found.most + _AGREES_DEG
    if agrees and found.way * found.head >= 0:
        return found.head, True
    size = max(found.least, min(found.most, abs(wanted)))
    return (size * found.way, True) if found.way else (size, False)


def from_the_side(observation: Observation, threshold: float) -> bool:
    """Whether the body is turned so far that lengths across it cannot be measured."""
    found = body(observation, threshold)
    return found.least > 50.0 and found.most < 130.0


def facing(
    observation: Observation,
    profile: Profile,
    mirrored: bool = False,
    before: CheckResult | None = None,
) -> CheckResult | None:
    """The body shows the wanted side. The value is its turn to the person's own left, deg."""
    if profile.facing >= _ANY_DEG:
        return None
    own = -1.0 if mirrored else 1.0
    wanted = SIDES[profile.side] * own  # in the image
    turn, known = body_turn(observation, profile.score, wanted)
    if known:
        turn = in_the_middle(turn, wanted, bearing_deg(observation, profile))
    off = wrapped(wanted - turn)  # > 0: on towards the image's right
    goal = SIDES[profile.side]
    result = CheckResult(
        "facing",
        abs(off) <= profile.facing,
        goal - off * own,
        goal - profile.facing,
        goal + profile.facing,
        "deg",
    )
    code = SIDE_CODES[profile.side]
    if math.isnan(turn):  # for a picture of the hands, the body may be out of view
        return result._replace(
            ok=None,
            value=math.nan,
            code="show",
            body_part="shoulders",
            required=profile.parts != ("hands",),
        )
    if not known and wanted % 180 and abs(abs(turn) - abs(wanted)) <= profile.facing:
        return result._replace(ok=None, value=math.nan, code=code)  # the left, or the right?
    if result.ok:
        return result
    last = before.code if before is not None else ""
    behind = abs(off) > (_AROUND_LEFT_DEG if last == "turn_around" else _AROUND_DEG)
    # Who looks at the camera also turns to it; from behind they do not know where it is.
    if set(profile.parts) <= _HEAD and not behind:
        head = looking(observation, profile, mirrored)
        if head is not None and head.ok is False:
            return result._replace(code=head.code)
    if not known and abs(turn) < 180 - _AGREES_DEG:  # from behind, either way is right
        if before is not None and before.ok is False and before.code:
            return result._replace(
                code=before.code, body_part=before.body_part, magnitude=before.magnitude
            )
        around = abs(off) > _AROUND_DEG and profile.side == "front"
        return result._replace(code="turn_around" if around else code)
    return _which_way(result, off, profile, mirrored, before)


def _which_way(
    result: CheckResult, off: float, profile: Profile, mirrored: bool, before: CheckResult | None
) -> CheckResult:
    """Advise a body that is `off` degrees: the side to show if far off, else which way to turn."""
    side = SIDE_CODES[profile.side]
    around = "turn_around" if profile.side == "front" else side
    last = before.code if before is not None else ""
    if abs(off) > (_AROUND_LEFT_DEG if last == around else _AROUND_DEG):
        return result._replace(code=around)
    if abs(off) > (_TO_LEFT_DEG if last in (side, around) else _TO_DEG):
        return result._replace(code=side)
    code = f"turn_{sideways(off > 0, mirrored)}"
    return result._replace(
        code=code, magnitude=with_magnitude(abs(off), _LITTLE_DEG, math.inf, code, before)
    )


def looking(
    observation: Observation,
    profile: Profile,
    mirrored: bool = False,
    before: CheckResult | None = None,
) -> CheckResult | None:
    """The head looks in the direction that the body should face; not checked from behind."""
    limit = profile.facing if profile.looking is None else profile.looking
    if limit >= _ANY_DEG or profile.side == "back":
        return None
    own = -1.0 if mirrored else 1.0
    goal = SIDES[profile.side]
    yaw = head_yaw_deg(observation, profile.score)
    yaw = in_the_middle(yaw, goal * own, bearing_deg(observation, profile))
    off = wrapped(goal * own - yaw)
    code = "look_at_camera" if profile.side == "front" else "look_ahead"
    result = CheckResult(
        "looking", abs(off) <= limit, goal - off * own, goal - limit, goal + limit, "deg"
    )
    if math.isnan(off):  # from the side an ear is hidden, so the check is not required
        body_part = "head"
        return result._replace(
            ok=None,
            value=math.nan,
            code="show",
            body_part=body_part,
            required=in_image(profile.side, False) not in ("left", "right"),
        )
    return result if result.ok else result._replace(code=code, first="facing")
