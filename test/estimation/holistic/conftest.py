# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from holistic_models import READY

from dwpose_ros.simulation.camera import SimulatedCamera
from dwpose_ros.simulation.scene import Scene, SimulatedPerson


@pytest.fixture(scope="session")
def estimator(cache):
    """Looks at each image by itself."""
    if not READY:
        pytest.skip("holistic's networks are absent")
    from dwpose_ros.estimation.holistic import Holistic

    made = Holistic(video=False)
    yield made
    made.close()


@pytest.fixture(scope="session")
def portrait() -> np.ndarray:
    """NASA's portrait of Eileen Collins, 512 x 512 RGB, public domain."""
    return pytest.importorskip("skimage.data").astronaut()


@pytest.fixture(scope="session")
def scene() -> Scene:
    return Scene(SimulatedCamera(height_m=1.0), "wall", noise=1.0)


@pytest.fixture(scope="session")
def man(scene) -> np.ndarray:
    """A man at 3 m, 1280 x 720 RGB."""
    return scene.render([SimulatedPerson(0, 3)])
