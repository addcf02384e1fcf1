# SPDX-License-Identifier: Apache-2.0
"""Checks of the person's posture, from 2D keypoints, if the profile asks for them.

Each measures a number. It is unknown if the keypoints are not visible, or are so foreshortened
that the number would be wrong. Lengths are in torso lengths (middle of shoulders to middle of
hips).
"""

from __future__ import annotations

import cmath
import math
from typing import Callable, NamedTuple

from dwpose_ros.core.keypoints import INDEX, LEFT_HAND, RIGHT_HAND
from dwpose_ros.guidance.body_parts import (
    FRONTAL,
    OF_HANDS,
    PARTS,
    POSTURE_PARTS,
    POSTURES,
    PostureLimit,
    in_image,
    points_without,
)
from dwpose_ros.guidance.checks.facing import from_the_side
from dwpose_ros.guidance.checks.result import CheckResult, with_magnitude, within
from dwpose_ros.guidance.observation import Observation
from dwpose_ros.guidance.profile import Profile

_SHORT_ARM = 0.3  # torso lengths (an upper arm has 0.65); a shorter one points at the camera
_SHORT_PALM = 0.15  # forearms (a palm has 0.35); with a shorter one the hand points at the camera
_FINGERS = (5, 9, 13, 17)  # first of each finger's points (of 21); the thumb differs
_HANDS = {"left": LEFT_HAND, "right": RIGHT_HAND}
_LEAST_PX = 1.0
_HANGS = -0.3  # sine of the angle of a forearm that points down

# Result of a measurement: one number per side, or one for both; empty if foreshortened.
_Found = tuple[float, ...]


class PostureMeasurement(NamedTuple):
    """Access to an observation's keypoints by name, for the measurements below."""

    observation: Observation
    threshold: float
    sides: tuple[str, ...]  # sides that should be visible: from the left only the left

    def at(self, name: str) -> complex:
        """As `find`, of a point that is known to be seen."""
        found = self.find(name)
        assert found is not None, name
        return found

    def find(self, name: str) -> complex | None:
        """Return a keypoint as x + yj px, or the middle of a pair such as 'hips'; None if not
        visible. Of a pair, only the sides that should be visible count."""
        names = [name] if name in INDEX else [f"{side}_{name[:-1]}" for side in self.sides]
        points = [INDEX[n] for n in names]
        if min(self.observation.scores[p] for p in points) <= self.threshold:
            return None
        return sum(complex(*self.observation.xy[p]) for p in points) / len(points)

    def missing(self, *parts: str) -> str:
        """Return the first part that is not visible on a side that should be; or empty."""
        return next(
            (
                body_part
                for body_part in parts
                for side in self.sides
                if not self._sees(body_part, side)
            ),
            "",
        )

    def _sees(self, body_part: str, side: str) -> bool:
        if body_part == "hands":
            return self.observation.scores[_HANDS[side]].min() > self.threshold
        return (
            self.find(f"{side}_{'ankle' if body_part == 'feet' else body_part[:-1]}") is not None
        )

    def torso(self) -> complex:
        """Return the vector from the middle of the shoulders to the middle of the hips, px."""
        return self.at("hips") - self.at("shoulders")


def _angle(a: complex, b: complex) -> float:
    """Return the signed angle from direction a to b, -180 to 180 degrees."""
    return math.degrees(cmath.phase(a.conjugate() * b))


def upright(figure: PostureMeasurement) -> _Found:
    """Measure the angle between the torso and the image's vertical, deg."""
    return (abs(_angle(figure.torso(), 1j)),)


def arms_out(figure: PostureMeasurement) -> _Found:
    """Measure the angles between torso and upper arms, deg; < 0 across the body, 180 overhead."""
    torso = figure.torso()
    found = []
    facing = (figure.at("left_shoulder") - figure.at("right_shoulder")).real
    for side in figure.sides:
        arm = figure.at(f"{side}_elbow") - figure.at(f"{side}_shoulder")
        if abs(arm) < _SHORT_ARM * abs(torso):
            return ()
        outward = -1.0 if (side == "left") == (facing > 0) else 1.0
        angle = outward * _angle(torso, arm)
        found.append(angle + 360 if angle < -90 else angle)  # beyond overhead
    return tuple(found)


def arms_up(figure: PostureMeasurement) -> _Found:
    """Measure the height of the wrists above the shoulders, in torso lengths."""
    length = max(abs(figure.torso()), _LEAST_PX)
    return tuple(
        (figure.at(f"{side}_shoulder") - figure.at(f"{side}_wrist")).imag / length
        for side in figure.sides
    )


def arms_straight(figure: PostureMeasurement) -> _Found:
    """Measure the angles at the elbows, deg; 180 is straight."""
    found = []
    for side in figure.sides:
        shoulder, elbow, wrist = (figure.at(f"{side}_{j}") for j in ("shoulder", "elbow", "wrist"))
        if min(abs(elbow - shoulder), abs(wrist - elbow)) < _LEAST_PX:
            return ()
        found.append(abs(_angle(shoulder - elbow, wrist - elbow)))
    return tuple(found)


def feet_apart(figure: PostureMeasurement) -> _Found:
    """Measure the horizontal distance of the ankles, in torso lengths; 0.5 is hip width."""
    apart = abs((figure.at("left_ankle") - figure.at("right_ankle")).real)
    return (apart / max(abs(figure.torso()), _LEAST_PX),)


