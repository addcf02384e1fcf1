# SPDX-License-Identifier: Apache-2.0
"""The joint angles of a posture and how far each can go.

Angles are in degrees; a posture is an array of them in the order of ANGLES. Ranges are those of
the American Academy of Orthopaedic Surgeons (Joint Motion: Method of Measuring and Recording,
1965), for joints that people move by themselves, and for the shoulder the globe of Wu et al., "ISB
recommendation on definitions of joint coordinate systems, part II" (J. Biomechanics 38, 2005):
the plane of elevation (0 to the side, 90 to the front), the elevation in it (0 hanging down), and
the axial rotation.
"""

from __future__ import annotations

import numpy as np

_MIDDLE = {
    "spine_flexion": (-25, 70),  # forward is positive, here and at the neck
    "spine_lateral": (-30, 30),  # to the person's left
    "spine_twist": (-35, 35),  # to the person's left
    "neck_flexion": (-50, 45),
    "neck_lateral": (-40, 40),
    "neck_twist": (-75, 75),
}
_ARM = {
    "shoulder_plane": (-40, 130),
    "shoulder_elevation": (0, 170),
    "shoulder_axial": (-75, 75),  # inwards is positive
    "elbow": (0, 145),
    "pronation": (-80, 80),
    "wrist_flexion": (-65, 75),  # to the palm
    "wrist_deviation": (-20, 30),  # to the little finger
}
_LEG = {
    "hip_flexion": (-20, 120),
    "hip_abduction": (-20, 45),
    "hip_rotation": (-40, 45),  # outwards
    "knee": (0, 135),
    "ankle": (-45, 20),  # toes up is positive
}
_THUMB = {"thumb_spread": (0, 45), "thumb_1": (-10, 45), "thumb_2": (-5, 55), "thumb_3": (-10, 75)}
FINGERS = ("index", "middle", "ring", "little")
_FINGER = {"spread": (-12, 15), "1": (-20, 90), "2": (0, 100), "3": (0, 75)}

_SIDE = {
    **_ARM,
    **_LEG,
    **_THUMB,
    **{f"{finger}_{joint}": r for finger in FINGERS for joint, r in _FINGER.items()},
}
LIMITS: dict[str, tuple[float, float]] = {
    **_MIDDLE,
    **{f"{name}.{side}": r for side in "LR" for name, r in _SIDE.items()},
}
ANGLES = tuple(LIMITS)
AT = {name: i for i, name in enumerate(ANGLES)}
LOW, HIGH = (np.array([LIMITS[name][k] for name in ANGLES], float) for k in (0, 1))


def within(angles: np.ndarray) -> np.ndarray:
    """Return the nearest angles (n,) within the limits, those that depend on others included.

    Where an arm goes behind the body it rises less (60 degrees at -40), and across the chest it
    rises to 110; the outermost joint of a finger bends at most as far as two thirds of the one
    before it and 20 degrees, since one tendon moves both.
    """
    found = np.clip(angles, LOW, HIGH)
    for side in "LR":
        plane, elevation = (AT[f"shoulder_{kind}.{side}"] for kind in ("plane", "elevation"))
        highest = np.interp(found[plane], [-40, -10, 100, 130], [60, 170, 170, 110])
        found[elevation] = min(found[elevation], highest)
        for finger in FINGERS:
            second, third = AT[f"{finger}_2.{side}"], AT[f"{finger}_3.{side}"]
            found[third] = min(found[third], found[second] * 2 / 3 + 20)
    return found


def is_within(angles: np.ndarray) -> bool:
    """Return whether all angles (n,) are within the limits, to a millionth of a degree."""
    return bool(np.all(np.abs(within(angles) - angles) < 1e-6))


def mirrored(angles: np.ndarray) -> np.ndarray:
    """Return the posture seen in a mirror: left and right exchanged, side bends reversed."""
    swapped = {".L": ".R", ".R": ".L"}
    found = np.array([angles[AT[n[:-2] + swapped.get(n[-2:], n[-2:])]] for n in ANGLES])
    for name in ("spine_lateral", "spine_twist", "neck_lateral", "neck_twist"):
        found[AT[name]] *= -1
    return found
