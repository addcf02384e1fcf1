# SPDX-License-Identifier: Apache-2.0
"""Our points as ROS4HRI (REP 155) names the 18 of its two-dimensional skeleton."""

from __future__ import annotations

import numpy as np

from dwpose_ros.core.keypoints import INDEX
from dwpose_ros.core.person_poses import PersonPoses

# hri_msgs/Skeleton2D has a constant of each name, its place in the skeleton. Each is the middle of
# those of our points: OpenPose's neck, which we lack, is that of the shoulders.
JOINTS: dict[str, tuple[str, ...]] = {
    "NOSE": ("nose",),
    "NECK": ("left_shoulder", "right_shoulder"),
} | {
    f"{side}_{part}".upper(): (f"{side}_{part}",)
    for side in ("right", "left")
    for part in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle", "eye", "ear")
}


def skeletons(people: PersonPoses, width: int, height: int) -> np.ndarray:
    """(n, 18, 3): x and y in shares of the image's width and height, 0..1, and score, 0..1, in the
    order of JOINTS. The score is 0 where the point is not seen, or not in the image."""
    size = np.array([max(width, 1), max(height, 1)])
    found = np.empty((len(people), len(JOINTS), 3), np.float64)
    for i, names in enumerate(JOINTS.values()):
        points = [INDEX[name] for name in names]
        found[:, i, :2] = people.xy[:, points].mean(1) / size
        found[:, i, 2] = people.scores[:, points].min(1)
    inside = ((found >= 0) & (found <= 1)).all(-1)
    found[..., 2] = np.where(inside, found[..., 2], 0.0)
    return np.clip(found, 0.0, 1.0)


def region(box: np.ndarray, width: int, height: int) -> tuple[float, float, float, float]:
    """A box, x1 y1 x2 y2 px, cut off at the image's borders, in shares of its size, 0..1."""
    shares = box / np.tile([max(width, 1), max(height, 1)], 2)
    return tuple(np.clip(shares, 0.0, 1.0).tolist())