def _hands(figure: PostureMeasurement) -> list[list[complex]]:
    """Return the 21 points of each hand that should be visible; empty if one is foreshortened."""
    found = []
    for side in figure.sides:
        points = [complex(*point) for point in figure.observation.xy[_HANDS[side]].tolist()]
        elbow = figure.find(f"{side}_elbow")
        palm = abs(points[9] - points[0])
        if palm < _LEAST_PX or (elbow is not None and palm < _SHORT_PALM * abs(points[0] - elbow)):
            return []
        found.append(points)
    return found


def open_hands(figure: PostureMeasurement) -> _Found:
    """Measure how straight the four fingers are: distance from the hand's root to the tip, as a
    share of the length along the joints; 1 is straight, a fist about 0.4."""
    found = []
    for points in _hands(figure):
        shares = []
        for start in _FINGERS:
            chain = [points[0], *points[start : start + 4]]
            way = sum(abs(b - a) for a, b in zip(chain, chain[1:]))
            shares.append(abs(chain[-1] - chain[0]) / max(way, _LEAST_PX))
        found.append(sum(shares) / len(shares))
    return tuple(found)


def fingers_spread(figure: PostureMeasurement) -> _Found:
    """Measure the angle between forefinger and little finger, first joint to tip, deg."""
    return tuple(
        abs(_angle(points[8] - points[5], points[20] - points[17])) for points in _hands(figure)
    )


class _Posture(NamedTuple):
    measure: Callable[[PostureMeasurement], _Found]
    unit: str
    low: str  # instruction below the minimum
    high: str  # instruction above the maximum
    little: float  # deviation up to which the magnitude is "little"
    big: float  # deviation from which on it is "big"


_POSTURES: dict[str, _Posture] = {
    "upright": _Posture(upright, "deg", "", "stand_upright", 8, 25),
    "arms_away": _Posture(arms_out, "deg", "arms_away", "lower_arms", 10, 30),
    "arms_side": _Posture(arms_out, "deg", "arms_side", "lower_arms", 15, 45),
    "arms_up": _Posture(arms_up, "1", "arms_up", "", 0.2, 0.6),
    "arms_straight": _Posture(arms_straight, "deg", "straighten_arms", "", 20, 60),
    "open_hands": _Posture(open_hands, "1", "open_hands", "", 0.1, 0.3),
    "fingers_spread": _Posture(fingers_spread, "deg", "spread_fingers", "", 5, 12),
    "feet_apart": _Posture(feet_apart, "1", "feet_apart", "feet_together", 0.2, 0.5),
}
assert _POSTURES.keys() == POSTURES.keys()


def _figure(observation: Observation, profile: Profile, mirrored: bool) -> PostureMeasurement:
    """Make a PostureMeasurement of the sides that the camera should see."""
    side = in_image(profile.side, mirrored)
    sides = (side,) if side in ("left", "right") else ("left", "right")
    lost = points_without(profile.without, mirrored)
    kept = tuple(s for s in sides if not {INDEX[f"{s}_wrist"], INDEX[f"{s}_knee"]} & lost)
    return PostureMeasurement(observation, profile.score, kept or sides)


def _check(name: str) -> Callable[..., CheckResult | None]:
    about = _POSTURES[name]

    def check(
        observation: Observation,
        profile: Profile,
        mirrored: bool = False,
        before: CheckResult | None = None,
    ) -> CheckResult | None:
        limit = profile.posture_limit(name)
        if limit is None:
            return None
        figure = _figure(observation, profile, mirrored)
        hidden = figure.missing(*POSTURE_PARTS[name])
        found = () if hidden else about.measure(figure)
        if not found or name in FRONTAL and from_the_side(observation, profile.score):
            code = "show" if hidden else about.low or about.high
            return CheckResult(
                name, None, math.nan, limit.minimum, limit.maximum, about.unit, code, hidden
            )
        # Of two sides, the worse one counts.
        off, value = max((_beyond(v, limit), v) for v in found)
        high = about.high
        if high == "stand_upright" and observation.scale.sits:
            high = "sit_upright"
        result = within(name, value, limit.minimum, limit.maximum, about.unit, about.low, high)
        if result.ok:
            return result
        return result._replace(
            magnitude=with_magnitude(off, about.little, about.big, result.code, before)
        )

    check.__name__ = check.__qualname__ = name
    check.__doc__ = f"The posture {name}, where the profile asks for it."
    return check


def _beyond(value: float, limit: PostureLimit) -> float:
    """Return how far a value is outside its limits; < 0 inside."""
    return max(o for o in (limit.minimum - value, value - limit.maximum) if not math.isnan(o))


POSTURE_CHECKS = tuple(_check(name) for name in _POSTURES)


def held_up(
    observation: Observation,
    profile: Profile,
    mirrored: bool = False,
    before: CheckResult | None = None,
) -> CheckResult | None:
    """Hands are held up, for profiles that show only hands and ask for a hand posture.

    The value is the sine by which the forearms point up, -1 to 1. It is also -1 if neither
    forearms nor hands are visible, unless only the shoulders are in the image: then the hands may
    be held up outside it.
    """
    if profile.parts != ("hands",) or not any(profile.posture_limit(p) for p in OF_HANDS):
        return None
    figure = _figure(observation, profile, mirrored)
    ends = [(figure.find(f"{side}_elbow"), figure.find(f"{side}_wrist")) for side in figure.sides]
    up = [
        (elbow - wrist).imag / max(abs(wrist - elbow), _LEAST_PX)
        for elbow, wrist in ends
        if elbow is not None and wrist is not None
    ]
    hands, head, hips = (
        (observation.scores[[*PARTS[p]]] > profile.score).any() for p in ("hands", "head", "hips")
    )
    value = min(up, default=-1.0 if not hands and (head or hips) else math.nan)
    result = within("held_up", value, _HANGS, low_code="show_hands")
    return result._replace(required=False, body_part="hands" if result.code else "")
