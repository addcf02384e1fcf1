# SPDX-License-Identifier: Apache-2.0
"""Bodies of simulated people: keypoints in space for any stature, age, seat, stick or lost hand.

All are made of the atlas's one rigged adult, whose parts are scaled and moved. Sources:

- Statures: Fryar, Gu, Ogden and Flegal, "Anthropometric reference data for children and adults:
  United States, 2011-2014", Vital and Health Statistics 3(39), 2016.
- Sitting height as a share of stature: Fredriks et al., "Nationwide age references for sitting
  height, leg length, and sitting height/height ratio", Arch. Dis. Child. 90, 2005.
- Heads of children: Snyder et al., "Anthropometry of infants, children, and youths to age 18 for
  product safety design", UM-HSRI-77-17, 1977.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from dwpose_ros.core.keypoints import FACE, INDEX, LEFT_HAND, NAMES, RIGHT_HAND
from dwpose_ros.simulation import atlas

SHORTEST_M, TALLEST_M = 1.10, 2.05
GROWN_YEARS = 18.0
SEATS = {"": 0.0, "chair": 0.45, "wheelchair": 0.50}  # height above the ground, m
WITHOUT = ("", "left_hand", "right_hand", "left_forearm", "right_forearm")
# By age in years: median stature of girls and boys, m; sitting height, and the head's height from
# chin to crown, as shares of it.
_AGES = (6.0, 8.0, 10.0, 12.0, 14.0, 18.0)
_STATURES_M = {
    "female": (1.16, 1.28, 1.39, 1.53, 1.59, 1.62),
    "male": (1.17, 1.29, 1.40, 1.51, 1.65, 1.76),
}
_SITTING = (0.553, 0.542, 0.533, 0.525, 0.522, 0.525)
_HEAD = (0.165, 0.155, 0.148, 0.142, 0.137, 0.130)
_SPREAD = 0.042  # of statures at one age, relative standard deviation
_HIP_OVER_SEAT = 0.09  # m, of an adult who sits
_LAP_M = 0.04  # of wrists above the hips of somebody who sits with the hands in the lap
_LEGS = tuple(i for i in range(23) if "knee" in NAMES[i] or i >= INDEX["left_ankle"])
_HEAD_POINTS = (*range(5), *range(FACE.start, FACE.stop))
_ARMS = {
    side: (INDEX[f"{side}_elbow"], INDEX[f"{side}_wrist"], *range(hand.start, hand.stop))
    for side, hand in (("left", LEFT_HAND), ("right", RIGHT_HAND))
}
_HANGING = ("relaxed", "feet_apart", "slouched", "leaning", "step_left", "step_right")


class Body(NamedTuple):
    """A body, as a camera sees it.

    `shape` raises ValueError for a seat or a loss that it does not know.
    """

    stature_m: float = 1.72
    """Height of the crown above the ground when standing."""
    age_years: float = 35.0
    """From 18 years on, proportions are an adult's."""
    seat: str = ""
    """"chair" or "wheelchair"; empty for somebody who stands."""
    rises: bool = False
    """Gets up from a chair when asked to."""
    stick: bool = False
    """Leans on a walking stick with the right hand, whenever that hand is not wanted."""
    without: str = ""
    """A lost limb, of WITHOUT."""

    @property
    def lost(self) -> tuple[int, ...]:
        """Keypoints that this body does not have."""
        side, _, what = self.without.partition("_")
        if not what:
            return ()
        _, wrist, *hand = _ARMS[side]
        return (wrist, *hand) if what == "forearm" else tuple(hand)


def body_of(person: str) -> Body:
    """Return the body of somebody in the atlas.

    Raises:
        AtlasError: nobody has this name.
    """
    pictures = atlas.load(person)
    about = pictures.about
    return Body(
        pictures.stature_m,
        about.age_years,
        about.seat,
        stick=about.stick,
        without=about.without,
    )


def drawn_body(
    random: np.random.Generator, youngest: float = GROWN_YEARS, oldest: float = 80.0
) -> Body:
    """Draw a standing body of an age from `youngest` to `oldest` years, and a stature of it."""
    age = random.uniform(youngest, oldest)
    medians = _STATURES_M["female" if random.random() < 0.5 else "male"]
    stature = np.interp(age, _AGES, medians) * random.normal(1.0, _SPREAD)
    return Body(float(np.clip(stature, SHORTEST_M, TALLEST_M)), float(age))


@lru_cache(maxsize=512)
def shape(body: Body, posture: str) -> np.ndarray:
    """Return a body's keypoints in a posture, (133, 3) m: ahead of them, to their left, up.

    The origin is on the ground, below the hips of somebody who stands. The array is shared, and
    cannot be written to. Raises ValueError, and AtlasError for an unknown posture.
    """
    if body.seat not in SEATS or body.without not in WITHOUT:
        raise ValueError(
            f"body has seat {body.seat!r} and is without {body.without!r}; there are "
            f"{', '.join(filter(None, SEATS))} and {', '.join(filter(None, WITHOUT))}"
        )
    pictures = atlas.load()
    scale = body.stature_m / pictures.stature_m
    xyz = pictures.xyz(posture) * scale
    if body.age_years < GROWN_YEARS:
        xyz = _grown_back(xyz, body)
    if body.stick and posture in _HANGING:
        xyz = _on_a_stick(xyz)
    if body.seat:
        xyz = _seated(xyz, body, posture)
    xyz.setflags(write=False)
    return xyz


