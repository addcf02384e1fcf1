# SPDX-License-Identifier: Apache-2.0
"""Body parts, sides and postures that profiles can name."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Iterable, NamedTuple

import numpy as np

from dwpose_ros.core.anthropometry import ABOVE_GROUND
from dwpose_ros.core.keypoints import COUNT, FACE, INDEX, LEFT_HAND, MIRROR, NAMES, RIGHT_HAND

# The parts that a profile can ask for. All points of a part must be visible: one side of a pair
# must not stand in for the other. Small toes are left out, as not every estimator has them.
PARTS: dict[str, tuple[int, ...]] = {
    "head": tuple(INDEX[n] for n in ("nose", "left_eye", "right_eye")),
    "face": tuple(range(FACE.start, FACE.stop)),
    "shoulders": (INDEX["left_shoulder"], INDEX["right_shoulder"]),
    "elbows": (INDEX["left_elbow"], INDEX["right_elbow"]),
    "wrists": (INDEX["left_wrist"], INDEX["right_wrist"]),
    "hips": (INDEX["left_hip"], INDEX["right_hip"]),
    "knees": (INDEX["left_knee"], INDEX["right_knee"]),
    "feet": tuple(
        INDEX[n] for n in ("left_ankle", "right_ankle", "left_big_toe", "right_big_toe")
    ),
    "hands": (*range(LEFT_HAND.start, LEFT_HAND.stop), *range(RIGHT_HAND.start, RIGHT_HAND.stop)),
}
# Beside these, phrases name the limbs of one side, which a person may lack.
NAMED_PARTS = (
    *PARTS,
    *(f"{side}_{limb}" for side in ("left", "right") for limb in ("arm", "hand", "leg", "foot")),
)

# The side that the person shows the camera, and their turn to their own left, degrees.
SIDES: dict[str, float] = {
    "front": 0.0,
    "three_quarter_left": -45.0,
    "left": -90.0,
    "back": 180.0,
    "right": 90.0,
    "three_quarter_right": 45.0,
}
# The instruction that names the side.
SIDE_CODES: dict[str, str] = {
    "front": "face_camera",
    "back": "face_back",
    "left": "face_left_side",
    "right": "face_right_side",
    "three_quarter_left": "face_three_quarter_left",
    "three_quarter_right": "face_three_quarter_right",
}
_OTHER_SIDE = {
    "left": "right",
    "right": "left",
    "three_quarter_left": "three_quarter_right",
    "three_quarter_right": "three_quarter_left",
}


class PostureLimit(NamedTuple):
    """A posture that a profile asks for, and its limits; NaN is no limit."""

    name: str
    minimum: float
    maximum: float


# All postures with their default limits, in degrees, but `arms_up` and `feet_apart` in torso
# lengths and `open_hands` as a ratio (see checks/posture.py).
POSTURES: dict[str, PostureLimit] = {
    posture_limit.name: posture_limit
    for posture_limit in (
        PostureLimit("upright", math.nan, 12.0),
        PostureLimit("arms_away", 25.0, 65.0),
        PostureLimit("arms_side", 75.0, 105.0),
        PostureLimit("arms_up", 0.4, math.nan),
        PostureLimit("arms_straight", 150.0, math.nan),
        PostureLimit("open_hands", 0.85, math.nan),
        PostureLimit("fingers_spread", 15.0, math.nan),
        PostureLimit("feet_apart", 0.8, 1.5),
    )
}
# The largest sensible limit of each.
POSTURE_RANGE: dict[str, float] = {
    "upright": 90.0,
    "arms_away": 180.0,
    "arms_side": 180.0,
    "arms_up": 2.0,
    "arms_straight": 180.0,
    "open_hands": 1.0,
    "fingers_spread": 90.0,
    "feet_apart": 10.0,
}
# The parts from which each is measured; for feet, the ankles.
POSTURE_PARTS: dict[str, tuple[str, ...]] = {
    "upright": ("shoulders", "hips"),
    "arms_away": ("shoulders", "hips", "elbows"),
    "arms_side": ("shoulders", "hips", "elbows"),
    "arms_up": ("shoulders", "hips", "wrists"),
    "arms_straight": ("shoulders", "elbows", "wrists"),
    "open_hands": ("hands",),
    "fingers_spread": ("hands",),
    "feet_apart": ("shoulders", "hips", "feet"),
}
assert POSTURES.keys() == POSTURE_RANGE.keys() == POSTURE_PARTS.keys()
OF_ARMS = ("elbows", "wrists", "hands")  # parts that can be held at any height
ONE_OF_ARMS = ("arms_away", "arms_side", "arms_up")  # nobody can do two of these at once
OF_HANDS = ("open_hands", "fingers_spread")
# Measured across the body, which is not possible from the side.
FRONTAL = ("arms_away", "arms_side", "feet_apart")


def in_image(side: str, mirrored: bool) -> str:
    """Return the side as the estimator sees it: mirrored, a left hand looks like a right one."""
    return _OTHER_SIDE.get(side, side) if mirrored else side


def _is_left(point: int) -> bool:
    name = NAMES[point]
    if name.startswith("face-"):
        # Points run from the person's right to their left, except on the lower lip.
        back = point - FACE.start in (*range(55, 60), *range(65, 68))
        return MIRROR[point] != point and (point > MIRROR[point]) != back
    return name.startswith("left_")


_LEFT = frozenset(i for i in range(COUNT) if _is_left(i))
_RIGHT = frozenset(int(MIRROR[i]) for i in _LEFT)
_EARS = {
    "back": (INDEX["left_ear"], INDEX["right_ear"]),
    "left": (INDEX["left_ear"],),
    "right": (INDEX["right_ear"],),
}


# The limb that somebody lacks of whom a part is missing on one side, nearest first.
LIMBS: dict[str, tuple[str, ...]] = {
    "hands": ("hand",),
    "wrists": ("hand",),
    "elbows": ("arm",),
    "feet": ("foot",),
    "knees": ("leg",),
}
LEFT_OUT = frozenset(LIMBS) | {
    f"{side}_{limb}" for side in ("left", "right") for limbs in LIMBS.values() for limb in limbs
}
"""What one person may lack, so that it need not be seen."""
_OF_LIMB = {
    "hand": ("wrist",),
    "arm": ("elbow", "wrist"),
    "foot": ("ankle", "big_toe", "small_toe", "heel"),
    "leg": ("knee", "ankle", "big_toe", "small_toe", "heel"),
}


@lru_cache(maxsize=None)
def points_of_limb(limb: str) -> frozenset[int]:
    """Return the keypoints of one of NAMED_PARTS, such as left_hand or knees."""
    side, _, name = limb.partition("_")
    if limb in PARTS:
        return frozenset(PARTS[limb])
    points = [INDEX[f"{side}_{point}"] for point in _OF_LIMB[name]]
    if name in ("hand", "arm"):
        hand = LEFT_HAND if side == "left" else RIGHT_HAND
        points += range(hand.start, hand.stop)
    return frozenset(points)


@lru_cache(maxsize=None)
def points_without(limbs: tuple[str, ...], mirrored: bool) -> frozenset[int]:
    """Return the keypoints of limbs that are left out, as an estimator labels them."""
    found: set[int] = set()
    for limb in limbs:
        side, _, name = limb.partition("_")
        other = f"{_OTHER_SIDE[side]}_{name}" if mirrored and side in _OTHER_SIDE else limb
        found |= points_of_limb(other)
    return frozenset(found)


@lru_cache(maxsize=None)
def body_part_points(body_part: str, side: str = "front") -> tuple[int, ...]:
    """Return the keypoints of a part that must be visible when the camera sees that side.

    From the left or right, keypoints of the far side are hidden. Of a head from the side or from
    behind, only ears are certain to be visible; a face has no points from behind.
    """
    if body_part == "head" and side in _EARS:
        return _EARS[side]
    if body_part == "face" and side == "back":
        return ()
    hidden = {"left": _RIGHT, "right": _LEFT}.get(side, frozenset())
    return tuple(i for i in PARTS[body_part] if i not in hidden)


@lru_cache(maxsize=None)
def points_of(parts: tuple[str, ...], side: str = "front") -> tuple[int, ...]:
    """Return the keypoints of several parts, as `body_part_points`."""
    return tuple(i for body_part in parts for i in body_part_points(body_part, side))


@lru_cache(maxsize=None)
def indices(points: tuple[int, ...]) -> np.ndarray:
    """Return an array (n,) for indexing, which is faster than a list."""
    array = np.array(points, int)
    array.setflags(write=False)
    return array


def height_of(parts: Iterable[str]) -> float:
    """Return the share of a standing person's height that the parts span; 0 for none."""
    ends = [end for body_part in parts for end in ABOVE_GROUND[body_part]]
    return max(ends, default=0.0) - min(ends, default=0.0)
