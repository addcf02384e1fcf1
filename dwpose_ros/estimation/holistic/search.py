# SPDX-License-Identifier: Apache-2.0
"""Where in an image people may be, and how likely it is that one is there."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from typing import NamedTuple

import cv2
import numpy as np

from dwpose_ros.core.boxes import iou
from dwpose_ros.core.keypoints import BODY, COUNT
from dwpose_ros.core.person_poses import THRESHOLD
from dwpose_ros.core.proportions import length_spread
from dwpose_ros.estimation.detectors import Detector
from dwpose_ros.estimation.holistic.body import SCALE, Body
from dwpose_ros.estimation.holistic.face import Face
from dwpose_ros.estimation.holistic.keypoints import POSE_BODY
from dwpose_ros.estimation.holistic.regions import Region, around_points
from dwpose_ros.estimation.holistic.ssd import SURE, Ssd

ANCHORS = {8: 2, 16: 2, 32: 6}  # of MediaPipe's detector
MIN_SCORE = 0.2  # of the detector: the body's network has the last word
LEVELS = 2  # the image itself, and tiles of half its size
OVERLAP = 0.35  # of neighbouring tiles, so that somebody between two of them is in one
SAME = 0.5  # overlap of two boxes from which they are of the same person
LEAST_PX = 2  # side of what is cut out of an image: OpenCV 4.5.4 resizes no single pixel
EDGE = 3.0  # px of a tile's edge within which a box that it cuts off ends
_UP = math.pi / 2
_LARGE = 0.7  # side of a tile, in sides of the image, from which that is looked at as a whole
_LEAST_SIDE = 0.9  # of a body's region, in sides of the box: a smaller one is that of a part
# A candidate who was nobody is not looked at again in so many detections of a video, as long as it
# has the same box (IoU), the detector is no surer of it, and it looks the same (correlation of
# PICTURE x PICTURE pixels): things do not move, and people do not keep so still for two seconds.
# Each further time twice as many, up to a most.
NOBODY_FOR, NOBODY_LONGEST = 12, 48
SAME_THING, SURER, SAME_PICTURE, PICTURE = 0.6, 0.1, 0.98, 16
MIN_FIGURE = 0.1  # score of MediaPipe's detector from which its keypoints are of use
_MOST_ASIDE = 0.35  # of a figure's hips from the middle of its box, in widths of the box
_AROUND = 1.6  # side of the tile in which a person is looked for again, in sides of their box

# How likely it is that a body is a person's: weights of a logistic regression on 1,822 detections
# of people and 2,316 of nobody, in 149 photographs of people, 166 of rooms, streets, animals and
# things, and 600 pictures of synthetic people from all sides.
_CONSTANT, _OF_SCORE, _OF_PRESENCE, _OF_VISIBILITY = -8.87, 12.67, 1.39, 4.03
_OF_SPREAD, _OF_SHIFT, _OF_FACE, _OF_OVERLAP, _OF_FIGURE = -8.14, -0.64, 3.40, 1.21, 0.31
_MOST_SPREAD, _UNKNOWN_SPREAD = 1.0, 0.6
_SHIFT_RANGE = (1e-3, 0.3)
_PRESENCE_RANGE = (1e-3, 1 - 1e-3)
MIN_ODDS = 3.0  # logarithm of the odds from which a body is a person's


class Candidate(NamedTuple):
    box: np.ndarray
    """(4,) float32 x1 y1 x2 y2 px."""
    score: float
    """The detector's, 0..1."""


class Tile(NamedTuple):
    """A part of an image, px."""

    x1: int
    y1: int
    x2: int
    y2: int


class Search:
    """Looks for people in an image and in tiles of it, since the detector sees only people who
    fill a good part of its input.

    Args:
        detector: of people, from a score of MIN_SCORE on.
    """

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self._turn = 0

    def everywhere(self, rgb: np.ndarray) -> list[Candidate]:
        """Look in the whole image and in all tiles."""
        return self._look(rgb, itertools.chain(*(tiles(rgb.shape, n) for n in range(LEVELS))))

    def whole(self, rgb: np.ndarray) -> list[Candidate]:
        """Look in the whole image."""
        return self._look(rgb, tiles(rgb.shape, 0))

    def in_turn(self, rgb: np.ndarray, count: int) -> list[Candidate]:
        """Look in so many of the tiles, the next ones each time."""
        small = tiles(rgb.shape, 1)
        self._turn += count
        return self._look(rgb, (small[(self._turn - k) % len(small)] for k in range(count)))

    def near(self, rgb: np.ndarray, box: np.ndarray) -> Candidate | None:
        """Return the person whose box (4,) was known, as seen now; None if nobody is seen."""
        x, y = ((box[:2] + box[2:]) / 2).tolist()
        half = _AROUND / 2 * float((box[2:] - box[:2]).max())
        height, width = rgb.shape[:2]
        tile = Tile(
            max(0, int(x - half)), max(0, int(y - half)),
            min(width, math.ceil(x + half)), min(height, math.ceil(y + half)),
        )  # fmt: skip
        return at(self._look(rgb, [tile]), box)

    def _look(self, rgb: np.ndarray, where: Iterable[Tile]) -> list[Candidate]:
        """Return the candidates, the surest first, each once."""
        found: list[Candidate] = []
        for tile in where:
            if tile.x2 - tile.x1 < LEAST_PX or tile.y2 - tile.y1 < LEAST_PX:
                continue
            boxes, scores = self._detector(rgb[tile.y1 : tile.y2, tile.x1 : tile.x2])
            boxes = boxes + np.array([tile[:2] * 2], np.float32)
            whole = ~_cut_off(boxes, tile, rgb.shape)
            found += [Candidate(b, float(s)) for b, s in zip(boxes[whole], scores[whole])]
        found.sort(key=lambda candidate: -candidate.score)
        unique: list[Candidate] = []
        for one in found:
            if at(unique, one.box, SAME) is None:
                unique.append(one)
        return unique


