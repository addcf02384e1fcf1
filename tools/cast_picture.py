# SPDX-License-Identifier: Apache-2.0
"""The simulated people side by side, at their true sizes."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from dwpose_ros.simulation import atlas
from dwpose_ros.simulation.camera import SimulatedCamera, SimulatedPerson
from dwpose_ros.simulation.scene import Scene

SHOWN = (
    "emil", "fatou", "hana", "june", "dina", "amara", "chen", "lena", "kofi", "ivan", "george",
    "umi", "samir", "tess", "victor",
)  # fmt: skip
APART_M, AWAY_M = 0.95, 7.0


def write(path: Path) -> None:
    """Draw the picture, a JPEG."""
    scene = Scene(SimulatedCamera(1840, 400, 100.0, 1.1), "plain", noise=0.0)
    middle = (len(SHOWN) - 1) / 2
    people = []
    for i, name in enumerate(SHOWN):
        posture = "hands_shown" if name == "victor" else "relaxed"
        stature = atlas.load(name).stature_m
        people.append(
            SimulatedPerson((i - middle) * APART_M, AWAY_M, 0.0, posture, stature, person=name)
        )
    image = np.ascontiguousarray(scene.render(people)[..., ::-1])
    cv2.imwrite(str(path), image, [cv2.IMWRITE_JPEG_QUALITY, 88])
