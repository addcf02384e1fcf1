# SPDX-License-Identifier: Apache-2.0
"""What a pose network sees of the simulated person: true keypoints, with its errors and losses."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np

from dwpose_ros.core.keypoints import FACE, LEFT_HAND, RIGHT_HAND
from dwpose_ros.core.person_poses import PersonPoses
from dwpose_ros.guidance.body_parts import SIDES
from dwpose_ros.guidance.checks import run_checks
from dwpose_ros.guidance.observation import TargetSelector
from dwpose_ros.guidance.profile import Profile
from dwpose_ros.quality import Subject, assess
from dwpose_ros.simulation import atlas
from dwpose_ros.simulation.actor import POSTURES, Stance
from dwpose_ros.simulation.scene import Scene, SimulatedCamera, SimulatedPerson

# Measured on MediaPipe's networks by sensor_fit.py: standard deviations of a coordinate, in
# heights of the person, and the share of frames in which a point is seen. Most of an error depends
# on the place, the posture and the turn, and lasts as long as those do. How long that is, and how
# often points appear and disappear, is an estimate.
LASTING = {"body": 0.011, "feet": 0.017, "face": 0.0018, "hands": 0.0035}
JITTER = {"body": 0.0022, "feet": 0.0027, "face": 0.0003, "hands": 0.0003}
LASTS_S, LASTS_M, LASTS_DEG = 15.0, 0.3, 20.0
SEEN = {"body": 0.998, "feet": 0.998, "face": 0.998, "hands": 0.998}
# The same for points behind the body or other limbs; they are seen less often from the side.
SEEN_THROUGH = {"body": 0.998, "feet": 0.99, "face": 0.0, "hands": 0.0}
SEEN_THROUGH_ASIDE = {"body": 0.75, "feet": 0.62, "face": 0.0, "hands": 0.0}
ASIDE_DEG = 60.0, 150.0
# MediaPipe's fingertips are the pads, and its wrists are nearer to the palm than the rig's: its
# hands have this share of the rig's length. Profiles mean hands as networks see them.
HAND_LENGTH = 0.89
CHANGES = 0.1  # share of the points that may appear or disappear from one frame to the next
FOUND = 0.5  # a face or a hand is found as a whole if more than this share of it is visible
LOOKS = 6  # the best quality of so many frames counts, since a tracker needs some to settle
MIN_POINTS = 8  # somebody is found if more points than these are visible in the image

STATURE_M = SimulatedPerson().stature_m

GROUPS = {
    "body": slice(0, 17),
    "feet": slice(17, 23),
    "face": slice(FACE.start, FACE.stop),
    "hands": slice(LEFT_HAND.start, RIGHT_HAND.stop),
}


def _by_point(figures: dict[str, float]) -> np.ndarray:
    """Return (133,) from one figure for each group."""
    values = np.empty(133)
    for name, group in GROUPS.items():
        values[group] = figures[name]
    return values


_WHOLE = (
    GROUPS["face"],
    slice(LEFT_HAND.start, LEFT_HAND.stop),
    slice(RIGHT_HAND.start, RIGHT_HAND.stop),
)


_LASTING, _JITTER, _SEEN, _THROUGH, _THROUGH_ASIDE = map(
    _by_point, (LASTING, JITTER, SEEN, SEEN_THROUGH, SEEN_THROUGH_ASIDE)
)


@lru_cache(maxsize=None)
def scene_at(height_m: float) -> Scene:
    return Scene(SimulatedCamera(height_m=height_m))


def _figure(stance: Stance) -> SimulatedPerson:
    return SimulatedPerson(stance.x_m, stance.distance_m, stance.yaw_deg, stance.posture)


def at_best(people: PersonPoses, size: tuple[int, int]) -> PersonPoses:
    """Return true poses with the scores of a network that makes no errors.

    Networks also see points of the body that its own limbs hide.
    """
    inside = ((people.xy >= 0) & (people.xy < size)).all(-1)
    seen = (people.scores > 0) | inside & (_THROUGH > 0)
    for part in _WHOLE:
        found = (people.scores[:, part] > 0).mean(1, keepdims=True) > FOUND
        seen[:, part] = inside[:, part] & found
    return people.replace(scores=seen.astype(np.float32))


class SensorModel:
    """A camera and a pose network with realistic errors, computed from true keypoints.

    Args:
        random: of errors and losses.
        height_m: of the camera above the ground.
        rate_hz: of the frames.
    """

    def __init__(self, random: np.random.Generator, height_m: float, rate_hz: float) -> None:
        self._random, self._rate_hz = random, rate_hz
        self._scene = scene_at(height_m)
        self._lasting = random.normal(size=(133, 2))
        self._luck = random.random(133)
        self._last: Stance | None = None

    @property
    def size(self) -> tuple[int, int]:
        return self._scene.camera.width, self._scene.camera.height

    def truth(self, stance: Stance) -> PersonPoses:
        """Return the true keypoints; those that are hidden have score 0.

        Coordinates are computed for the exact turn of the body. Which points are hidden is known
        only for the nearest of the pictures that are drawn, which are some degrees apart.
        """
        people = self._of_picture(stance)
        if not stance.present:
            return people
        figure, pictures = _figure(stance), atlas.load()
        turn = math.radians(figure.yaw_deg) - math.atan2(figure.x_m, figure.distance_m)
        ahead, left, up = pictures.xyz(stance.posture).T * figure.stature_m / pictures.stature_m
        right = figure.x_m + ahead * math.sin(turn) + left * math.cos(turn)
        away = figure.distance_m - ahead * math.cos(turn) + left * math.sin(turn)
        xy, _ = self._scene.camera.project(np.stack([right, away, up], -1))
        xy = as_taken(xy)
        inside = ((xy >= 0) & (xy < self.size)).all(-1)
        return people.replace(xy=xy[None], scores=people.scores * inside)

    def _of_picture(self, stance: Stance) -> PersonPoses:
        """Return the keypoints of the picture that is drawn for a stance."""
        return self._scene.truth([_figure(stance)] if stance.present else [])

    def __call__(self, stance: Stance) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return keypoints (n, 133, 2), scores (n, 133) and boxes (n, 4); n is 0 or 1."""
        people = self.truth(stance)
        if not len(people) or (people.scores[0] > 0).sum() <= MIN_POINTS:
            return np.empty((0, 133, 2)), np.empty((0, 133)), np.empty((0, 4))
        xy, visible, box = people.xy[0], people.scores[0] > 0, people.boxes[0]
        random, last, self._last = self._random, self._last or stance, stance
        moved = math.hypot(stance.x_m - last.x_m, stance.distance_m - last.distance_m) / LASTS_M
        keep = math.exp(
            -1 / self._rate_hz / LASTS_S - moved - abs(stance.yaw_deg - last.yaw_deg) / LASTS_DEG
        )
        self._lasting = keep * self._lasting + math.sqrt(1 - keep**2) * random.normal(
            size=(133, 2)
        )
        turns = random.random(133) < CHANGES
        self._luck[turns] = random.random(int(turns.sum()))
        height = self._scene.camera.focal_px * STATURE_M / stance.distance_m
        error = (
            self._lasting * _LASTING[:, None] + random.normal(size=(133, 2)) * (_JITTER[:, None])
        )
        inside = ((xy >= 0) & (xy < self.size)).all(1)
        turn = abs((stance.yaw_deg + 180) % 360 - 180)
        through = _THROUGH_ASIDE if ASIDE_DEG[0] < turn < ASIDE_DEG[1] else _THROUGH
        seen = np.where(visible, self._luck < _SEEN, inside & (self._luck < through))
        for part in _WHOLE:
            seen[part] = inside[part] & (np.count_nonzero(visible[part]) > FOUND * len(xy[part]))
        scores = np.where(seen, random.uniform(0.6, 0.95, 133), 0.1)
        return (xy + error * height)[None], scores[None], box[None]