class _Thing(NamedTuple):
    candidate: Candidate
    picture: np.ndarray
    """What it looks like, (PICTURE, PICTURE, 3)."""
    until: int
    """The last detection in which it is not looked at again."""
    rest: int
    """So many detections; it is remembered for as many after that."""


class Things:
    """Remembers who was nobody in a video, so that it is not looked at again all the time."""

    def __init__(self) -> None:
        self._things: list[_Thing] = []
        self._detections = 0

    def without(self, found: list[Candidate], rgb: np.ndarray) -> list[Candidate]:
        """Return the next detection's candidates without those who were nobody just before."""
        self._detections += 1
        now = self._detections
        self._things = [thing for thing in self._things if thing.until + thing.rest >= now]
        return [c for c in found if all(thing.until < now for thing in self._known_as(c, rgb))]

    def add(self, candidates: list[Candidate], rgb: np.ndarray) -> None:
        """Remember those who were nobody in this detection."""
        for one in candidates:
            before = [thing.rest for thing in self._known_as(one, rgb)]
            rest = min(2 * max(before), NOBODY_LONGEST) if before else NOBODY_FOR
            self._things.append(_Thing(one, _picture(rgb, one.box), self._detections + rest, rest))

    def _known_as(self, one: Candidate, rgb: np.ndarray) -> list[_Thing]:
        boxes = np.array([thing.candidate.box for thing in self._things], np.float32)
        overlaps = iou(one.box[None], boxes.reshape(-1, 4))[0]
        return [
            thing
            for thing, overlap in zip(self._things, overlaps)
            if overlap > SAME_THING
            and one.score - thing.candidate.score < SURER
            and np.mean(thing.picture * _picture(rgb, thing.candidate.box)) > SAME_PICTURE
        ]


def _picture(rgb: np.ndarray, box: np.ndarray) -> np.ndarray:
    """Return what is in a box, small, with a mean of 0 and a deviation of 1."""
    height, width = rgb.shape[:2]
    x1, y1 = (
        int(max(min(v, most - LEAST_PX), 0)) for v, most in zip(box[:2].tolist(), (width, height))
    )
    x2, y2 = (max(low + LEAST_PX, math.ceil(v)) for low, v in zip((x1, y1), box[2:]))
    small = cv2.resize(rgb[y1:y2, x1:x2], (PICTURE, PICTURE), interpolation=cv2.INTER_AREA)
    return (small - small.mean()) / max(float(small.std()), 1.0)


class Figure:
    """Finds the region of somebody's body, given their box.

    The box alone does not tell, as it may end where the image ends. MediaPipe's detector gives the
    middle of the hips, also outside of the image, and a circle around the body.

    Args:
        detector: MediaPipe's pose_detection.
    """

    def __init__(self, detector: Ssd) -> None:
        self._detector = detector

    def __call__(self, rgb: np.ndarray, box: np.ndarray) -> tuple[Region, bool]:
        """Return the region in which to look for a body; whether the detector is sure of it."""
        x, y = ((box[:2] + box[2:]) / 2).tolist()
        longer = float((box[2:] - box[:2]).max())
        height, width = rgb.shape[:2]
        tile = Region(x, y, _AROUND * longer, 0.0)
        if tile.side > _LARGE * max(width, height):  # no more black around than there must be
            tile = Region(width / 2, height / 2, max(width, height), 0.0)
        crop = tile.crop(rgb, self._detector.size, cv2.BORDER_CONSTANT)
        seen = self._detector(crop, MIN_FIGURE)
        # Of the four keypoints, the first is between the hips, the second is above the head on a
        # circle around the body.
        boxes = tile.to_image(seen.boxes.reshape(-1, 2)).reshape(-1, 4)
        figures = []
        for head, points, score in zip(boxes, tile.to_image(seen.points), seen.scores):
            middle = (head[:2] + head[2:]) / 2
            region = around_points(points[0], points[1], _UP, scale=SCALE)
            aside = abs(region.x - x) / max(float(box[2] - box[0]), 1.0)
            inside = (middle >= box[:2]).all() and (middle <= box[2:]).all()
            if inside and region.side >= _LEAST_SIDE * longer and aside <= _MOST_ASIDE:
                figures.append((score < SURE, aside, region))
        if figures:  # beside others, it is that of the box whose middle it is nearest to
            doubted, _, region = min(figures, key=lambda figure: figure[:2])
            return region, not doubted
        return around_box(box), False


