# SPDX-License-Identifier: Apache-2.0
"""From joint angles to a posed mesh: rotations of the bones, forward kinematics, skinning.

A bone's rotation is about the axes of the body at rest (x to the person's left, y up, z to the
front). MakeHuman rests with arms half down; the shoulder's angles are counted from hanging arms.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy import sparse

from tools.people.anny import Body
from tools.people.limits import AT, FINGERS

_X, _Y, _Z = np.eye(3)
_SPINE = ("spine05", "spine04", "spine03", "spine02", "spine01")
_NECK = {"neck01": 0.25, "neck02": 0.25, "head": 0.5}


def cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the cross product of two vectors (3,); NumPy's own is ten times slower on these."""
    (a0, a1, a2), (b0, b1, b2) = a, b
    return np.array([a1 * b2 - a2 * b1, a2 * b0 - a0 * b2, a0 * b1 - a1 * b0])


def rotation(axis: np.ndarray | list[float], degrees: float) -> np.ndarray:
    """Return the (3, 3) rotation about an axis (3,) of any length, by the right hand."""
    x, y, z = (float(v) for v in axis)
    length = math.sqrt(x * x + y * y + z * z) + 1e-12
    x, y, z = x / length, y / length, z / length
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    k = 1 - c
    return np.array([
        [c + x * x * k, x * y * k - z * s, x * z * k + y * s],
        [y * x * k + z * s, c + y * y * k, y * z * k - x * s],
        [z * x * k - y * s, z * y * k + x * s, c + z * z * k],
    ])  # fmt: skip


