# SPDX-License-Identifier: Apache-2.0
"""A stage with people whose every point is known, and a detector and a pose network that look on.

A walker is 133 points on a walking figure. The fake network answers like a real one: for a box it
finds whoever fills it best and is not hidden, with noise, and with low scores where the box holds
nobody or only part of them; the fake detector gives the boxes of those who can be seen.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, fields

import numpy as np

from dwpose_ros.core.boxes import iou
from dwpose_ros.core.keypoints import COUNT, FACE, INDEX, LEFT_HAND, RIGHT_HAND
from dwpose_ros.core.person_poses import PersonPoses

# x (to the image's right of the person's middle) and height above ground, in body heights.
_STANDING = {
    "nose": (0, .93), "left_eye": (.02, .945), "right_eye": (-.02, .945), "left_ear": (.045, .94),
    "right_ear": (-.045, .94), "left_shoulder": (.11, .82), "right_shoulder": (-.11, .82),
    "left_elbow": (.14, .64), "right_elbow": (-.14, .64), "left_wrist": (.15, .49),
    "right_wrist": (-.15, .49), "left_hip": (.06, .53), "right_hip": (-.06, .53),
    "left_knee": (.06, .28), "right_knee": (-.06, .28), "left_ankle": (.06, .05),
    "right_ankle": (-.06, .05), "left_big_toe": (.09, .01), "right_big_toe": (-.09, .01),
    "left_small_toe": (.1, .015), "right_small_toe": (-.1, .015), "left_heel": (.05, .01),
    "right_heel": (-.05, .01)}  # fmt: skip
# How far each of them swings with the step, in body heights; arms against legs.
_SWING = {
    "knee": 0.06,
    "ankle": 0.14,
    "big_toe": 0.14,
    "small_toe": 0.14,
    "heel": 0.14,
    "elbow": -0.05,
    "wrist": -0.1,
}
SIZE = 1280, 720
IMAGE = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
NOISE = 0.006  # of the points a network finds, in body heights: 2 px on a person of 330
OUTLINE = 0.16, 1.02  # half the width and the top of a figure that stands still


def figure(phase: float = 0.0) -> np.ndarray:
    """(133, 2) x and height above ground, in body heights, of a walker at this phase (rad)."""
    points = np.zeros((COUNT, 2))
    for name, place in _STANDING.items():
        side, _, part = name.partition("_")
        swing = _SWING.get(part, 0) * math.sin(phase) * (1 if side == "left" else -1)
        points[INDEX[name]] = place[0] + swing, place[1]
    around = np.linspace(0, 2 * np.pi, 68, endpoint=False)
    points[FACE] = points[INDEX["nose"]] + 0.045 * np.stack([np.sin(around), np.cos(around)], 1)
    fingers = np.stack(
        [np.tile(np.linspace(-0.02, 0.02, 7), 3), np.repeat([0, -0.03, -0.06], 7)], 1
    )
    for hand, side in ((LEFT_HAND, "left"), (RIGHT_HAND, "right")):
        points[hand] = points[INDEX[f"{side}_wrist"]] + fingers
    return points


@dataclass
class Walker:
    """Somebody ``height`` px tall whose feet are ``at(time_s)`` (x, y in px); None: not here."""

    at: Callable[[float], tuple[float, float] | None]
    height: float = 330.0
    pace_hz: float = 0.9
    start: float = 0.0  # of the step, rad

    def pose(self, time_s: float) -> tuple[np.ndarray, np.ndarray] | None:
        """Points (133, 2) and box (4,) px as annotators would give them, whatever hides them."""
        feet = self.at(time_s)
        if feet is None:
            return None
        shape = figure(self.start + 2 * math.pi * self.pace_hz * time_s)
        xy = np.array(feet) + shape * (self.height, -self.height)
        half = max(OUTLINE[0], np.abs(shape[:, 0]).max() + 0.01) * self.height
        return xy, np.array(
            [feet[0] - half, feet[1] - OUTLINE[1] * self.height, feet[0] + half, feet[1]]
        )


def walk(
    x0: float, speed: float, y: float = 600.0, start_s: float = -math.inf, end_s: float = math.inf
) -> Callable[[float], tuple[float, float] | None]:
    """Along a line at ``speed`` px/s, at ``x0`` at time 0, on stage from start to end."""
    return lambda t: (x0 + speed * t, y) if start_s <= t < end_s else None


@dataclass
class Stage:
    """A TopDown estimator of walkers; the first in the list is the nearest to the camera.

    The detector gives boxes cut at the border, misses whoever is ``hidden`` by more than that
    share, and whomever ``misses(walker, time_s)``; ``extra(time_s)`` boxes show nobody. Set
    ``time_s`` before each frame; ``truth()`` says who can be seen.
    """

    walkers: list[Walker]
    noise: float = NOISE
    hidden: float = 0.6
    glass: bool = False  # nobody hides anybody
    misses: Callable[[int, float], bool] = lambda i, t: False
    extra: Callable[[float], list] = lambda t: []
    ghost_score: float = 0.1  # of the points where there is nobody
    name: str = "stage"
    runs_on: str = "cpu"
    time_s: float = 0.0
    detections: list[float] = field(default_factory=list)  # when
    crops: list[np.ndarray] = field(default_factory=list)
    closed: bool = False
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(1))
    _cache: tuple = (None, None)

    def all(self) -> list[tuple[int, np.ndarray, np.ndarray, float]]:
        """(walker, points, box cut at the border, share visible) of those in the image."""
        if self._cache[0] == self.time_s:
            return self._cache[1]
        found, before = [], []
        for i, walker in enumerate(self.walkers):
            pose = walker.pose(self.time_s)
            if pose is None:
                continue
            xy, box = pose
            cut = np.clip(box, 0, [*SIZE, *SIZE])
            if (cut[2:] - cut[:2] < 8).any():
                continue
            # The share of the body's width that nobody before them covers.
            columns = np.linspace(cut[0], cut[2], 40)
            free = np.ones(40, bool)
            for other in before:
                middle, half = (other[0] + other[2]) / 2, (other[2] - other[0]) * 0.4
                if other[1] < cut[3] and other[3] > cut[1]:
                    free &= np.abs(columns - middle) > half
            before.append(cut)
            found.append((i, xy, cut, 1.0 if self.glass else free.mean()))
        self._cache = self.time_s, found
        return found

    def truth(self, least: float = 0.5, apart: float = 0.0) -> dict[int, np.ndarray]:
        """Points of the walkers of whom at least this share can be seen, who stand at least 60 px
        inside the image, and whose middle is at least ``apart`` px from everybody else's."""
        here = self.all()
        middles = {i: (box[0] + box[2]) / 2 for i, _, box, _ in here}
        return {
            i: xy
            for i, xy, box, share in here
            if share >= least
            and box[2] - box[0] > 60
            and all(abs(middles[i] - x) >= apart for j, x in middles.items() if j != i)
        }

    def detect(self, rgb: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        self.detections.append(self.time_s)
        boxes = [
            box + self.rng.normal(0, 2 * self.noise * 330, 4) * (self.noise > 0)
            for i, _, box, share in self.all()
            if share > 1 - self.hidden and not self.misses(i, self.time_s)
        ]
        boxes += self.extra(self.time_s)
        order = self.rng.permutation(len(boxes))  # a detector's order means nothing
        boxes = np.array(boxes, np.float32).reshape(-1, 4)[order]
        boxes[:, 2:] = np.maximum(boxes[:, 2:], boxes[:, :2] + 1)
        return boxes, np.full(len(boxes), 0.9, np.float32)

    def estimate(self, rgb: np.ndarray, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        assert boxes.shape[1:] == (4,) and len(boxes) and np.isfinite(boxes).all()
        assert (boxes[:, 2:] > boxes[:, :2]).all()
        self.crops.append(np.array(boxes))
        answers = [self._look(np.asarray(box, float)) for box in boxes]
        xy, scores = zip(*answers)
        return np.array(xy, np.float32), np.array(scores, np.float32)

    def _look(self, box: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        middle, sides = (box[:2] + box[2:]) / 2, (box[2:] - box[:2]) * 1.25
        sides = np.maximum(sides, sides[::-1] * (0.75, 4 / 3))  # the network's 288 x 384
        low, high = middle - sides / 2, middle + sides / 2
        best, answer = 0.25, None  # less than a quarter like anybody shows nobody
        for _, xy, cut, share in self.all():
            fit = float(iou(box[None], cut[None])[0, 0]) * math.sqrt(share)
            if fit > best:
                best, answer = fit, xy
        if answer is None:
            return (
                self.rng.uniform(low, high, (COUNT, 2)),
                self.rng.uniform(0, 2 * self.ghost_score, COUNT),
            )
        inside = ((answer >= low) & (answer < high) & (answer >= 0) & (answer < SIZE)).all(1)
        spread = self.noise * 330
        return (
            np.clip(answer + self.rng.normal(0, 1, answer.shape) * spread, low, high),
            np.where(inside, 0.8, 0.05),
        )

    def __call__(self, rgb: np.ndarray) -> PersonPoses:
        boxes, box_scores = self.detect(rgb)
        if not len(boxes):
            return PersonPoses.none()
        return PersonPoses.of(*self.estimate(rgb, boxes), boxes, box_scores)

    def close(self) -> None:
        self.closed = True


def nearest(people: PersonPoses, truth: dict[int, np.ndarray]) -> list[int | None]:
    """Whom each of the n people shows: the walker nearest to their body points, within 30 px."""
    names = []
    for xy, scores in zip(people.xy[:, :17], people.scores[:, :17]):
        good = scores > 0.3
        gaps = {
            i: float(np.linalg.norm(xy - t[:17], axis=1)[good].mean())
            for i, t in truth.items()
            if good.any()
        }
        best = min(gaps, key=gaps.get, default=None)
        names.append(best if best is not None and gaps[best] < 30 else None)
    return names


def together(*people: PersonPoses) -> PersonPoses:
    """All of them in one image."""
    return PersonPoses(
        *(np.concatenate([getattr(p, f.name) for p in people]) for f in fields(PersonPoses))
    )