def around_box(box: np.ndarray) -> Region:
    """Return the region of a body that is known by its box (4,) alone."""
    x, y = ((box[:2] + box[2:]) / 2).tolist()
    return Region(x, y, SCALE * float((box[2:] - box[:2]).max()), 0.0)


def at(found: list[Candidate], box: np.ndarray, overlap: float = 0.3) -> Candidate | None:
    """Return the surest of the candidates who are at a box (4,), None if there are none."""
    boxes = np.array([one.box for one in found], np.float32).reshape(-1, 4)
    there = iou(box[None], boxes)[0] >= overlap
    same = [one for one, is_there in zip(found, there) if is_there]
    return max(same, key=lambda one: one.score, default=None)


def tiles(shape: tuple[int, ...], level: int) -> list[Tile]:
    """Return the squares that cover an image (h, w, ...), each 2 ** level times smaller than it.

    At level 0 it is the image; the others end where it ends.
    """
    height, width = shape[:2]
    side = max(width, height) / 2**level
    if level == 0:
        return [Tile(0, 0, width, height)]
    half = side / 2
    return [
        Tile(max(0, round(x - half)), max(0, round(y - half)),
             min(width, round(x + half)), min(height, round(y + half)))
        for y in _middles(height, side)
        for x in _middles(width, side)
    ]  # fmt: skip


def _middles(length: float, side: float) -> list[float]:
    if length <= side:
        return [length / 2]
    count = math.ceil((length - side) / (side * (1 - OVERLAP))) + 1
    return np.linspace(side / 2, length - side / 2, count).tolist()


def _cut_off(boxes: np.ndarray, tile: Tile, shape: tuple[int, ...]) -> np.ndarray:
    """Return which boxes (n, 4) end at an edge of a tile that is none of the image's, (n,)."""
    height, width = shape[:2]
    return (
        ((boxes[:, 0] < tile.x1 + EDGE) & (tile.x1 > 0))
        | ((boxes[:, 1] < tile.y1 + EDGE) & (tile.y1 > 0))
        | ((boxes[:, 2] > tile.x2 - EDGE) & (tile.x2 < width))
        | ((boxes[:, 3] > tile.y2 - EDGE) & (tile.y2 < height))
    )


def odds(
    score: float, overlap: float, first: Body, second: Body, face: Face | None, figure: bool
) -> float:
    """Return the logarithm of the odds that a body is a person's.

    A person's points fill the detector's box, their head may have a face, and another detector
    may see their figure. Where the detector is in doubt it also counts that points stay where they
    are when the body is looked at again, in the region that its own points give, and that its
    bones have a person's proportions. From the side or bent, a person's often have not.

    Args:
        score: the detector's, 0..1.
        overlap: of the detector's box and that of the visible points, 0..1.
        first: the body as seen at first.
        second: the body in the region that the first one gives.
        face: that of the second, if it was found.
        figure: whether MediaPipe's detector is sure of the first one's region.
    """
    xy, scores = np.zeros((COUNT, 2)), np.zeros(COUNT)
    xy[BODY], scores[BODY] = second.xy[POSE_BODY], second.visibility[POSE_BODY]
    spread = length_spread(xy, scores)
    spread = _UNKNOWN_SPREAD if math.isnan(spread) else min(spread, _MOST_SPREAD)
    presence = min(max(first.presence, _PRESENCE_RANGE[0]), _PRESENCE_RANGE[1])
    return (
        _CONSTANT
        + _OF_SCORE * score
        + _OF_PRESENCE * second.presence
        + _OF_VISIBILITY * float(second.visibility.mean())
        + _OF_FACE * (face.presence if face else 0.0)
        + _OF_OVERLAP * overlap
        + (_OF_FIGURE * math.log(presence / (1 - presence)) if figure else 0.0)
        + (1 - score) * (_OF_SPREAD * spread + _OF_SHIFT * math.log(shift(first, second)))
    )


def shift(first: Body, second: Body) -> float:
    """Return how far a body's points lie apart in two looks at it, in sides of its region."""
    both = (first.visibility > THRESHOLD) & (second.visibility > THRESHOLD)
    if both.sum() <= 2:
        return _SHIFT_RANGE[1]
    apart = np.hypot(*(first.xy - second.xy)[both].T)
    return min(max(float(np.median(apart)) / first.region.side, _SHIFT_RANGE[0]), _SHIFT_RANGE[1])
