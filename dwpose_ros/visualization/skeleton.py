# SPDX-License-Identifier: Apache-2.0
"""Draw skeletons over the camera's image."""

from __future__ import annotations

import cv2
import numpy as np

from dwpose_ros.core.keypoints import FACE, LEFT_HAND, NAMES, RIGHT_HAND, SKELETON
from dwpose_ros.core.person_poses import THRESHOLD, PersonPoses, visible

# BGR. Left has cool and right has warm colours; hands are lighter than arms.
MIDDLE, FACE_COLOR = (255, 255, 255), (200, 255, 255)
LEFT, LEFT_FOOT, LEFT_HAND_COLOR = (255, 128, 0), (255, 60, 120), (255, 220, 90)
RIGHT, RIGHT_FOOT, RIGHT_HAND_COLOR = (0, 128, 255), (60, 60, 255), (90, 220, 255)


def _limb_color(a: int, b: int) -> tuple[int, int, int]:
    if a >= LEFT_HAND.start:
        return LEFT_HAND_COLOR if b < RIGHT_HAND.start else RIGHT_HAND_COLOR
    if NAMES[a].split("_")[0] != NAMES[b].split("_")[0]:
        return MIDDLE
    left = NAMES[b].startswith("left")
    if "toe" in NAMES[b] or "heel" in NAMES[b]:
        return LEFT_FOOT if left else RIGHT_FOOT
    return LEFT if left else RIGHT


LIMB_COLORS = [_limb_color(a, b) for a, b in SKELETON]  # BGR, as SKELETON
_FINE = SKELETON[:, 0] >= LEFT_HAND.start
# Limbs drawn with one OpenCV call: their colour, whether lines are fine, and which limbs.
_STROKES = [
    (color, bool(_FINE[LIMB_COLORS.index(color)]), np.array([c == color for c in LIMB_COLORS]))
    for color in dict.fromkeys(LIMB_COLORS)
]


def draw_skeleton(
    bgr: np.ndarray, people: PersonPoses, threshold: float = THRESHOLD
) -> np.ndarray:
    """Draw people on an image (h, w, 3) uint8, which is modified and returned.

    The person's left side is blue, the right side orange. Keypoints with scores up to
    ``threshold``, or with NaN or implausible coordinates, are not drawn.
    """
    seen = visible(people, threshold)
    points = np.where(seen[..., None], np.round(people.xy), 0).astype(np.int32)
    limbs_seen = np.asarray(seen[:, SKELETON].all(-1))
    for xy, there, limbs in zip(points, seen, limbs_seen):
        if not there.any():
            continue
        # Line width: one pixel per 150 pixels of the person's size.
        thick = max(1, round(float(np.ptp(xy[there], axis=0).max()) / 150))
        fine = max(1, thick // 2)
        for color, is_fine, which in _STROKES:
            lines = xy[SKELETON[which & limbs]]
            if len(lines):
                cv2.polylines(bgr, list(lines), False, color, fine if is_fine else thick)
        _dots(bgr, xy[: FACE.start][there[: FACE.start]], MIDDLE, 2 * thick)
        face = xy[FACE][there[FACE]]
        if len(face):  # small dots, so that they do not cover a small face
            _dots(bgr, face, FACE_COLOR, max(1, round(float(np.ptp(face, axis=0).max()) / 70)))
    return bgr


def _dots(bgr: np.ndarray, xy: np.ndarray, color: tuple[int, int, int], size: int) -> None:
    # A line from a point to itself is a dot; all dots are drawn with one call.
    if len(xy):
        cv2.polylines(bgr, list(xy[:, None]), True, color, size)
