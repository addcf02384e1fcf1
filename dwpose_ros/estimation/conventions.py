# SPDX-License-Identifier: Apache-2.0
"""What the published networks expect, and what their numbers mean."""

from __future__ import annotations

import numpy as np

SPLIT = 2  # SimCC bins per pixel of the network's input
MEAN = np.array([123.675, 116.28, 103.53], np.float32)  # ImageNet's, RGB
STD = np.array([58.395, 57.12, 57.375], np.float32)
PERSON = 0  # of a detector's 80 COCO classes
STRIDES = (8, 16, 32)  # of a detector's cells
