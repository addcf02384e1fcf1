# SPDX-License-Identifier: Apache-2.0
"""The people of the simulated camera: who they are, what they do, and from where they are seen.

Statures are those of the age and sex, from tall to short (see `dwpose_ros.simulation.bodies`).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tools.people.limits import AT, FINGERS, within
from tools.people.postures import ARMS, HANDS, Posture

AFRICAN, ASIAN, EUROPEAN = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)


class Role(NamedTuple):
    """One of the people."""

    name: str
    age: float
    male: float
    stature_m: float
    weight: float
    """0..1, as of `Physique`."""
    origin: tuple[float, float, float]
    wears: dict[str, object] = {}
    """Fields of the `Outfit` that are not left to chance."""
    seat: str = ""
    """"chair" or "wheelchair"."""
    stick: bool = False
    without: str = ""
    """"left_hand" or "right_hand"; empty for somebody who has both."""


_MIXED = (0.4, 0.2, 0.4)
_BROWN = (0.1, 0.05, 0.025)  # hair
CAST = (
    Role("amara", 29, 0, 1.66, 0.45, AFRICAN,
         {"hair": "afro01", "suit": "female_casualsuit02", "bottom": "female_elegantsuit01"}),
    Role("bruno", 52, 1, 1.78, 0.85, EUROPEAN, {"hair": None, "beard": "full"}),
    Role("chen", 34, 1, 1.72, 0.35, ASIAN,
         {"hair": "short02", "glasses": "glasses", "suit": "male_casualsuit04"}),
    Role("dina", 41, 0, 1.60, 0.6, (0.2, 0.2, 0.6), {"hat": "headscarf", "hair": None}),
    Role("emil", 6, 1, 1.15, 0.4, EUROPEAN,
         {"hair": "short02", "hair_color": _BROWN, "suit": "male_casualsuit06"}),
    Role("fatou", 8, 0, 1.29, 0.4, AFRICAN, {"hair": "braid01"}),
    Role("george", 80, 1, 1.69, 0.5, EUROPEAN,
         {"hair": "short01", "glasses": "glasses", "suit": "male_elegantsuit01"}, stick=True),
    Role("hana", 10, 0, 1.38, 0.5, ASIAN, {"hair": "long01"}),
    Role("ivan", 45, 1, 2.05, 0.6, EUROPEAN, {"hair": "short03", "suit": "male_casualsuit04"}),
    Role("june", 23, 0, 1.52, 0.25, ASIAN, {"hair": "long01"}),
    Role("kofi", 38, 1, 1.85, 0.55, AFRICAN, {"hair": "short04", "beard": "stubble"}),
    Role("lena", 27, 0, 1.71, 0.4, EUROPEAN, {"hair": "ponytail01", "mask": True}),
    Role("mateo", 13, 1, 1.57, 0.65, _MIXED, {"hair": "short01"}),
    Role("nora", 67, 0, 1.58, 0.75, EUROPEAN, {"hair": "bob02", "glasses": "glasses"}),
    Role("omar", 31, 1, 1.76, 0.5, (0.3, 0.2, 0.5), {"beard": "full", "hat": "cap", "hair": None}),
    Role("priya", 36, 0, 1.57, 0.5, (0.1, 0.6, 0.3), {"hair": "long01"}),
    Role("quinn", 19, 0.5, 1.74, 0.3, EUROPEAN, {"hair": "short02", "hat": "woolly",
                                                "glasses": "sunglasses"}),
    Role("rosa", 58, 0, 1.62, 0.9, _MIXED, {"hair": "bob02"}),
    Role("samir", 26, 1, 1.80, 0.45, (0.2, 0.3, 0.5), {"hair": "short03"}, seat="wheelchair"),
    Role("tess", 49, 0, 1.65, 0.65, EUROPEAN, {"hair": "ponytail01"}, seat="wheelchair"),
    Role("umi", 74, 0, 1.51, 0.45, ASIAN,
         {"hair": "short01", "suit": "female_casualsuit01"}, seat="chair"),
    Role("victor", 33, 1, 1.83, 0.5, EUROPEAN, {"hair": "short04"}, without="left_hand"),
    Role("wanda", 71, 0, 1.64, 0.55, EUROPEAN, {"hair": "bob02", "hat": None}),
    Role("yusuf", 16, 1, 1.70, 0.3, AFRICAN, {"hair": "short02"}),
)  # fmt: skip

# Degrees, 0 = facing the camera, positive = turned to the person's own left.
_ROUND = tuple(range(-180, 180, 30))
YAWS = {
    "relaxed": (*_ROUND, -15, 15),
    "feet_apart": (0, 180),
    "slouched": (0,),
    "leaning": (0,),
    "a_pose": (0, 180),
    "t_pose": (0,),
    "arms_up": (0,),
    "hands_half": (0,),
    "hands_shown": (-30, -15, 0, 15, 30),
    "step_left": (-90, 0, 90, 180),
    "step_right": (-90, 0, 90, 180),
}
BUST_YAWS = {"relaxed": (-60, -30, -15, 0, 15, 30, 60), "hands_shown": (-30, 0, 30)}

# Arms of each posture, by name of `postures.ARMS`, and hands of `postures.HANDS`.
_DOES = {
    "a_pose": ("a_pose", "relaxed"),
    "t_pose": ("t_pose", "open"),
    "arms_up": ("raised", "open"),
    "hands_half": ("hold", "open"),
    "hands_shown": ("shown", "open"),
}
_TRUNK = {
    "slouched": {"spine_flexion": 34.0, "neck_flexion": -16.0},
    "leaning": {"spine_lateral": 18.0, "neck_lateral": 8.0},
}
_STRIDE = {"hip_flexion": (24.0, -16.0), "knee": (12.0, 28.0)}  # of the leg ahead, and behind
# Palms to the camera, fingers up, wrists beside the shoulders.
_SHOWN = {"shoulder_plane": 35.0, "shoulder_elevation": 40.0, "shoulder_axial": -60.0,
          "elbow": 110.0, "pronation": 40.0, "wrist_flexion": -30.0}  # fmt: skip
_STICK = {"shoulder_plane": 40.0, "shoulder_elevation": 26.0, "shoulder_axial": 0.0,
          "elbow": 38.0, "pronation": 0.0}  # fmt: skip


def posture_of(role: Role, name: str) -> Posture:
    """Return what somebody does in a posture of the simulation; nothing is left to chance."""
    angles = np.zeros(len(AT))
    for key, value in _TRUNK.get(name, {}).items():
        angles[AT[key]] = value
    ahead = {"step_left": "L", "step_right": "R"}.get(name, "")
    for side in "LR":
        angles[AT[f"hip_abduction.{side}"]] = 11.0 if name == "feet_apart" else 4.0
        angles[AT[f"hip_rotation.{side}"]] = 6.0
        if role.seat:
            for key in ("hip_flexion", "knee"):
                angles[AT[f"{key}.{side}"]] = 88.0
        elif ahead:
            for key, both in _STRIDE.items():
                angles[AT[f"{key}.{side}"]] = both[side != ahead]
        if not role.seat:
            bend = angles[AT[f"knee.{side}"]] - angles[AT[f"hip_flexion.{side}"]]
            angles[AT[f"ankle.{side}"]] = bend
    default = ("lap" if role.seat else "down", "relaxed")
    arms, hands = _DOES.get(name, default)
    for side in "LR":
        keys = ("shoulder_plane", "shoulder_elevation", "shoulder_axial", "elbow", "pronation")
        for key, (mean, _) in zip(keys, ARMS[arms]):
            angles[AT[f"{key}.{side}"]] = mean
        on_stick = leans_on_stick(role, name) and side == "R"
        own = _STICK if on_stick else _SHOWN if name == "hands_shown" else {}
        for key, value in own.items():
            angles[AT[f"{key}.{side}"]] = value
        bend = HANDS["grip" if on_stick else hands][0]
        for finger in FINGERS:
            for joint, value in zip("123", bend):
                angles[AT[f"{finger}_{joint}.{side}"]] = value
    return Posture(role.seat or "stand", within(angles), (arms, arms))


def leans_on_stick(role: Role, posture: str) -> bool:
    """Return whether the right hand is on the stick: not where the hands are wanted."""
    return role.stick and posture not in _DOES
