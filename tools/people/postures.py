# SPDX-License-Identifier: Apache-2.0
"""The distribution of postures.

A posture is drawn in three steps, each a table below: what the body does (KINDS), what each arm
does (ARMS), and what each hand does (HANDS). A table's entry is a normal distribution of each
angle that it names; all others are normal around 0 with the spread of `_spread`. What comes out is
brought within the joints' limits. Half of the time both arms do the same.

| kind | share |
| --- | --- |
| standing | 0.50 |
| walking | 0.10 |
| sitting on a chair | 0.13 |
| sitting in a wheelchair | 0.03 |
| leaning | 0.09 |
| anything: wide, crouching, lunging | 0.15 |
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tools.people.limits import ANGLES, AT, FINGERS, within

KINDS = {"stand": 0.5, "walk": 0.1, "chair": 0.13, "wheelchair": 0.03, "lean": 0.09, "any": 0.15}
SITTING = ("chair", "wheelchair")

# Mean and standard deviation in degrees: shoulder plane, elevation, axial, elbow, pronation.
ARMS: dict[str, tuple[tuple[float, float], ...]] = {
    "down": ((10, 15), (10, 6), (0, 15), (14, 9), (20, 20)),
    "a_pose": ((5, 8), (40, 9), (0, 15), (8, 6), (0, 30)),
    "t_pose": ((5, 8), (88, 8), (-10, 25), (8, 8), (0, 35)),
    "hip": ((-12, 8), (38, 6), (38, 8), (88, 9), (10, 20)),
    "forward": ((75, 15), (70, 15), (0, 20), (35, 25), (0, 40)),
    "raised": ((25, 25), (140, 15), (-10, 20), (25, 25), (0, 40)),
    "wave": ((15, 15), (70, 20), (-60, 12), (95, 20), (-10, 30)),
    "hold": ((25, 15), (22, 10), (15, 15), (90, 14), (-20, 30)),
    "phone": ((55, 12), (40, 10), (10, 10), (125, 10), (-20, 20)),
    "face": ((60, 12), (55, 12), (5, 12), (135, 8), (-40, 30)),
    "shown": ((35, 15), (35, 12), (-30, 15), (105, 15), (-45, 20)),
    "crossed": ((60, 10), (35, 8), (45, 8), (100, 10), (30, 20)),
    "any": ((40, 50), (70, 45), (0, 40), (60, 45), (0, 45)),
}
_ARM_SHARES = {
    "stand": {"down": 0.36, "a_pose": 0.05, "t_pose": 0.05, "hip": 0.08, "forward": 0.05,
              "raised": 0.06, "wave": 0.05, "hold": 0.07, "phone": 0.04, "face": 0.04,
              "shown": 0.06, "crossed": 0.04, "any": 0.05},
    "walk": {"down": 0.6, "hold": 0.2, "forward": 0.05, "wave": 0.05, "any": 0.1},
    "sit": {"lap": 0.5, "down": 0.1, "hold": 0.12, "face": 0.08, "crossed": 0.05, "raised": 0.05,
            "any": 0.1},
    "lean": {"down": 0.4, "hip": 0.2, "hold": 0.15, "any": 0.25},
    "any": {"any": 0.6, "raised": 0.15, "t_pose": 0.1, "forward": 0.15},
}  # fmt: skip
ARMS["lap"] = ((40, 10), (28, 7), (15, 10), (55, 12), (40, 15))

# How far fingers bend at their first, second and third joint: mean of each, and their share.
HANDS: dict[str, tuple[tuple[float, float, float], float]] = {
    "open": ((2, 4, 3), 0.25),
    "relaxed": ((22, 30, 18), 0.4),
    "fist": ((80, 92, 60), 0.1),
    "point": ((75, 88, 55), 0.08),
    "grip": ((50, 55, 30), 0.05),
    "random": ((30, 45, 25), 0.12),
}


class Posture(NamedTuple):
    """What somebody does."""

    kind: str
    """One of KINDS."""
    angles: np.ndarray
    """(n,) degrees in the order of `limits.ANGLES`, within their limits."""
    arms: tuple[str, str]
    """What the left and the right arm do: names of ARMS."""


def draw_posture(
    random: np.random.Generator, kind: str | None = None, holds: tuple[bool, bool] = (False, False)
) -> Posture:
    """Draw a posture.

    Args:
        random: the source of chance.
        kind: one of KINDS; drawn by their shares if None.
        holds: whether the left and the right hand hold something.
    """
    chosen = kind or str(random.choice(list(KINDS), p=list(KINDS.values())))
    angles = random.normal(0, [_spread(name) for name in ANGLES])
    _trunk(random, angles, chosen)
    for side in "LR":
        _leg(random, angles, chosen, side)
    table = _ARM_SHARES["sit" if chosen in SITTING else chosen]
    arms = [str(random.choice(list(table), p=list(table.values()))) for _ in "LR"]
    if random.random() < 0.5 and chosen != "any":
        arms[1] = arms[0]
    for i, side in enumerate("LR"):
        if holds[i] and arms[i] not in ("down", "forward", "raised", "wave"):
            arms[i] = "hold"
        _arm(random, angles, arms[i], side)
        _hand(random, angles, side, holds[i], arms[i] == "shown")
    return Posture(chosen, within(angles), (arms[0], arms[1]))


def redraw_arm(random: np.random.Generator, posture: Posture, side: str) -> Posture:
    """Draw one arm anew, doing the same; after some tries the caller may ask for "a_pose"."""
    angles = posture.angles.copy()
    _arm(random, angles, posture.arms["LR".index(side)], side)
    return posture._replace(angles=within(angles))


def _spread(name: str) -> float:
    """Standard deviation in degrees of an angle that nothing else decides."""
    for part, spread in (
        ("spine", 5), ("neck_twist", 18), ("neck_flexion", 11), ("neck", 7), ("wrist_f", 18),
        ("wrist", 8), ("hip_rotation", 10), ("hip", 6), ("ankle", 5), ("spread", 5), ("thumb", 10),
    ):  # fmt: skip
        if name.startswith(part) or (part == "spread" and part in name):
            return spread
    return 4


def _trunk(random: np.random.Generator, angles: np.ndarray, kind: str) -> None:
    flexion, lateral, twist = (AT[f"spine_{k}"] for k in ("flexion", "lateral", "twist"))
    if kind == "lean":
        angles[flexion] += random.choice([-10, 12, 35], p=[0.25, 0.45, 0.3])
        angles[lateral] += random.normal(0, 14)
        angles[twist] += random.normal(0, 12)
    elif kind == "any":
        angles[[flexion, lateral, twist]] += random.normal((12, 0, 0), (18, 12, 16))
        angles[AT["neck_twist"]] += random.normal(0, 20)
    elif kind in SITTING:
        angles[flexion] += random.normal(6, 8)


def _leg(random: np.random.Generator, angles: np.ndarray, kind: str, side: str) -> None:
    def put(name: str, mean: float, spread: float) -> None:
        angles[AT[f"{name}.{side}"]] = random.normal(mean, spread)

    put("hip_abduction", 4, 4)
    put("hip_rotation", 8, 8)
    put("hip_flexion", 2, 4)
    put("knee", 4, 4)
    if kind == "walk":
        put("hip_flexion", 8 if side == "L" else 5, 18)
        put("knee", 18, 16)
    elif kind in SITTING:
        put("hip_flexion", 88, 7)
        put("hip_abduction", 9, 6)
        put("knee", 88, 13 if kind == "chair" else 6)
        put("hip_rotation", 3, 6)
    elif kind == "lean":
        put("hip_flexion", 12, 10)
        put("knee", 9, 9)
    elif kind == "any":
        put("hip_flexion", 40, 35)
        put("knee", 45, 38)
        put("hip_abduction", 14, 12)
    if kind not in SITTING:  # the sole stays about flat
        put("ankle", angles[AT[f"knee.{side}"]] - angles[AT[f"hip_flexion.{side}"]], 4)


def _arm(random: np.random.Generator, angles: np.ndarray, does: str, side: str) -> None:
    names = ("shoulder_plane", "shoulder_elevation", "shoulder_axial", "elbow", "pronation")
    for name, (mean, spread) in zip(names, ARMS[does]):
        angles[AT[f"{name}.{side}"]] = random.normal(mean, spread)


def _hand(
    random: np.random.Generator, angles: np.ndarray, side: str, holds: bool, shown: bool
) -> None:
    names = list(HANDS)
    does = str(random.choice(names, p=[HANDS[n][1] for n in names]))
    does = "grip" if holds else "open" if shown else does
    bend = np.array(HANDS[does][0])
    fan = random.uniform(-0.3, 1) if does in ("open", "random") else 0.0
    for k, finger in enumerate(FINGERS):
        own = bend * 0.1 if does == "point" and finger == "index" else bend
        spread = (25, 30, 20) if does == "random" else (6, 6, 5)
        for joint, mean, deviation in zip("123", own, spread):
            angles[AT[f"{finger}_{joint}.{side}"]] = random.normal(mean, deviation)
        angles[AT[f"{finger}_spread.{side}"]] += fan * (-9, -2, 5, 11)[k]
    thumb = {"fist": 40, "point": 35, "grip": 25, "open": 3}.get(does, random.uniform(0, 40))
    angles[AT[f"thumb_spread.{side}"]] = random.normal(12 if does != "open" else 6, 8)
    for joint, share in zip("123", (0.4, 0.8, 1)):
        angles[AT[f"thumb_{joint}.{side}"]] = random.normal(thumb * share, 7)
