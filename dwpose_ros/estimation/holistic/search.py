# SPDX-License-Identifier: Apache-2.0
"""Where in an image people may be, and how likely it is that one is there."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from typing import NamedTuple

import cv2
import numpy as np

from dwpose_ros.core.keypoints import BODY, COUNT
from dwpose_ros.core.person_poses import THRESHOLD
from dwpose_ros.core.proportions import length_spread
from dwpose_ros.estimation.holistic.body import SCALE, Body
from dwpose_ros.estimation.holistic.face import Face
from dwpose_ros.estimation.holistic.keypoints import POSE_BODY
from dwpose_ros.estimation.holistic.regions import Region, around_points
from dwpose_ros.estimation.holistic.ssd import SURE, Ssd

MIN_SCORE = 0.25  # of the detector: the body's network has the last word
ANCHORS = {8: 2, 16: 2, 32: 6}  # of the detector
OVERLAP = 0.35  # of neighbouring tiles, so that somebody between two of them is in one
_UP = math.pi / 2
_AROUND = 1.6  # side of the tile in which a person is looked for again, in sides of their region
_ALIKE = {"turn": 0.8, "shift": 0.2, "scale": 0.35}  # two regions of the same person

# How likely it is that a body is a person's: weights of a logistic regression on 241 detections
# of people, whole or in part, and 1,317 of nobody, in 101 pictures of people and 64 of animals,
# things and empty rooms.
_CONSTANT, _OF_SCORE, _OF_PRESENCE, _OF_VISIBILITY = -7.86, 4.31, 1.69, 5.3
_OF_SPREAD, _OF_SHIFT, _OF_FACE = -4.4, -0.27, 3.89
_MOST_SPREAD, _UNKNOWN_SPREAD = 1.0, 0.6
_SHIFT_RANGE = (1e-3, 0.3)
MIN_ODDS = 1.0  # logarithm of the odds from which a body is a person's


class Candidate(NamedTuple):
    region: Region
    score: float
    """The detector's, 0..1."""


class Search:
    """Looks for people in an image and in tiles of it, since the detector sees only people who
    fill a good part of its input."""

    def __init__(self, detector: Ssd) -> None:
        self._detector = detector
        self._turn = 0

    def everywhere(self, rgb: np.ndarray) -> list[Candidate]:
        """Look in the whole image and in all tiles."""
        levels = (tiles(rgb.shape, level) for level in range(3))
        return self._look(rgb, itertools.chain(*levels))

    def in_turn(self, rgb: np.ndarray, count: int) -> list[Candidate]:
        """Look in the whole image, and in so many of the tiles, the next ones each time."""
        large, small = tiles(rgb.shape, 1), tiles(rgb.shape, 2)
        where = tiles(rgb.shape, 0)
        for _ in range(count):
            self._turn += 1
            level = (large, small)[self._turn % 2]
            where.append(level[self._turn // 2 % len(level)])
        return self._look(rgb, where)

    def near(self, rgb: np.ndarray, region: Region) -> float:
        """Return the detector's score of a person whose region is known, 0 if it sees nobody."""
        tile = Region(region.x, region.y, _AROUND * region.side, 0.0)
        found = self._look(rgb, [tile])
        return max((c.score for c in found if alike(c.region, region)), default=0.0)

    def within(self, rgb: np.ndarray, box: np.ndarray) -> Region | None:
        """Return the region of the surest person whose middle is in a box (4,), if any."""
        x, y = ((box[:2] + box[2:]) / 2).tolist()
        tile = Region(x, y, _AROUND * float((box[2:] - box[:2]).max()), 0.0)
        for one in self._look(rgb, [tile]):
            middle = np.array([one.region.x, one.region.y])
            if (middle >= box[:2]).all() and (middle <= box[2:]).all():
                return one.region
        return None

    def _look(self, rgb: np.ndarray, where: Iterable[Region]) -> list[Candidate]:
        """Return the candidates, the surest first, each place once."""
        found = []
        for tile in where:
            crop = tile.crop(rgb, self._detector.size, cv2.BORDER_CONSTANT)
            seen = self._detector(crop, MIN_SCORE)
            # Of the four keypoints, the first is between the hips, the second is above the head
            # on a circle around the body.
            for points, score in zip(tile.to_image(seen.points), seen.scores):
                region = around_points(points[0], points[1], _UP, scale=SCALE)
                found.append((Candidate(region, float(score)), tile.side))
        # Of one person seen in several tiles, MediaPipe would take the one in the largest.
        found.sort(key=lambda pair: (pair[0].score < SURE, -pair[1], -pair[0].score))
        unique: list[Candidate] = []
        for one, _ in found:
            if not any(alike(one.region, other.region) for other in unique):
                unique.append(one)
        unique.sort(key=lambda candidate: -candidate.score)
        return unique


def tiles(shape: tuple[int, ...], level: int) -> list[Region]:
    """Return the squares that cover an image (h, w, ...), each 2 ** level times smaller than it.

    At level 0 it is one square around the image.
    """
    height, width = shape[:2]
    side = max(width, height) / 2**level
    if level == 0:
        return [Region(width / 2, height / 2, side, 0.0)]
    return [
        Region(x, y, side, 0.0)
        for y in _middles(height, side)
        for x in _middles(width, side)
    ]  # fmt: skip


def _middles(length: float, side: float) -> list[float]:
    if length <= side:
        return [length / 2]
    count = math.ceil((length - side) / (side * (1 - OVERLAP))) + 1
    return np.linspace(side / 2, length - side / 2, count).tolist()


def alike(one: Region, other: Region) -> bool:
    """Whether two regions are of the same person."""
    return one.is_near(other, **_ALIKE)


def odds(score: float, first: Body, second: Body, face: Face | None) -> float:
    """Return the logarithm of the odds that a body is a person's.

    A person's points stay where they are when the body is looked at again, in the region that its
    own points give, its bones have a person's proportions, and its head may have a face.

    Args:
        score: the detector's, 0..1.
        first: the body in the detector's region.
        second: the body in the region that the first one gives.
        face: that of the second, if it was found.
    """
    both = (first.visibility > THRESHOLD) & (second.visibility > THRESHOLD)
    shift = _SHIFT_RANGE[1]
    if both.sum() > 2:
        apart = np.hypot(*(first.xy - second.xy)[both].T)
        shift = min(max(float(np.median(apart)) / first.region.side, _SHIFT_RANGE[0]), shift)
    xy, scores = np.zeros((COUNT, 2)), np.zeros(COUNT)
    xy[BODY], scores[BODY] = second.xy[POSE_BODY], second.visibility[POSE_BODY]
    spread = length_spread(xy, scores)
    spread = _UNKNOWN_SPREAD if math.isnan(spread) else min(spread, _MOST_SPREAD)
    return (
        _CONSTANT
        + _OF_SCORE * score
        + _OF_PRESENCE * second.presence
        + _OF_VISIBILITY * float(second.visibility.mean())
        + _OF_SPREAD * spread
        + _OF_SHIFT * math.log(shift)
        + _OF_FACE * (face.presence if face else 0.0)
    )
