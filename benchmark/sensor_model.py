# SPDX-License-Identifier: Apache-2.0
"""What a pose network sees of the virtual person: true keypoints, with its errors and losses."""

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

# As `fit` finds them on MediaPipe: standard deviations of a coordinate in heights of the person,
# and how often a point is seen. The greater part of an error belongs to the place, the posture and
# the turn, and lasts as long as those do; for how long that is, and how often a point's luck
# turns, was judged by eye.
LASTING = {"body": 0.011, "feet": 0.017, "face": 0.0018, "hands": 0.0035}
JITTER = {"body": 0.0022, "feet": 0.0027, "face": 0.0003, "hands": 0.0003}
LASTS_S, LASTS_M, LASTS_DEG = 15.0, 0.3, 20.0
SEEN = {"body": 0.998, "feet": 0.998, "face": 0.998, "hands": 0.998}
# Through the body or other limbs; from the side less often.
SEEN_THROUGH = {"body": 0.998, "feet": 0.99, "face": 0.0, "hands": 0.0}
SEEN_THROUGH_ASIDE = {"body": 0.75, "feet": 0.62, "face": 0.0, "hands": 0.0}
ASIDE_DEG = 60.0, 150.0
# Its fingertips are the pads, and its wrists are nearer to the palm, than the rig's: so long are
# hands, of the rig's. Limits of a profile are about what a network calls a hand.
HAND_LENGTH = 0.89
CHANGES = 0.1  # share of the points whose luck turns from one frame to the next
FOUND = 0.5  # a face or a hand is found whole if so much of it is to be seen, or not at all
LOOKS = 6  # frames of which the best quality counts: a tracker needs some to settle
OUTSIDE_LEAST = 8  # points in the image, from which on somebody is found

_GROUPS = {
    "body": slice(0, 17),
    "feet": slice(17, 23),
    "face": slice(FACE.start, FACE.stop),
    "hands": slice(LEFT_HAND.start, RIGHT_HAND.stop),
}


def _by_point(figures: dict[str, float]) -> np.ndarray:
    """(133,) from figures by group."""
    values = np.empty(133)
    for name, group in _GROUPS.items():
        values[group] = figures[name]
    return values


_WHOLE = (
    _GROUPS["face"],
    slice(LEFT_HAND.start, LEFT_HAND.stop),
    slice(RIGHT_HAND.start, RIGHT_HAND.stop),
)


_LASTING, _JITTER, _SEEN, _THROUGH, _THROUGH_ASIDE = map(
    _by_point, (LASTING, JITTER, SEEN, SEEN_THROUGH, SEEN_THROUGH_ASIDE)
)


@lru_cache(maxsize=None)
def _scene(height_m: float) -> Scene:
    return Scene(SimulatedCamera(height_m=height_m))


def _figure(stance: Stance) -> SimulatedPerson:
    return SimulatedPerson(stance.x_m, stance.distance_m, stance.yaw_deg, stance.posture)


def at_best(people: PersonPoses, size: tuple[int, int]) -> PersonPoses:
    """What is true, as a network without any error would see it: through body and limbs too."""
    inside = ((people.xy >= 0) & (people.xy < size)).all(-1)
    seen = (people.scores > 0) | inside & (_THROUGH > 0)
    for part in _WHOLE:
        found = (people.scores[:, part] > 0).mean(1, keepdims=True) > FOUND
        seen[:, part] = inside[:, part] & found
    return people.replace(scores=seen.astype(np.float32))


class SensorModel:
    """A camera at `height_m`, and the network behind it; `rate_hz` is how often it looks."""

    def __init__(self, random: np.random.Generator, height_m: float, rate_hz: float) -> None:
        self._random, self._rate_hz = random, rate_hz
        self._scene = _scene(height_m)
        self._lasting = random.normal(size=(133, 2))
        self._luck = random.random(133)
        self._last: Stance | None = None

    @property
    def size(self) -> tuple[int, int]:
        return self._scene.camera.width, self._scene.camera.height

    def truth(self, stance: Stance) -> PersonPoses:
        """Where all points really are; seen are those that nothing hides.

        They are those of the body in space, which go with it as it turns; the pictures of it that
        tell what hides what are taken every few degrees only.
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
        xy = _as_taken(xy)
        inside = ((xy >= 0) & (xy < self.size)).all(-1)
        return people.replace(xy=xy[None], scores=people.scores * inside)

    def _of_picture(self, stance: Stance) -> PersonPoses:
        """As they are in the picture that is drawn of them."""
        return self._scene.truth([_figure(stance)] if stance.present else [])

    def __call__(self, stance: Stance) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Keypoints (n, 133, 2), scores (n, 133) and boxes (n, 4) of nobody, or of one."""
        people = self.truth(stance)
        if not len(people) or (people.scores[0] > 0).sum() <= OUTSIDE_LEAST:
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
        height = self._scene.camera.focal_px * _STATURE_M / stance.distance_m
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


