# SPDX-License-Identifier: Apache-2.0
"""From the points of MediaPipe's networks to the 133 keypoints of COCO-WholeBody."""

from __future__ import annotations

import numpy as np

from dwpose_ros.core.keypoints import BODY, COUNT, FACE, INDEX, LEFT_HAND, RIGHT_HAND
from dwpose_ros.estimation.holistic.body import Body
from dwpose_ros.estimation.holistic.face import Face
from dwpose_ros.estimation.holistic.hand import LEFT, RIGHT, Hand

# BlazePose's point for each body keypoint, from the nose to the ankles.
POSE_BODY = [0, 2, 5, 7, 8, 11, 12, 13, 14, 15, 16, 23, 24, 25, 26, 27, 28]
# The same for the feet; BlazePose's "foot index" is at the big toe. It has no small toes.
FEET_POINTS = [
    INDEX[name] for name in ("left_big_toe", "left_heel", "right_big_toe", "right_heel")
]
POSE_FEET = [31, 29, 32, 30]

# For each of the 68 iBUG face points, the vertex of the 468-point face mesh at the same position,
# or two vertices whose mean is: on the jaw this keeps the spacing even, on the brows the two are
# the lower and upper edge. Derived from the mesh's topology, checked on annotated photographs.
MESH_FACE = [
    127, 234, (93, 132), (132, 58), 172, 136, 149, (176, 148),  # jaw, the person's right
    152, (400, 377), 378, 365, 397, (288, 361), (361, 323), 454, 356,  # chin, jaw to the left
    (46, 70), (53, 63), (52, 105), (65, 66), (55, 107),  # right brow
    (285, 336), (295, 296), (282, 334), (283, 293), (276, 300),  # left brow
    168, (6, 197), (195, 5), 4, 98, 97, 2, 326, 327,  # bridge, nostrils
    33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380,  # right eye, left eye
    61, (40, 39), 37, 0, 267, (269, 270), 291, (321, 405), 314, 17, 84, (181, 91),  # outer lips
    78, 81, 13, 311, 308, 402, 14, 178,  # inner lips
]  # fmt: skip
_MESH_PAIRS = np.array([v if isinstance(v, tuple) else (v, v) for v in MESH_FACE])
_NOSE, _MESH_NOSE = 0, 4
_CLOSE, _FAR = 0.25, 0.5  # distance of a part from where the body has it, in sides of its region


def to_keypoints(
    body: Body, face: Face | None, hands: tuple[Hand | None, Hand | None], size: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the 133 keypoints of one person.

    The score of a body's point is the network's own; hidden points have a low one, points outside
    the image 0. All points of a face or hand have the score of the whole: how sure the network is
    that it is one, lowered if it lies apart from the body's nose or wrist. The score of a part
    that was not found is 0, as is that of the small toes.

    Args:
        body, face, hands: the person's parts; left hand and right hand.
        size: width and height of the image.

    Returns:
        xy (133, 2) px, and scores (133,), 0..1.
    """
    xy, scores = np.zeros((COUNT, 2)), np.zeros(COUNT)
    for where, which in ((BODY, POSE_BODY), (FEET_POINTS, POSE_FEET)):
        xy[where], scores[where] = body.xy[which], body.visibility[which]
    if face is not None:
        xy[FACE] = face.xy[_MESH_PAIRS].mean(1)
        scores[FACE] = _whole(face, face.xy[_MESH_NOSE], body.xy[_NOSE])
    for where, points, hand in zip((LEFT_HAND, RIGHT_HAND), (LEFT, RIGHT), hands):
        if hand is not None:
            xy[where] = hand.xy
            scores[where] = _whole(hand, hand.xy[0], body.xy[points[0]])
    scores[~((xy >= 0) & (xy < size)).all(1)] = 0
    return xy, scores


def _whole(part: Face | Hand, point: np.ndarray, expected: np.ndarray) -> float:
    """Return the score of a face or hand, one of whose points the body's network sees, too."""
    apart = float(np.hypot(*(point - expected))) / max(part.region.side, 1e-9)
    return part.presence * min(max((_FAR - apart) / (_FAR - _CLOSE), 0.0), 1.0)
