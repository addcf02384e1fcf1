# SPDX-License-Identifier: Apache-2.0
"""What a pose network sees of the simulated person: true keypoints, with its errors and losses."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
from scipy.special import ndtr

from dwpose_ros.core.keypoints import FACE, LEFT_HAND, NAMES, RIGHT_HAND
from dwpose_ros.core.person_poses import THRESHOLD, PersonPoses
from dwpose_ros.simulation import atlas
from dwpose_ros.simulation.bodies import Body, crown, shape
from dwpose_ros.simulation.camera import SimulatedCamera, SimulatedPerson
from dwpose_ros.simulation.movements import Stance

# Measured on MediaPipe's networks by sensor_fit.py: standard deviations of a coordinate, in
# heights of the person, and the share of frames in which a point is seen. Most of an error depends
# on the place, the posture and the turn, and lasts as long as those do. How long that is, and how
# often points appear and disappear, is an estimate.
LASTING = {"body": 0.011, "feet": 0.017, "face": 0.0018, "hands": 0.0035}
JITTER = {"body": 0.0022, "feet": 0.0027, "face": 0.0003, "hands": 0.0003}
# Share of the variance of an error that a limb, a hand or the face has as a whole (measured, too):
# networks misplace limbs, rather than points.
LASTING_SHARED = {"body": 0.34, "feet": 0.0, "face": 0.03, "hands": 0.29}
JITTER_SHARED = {"body": 0.44, "feet": 0.27, "face": 0.24, "hands": 0.13}
LASTS_S, LASTS_M, LASTS_DEG = 15.0, 0.3, 20.0
SEEN = {"body": 0.998, "feet": 0.998, "face": 0.998, "hands": 0.998}
# The same for points behind the body or other limbs; they are seen less often from the side.
SEEN_THROUGH = {"body": 0.998, "feet": 0.99, "face": 0.0, "hands": 0.0}
SEEN_THROUGH_ASIDE = {"body": 0.75, "feet": 0.62, "face": 0.0, "hands": 0.0}
ASIDE_DEG = 60.0, 150.0
# Scores of points that are seen (measured, too): quantiles, in the open and behind the body or
# other limbs, and how much they tremble from frame to frame. Who is surely seen stays so.
SCORE_SHARES = (0.05, 0.25, 0.5, 0.75, 0.95)
SCORES = {
    "body": (0.68, 0.95, 0.99, 1.0, 1.0),
    "feet": (0.57, 0.89, 0.96, 0.98, 0.98),
    "face": (0.99, 1.0, 1.0, 1.0, 1.0),
    "hands": (0.99, 0.99, 0.99, 0.99, 0.99),
}
SCORES_THROUGH = {
    "body": (0.43, 0.92, 0.99, 1.0, 1.0),
    "feet": (0.50, 0.62, 0.75, 0.85, 0.90),
    "face": (0.84, 1.0, 1.0, 1.0, 1.0),
    "hands": (0.99, 0.99, 0.99, 0.99, 0.99),
}
SCORE_TREMBLE = 0.01
UNSEEN_SCORE = 0.1  # of a point that is not seen, an estimate
# MediaPipe's fingertips are the pads, and its wrists are nearer to the palm than the rig's: its
# hands have this share of the rig's length. Profiles mean hands as networks see them.
HAND_LENGTH = 0.89
LOST_TOGETHER = 0.5  # the same of what makes points disappear, an estimate
CHANGES = (
    0.1  # share of the points and limbs that may appear or disappear from one frame to the next
)
FOUND = 0.5  # a face or a hand is found as a whole if more than this share of it is visible
MIN_POINTS = 8  # somebody is found if more points than these are visible in the image

_NOWHERE = -1e4  # px, of points that a body does not have
_FLESH = 0.03  # of the box's height that a silhouette is wider than its joints, on each side
STATURE_M = SimulatedPerson().stature_m

GROUPS = {
    "body": slice(0, 17),
    "feet": slice(17, 23),
    "face": slice(FACE.start, FACE.stop),
    "hands": slice(LEFT_HAND.start, RIGHT_HAND.stop),
}


# What a network misplaces, or loses, as a whole.
_SIDED = (("shoulder", "hip"), ("elbow", "wrist"), ("knee", "ankle", "toe", "heel"))
LIMBS: tuple[tuple[int, ...], ...] = (
    tuple(range(5)),
    tuple(i for i in range(23) if NAMES[i].endswith(_SIDED[0])),
    *(
        tuple(i for i in range(23) if NAMES[i].startswith(side) and NAMES[i].endswith(ends))
        for side in ("left", "right")
        for ends in _SIDED[1:]
    ),
    tuple(range(FACE.start, FACE.stop)),
    tuple(range(LEFT_HAND.start, LEFT_HAND.stop)),
    tuple(range(RIGHT_HAND.start, RIGHT_HAND.stop)),
)
_LIMB = np.empty(133, int)
for _number, _limb in enumerate(LIMBS):
    _LIMB[list(_limb)] = _number


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


_LASTING, _JITTER, _LASTING_SHARED, _JITTER_SHARED = map(
    _by_point, (LASTING, JITTER, LASTING_SHARED, JITTER_SHARED)
)
_SEES_THROUGH = _by_point(SEEN_THROUGH) > 0


def _quantiles(shares: dict[str, float]) -> np.ndarray:
    """Return (133,): what a standard normal number is below in these shares of all cases."""
    normal = NormalDist()
    return _by_point(
        {n: normal.inv_cdf(share) if share > 0 else -math.inf for n, share in shares.items()}
    )


_SEEN, _THROUGH, _THROUGH_ASIDE = map(_quantiles, (SEEN, SEEN_THROUGH, SEEN_THROUGH_ASIDE))


def _mixed(limbs: np.ndarray, own: np.ndarray, shared) -> np.ndarray:
    """Mix normal numbers of limbs and of points (133, ...): variance 1, `shared` in common."""
    shared = np.broadcast_to(shared, 133).reshape(133, *[1] * (own.ndim - 1))
    return np.sqrt(shared) * limbs[_LIMB] + np.sqrt(1 - shared) * own


def at_best(people: PersonPoses, size: tuple[int, int]) -> PersonPoses:
    """Return true poses with the scores of a network that makes no errors.

    Networks also see points of the body that its own limbs hide.
    """
    inside = ((people.xy >= 0) & (people.xy < size)).all(-1)
    seen = (people.scores > 0) | inside & _SEES_THROUGH
    for part in _WHOLE:
        found = (people.scores[:, part] > 0).mean(1, keepdims=True) > FOUND
        seen[:, part] = inside[:, part] & found
    return people.replace(scores=seen.astype(np.float32))


class SensorModel:
    """A camera and a pose network with realistic errors, computed from true keypoints.

    Args:
        random: of errors and losses.
        camera: what looks.
        rate_hz: of the frames.
        body: of the person.
    """

    def __init__(
        self,
        random: np.random.Generator,
        camera: SimulatedCamera,
        rate_hz: float,
        body: Body = Body(),
    ) -> None:
        self._random, self._rate_hz = random, rate_hz
        self._camera, self._body = camera, body
        self._lasting = self._errors(_LASTING_SHARED)
        self._fortune = random.normal(size=len(LIMBS)), random.normal(size=133)
        self._last: Stance | None = None

    @property
    def size(self) -> tuple[int, int]:
        return self._camera.width, self._camera.height

    def truth(self, stance: Stance) -> PersonPoses:
        """Return the true keypoints; those that are hidden, or do not exist, have score 0.

        Coordinates are computed for the exact turn of the body. Which points are hidden is known
        only for the nearest of the atlas's pictures, which are some degrees apart.
        """
        if not stance.present:
            return PersonPoses.none()
        body = self._body if stance.seated else self._body._replace(seat="")
        xyz = shape(body, stance.posture)
        turn = math.radians(stance.yaw_deg)
        points = np.vstack([xyz, crown(body, xyz)])
        ahead, left, up = points.T
        right = stance.x_m + ahead * math.sin(turn) + left * math.cos(turn)
        away = stance.distance_m - ahead * math.cos(turn) + left * math.sin(turn)
        taken, depth = self._camera.project(np.stack([right, away, up], -1))
        xy = as_taken(taken[:-1])
        inside = ((xy >= 0) & (xy < self.size)).all(-1) & (depth[:-1] > 0)
        visible = atlas.load().nearest(stance.posture, stance.seen_yaw_deg).visible & inside
        lost = list(body.lost)
        ends = np.vstack([np.delete(xy, lost, 0), taken[-1:]])
        visible[lost], xy[lost] = False, _NOWHERE
        box = np.concatenate([ends.min(0), ends.max(0)])
        box += np.array([-1, 0, 1, 0]) * _FLESH * (box[3] - box[1])
        box = np.clip(box, 0, np.tile(self.size, 2))
        there = box[2] > box[0] and box[3] > box[1]
        return PersonPoses.of(xy[None], visible[None], box[None] * there, np.array([there]))

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
        self._lasting = keep * self._lasting + math.sqrt(1 - keep**2) * self._errors(
            _LASTING_SHARED
        )
        for fortune in self._fortune:
            turns = random.random(len(fortune)) < CHANGES
            fortune[turns] = random.normal(size=int(turns.sum()))
        height = self._camera.focal_px * self._body.stature_m / stance.distance_m
        jitter = self._errors(_JITTER_SHARED)
        error = self._lasting * _LASTING[:, None] + jitter * _JITTER[:, None]
        scores = self._scores(xy, visible, stance.seen_yaw_deg)
        return (xy + error * height)[None], scores[None], box[None]

    def _errors(self, shared: np.ndarray) -> np.ndarray:
        """Draw errors (133, 2) of variance 1, of which each limb has a share in common."""
        limbs = self._random.normal(size=(len(LIMBS), 2))
        return _mixed(limbs, self._random.normal(size=(133, 2)), shared)

    def _scores(self, xy: np.ndarray, visible: np.ndarray, yaw_deg: float) -> np.ndarray:
        """Return the scores (133,) that the network gives: whether it finds a point, and how sure
        it is of that, is one and the same luck.
        """
        inside = ((xy >= 0) & (xy < self.size)).all(1)
        turn = abs((yaw_deg + 180) % 360 - 180)
        through = _THROUGH_ASIDE if ASIDE_DEG[0] < turn < ASIDE_DEG[1] else _THROUGH
        luck, least = _mixed(*self._fortune, LOST_TOGETHER), np.where(visible, _SEEN, through)
        seen = inside & (luck < least)
        seen[list(self._body.lost)] = False
        for part in _WHOLE:
            found = np.count_nonzero(visible[part]) > FOUND * len(xy[part])
            # One number for the whole part, as of its first point.
            luck[part], least[part] = luck[part.start], _SEEN[part.start]
            seen[part] = inside[part] & found & (luck[part.start] < least[part.start])
        sure = 1 - ndtr(luck) / np.maximum(ndtr(least), 1e-9)  # the share that is less sure
        scores = np.empty(133)
        for name, group in GROUPS.items():
            open_, hidden = (
                np.interp(sure[group], SCORE_SHARES, quantiles[name])
                for quantiles in (SCORES, SCORES_THROUGH)
            )
            scores[group] = np.where(visible[group], open_, hidden)
        scores += self._random.normal(0, SCORE_TREMBLE, 133)
        return np.where(seen, scores.clip(THRESHOLD, 1.0), UNSEEN_SCORE)


def as_taken(xy: np.ndarray) -> np.ndarray:
    """Return the rig's points (..., 133, 2), with hands of the length that networks see."""
    xy = xy.copy()
    for hand in _WHOLE[1:]:
        middle = xy[..., hand, :].mean(-2, keepdims=True)
        xy[..., hand, :] = middle + HAND_LENGTH * (xy[..., hand, :] - middle)
    return xy
