# SPDX-License-Identifier: Apache-2.0
"""Head pose from the face points and a generic 3D face model."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from dwpose_ros.quality.face import eye_distance
from dwpose_ros.quality.measure import Measure, measure

# Points of an adult's face that facial expressions move little, in mm: x to the person's left, y
# down, z away from the camera. Widths and heights after Farkas, "Anthropometry of the Head and
# Face" (1994): eye corners 90 and 33 apart, nose 52 long, mouth 52 wide, chin 67 below the nose.
# Depths are for a nose whose tip is 34 mm in front of the outer eye corners. The yaw of a person
# with a flatter nose is underestimated, and with a longer nose overestimated, in proportion.
_MODEL = {
    36: (-45, 0, 8),
    39: (-16.5, 2, 1),
    42: (16.5, 2, 1),
    45: (45, 0, 8),
    27: (0, -3, -10),
    28: (0, 9, -14),
    29: (0, 22, -20),
    30: (0, 35, -26),
    31: (-14, 43, -12),
    33: (0, 46, -17),
    35: (14, 43, -12),
    48: (-26, 68, -6),
    54: (26, 68, -6),
    8: (0, 112, -2),
}
_POINTS = np.array(list(_MODEL))
_FACE = np.array(list(_MODEL.values()), float)
_FACE -= _FACE.mean(0)
_AFFINE = np.linalg.pinv(_FACE)  # (3, n)
_ROUNDS = 12
_SMALLEST_PX = 12.0  # least distance between the eyes; below it, one pixel is several degrees


class HeadPose(NamedTuple):
    """Degrees, relative to the camera; positive to their left, up, and tilted to their right."""

    yaw: float
    pitch: float
    roll: float


_UNKNOWN = HeadPose(math.nan, math.nan, math.nan)


def head_pose(face: np.ndarray | None) -> HeadPose:
    """Estimate the pose of a face (68, 2) px under scaled orthography; NaN if it is too small.

    Angles are relative to the line from the camera to the head: somebody who looks into the camera
    has a yaw of 0 also at the image's edge, and no focal length is needed. The fit starts with an
    affine one, then alternates between computing depths from the pose and the pose from depths.
    """
    if face is None or eye_distance(face) < _SMALLEST_PX:
        return _UNKNOWN
    image = face[_POINTS] - face[_POINTS].mean(0)
    affine = (_AFFINE @ image).T  # (2, 3)
    scale = math.sqrt(float((affine**2).sum()) / 2)
    if not scale > 0:
        return _UNKNOWN
    u, _, vt = np.linalg.svd(affine, full_matrices=False)
    rows = u @ vt
    rotation = np.vstack([rows, np.cross(*rows)])
    for _ in range(_ROUNDS):
        depth = scale * (_FACE @ rotation[2])
        u, s, vt = np.linalg.svd(np.column_stack([image, depth]).T @ _FACE)
        sign = np.array([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
        rotation = (u * sign) @ vt
        turned = _FACE @ rotation[:2].T
        scale = float((turned * image).sum() / max(float((turned**2).sum()), 1e-9))
    # Roll in the image plane, then pitch, then yaw about the head's own vertical axis.
    yaw = math.atan2(rotation[2, 0], rotation[2, 2])
    pitch = -math.asin(max(-1.0, min(1.0, rotation[2, 1])))
    roll = math.atan2(rotation[0, 1], rotation[1, 1])
    return HeadPose(*(math.degrees(a) for a in (yaw, pitch, roll)))


def head_angles(pose: HeadPose) -> tuple[Measure, ...]:
    """Return yaw, pitch and roll as measures; OFIQ: 100 cos(x)^2, and 0 beyond 90 degrees."""
    return tuple(
        measure(f"head_{name}", angle, 100 * max(0.0, math.cos(math.radians(angle))) ** 2, "deg")
        for name, angle in zip(pose._fields, pose)
    )
