# SPDX-License-Identifier: Apache-2.0
"""An adult's body as numbers, and a camera of which nothing is known: to tell how far away
somebody is from how large they look. A child, or another lens, is as far off as it differs."""

from __future__ import annotations

STATURE_M = 1.7
FOCAL = 0.87  # of the image's width: a camera of 60 degrees across

# Where parts are on somebody who stands, in body heights above the ground: lowest and highest
# point. After Drillis and Contini, "Body segment parameters" (1966).
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
# Lengths across, in body heights: of Gordon et al., "2012 Anthropometric survey of U.S. Army
# personnel" (2014), the biacromial breadth and the interpupillary distance.
SHOULDER_WIDTH, EYE_DISTANCE = 0.23, 0.037
