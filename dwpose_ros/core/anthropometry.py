# SPDX-License-Identifier: Apache-2.0
"""Body proportions of an average adult, and the field of view assumed for an uncalibrated camera.

Used to estimate a person's distance from their size in the image. For a child, or for another
lens, the estimate is wrong by the same factor as the assumption."""

from __future__ import annotations

STATURE_M = 1.7
FOCAL = 0.87  # focal length in image widths: a horizontal field of view of 60 degrees

# Lowest and highest point of each body part of a standing person, in body heights above the
# ground. After Drillis and Contini, "Body segment parameters" (1966).
ABOVE_GROUND = {
    "head": (0.915, 0.936),
    "face": (0.87, 0.95),
    "shoulders": (0.818, 0.818),
    "elbows": (0.63, 0.63),
    "hips": (0.53, 0.53),
    "wrists": (0.485, 0.485),
    "hands": (0.377, 0.485),
    "knees": (0.285, 0.285),
    "feet": (-0.02, 0.039),
}
# Biacromial breadth and interpupillary distance, in body heights, from Gordon et al., "2012
# Anthropometric survey of U.S. Army personnel" (2014).
SHOULDER_WIDTH, EYE_DISTANCE = 0.23, 0.037
