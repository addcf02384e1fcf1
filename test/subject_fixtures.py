# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import cv2
import numpy as np
import pytest
from skimage.data import astronaut

from dwpose_ros.capture import Subject
from dwpose_ros.simulation.camera import SimulatedCamera, SimulatedPerson
from dwpose_ros.simulation.scene import Scene


@pytest.fixture(scope="session")
def photograph() -> np.ndarray:
    return np.ascontiguousarray(astronaut()[..., ::-1])


@pytest.fixture(scope="session")
def rendered():
    """rendered(distance_m, yaw_deg, posture, camera_m=..., light=..., ...) -> a picture
    (720, 1280, 3) BGR of the virtual person, and the Subject with their true points."""

    def _rendered(
        distance_m: float = 0.9,
        yaw_deg: float = 0.0,
        posture: str = "relaxed",
        camera_m: float = 1.6,
        **scene,
    ) -> tuple[np.ndarray, Subject]:
        room = Scene(SimulatedCamera(height_m=camera_m), **scene)
        figure = SimulatedPerson(0, distance_m, yaw_deg, posture)
        true = room.truth([figure])
        return (
            np.ascontiguousarray(room.render([figure])[..., ::-1]),
            Subject(true.xy[0], true.scores[0], true.boxes[0], 0.05),
        )

    return _rendered


@pytest.fixture(scope="session")
def blurred():
    """blurred(image, sigma) -> the same out of focus."""
    return lambda bgr, sigma: cv2.GaussianBlur(bgr, (0, 0), sigma) if sigma else bgr
