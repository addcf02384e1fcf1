# SPDX-License-Identifier: Apache-2.0
"""The simulated camera's images of somebody of the cast, and a real network behind it."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from sensor_model import SensorModel, as_taken

from dwpose_ros.core.person_poses import PersonPoses
from dwpose_ros.guidance.body_parts import SIDES
from dwpose_ros.guidance.checks import run_checks
from dwpose_ros.guidance.observation import TargetSelector
from dwpose_ros.guidance.profile import Profile
from dwpose_ros.quality import Subject, assess
from dwpose_ros.simulation.atlas import MAN
from dwpose_ros.simulation.bodies import Body
from dwpose_ros.simulation.movements import POSTURES, Stance
from dwpose_ros.simulation.scene import Scene, SimulatedCamera, SimulatedPerson

LOOKS = 6  # the best quality of so many frames counts, since a tracker needs some to settle


@lru_cache(maxsize=64)
def scene_of(camera: SimulatedCamera) -> Scene:
    return Scene(camera)


def _figure(stance: Stance) -> SimulatedPerson:
    return SimulatedPerson(stance.x_m, stance.distance_m, stance.seen_yaw_deg, stance.posture)


class RenderedSensorModel(SensorModel):
    """A sensor model of a scene that can be rendered, whose truth is that of the renders.

    Args:
        random, rate_hz, body: as of a SensorModel.
        scene: with the camera.
        person: who is in it, one of `atlas.names`.
    """

    def __init__(
        self,
        random: np.random.Generator,
        scene: Scene,
        rate_hz: float,
        body: Body = Body(),
        person: str = MAN,
    ) -> None:
        super().__init__(random, scene.camera, rate_hz, body)
        self._scene, self._person = scene, person

    def figures(self, stance: Stance) -> list[SimulatedPerson]:
        """Return whom the scene shows."""
        at = stance.x_m, stance.distance_m, stance.yaw_deg
        figure = SimulatedPerson(*at, stance.posture, self._body.stature_m, person=self._person)
        return [figure] if stance.present else []

    def truth(self, stance: Stance) -> PersonPoses:
        people = self._scene.truth(self.figures(stance))
        return people.replace(xy=as_taken(people.xy))


class NetworkSensorModel(RenderedSensorModel):
    """The same camera with real images, and a real network behind it."""

    def __init__(
        self,
        random: np.random.Generator,
        camera: SimulatedCamera,
        rate_hz: float,
        estimate: Callable[[np.ndarray], PersonPoses],
    ) -> None:
        super().__init__(random, scene_of(camera), rate_hz)
        self._estimate, self._frames = estimate, 0
        # A tracker would take the next person for the last one, for a second. A black image makes
        # it lose the last one.
        estimate(np.zeros((self.size[1], self.size[0], 3), np.uint8))

    def __call__(self, stance: Stance) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        self._rgb = self._scene.render(self.figures(stance), seed=self._frames)
        self._frames += 1
        self._seen = self._estimate(self._rgb)
        return self._seen.xy, self._seen.scores, self._seen.boxes

    def quality(self, profile: Profile) -> float:
        """Return the unified quality of the last image, 0..100; 0 if nobody was found."""
        if not len(self._seen.xy):
            return 0.0
        subject = Subject(
            self._seen.xy[0], self._seen.scores[0], self._seen.boxes[0], 0.0, points=profile.points
        )
        return assess(self._rgb[..., ::-1], subject, profile.weights).score

    def best_quality(self, profile: Profile) -> float:
        """Return the best quality that this person can get in front of this camera."""
        return _best_quality(profile, self._camera, self._estimate)


@lru_cache(maxsize=None)
def _best_quality(
    profile: Profile, camera: SimulatedCamera, estimate: Callable[[np.ndarray], PersonPoses]
) -> float:
    """Return the best quality of a person in the middle, at any distance, within the profile."""
    sensor = NetworkSensorModel(np.random.default_rng(0), camera, 1.0, estimate)
    best = 0.0
    posture = next(
        (
            POSTURES[posture_limit.name]
            for posture_limit in profile.posture
            if posture_limit.name in POSTURES
        ),
        "relaxed",
    )
    for distance_m in np.arange(0.6, 5.0, 0.15):
        stance = Stance(0.0, distance_m, float(SIDES[profile.side]), posture)
        for _ in range(LOOKS):
            xy, scores, boxes = sensor(stance)
            observation = TargetSelector(profile).look(
                PersonPoses.of(xy, scores, boxes, ids=[1] * len(xy)), *sensor.size, 0.0
            )
            if all(result.ok is not False for result in run_checks(observation, profile)):
                best = max(best, sensor.quality(profile))
    return best