def between(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the smallest rotation (3, 3) that turns direction a to direction b."""
    axis = cross(a, b)
    return rotation(axis, math.degrees(math.atan2(math.sqrt(axis @ axis), a @ b)))


def _part(turn: np.ndarray, share: float) -> np.ndarray:
    """A share of a rotation of less than half a turn."""
    angle = math.acos(min(1.0, max(-1.0, (np.trace(turn) - 1) / 2)))
    axis = [turn[2, 1] - turn[1, 2], turn[0, 2] - turn[2, 0], turn[1, 0] - turn[0, 1]]
    return rotation(axis, math.degrees(angle) * share)


class Posed(NamedTuple):
    """A skeleton in a posture."""

    motion: np.ndarray
    """(bones, 3, 4): what takes a point at rest that hangs on a bone to where it is."""
    heads: np.ndarray
    """(bones, 3) m, where bones begin."""
    tails: np.ndarray
    """(bones, 3) m, where they end."""


class Rig:
    """The bones of a body, and how its vertices hang on them."""

    def __init__(self, body: Body) -> None:
        self.bones = body.bones
        self.at = {bone.name: i for i, bone in enumerate(body.bones)}
        self.weights = sparse.csr_matrix(np.where(body.weights > 1e-3, body.weights, 0))
        rows, columns, values = [], [], []
        for i, bone in enumerate(body.bones):
            for k, end in enumerate((bone.head, bone.tail)):
                rows += [2 * i + k] * len(end)
                columns += end.tolist()
                values += [1 / len(end)] * len(end)
        shape = (2 * len(body.bones), len(body.mesh.vertices))
        self._ends = sparse.csr_matrix((values, (rows, columns)), shape=shape)

    def pose(self, vertices: np.ndarray, angles: np.ndarray) -> Posed:
        """Put a body at rest, its vertices (n, 3) m, into a posture of `limits.ANGLES`."""
        ends = np.asarray(self._ends @ vertices).reshape(-1, 2, 3)
        heads, tails = ends[:, 0], ends[:, 1]
        turns = self._turns(heads, tails, angles)
        motion = np.empty((len(self.bones), 3, 4))
        for i, bone in enumerate(self.bones):
            before = motion[bone.parent] if bone.parent >= 0 else np.eye(3, 4)
            turn = turns.get(bone.name)
            if turn is None:
                motion[i] = before
                continue
            motion[i, :, :3] = before[:, :3] @ turn
            motion[i, :, 3] = before[:, :3] @ (heads[i] - turn @ heads[i]) + before[:, 3]
        return Posed(motion, *(_moved(motion, points) for points in (heads, tails)))

    def skin(self, posed: Posed, vertices: np.ndarray, weights: sparse.csr_matrix) -> np.ndarray:
        """Return vertices at rest (n, 3) where the posture takes them; weights (n, bones)."""
        flat = posed.motion.reshape(-1, 12).astype(np.float32)
        return _moved(np.asarray(weights @ flat).reshape(-1, 3, 4), vertices)

    def _turns(self, heads: np.ndarray, tails: np.ndarray, angles: np.ndarray) -> dict:
        turns = _trunk(angles)
        for side, sign in (("L", 1), ("R", -1)):
            value = {n[:-2]: angles[i] for n, i in AT.items() if n.endswith("." + side)}

            def head(name: str, side: str = side) -> np.ndarray:
                return heads[self.at[f"{name}.{side}"]]

            def along(name: str, side: str = side) -> np.ndarray:
                i = self.at[f"{name}.{side}"]
                return tails[i] - heads[i]

            hand = _Hand.of(head, sign)
            found = {
                **_arm(value, head("lowerarm01") - head("upperarm01"),
                       head("wrist") - head("lowerarm01"), hand, sign),
                **_leg(value, sign),
                **_fingers(value, along, hand),
            }  # fmt: skip
            turns |= {f"{name}.{side}": turn for name, turn in found.items()}
        return turns


def _moved(motion: np.ndarray, points: np.ndarray) -> np.ndarray:
    return np.einsum("nij,nj->ni", motion[:, :, :3], points) + motion[:, :, 3]


def _trunk(angles: np.ndarray) -> dict[str, np.ndarray]:
    def bent(part: str, share: float) -> np.ndarray:
        flexion, lateral, twist = (
            angles[AT[f"{part}_{k}"]] for k in ("flexion", "lateral", "twist")
        )
        turn = rotation(_Y, twist) @ rotation(_Z, -lateral) @ rotation(_X, flexion)
        return _part(turn, share)

    turns = {bone: bent("spine", 1 / len(_SPINE)) for bone in _SPINE}
    return turns | {bone: bent("neck", share) for bone, share in _NECK.items()}


class _Hand(NamedTuple):
    """Directions of a hand at rest."""

    fingers: np.ndarray
    palm: np.ndarray
    """Out of the palm."""
    little: np.ndarray
    """From the forefinger to the little finger."""

    @classmethod
    def of(cls, head: Callable[[str], np.ndarray], sign: int) -> _Hand:
        wrist, index, little = (head(name) for name in ("wrist", "finger2-1", "finger5-1"))
        palm = -sign * cross(index - wrist, little - wrist)
        return cls(head("finger3-1") - wrist, palm / np.linalg.norm(palm), little - index)


def _arm(
    value: dict[str, float], upper: np.ndarray, lower: np.ndarray, hand: _Hand, sign: int
) -> dict[str, np.ndarray]:
    """Rotations of an arm; sign is 1 on the left."""
    plane, elevation = np.radians(value["shoulder_plane"]), np.radians(value["shoulder_elevation"])
    out = np.sin(elevation)
    to = np.array([sign * np.cos(plane) * out, -np.cos(elevation), np.sin(plane) * out])
    down = between(upper, -_Y)
    swing = between(-_Y, to) @ down
    # Inwards about the arm, which points away from the shoulder; 0 is the elbow's hinge as it
    # hangs, and an arm that rises to the front turns inwards by itself.
    axial = value["shoulder_axial"] + value["shoulder_plane"] * out * 0.7
    twist = rotation(to, sign * axial)
    girdle = _part(swing, 0.15)
    whole = twist @ swing
    half = rotation(to, sign * axial * -0.4)
    first = half @ whole  # the rest of the twist is in the arm's lower half
    hinge = cross(upper, _Z)
    rest = math.degrees(math.atan2(np.linalg.norm(cross(upper, lower)), upper @ lower))
    pronation = sign * value["pronation"]
    return {
        "shoulder01": girdle,
        "upperarm01": girdle.T @ first,
        "upperarm02": first.T @ whole,
        "lowerarm01": rotation(hinge, value["elbow"] - rest),
        "lowerarm02": rotation(lower, pronation * 0.6),
        "wrist": rotation(lower, pronation * 0.4)
        @ rotation(cross(hand.fingers, hand.little), value["wrist_deviation"])
        @ rotation(cross(hand.fingers, hand.palm), value["wrist_flexion"]),
    }


def _leg(value: dict[str, float], sign: int) -> dict[str, np.ndarray]:
    return {
        "upperleg01": rotation(_X, -value["hip_flexion"])
        @ rotation(_Z, sign * value["hip_abduction"])
        @ rotation(_Y, sign * value["hip_rotation"]),
        "lowerleg01": rotation(_X, value["knee"]),
        "foot": rotation(_X, -value["ankle"]),
    }


def _fingers(
    value: dict[str, float], along: Callable[[str], np.ndarray], hand: _Hand
) -> dict[str, np.ndarray]:
    little = hand.little / np.linalg.norm(hand.little)
    turns = {}
    for k, finger in enumerate(("thumb", *FINGERS), 1):
        to = little + hand.palm if finger == "thumb" else hand.palm  # where it bends to
        aside = hand.palm if finger == "thumb" else little
        for joint in (1, 2, 3):
            bone = f"finger{k}-{joint}"
            turns[bone] = rotation(cross(along(bone), to), value[f"{finger}_{joint}"])
        axis = cross(along(f"finger{k}-1"), aside)
        turns[f"finger{k}-1"] = rotation(axis, value[f"{finger}_spread"]) @ turns[f"finger{k}-1"]
    return turns
