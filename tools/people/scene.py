# SPDX-License-Identifier: Apache-2.0
"""Scenes: who stands where, the camera that looks at them, the light.

The first person is the one that the camera is meant for. A third is seen whole, others from the
knees, the hips or the shoulders up, some far away, some with a hand near the camera. Two thirds
face the camera within about 45 degrees, the rest any way round.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dwpose_ros.core.keypoints import BODY, COUNT, FACE, LEFT_HAND, RIGHT_HAND
from tools.people.belongings import shape_item
from tools.people.camera import LENS, Camera, focal, look_at
from tools.people.figure import Figure, FigureMaker
from tools.people.renderer import FURNITURE, Item, Light
from tools.people.rig import rotation
from tools.people.things import table

_ALL = list(range(COUNT))
_FACE = [*range(BODY.start, 5), *range(FACE.start, FACE.stop)]
_UPPER = [*_FACE, *range(5, 11)]
_HANDS = [*range(LEFT_HAND.start, RIGHT_HAND.stop)]
# Which points shall be in the picture, how much of it they shall fill, and how often.
FRAMES = {
    "whole": (_ALL, (0.7, 0.97), 0.38),
    "far": (_ALL, (0.3, 0.7), 0.1),
    "knees": ([*_UPPER, 11, 12, 13, 14], (0.75, 1.05), 0.14),
    "hips": ([*_UPPER, *_HANDS, 11, 12], (0.75, 1.0), 0.18),
    "bust": ([*_FACE, 5, 6], (0.6, 1.0), 0.12),
    "head": (_FACE, (0.45, 0.85), 0.05),
    "hand": ([], (0.35, 0.7), 0.03),
}
APART = 0.5  # m between people at least
CLOSEST = 0.35  # m between the camera and the middle of what it looks at


class Scene(NamedTuple):
    """What a picture is taken of."""

    figures: list[Figure]
    """Placed; the first is person 1."""
    things: list[Item]
    camera: Camera
    light: Light
    frame: str
    """One of FRAMES."""


def draw_scene(
    random: np.random.Generator, maker: FigureMaker, size: tuple[int, int], people: int
) -> Scene:
    """Draw a scene of some people for a picture of a size (width, height)."""
    first = maker.draw(random)
    turn = rotation([0, 1, 0], _yaw(random))
    first = first.placed(1, turn, np.zeros(3))
    frame = str(random.choice(list(FRAMES), p=[share for *_, share in FRAMES.values()]))
    camera = _camera(random, first, frame, size)
    figures = [first]
    places = [np.zeros(2)]
    for number in range(2, people + 1):
        other = maker.draw(random)
        place = _place(random, camera, places)
        if place is None:
            continue
        places.append(place)
        facing = np.degrees(np.arctan2(*(camera.position[[0, 2]] - place)))
        turn = rotation([0, 1, 0], facing + _yaw(random))
        at = np.array([place[0], 0, place[1]])
        figures.append(other.placed(number, turn, at))
    things = _furniture(random, camera, first) if random.random() < 0.08 else []
    return Scene(figures, things, camera, draw_light(random), frame)


def _yaw(random: np.random.Generator) -> float:
    """Degrees that somebody is turned away from the camera."""
    return float(random.normal(0, 25) if random.random() < 0.66 else random.uniform(-180, 180))


def _camera(
    random: np.random.Generator, figure: Figure, frame: str, size: tuple[int, int]
) -> Camera:
    """Draw a camera before a person (its horizontal direction is z), at its proper distance."""
    chosen, fills, _ = FRAMES[frame]
    if frame == "hand":
        hand = (LEFT_HAND, RIGHT_HAND)[random.integers(2)]
        chosen = list(range(hand.start, hand.stop))
    points = figure.points[chosen]
    middle = (points.min(0) + points.max(0)) / 2
    length = focal(random.uniform(*LENS), *size)
    fill = random.uniform(*fills)
    tilt = np.radians(random.normal(6, 13) if frame != "hand" else random.normal(0, 25))
    roll = random.normal(0, 2.5) if random.random() < 0.9 else random.normal(0, 20)
    aside = random.uniform(-0.5, 0.5, 2) * max(0.04, 1 - fill) * np.array(size) / length * 0.9
    nearest, farthest = 0.15, 30.0
    for _ in range(18):  # the distance at which the points fill as much as wanted
        distance = (nearest + farthest) / 2
        camera = _at(middle, distance, tilt, aside, roll, length, size)
        xy, depth = camera.project(points)
        extent = np.ptp(xy, axis=0) / size if (depth > 0.1).all() else np.array([9.0, 9.0])
        nearest, farthest = (distance, farthest) if extent.max() > fill else (nearest, distance)
    return _at(middle, max(farthest, CLOSEST), tilt, aside, roll, length, size)


def _at(
    middle: np.ndarray, distance: float, tilt: float, aside: np.ndarray, roll: float,
    length: float, size: tuple[int, int],
) -> Camera:  # fmt: skip
    """A camera at a distance of what it looks at, not below the floor."""
    position = middle + distance * np.array([0, np.sin(tilt), np.cos(tilt)])
    position[1] = np.clip(position[1], 0.15, max(2.8, middle[1] + 0.5))
    turn = look_at(position, middle, roll)
    away = np.linalg.norm(middle - position)
    target = middle + (turn[:2] * aside[:, None]).sum(0) * away
    return Camera(*size, length, position, look_at(position, target, roll))


def _place(
    random: np.random.Generator, camera: Camera, places: list[np.ndarray]
) -> np.ndarray | None:
    """Find a place (x, z) on the floor in the picture, apart from others, or return None."""
    eye, ahead = camera.position[[0, 2]], camera.rotation[2][[0, 2]]
    ahead = ahead / (np.linalg.norm(ahead) + 1e-9)
    side = np.array([-ahead[1], ahead[0]])
    away = np.linalg.norm(places[0] - eye)
    half = camera.width / 2 / camera.focal
    for _ in range(20):
        far = max(away * random.uniform(0.6, 1.8), away - 1.5) + random.uniform(-0.2, 0.6)
        if far < 1.0:
            continue
        place = eye + far * (ahead + side * random.uniform(-1, 1) * half)
        if min(np.linalg.norm(place - other) for other in places) >= APART:
            return place
    return None


def _furniture(random: np.random.Generator, camera: Camera, figure: Figure) -> list[Item]:
    """A table or box between the camera and the person, if there is room."""
    toward = camera.position * [1, 0, 1]
    away = np.linalg.norm(toward)
    if away < 1.6 or figure.posture.kind not in ("stand", "lean"):
        return []
    where = toward / away * random.uniform(0.75, min(1.3, away - 0.8))
    made = table(random).moved(rotation([0, 1, 0], random.normal(0, 15)), where)
    colors = tuple(tuple(random.uniform(0.02, 0.6, 3)) for _ in range(2))
    return [shape_item(made, colors, 0, FURNITURE)]


def draw_light(random: np.random.Generator) -> Light:
    """Draw the light: from dim and even to harsh sun, of several colours."""

    def direction(up: float) -> np.ndarray:
        at = random.normal(size=3) + [0, up, 0.8]
        at[1] = max(at[1], 0.45)
        return at / np.linalg.norm(at)

    def white(spread: float) -> np.ndarray:
        return np.clip(1 + random.normal(0, spread, 3), 0.6, 1.4)

    sun = random.uniform(0.1, 1.1)
    sky = white(0.08) * random.uniform(0.15, 0.6)
    return Light(
        direction(1.0), white(0.12) * sun, direction(0.3), white(0.15) * random.uniform(0, 0.4),
        sky * white(0.1) * random.uniform(0.2, 0.8), sky,
        float(np.clip(sun / (sun + sky.mean() + 0.2), 0, 0.8)),
    )  # fmt: skip
