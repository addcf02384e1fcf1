# SPDX-License-Identifier: Apache-2.0
"""The 133 COCO-WholeBody keypoints: names, groups, skeleton and mirror pairs.

Left and right are the person's own. Names and order are those of the dataset of Jin et al.,
"Whole-Body Human Pose Estimation in the Wild" (ECCV 2020). The 68 face points follow iBUG 300-W
(Sagonas et al., 2013): jaw, brows, nose, eyes, mouth, from the person's right to left.
"""

from __future__ import annotations

import numpy as np

_SIDES = ("left", "right")
_FINGERS = ("thumb", "forefinger", "middle_finger", "ring_finger", "pinky_finger")
_BODY_PAIRS = ("eye", "ear", "shoulder", "elbow", "wrist", "hip", "knee", "ankle")

NAMES: tuple[str, ...] = (
    "nose",
    *(f"{side}_{part}" for part in _BODY_PAIRS for side in _SIDES),
    *(f"{side}_{part}" for side in _SIDES for part in ("big_toe", "small_toe", "heel")),
    *(f"face-{i}" for i in range(68)),
    *(
        name
        for side in _SIDES
        for name in (
            f"{side}_hand_root",
            *(f"{side}_{finger}{joint}" for finger in _FINGERS for joint in (1, 2, 3, 4)),
        )
    ),
)
COUNT = len(NAMES)
INDEX: dict[str, int] = {name: i for i, name in enumerate(NAMES)}

BODY = slice(0, 17)
FEET = slice(17, 23)
FACE = slice(23, 91)
LEFT_HAND = slice(91, 112)
RIGHT_HAND = slice(112, 133)
GROUPS: dict[str, slice] = {
    "body": BODY,
    "feet": FEET,
    "face": FACE,
    "left_hand": LEFT_HAND,
    "right_hand": RIGHT_HAND,
}

# The limbs of one hand from its root to the finger tips, (20, 2): indices of its 21 points.
HAND_LIMBS = np.array(
    [
        (0 if joint == 0 else 4 * finger + joint, 4 * finger + joint + 1)
        for finger in range(5)
        for joint in range(4)
    ]
)
_LIMBS = (
    "left_eye right_eye", "nose left_eye", "nose right_eye",
    "left_eye left_ear", "right_eye right_ear",
    "left_ear left_shoulder", "right_ear right_shoulder",
    "left_shoulder right_shoulder", "left_hip right_hip",
    "left_shoulder left_hip", "right_shoulder right_hip",
    "left_shoulder left_elbow", "right_shoulder right_elbow",
    "left_elbow left_wrist", "right_elbow right_wrist",
    "left_hip left_knee", "right_hip right_knee",
    "left_knee left_ankle", "right_knee right_ankle",
    "left_ankle left_big_toe", "left_ankle left_small_toe", "left_ankle left_heel",
    "right_ankle right_big_toe", "right_ankle right_small_toe", "right_ankle right_heel",
)  # fmt: skip
# The dataset's 65 limbs, (65, 2): body and feet, then both hands.
SKELETON = np.concatenate(
    [
        np.array([[INDEX[name] for name in limb.split()] for limb in _LIMBS]),
        HAND_LIMBS + LEFT_HAND.start,
        HAND_LIMBS + RIGHT_HAND.start,
    ]
)

# Ranges of face points and, in the same order, their counterparts on the other side of the face.
_FACE_PAIRS = (
    (range(0, 17), range(16, -1, -1)),  # jaw
    (range(17, 27), range(26, 16, -1)),  # brows
    (range(31, 36), range(35, 30, -1)),  # nostrils; bridge points 27-30 map to themselves
    (range(36, 40), range(45, 41, -1)),  # eyes: upper lid and corners
    (range(42, 46), range(39, 35, -1)),
    ((40, 41, 46, 47), (47, 46, 41, 40)),  # eyes: lower lid
    (range(48, 55), range(54, 47, -1)),  # outer lips
    (range(55, 60), range(59, 54, -1)),
    (range(60, 65), range(64, 59, -1)),  # inner lips
    (range(65, 68), range(67, 64, -1)),
)


def _mirror() -> np.ndarray:
    swapped = {"left": "right", "right": "left"}
    mirror = np.arange(COUNT)
    for i, name in enumerate(NAMES):
        side, _, part = name.partition("_")
        if side in swapped:
            mirror[i] = INDEX[f"{swapped[side]}_{part}"]
    for here, there in _FACE_PAIRS:
        mirror[FACE][list(here)] = np.array(there) + FACE.start
    return mirror


# MIRROR[i] is the counterpart of keypoint i on the other side, or i itself for points in the
# middle. The pose of a mirrored image is xy[:, MIRROR] with x -> width - 1 - x.
MIRROR = _mirror()

for _array in (HAND_LIMBS, SKELETON, MIRROR):
    _array.setflags(write=False)
