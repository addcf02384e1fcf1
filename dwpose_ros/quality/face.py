# SPDX-License-Identifier: Apache-2.0
"""The 68 face points (iBUG 300-W): how large the face is, its eyes and its mouth.

A face is (68, 2) px; left and right are the person's own, 36-41 is the right eye.
"""

from __future__ import annotations

import math

import numpy as np

from dwpose_ros.core.keypoints import FACE
from dwpose_ros.quality.measure import Measure, measure, sigmoid

_CORE = np.array([8, *range(27, 68)])  # chin, nose, eyes, mouth
_SMALLEST_PX = 4.0  # between the eyes, below which there is no face
_FINE_PX = 24.0  # below which lids and lips, of a pixel or two, cannot be judged
_CHIN = 8
_LIPS = ((61, 67), (62, 66), (63, 65))  # inner


def face_points(xy: np.ndarray, seen: np.ndarray) -> np.ndarray | None:
    """(68, 2) px of a face whose chin, nose, eyes and mouth are seen; else None.

    None also where the eyes are the wrong way round, as an estimator sees them through the head.
    """
    if not seen[FACE][_CORE].all():
        return None
    face = np.asarray(xy[FACE], float)
    right, left, mouth = face[36:42].mean(0), face[42:48].mean(0), face[48:60].mean(0)
    across, down = left - right, mouth - (left + right) / 2
    upright = across[0] * down[1] - across[1] * down[0] > 0
    return face if upright and np.linalg.norm(across) >= _SMALLEST_PX else None


def eye_distance(face: np.ndarray) -> float:
    """Pixels between the middles of the eyes, as they are in the image."""
    return float(np.linalg.norm(face[36:42].mean(0) - face[42:48].mean(0)))


def eye_to_chin(face: np.ndarray) -> float:
    """Pixels from the middle of the eyes to the chin, the T by which OFIQ measures."""
    return float(np.linalg.norm(face[36:48].mean(0) - face[_CHIN]))


def inter_eye_distance(face: np.ndarray | None, yaw_deg: float) -> Measure:
    """As if the head were not turned; OFIQ: 100 sigmoid(x, 70, 20)."""
    value = math.nan
    if face is not None:
        turned = 0.0 if math.isnan(yaw_deg) else min(abs(yaw_deg), 75.0)
        value = eye_distance(face) / math.cos(math.radians(turned))
    return measure("inter_eye_distance", value, 100 * sigmoid(value, 70, 20), "px")


def head_size(face: np.ndarray | None, height: int) -> Measure:
    """Eyes to chin; OFIQ: 200 (1 - sigmoid(|x - 0.45|, 0, 0.05)), which wants a passport's head.

    Three times as wide here: smaller heads are fine, until there are few pixels of them.
    """
    value = math.nan if face is None else eye_to_chin(face) / height
    return measure("head_size", value, 200 * (1 - sigmoid(abs(value - 0.45), 0, 0.15)))


def eyes_open(face: np.ndarray | None) -> Measure:
    """Eye aspect ratio of the narrower eye (Soukupova and Cech, "Real-time eye blink detection
    using facial landmarks", 2016): about 0.3 when open, below 0.1 when closed. Score 100
    sigmoid(x, 0.12, 0.025)."""
    value = math.nan
    if face is not None and eye_distance(face) >= _FINE_PX:

        def ratio(eye: np.ndarray) -> float:
            width = max(float(np.linalg.norm(eye[0] - eye[3])), 1.0)
            return float(np.linalg.norm(eye[1:3] - eye[[5, 4]], axis=1).mean()) / width

        value = min(ratio(face[36:42]), ratio(face[42:48]))
    return measure("eyes_open", value, 100 * sigmoid(value, 0.12, 0.025))


def mouth_closed(face: np.ndarray | None) -> Measure:
    """Largest gap of the inner lips, by eyes to chin; OFIQ: 100 (1 - sigmoid(x, 0.2, 0.06))."""
    value = math.nan
    if face is not None and eye_distance(face) >= _FINE_PX:
        gap = max(float(np.linalg.norm(face[a] - face[b])) for a, b in _LIPS)
        value = gap / max(eye_to_chin(face), 1.0)
    return measure("mouth_closed", value, 100 * sigmoid(value, 0.2, -0.06))