def crown_m(body: Body, xyz: np.ndarray) -> float:
    """Return the height of a shaped body's crown above the ground, m."""
    head = np.interp(body.age_years, _AGES, _HEAD) * body.stature_m
    chin = float(xyz[FACE.start + 8, 2])
    return chin + float(head)


def crown(body: Body, xyz: np.ndarray) -> np.ndarray:
    """Return the crown (3,) m, which no keypoint marks."""
    middle = xyz[[INDEX["left_ear"], INDEX["right_ear"]]].mean(0)
    return np.array([middle[0], middle[1], crown_m(body, xyz)])


def _middle(xyz: np.ndarray, name: str) -> np.ndarray:
    return (xyz[INDEX[f"left_{name}"]] + xyz[INDEX[f"right_{name}"]]) / 2


def _grown_back(xyz: np.ndarray, body: Body) -> np.ndarray:
    """Give an adult's points (133, 3) of this stature a child's proportions."""
    sitting, head = (
        float(np.interp(body.age_years, _AGES, of)) / of[-1] for of in (_SITTING, _HEAD)
    )
    hips, shoulders = _middle(xyz, "hip"), _middle(xyz, "shoulder")
    chin = xyz[FACE.start + 8].copy()
    xyz = xyz.copy()
    # The trunk takes what the legs give; the head takes of the trunk what it has more.
    legs = (body.stature_m - sitting * (body.stature_m - hips[2])) / hips[2]
    more_head = (head - 1) * _HEAD[-1] * body.stature_m
    trunk = (sitting * (body.stature_m - hips[2]) - more_head) / (body.stature_m - hips[2])
    below = list(_LEGS)
    xyz[below, 2] *= legs
    lift = hips[2] * (legs - 1)
    raised = lift + (shoulders[2] - hips[2]) * (trunk - 1)
    xyz[[INDEX["left_hip"], INDEX["right_hip"]], 2] += lift
    xyz[[INDEX["left_shoulder"], INDEX["right_shoulder"]], 2] += raised
    for arm in _ARMS.values():
        xyz[list(arm), 2] += raised
    neck = raised + (chin[2] - shoulders[2]) * (trunk - 1)
    at = list(_HEAD_POINTS)
    xyz[at] = chin + (xyz[at] - chin) * head + [0.0, 0.0, neck]
    return xyz


def _on_a_stick(xyz: np.ndarray) -> np.ndarray:
    """Put the right hand on a stick, beside and before the hip."""
    xyz = xyz.copy()
    elbow, wrist, *hand = _ARMS["right"]
    reach = float(np.linalg.norm(xyz[wrist] - xyz[elbow]))
    to = xyz[elbow] + reach * np.array([0.72, -0.20, -0.66])
    xyz[hand] += to - xyz[wrist]
    xyz[wrist] = to
    return xyz


def _seated(xyz: np.ndarray, body: Body, posture: str) -> np.ndarray:
    """Seat a standing body (133, 3): thighs ahead, lower legs down, hands in the lap."""
    xyz = xyz.copy()
    hips = _middle(xyz, "hip")
    lower = float(xyz[INDEX["left_knee"], 2] - xyz[INDEX["left_ankle"], 2])
    thigh = float(hips[2] - xyz[INDEX["left_knee"], 2])
    scale = min(1.0, body.stature_m / 1.6)  # children get a lower chair
    height = SEATS[body.seat] * scale + _HIP_OVER_SEAT * scale
    legs = list(_LEGS)
    upper = [i for i in range(len(xyz)) if i not in _LEGS]
    xyz[upper, 2] += height - hips[2]
    knee_m = min(height, lower + float(xyz[INDEX["left_ankle"], 2]))
    for side in ("left", "right"):
        knee, ankle = INDEX[f"{side}_knee"], INDEX[f"{side}_ankle"]
        feet = [i for i in legs if NAMES[i].startswith(side) and i != knee]
        down = knee_m - lower - xyz[ankle, 2]
        xyz[knee] = [hips[0] + thigh, xyz[knee, 1], knee_m]
        xyz[feet] += [thigh + 0.02, 0.0, max(down, 0.0)]
    if posture in _HANGING:
        for side, (elbow, wrist, *hand) in _ARMS.items():
            if body.stick and side == "right":
                continue
            to = np.array([hips[0] + 0.55 * thigh, 0.6 * xyz[wrist, 1], height + _LAP_M])
            # Fingers that hung down lie ahead on the thigh.
            off = xyz[hand] - xyz[wrist]
            xyz[hand] = to + np.stack([-off[:, 2], off[:, 1], off[:, 0]], 1)
            xyz[wrist] = to
            xyz[elbow] += [0.02, 0.0, 0.0]
    return xyz