def as_taken(xy: np.ndarray) -> np.ndarray:
    """Return the rig's points (..., 133, 2), with hands of the length that networks see."""
    xy = xy.copy()
    for hand in _WHOLE[1:]:
        middle = xy[..., hand, :].mean(-2, keepdims=True)
        xy[..., hand, :] = middle + HAND_LENGTH * (xy[..., hand, :] - middle)
    return xy


class NetworkSensorModel(SensorModel):
    """The same camera with real images, and a real network behind it."""

    def __init__(
        self,
        random: np.random.Generator,
        height_m: float,
        rate_hz: float,
        estimate: Callable[[np.ndarray], PersonPoses],
    ) -> None:
        super().__init__(random, height_m, rate_hz)
        self._estimate, self._frames = estimate, 0
        # A tracker would take the next person for the last one, for a second. A black image makes
        # it lose the last one.
        estimate(np.zeros((self.size[1], self.size[0], 3), np.uint8))

    def __call__(self, stance: Stance) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        self._rgb = self._scene.render(
            [_figure(stance)] if stance.present else [], seed=self._frames
        )
        self._frames += 1
        self._seen = self._estimate(self._rgb)
        return self._seen.xy, self._seen.scores, self._seen.boxes

    def truth(self, stance: Stance) -> PersonPoses:
        people = self._of_picture(stance)
        return people.replace(xy=as_taken(people.xy))

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
        return _best_quality(profile, self._scene.camera.height_m, self._estimate)


@lru_cache(maxsize=None)
def _best_quality(
    profile: Profile, height_m: float, estimate: Callable[[np.ndarray], PersonPoses]
) -> float:
    """Return the best quality of a person in the middle, at any distance, within the profile."""
    sensor = NetworkSensorModel(np.random.default_rng(0), height_m, 1.0, estimate)
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
