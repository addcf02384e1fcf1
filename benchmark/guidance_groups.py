# SPDX-License-Identifier: Apache-2.0
"""Groups of people and cameras that guidance is measured for: who stands where before which lens.

Cameras are set up by somebody who aims at where an adult will be, roughly. A world in which a
person could not get the picture wherever they go, as it ends below the image, is drawn again.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from sensor_model import SensorModel, at_best

from dwpose_ros.core.anthropometry import ABOVE_GROUND
from dwpose_ros.guidance.body_parts import SIDES
from dwpose_ros.guidance.checks import left_out, relaxed, run_checks
from dwpose_ros.guidance.observation import TargetSelector
from dwpose_ros.guidance.profile import Profile
from dwpose_ros.simulation.bodies import Body, drawn_body
from dwpose_ros.simulation.camera import SimulatedCamera, height_for
from dwpose_ros.simulation.movements import POSTURES, Stance

LENSES_DEG = (40, 60, 80, 110)
USUAL_DEG = 55.0, 80.0  # of cameras in groups that are not about the lens
HEIGHT_SPREAD_M, AIM_SPREAD_DEG, STEEPEST_DEG = 0.15, 3.0, 25.0
# Distances of which at least two neighbours must give a right picture; else it is drawn again.
DISTANCES_M = 0.55 * 1.12 ** np.arange(23)
TRIES = 60
LOST = ("left_hand", "right_hand", "left_forearm", "right_forearm")


class World(NamedTuple):
    """A body before a camera."""

    body: Body
    camera: SimulatedCamera
    start: Stance


def _adult(random: np.random.Generator) -> Body:
    body = drawn_body(random)
    return body._replace(stick=body.age_years > 65 and random.random() < 0.3)


def _child(random: np.random.Generator) -> Body:
    return drawn_body(random, 6.0, 13.0)


def _seated(random: np.random.Generator) -> Body:
    return drawn_body(random, 10.0)._replace(seat="chair", rises=random.random() < 0.5)


def _in_wheelchair(random: np.random.Generator) -> Body:
    return drawn_body(random, 10.0)._replace(seat="wheelchair")


def _one_handed(random: np.random.Generator) -> Body:
    return drawn_body(random)._replace(without=str(random.choice(LOST)))


_BODIES: dict[str, Callable[[np.random.Generator], Body]] = {
    "adults": _adult,
    "children": _child,
    "seated": _seated,
    "wheelchair": _in_wheelchair,
    "one_hand": _one_handed,
}
GROUPS = (*_BODIES, *(f"lens_{deg}" for deg in LENSES_DEG))


def drawn_world(random: np.random.Generator, group: str, profile: Profile) -> World:
    """Draw a body of a group, a camera before which it can get the picture, and where it starts.

    Raises:
        RuntimeError: no such world was found.
    """
    for _ in range(TRIES):
        body = _BODIES.get(group, _adult)(random)
        lens = float(group[5:]) if group.startswith("lens_") else random.uniform(*USUAL_DEG)
        camera = _camera(random, lens, body, profile)
        if _possible(body, camera, profile):
            return World(body, camera, start(random)._replace(seated=bool(body.seat)))
    raise RuntimeError(f"no camera of {lens:g} degrees shows {profile.name} of {body}")


def _camera(
    random: np.random.Generator, lens_deg: float, body: Body, profile: Profile
) -> SimulatedCamera:
    """Draw a camera that somebody aims at the person's wanted parts."""
    height = height_for(profile.parts) + random.normal(0, HEIGHT_SPREAD_M)
    ends = [end for part in profile.parts for end in ABOVE_GROUND[part]]
    if "hands" in profile.parts and len(profile.parts) == 1:
        ends = [0.75, 0.9]  # held up
    sits = 0.30 * body.stature_m if body.seat else 0.0
    middle = (max(ends) + min(ends)) / 2 * body.stature_m - sits
    span = (max(ends) - min(ends)) * body.stature_m
    size = (profile.size_minimum + profile.size_maximum) / 2
    view = 2 * math.tan(math.radians(lens_deg / 2)) * 720 / 1280
    away = max(span / size / view, 0.5)
    aim = math.degrees(math.atan2(middle - height, away)) + random.normal(0, AIM_SPREAD_DEG)
    tilt = float(np.clip(aim, -STEEPEST_DEG, STEEPEST_DEG))
    return SimulatedCamera(
        horizontal_fov_deg=lens_deg, height_m=float(np.clip(height, 0.4, 2.0)), tilt_deg=tilt
    )


def start(random: np.random.Generator) -> Stance:
    """Return a place anywhere in the room, and a turn to anywhere."""
    if random.random() < 0.1:
        return Stance(random.choice([-3.0, 3.0]), random.uniform(1, 4), 0.0, "relaxed")
    return Stance(
        random.uniform(-1.0, 1.0),
        random.uniform(0.6, 5.0),
        random.choice([random.normal(0, 30), random.uniform(-180, 180)], p=[0.8, 0.2]),
        "relaxed",
    )


@lru_cache(maxsize=64)
def _strict(profile: Profile) -> Profile:
    return relaxed(profile, -0.1)


def _possible(body: Body, camera: SimulatedCamera, profile: Profile) -> bool:
    """Whether there are distances, far enough apart, at which the first picture is right."""
    step = profile.steps[0]
    limits = without_lost(_strict(step), body)
    sensor = SensorModel(np.random.default_rng(0), camera, 10.0, body)
    posture = next((POSTURES[w.name] for w in step.posture if w.name in POSTURES), "relaxed")
    before = False
    for distance in DISTANCES_M:
        stance = Stance(0.0, distance, float(SIDES[step.side]), posture, seated=bool(body.seat))
        right = not faults(sensor, stance, limits)
        if right and before:
            return True
        before = right
    return False


def faults(sensor: SensorModel, stance: Stance, limits: Profile) -> set[str]:
    """Return the names of the checks that fail on the true pose of somebody who stands still."""
    people = at_best(sensor.truth(stance), sensor.size)
    observation = TargetSelector(limits).look(people.with_ids([1]), *sensor.size, 0.0)
    return {r.name for r in run_checks(observation, limits) if r.ok is False}


def without_lost(profile: Profile, body: Body) -> Profile:
    """Return the profile without what a body does not have."""
    if not body.without:
        return profile
    side = body.without.split("_")[0]
    return left_out(profile, (f"{side}_hand",))