def _as_taken(xy: np.ndarray) -> np.ndarray:
    """Points (..., 133, 2) of the rig, with the hands as long as the network takes them for."""
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
        # A tracker takes who comes next for whom it saw last, and needs a second to find out; in
        # the dark it lets go.
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
        return people.replace(xy=_as_taken(people.xy))

    def quality(self, profile: Profile) -> float:
        """Unified score of the last image, 0..100; 0 where nobody was found."""
        if not len(self._seen.xy):
            return 0.0
        subject = Subject(
            self._seen.xy[0], self._seen.scores[0], self._seen.boxes[0], 0.0, points=profile.points
        )
        return assess(self._rgb[..., ::-1], subject, profile.weights).score

    def best_quality(self, profile: Profile) -> float:
        """The best score that this person gets before this camera, within the profile."""
        return _best_quality(profile, self._scene.camera.height_m, self._estimate)


@lru_cache(maxsize=None)
def _best_quality(
    profile: Profile, height_m: float, estimate: Callable[[np.ndarray], PersonPoses]
) -> float:
    """Of a person in the middle, at any distance, before a camera at that height."""
    eye, best = NetworkSensorModel(np.random.default_rng(0), height_m, 1.0, estimate), 0.0
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
            xy, scores, boxes = eye(stance)
            observation = TargetSelector(profile).look(
                PersonPoses.of(xy, scores, boxes, ids=[1] * len(xy)), *eye.size, 0.0
            )
            if all(v.ok is not False for v in run_checks(observation, profile)):
                best = max(best, eye.quality(profile))
    return best


_STATURE_M = SimulatedPerson().stature_m


def fit(estimate, turns=(0, -15, 20, 35, -50, 70, -90, 120, 180), frames: int = 8) -> str:
    """The figures above for a network: `estimate` of an RGB image gives PersonPoses. A table."""
    random = np.random.default_rng(0)
    rows: dict[tuple[str, bool], list[tuple[float, float, float]]] = {}
    lengths: list[float] = []
    for height_m, distances, posture in (
        (1.0, (3.0, 3.6), "relaxed"),
        (1.45, (1.0, 1.5), "relaxed"),
        (1.4, (1.15, 1.4), "hands_shown"),
    ):
        scene = _scene(height_m)
        for yaw in turns if posture == "relaxed" else (0, -10, 12):
            for distance in distances:
                x = random.uniform(-0.2, 0.2)
                errors, scores, taken = [], [], np.empty((133, 2))
                for seed in range(frames + 2):
                    figure = SimulatedPerson(
                        x + random.normal(0, 0.006), distance, yaw + random.normal(), posture
                    )
                    truth = scene.truth([figure])
                    found = estimate(scene.render([figure], seed=seed))
                    if seed >= 2 and len(found):  # a tracker needs some to settle
                        height = scene.camera.focal_px * _STATURE_M / distance
                        taken = _as_taken(truth.xy[0])
                        errors.append((found.xy[0] - taken) / height)
                        scores.append(found.scores[0] > 0.3)
                        if posture == "hands_shown" and scores[-1][LEFT_HAND].all():
                            lengths.append(_length(found.xy[0]) / _length(truth.xy[0]))
                if not errors:
                    continue
                inside = ((taken >= 0) & (taken < (1280, 720))).all(1)
                for name, group in _GROUPS.items():
                    if (name == "hands") != (posture == "hands_shown"):
                        continue  # hanging, they are too small to be found
                    for visible in (True, False):
                        of = np.zeros(133, bool)
                        of[group] = inside[group] & ((truth.scores[0, group] > 0) == visible)
                        if of.any():
                            rows.setdefault((name, visible), []).append(
                                _row(np.array(errors)[:, of], np.array(scores)[:, of])
                            )
    lines = [f"{'':<6}{'':<8}{'seen':>7}{'lasting':>9}{'jitter':>9}"]
    for (name, visible), found in rows.items():
        seen, lasting, jitter = (
            np.nanmean([f[0] for f in found]),
            *(np.nanmedian([f[i] for f in found]) for i in (1, 2)),
        )
        lines.append(
            f"{name:<6}{'visible' if visible else 'hidden':<8}{seen:>7.3f}"
            f"{lasting:>9.4f}{jitter:>9.4f}"
        )
    lines.append(f"hands are {np.median(lengths):.2f} as long as the rig's")
    return "\n".join(lines)


def _length(xy: np.ndarray) -> float:
    """Of the left hand's longest side, px."""
    return float(np.ptp(xy[LEFT_HAND], axis=0).max())


def _row(errors: np.ndarray, seen: np.ndarray) -> tuple[float, float, float]:
    """Share seen, and of points that always are: error that lasts, and that does not."""
    always = seen.all(0)
    if not always.any():
        return float(seen.mean()), math.nan, math.nan
    lasting = np.linalg.norm(errors[:, always].mean(0), axis=1)
    # The median length of a vector of two normal numbers is 1.18 of their standard deviation.
    return (
        float(seen.mean()),
        float(np.median(lasting)) / 1.18,
        float(np.median(errors[:, always].std(0))),
    )
