# SPDX-License-Identifier: Apache-2.0
"""Checks of where body and head are turned, from 2D keypoints.

Angles are in the image: 0 at the camera, > 0 towards the image's right, which is the person's own
left where the image is not mirrored; 180 is somebody seen from behind.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from dwpose_ros.core.anthropometry import FOCAL
from dwpose_ros.core.keypoints import FACE, INDEX
from dwpose_ros.guidance.body_parts import SIDE_CODES, SIDES, in_image
from dwpose_ros.guidance.checks.result import CheckResult, sideways, with_magnitude
from dwpose_ros.guidance.observation import Observation
from dwpose_ros.guidance.profile import Profile

# Two points on either side of the head and one before them: tan(yaw) = offset of the third from
# the middle of the two / half of their distance, times half width / depth: the ears are 15 cm
# apart and the nose's tip 11.5 cm before them, the eyes 6.3 cm and 3.5 cm.
_HEADS = (
    (FACE.start, FACE.start + 16, FACE.start + 30, 7.5 / 11.5),
    (INDEX["right_ear"], INDEX["left_ear"], INDEX["nose"], 7.5 / 11.5),
    (INDEX["right_eye"], INDEX["left_eye"], INDEX["nose"], 3.15 / 3.5),
)
# Width across both shoulders and both hips of somebody who faces the camera, in torso lengths:
# people have between the two. Drillis and Contini (1966) give 1.18.
_NARROW, _BROAD = 0.95, 1.40
# Where the hips are not seen: the shoulders' width, in heights of the eyes (or ears) above them.
# A bowed head changes that, so there is more doubt.
_NARROW_BUST, _BROAD_BUST = 1.2, 2.8
_FOOT = 0.45  # from heel to big toe, in torso lengths
_FOOT_TELLS, _ONE_FOOT_TELLS = 0.35, 0.6  # sine of the turn; one foot alone may be splayed
_SPLAYED = 0.2  # and so far both feet may point to one side of somebody who is not turned
_HEAD_TELLS_DEG = 20.0
_AGREES_DEG = 5.0
# From where on a turn is to be all the way round, and to the side itself, and until where: how far
# that is they see for themselves.
_AROUND_DEG, _AROUND_LEFT_DEG = 120.0, 100.0
_TO_DEG, _TO_LEFT_DEG = 60.0, 45.0
_LITTLE_DEG = 32.0  # off the middle of what is allowed
_HEAD = {"head", "face"}  # parts of a picture in which a body only stands behind
_ANY_DEG = 180.0  # a limit that asks for nothing


class BodyTurn(NamedTuple):
    """How the body is turned, as far as its width tells: |angle| between two bounds."""

    least: float  # deg; both NaN if unknown
    most: float
    head: float  # where the head looks, deg; NaN if unknown
    way: int  # 1: towards the image's right, -1: left, 0: cannot be told


def wrapped(degrees: float) -> float:
    """The same direction, from -180 to 180."""
    return (degrees + 180.0) % 360.0 - 180.0


def _at(
    observation: Observation, threshold: float, *names: str
) -> list[tuple[float, float]] | None:
    """Places (x, y) of points by name; None unless all are seen."""
    points = [INDEX[name] for name in names]
    if min(observation.scores[i] for i in points) <= threshold:
        return None
    return [(float(observation.xy[i, 0]), float(observation.xy[i, 1])) for i in points]


def head_yaw_deg(observation: Observation, threshold: float) -> float:
    """Where the head looks; NaN unless the face, or nose and both ears or eyes, are seen."""
    for right, left, nose, half_per_depth in _HEADS:
        if (
            min(observation.scores[right], observation.scores[left], observation.scores[nose])
            > threshold
        ):
            a, b, tip = (float(observation.xy[i, 0]) for i in (right, left, nose))
            half = (b - a) / 2  # < 0 where an estimator sees the face through the head
            # The nose is nearer to the camera than they are, and so further from the middle.
            flat = max(1 - abs(half) / (half_per_depth * FOCAL * observation.width), 0.0)
            return math.degrees(math.atan2((tip - (a + b) / 2) * half_per_depth * flat, half))
    return math.nan


def body(observation: Observation, threshold: float) -> BodyTurn:
    """What shoulders, hips, feet and head tell of the body's turn."""
    head = head_yaw_deg(observation, threshold)
    shoulders = _at(observation, threshold, "left_shoulder", "right_shoulder")
    if shoulders is None:
        return BodyTurn(math.nan, math.nan, head, 0)
    (left, left_y), (right, right_y) = shoulders
    width, height = left - right, (left_y + right_y) / 2
    hips = _at(observation, threshold, "left_hip", "right_hip")
    narrow, broad, scale = _NARROW, _BROAD, 0.0
    if hips is not None:
        (left_hip, left_hip_y), (right_hip, right_hip_y) = hips
        down = (left_hip_y + right_hip_y) / 2 - height
        across = (left_hip + right_hip - left - right) / 2
        scale = math.hypot(down, across)
        # The width is what is square to the torso: whoever leans is not turned.
        width = (
            (left - right + left_hip - right_hip) * down
            - (left_y - right_y + left_hip_y - right_hip_y) * across
        ) / max(scale, 1.0)
    else:
        level = _at(observation, threshold, "left_eye", "right_eye") or _at(
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
        # From behind neither widths nor the back of a head tell much; feet do.
        turned = math.degrees(math.asin(min(max(abs(sum(sines)) / 2 - _SPLAYED, 0.0), 1.0)))
        most = max(least, min(most, 180 - turned))
    return BodyTurn(least, most, head, _way(observation, threshold, head, sines))


def _feet(observation: Observation, threshold: float, torso: float) -> list[float]:
    """How far each foot that is seen points to the image's right, of its length; -1 to 1."""
    feet = (
        _at(observation, threshold, f"{side}_heel", f"{side}_big_toe")
        for side in ("left", "right")
    )
    return [
        (toe[0] - heel[0]) / (torso * _FOOT)
        for heel, toe in (foot for foot in feet if foot is not None)
    ]


def _way(observation: Observation, threshold: float, head: float, feet: list[float]) -> int:
    """To which side of the image the body is turned: as the feet point, else as the head."""
    if feet:
        sine = sum(feet) / len(feet)
        if abs(sine) > (_FOOT_TELLS if len(feet) == 2 else _ONE_FOOT_TELLS):
            return 1 if sine > 0 else -1
    if _HEAD_TELLS_DEG < abs(head) < 180 - _HEAD_TELLS_DEG:
        return 1 if head > 0 else -1
    if math.isnan(head):  # one ear, as from the side, and the nose beyond it
        for ear in ("left_ear", "right_ear"):
            profile = _at(observation, threshold, "nose", ear)
            if profile is not None:
                return 1 if profile[0][0] > profile[1][0] else -1
        near = [
            side
            for side, ear in ((-1, "left_ear"), (1, "right_ear"))
            if _at(observation, threshold, ear) is not None
        ]
        if len(near) == 1:  # the other is behind the head
            return near[0]
    return 0


def body_turn(observation: Observation, threshold: float, wanted: float) -> tuple[float, bool]:
    """The body's turn in degrees, and whether its sign is known; NaN if nothing is.

    A width tells an angle only roughly. As long as the head's lies within the bounds, the body
    is taken to go with it; otherwise it gets the benefit of the doubt: of all that may be, what
    is nearest to `wanted`. So what is called turned, is.
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
    """Whether the body is turned so far that lengths across it cannot be judged."""
    found = body(observation, threshold)
    return found.least > 50.0 and found.most < 130.0


def facing(
    observation: Observation,
    profile: Profile,
    mirrored: bool = False,
    before: CheckResult | None = None,
) -> CheckResult | None:
    """The body shows the side that is wanted. The value is its turn to the person's own left."""
    if profile.facing >= _ANY_DEG:
        return None
    own = -1.0 if mirrored else 1.0
    wanted = SIDES[profile.side] * own  # in the image
    turn, known = body_turn(observation, profile.score, wanted)
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
    if math.isnan(turn):  # of somebody who is to show their hands the body may be out of view
        return result._replace(
            ok=None,
            value=math.nan,
            code="show",
            part="shoulders",
            required=profile.parts != ("hands",),
        )
    if not known and wanted % 180 and abs(abs(turn) - abs(wanted)) <= profile.facing:
        return result._replace(ok=None, value=math.nan, code=code)  # the left, or the right?
    if result.ok:
        return result
    if set(profile.parts) <= _HEAD:  # whoever looks at the camera has turned to it, too
        head = looking(observation, profile, mirrored)
        if head is not None and head.ok is False:
            return result._replace(code=head.code)
    if not known and abs(turn) < 180 - _AGREES_DEG:  # somebody from behind may turn either way
        if before is not None and before.ok is False and before.code:
            return result._replace(code=before.code, part=before.part, magnitude=before.magnitude)
        around = abs(off) > _AROUND_DEG and profile.side == "front"
        return result._replace(code="turn_around" if around else code)
    return _which_way(result, off, profile, mirrored, before)


def _which_way(
    result: CheckResult, off: float, profile: Profile, mirrored: bool, before: CheckResult | None
) -> CheckResult:
    """Advice for a body that is `off` degrees: far off what to show, near it which way."""
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
    """The head looks where the body is to show; from behind nobody can tell."""
    limit = profile.facing if profile.looking is None else profile.looking
    if limit >= _ANY_DEG or profile.side == "back":
        return None
    own = -1.0 if mirrored else 1.0
    goal = SIDES[profile.side]
    off = wrapped(goal * own - head_yaw_deg(observation, profile.score))
    code = "look_at_camera" if profile.side == "front" else "look_ahead"
    result = CheckResult(
        "looking", abs(off) <= limit, goal - off * own, goal - limit, goal + limit, "deg"
    )
    if math.isnan(off):  # from the side an ear is hidden: then it has to do without
        part = "head"
        return result._replace(
            ok=None,
            value=math.nan,
            code="show",
            part=part,
            required=in_image(profile.side, False) not in ("left", "right"),
        )
    return result if result.ok else result._replace(code=code, first="facing")
