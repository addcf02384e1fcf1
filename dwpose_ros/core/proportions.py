# SPDX-License-Identifier: Apache-2.0
"""How much a body's proportions are those of a person."""

from __future__ import annotations

import math

import numpy as np

from dwpose_ros.core.anthropometry import ABOVE_GROUND, SHOULDER_WIDTH
from dwpose_ros.core.keypoints import INDEX
from dwpose_ros.core.person_poses import THRESHOLD

_LEAST_BONES = 4
_LEAST_PX = 1.0  # smaller bodies are not measured

_HEAD = [INDEX[name] for name in ("nose", "left_eye", "right_eye", "left_ear", "right_ear")]
_SHOULDERS = [INDEX["left_shoulder"], INDEX["right_shoulder"]]


def _apart(upper: str, lower: str) -> float:
    """Return the vertical distance between the middles of two body parts, in body heights."""
    (a, b), (c, d) = ABOVE_GROUND[upper], ABOVE_GROUND[lower]
    return (a + b) / 2 - (c + d) / 2


# The two keypoints of each bone, and its length in body heights.
_CHAIN = (("shoulder", "hip"), ("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"))
_BONES = [(*_SHOULDERS, SHOULDER_WIDTH)]
for _side in ("left", "right"):
    for _a, _b in _CHAIN:
        _BONES.append((INDEX[f"{_side}_{_a}"], INDEX[f"{_side}_{_b}"], _apart(f"{_a}s", f"{_b}s")))
    # The ankle is the upper end of the feet in ABOVE_GROUND.
    _BONES.append(
        (
            INDEX[f"{_side}_knee"],
            INDEX[f"{_side}_ankle"],
            ABOVE_GROUND["knees"][0] - ABOVE_GROUND["feet"][1],
        )
    )
_FROM, _TO = (np.array([bone[i] for bone in _BONES]) for i in (0, 1))
_LENGTH = np.array([bone[2] for bone in _BONES])
# From the middle of the shoulder joints, which lie lower than the top of the shoulders, to the
# middle of nose, eyes and ears, in body heights. In the clips 0.134 to 0.155 relative to the
# shoulder width, 0.112 to 0.142 relative to the torso length; 0.129 on the simulation's model.
_NECK = 0.13


def length_spread(xy: np.ndarray, scores: np.ndarray) -> float:
    """Return the coefficient of variation of a body's bone lengths.

    Each length is divided by that of an average adult, so that 0 is an adult body in a plane
    parallel to the image.

    Args:
        xy: (133, 2) px.
        scores: (133,).

    Returns:
        Standard deviation divided by mean; NaN if too few bones are visible.
    """
    seen = scores > THRESHOLD
    both = seen[_FROM] & seen[_TO]
    lengths = np.hypot(*(xy[_FROM] - xy[_TO])[both].T) / _LENGTH[both]
    head = [point for point in _HEAD if seen[point]]
    if head and seen[_SHOULDERS].all():
        neck = np.hypot(*(xy[head].mean(0) - xy[_SHOULDERS].mean(0))) / _NECK
        lengths = np.append(lengths, neck)
    if len(lengths) < _LEAST_BONES or not lengths.mean() > _LEAST_PX:
        return math.nan
    return float(lengths.std() / lengths.mean())
