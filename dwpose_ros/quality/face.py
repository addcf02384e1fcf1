# SPDX-License-Identifier: Apache-2.0
"""Measures of the face: its size, whether the eyes are open, and whether the mouth is closed.

A face is (68, 2) px, the iBUG 300-W points. Left and right are the person's own; points 36-41 are
the right eye.
"""

from __future__ import annotations

import math

import numpy as np

from dwpose_ros.core.keypoints import FACE
from dwpose_ros.quality.measure import Measure, measure, sigmoid

_CORE = np.array([8, *range(27, 68)])  # chin, nose, eyes, mouth
_SMALLEST_PX = 4.0  # smallest distance between the eyes of a face
_FINE_PX = 24.0  # the same for measuring lids and lips, which are a pixel or two at this size
_CHIN = 8
_LIPS = ((61, 67), (62, 66), (63, 65))  # inner


def face_points(xy: np.ndarray, seen: np.ndarray) -> np.ndarray | None:
    """Return the face points (68, 2) px, or None if chin, nose, eyes or mouth are not visible.

    None also if left and right eye are swapped, as estimators place them on a head seen from
    behind.

    Args:
        xy: (133, 2) px.
        seen: (133,) bool, which keypoints are visible.
    """
    if not seen[FACE][_CORE].all():
        return None
    face = np.asarray(xy[FACE], float)
    right, left, mouth = face[36:42].mean(0), face[42:48].mean(0), face[48:60].mean(0)
    across, down = left - right, mouth - (left + right) / 2
    upright = across[0] * down[1] - across[1] * down[0] > 0
    return face if upright and np.linalg.norm(across) >= _SMALLEST_PX else None


def eye_distance(face: np.ndarray) -> float:
    """Return the distance between the middles of the eyes in the image, px."""
    return float(np.linalg.norm(face[36:42].mean(0) - face[42:48].mean(0)))


def eye_to_chin(face: np.ndarray) -> float:
    """Return the distance from the middle of the eyes to the chin, px; OFIQ's unit T."""
    return float(np.linalg.norm(face[36:48].mean(0) - face[_CHIN]))


def inter_eye_distance(face: np.ndarray | None, yaw_deg: float) -> Measure:
    """Measure the distance between the eyes, corrected for yaw; OFIQ: 100 sigmoid(x, 70, 20)."""
    value = math.nan
    if face is not None:
        turned = 0.0 if math.isnan(yaw_deg) else min(abs(yaw_deg), 75.0)
        value = eye_distance(face) / math.cos(math.radians(turned))
    return measure("inter_eye_distance", value, 100 * sigmoid(value, 70, 20), "px")


def head_size(face: np.ndarray | None, height: int) -> Measure:
    """Measure the distance from eyes to chin as a share of the image's height.

    OFIQ: 200 (1 - sigmoid(|x - 0.45|, 0, 0.05)), for passport photos. The width is three times as
    large here, since smaller heads are fine as long as they have enough pixels.
    """
    value = math.nan if face is None else eye_to_chin(face) / height
    return measure("head_size", value, 200 * (1 - sigmoid(abs(value - 0.45), 0, 0.15)))


def eyes_open(face: np.ndarray | None) -> Measure:
    """Measure the eye aspect ratio of the narrower eye.

    It is about 0.3 for an open and below 0.1 for a closed eye (Soukupova and Cech, "Real-time eye
    blink detection using facial landmarks", 2016). Score: 100 sigmoid(x, 0.12, 0.025)."""
    value = math.nan
    if face is not None and eye_distance(face) >= _FINE_PX:

        def ratio(eye: np.ndarray) -> float:
            width = max(float(np.linalg.norm(eye[0] - eye[3])), 1.0)
            return float(np.linalg.norm(eye[1:3] - eye[[5, 4]], axis=1).mean()) / width

        value = min(ratio(face[36:42]), ratio(face[42:48]))
    return measure("eyes_open", value, 100 * sigmoid(value, 0.12, 0.025))


def mouth_closed(face: np.ndarray | None) -> Measure:
    """Measure the largest gap between the inner lips, as a share of the distance eyes to chin.

    OFIQ: 100 (1 - sigmoid(x, 0.2, 0.06)).
    """
    value = math.nan
    if face is not None and eye_distance(face) >= _FINE_PX:
        gap = max(float(np.linalg.norm(face[a] - face[b])) for a, b in _LIPS)
        value = gap / max(eye_to_chin(face), 1.0)
    return measure("mouth_closed", value, 100 * sigmoid(value, 0.2, -0.06))
