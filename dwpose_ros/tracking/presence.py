# SPDX-License-Identifier: Apache-2.0
"""Whether somebody found in an image is there: networks see people in tables, too.

Evidence is added up for each track id, as in Wald's sequential test ("Sequential tests of
statistical hypotheses", 1945): the logarithm of how much likelier what is seen is with a person
there than without. Four things tell, each in a way that no network has to know of:

- the detector's score, once: what is found in furniture barely passes a detector's threshold.
- proportions: seen from anywhere, the bones of a body are shortened, but few of them by much.
  Those of a ghost have any lengths.
- constancy: a body changes its shape as fast as muscles move it, a ghost with each frame's noise.
- a face, where the whole of one is seen.

The weights were read off 886 frames of people (seven clips, from behind and in front, at rest,
signing with both hands, and walking; two photographs of sport, swayed) and 250 of ghosts (the
foot of a table, a motorcycle, a drawn horse), all MediaPipe's; each says how far apart they are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from dwpose_ros.core.anthropometry import ABOVE_GROUND, SHOULDER_WIDTH
from dwpose_ros.core.keypoints import BODY, FACE, INDEX
from dwpose_ros.core.person_poses import PersonPoses
from dwpose_ros.tracking.tracker import KEEP_S, POINTS

SEEN = 0.3  # from here a point counts, as it does where people are drawn
# A person from 20 : 1, which one of 20 ghosts may pass at most; one who was is until the odds are
# against them, so that nobody flickers. Past 400 : 1 nothing is added: who has been there for
# long, and a ghost in their place, would otherwise take as long to go.
SURE, DOUBTED, MOST = math.log(20), -1.0, 2 * math.log(20)
STEP_S = 0.1  # what is seen within it is one look: networks err alike in frames that are so near
RECENT_S = 0.35  # shapes further apart in time say less: whoever moves, has

# Scores of a detector: all 36 ghosts 0.50 to 0.61, people in clips 0.82 to 0.98.
_EVEN_SCORE, _PER_SCORE, _SCORE_RANGE = 0.6, 15.0, (-1.5, 4.0)
# Spread of lengths: 19 of 20 frames of people have less than 0.39, 9 of 10 of the table more than
# 0.42; one unit is what a person's varies by.
_EVEN_SPREAD, _SPREAD_UNIT, _LEAST_BONES = 0.42, 0.08, 4
# Change of shape: people at rest 0.01, signing and walking up to 0.07, turning while they walk up
# to 0.3; half of the ghosts have more than 0.09.
_EVEN_CHANGE, _CHANGE_RANGE = 0.05, (-1.5, 1.0)
_LEAST_CHANGE = 1e-3
_LEAST_POINTS = 3
_LEAST_PX = 1.0  # a shape of less is none

_HEAD = [INDEX[name] for name in ("nose", "left_eye", "right_eye", "left_ear", "right_ear")]
_SHOULDERS = [INDEX["left_shoulder"], INDEX["right_shoulder"]]


def _apart(upper: str, lower: str) -> float:
    """From the middle of one part to that of another below it, in body heights."""
    (a, b), (c, d) = ABOVE_GROUND[upper], ABOVE_GROUND[lower]
    return (a + b) / 2 - (c + d) / 2


# Both ends of each bone, and its length in body heights.
_CHAIN = (("shoulder", "hip"), ("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"))
_BONES = [(*_SHOULDERS, SHOULDER_WIDTH)]
for _side in ("left", "right"):
    for _a, _b in _CHAIN:
        _BONES.append((INDEX[f"{_side}_{_a}"], INDEX[f"{_side}_{_b}"], _apart(f"{_a}s", f"{_b}s")))
    # The ankle is the upper end of what ABOVE_GROUND has as the feet.
    _BONES.append(
        (
            INDEX[f"{_side}_knee"],
            INDEX[f"{_side}_ankle"],
            ABOVE_GROUND["knees"][0] - ABOVE_GROUND["feet"][1],
        )
    )
_FROM, _TO = (np.array([bone[i] for bone in _BONES]) for i in (0, 1))
_LENGTH = np.array([bone[2] for bone in _BONES])
# From the middle of the shoulders' joints, which lie lower than the shoulders' tops, to that of
# nose, eyes and ears: by their breadth 0.134 to 0.155 in the clips, by the length of
# the torso 0.112 to 0.142, and 0.129 on the simulation's rig.
_NECK = 0.13


def length_spread(xy: np.ndarray, scores: np.ndarray) -> float:
    """Standard deviation by mean of the lengths of a body's bones, each in what it is on an adult.

    Points are (133, 2) px and (133,). 0 would be a body seen flat on; NaN where too little of one
    is seen.
    """
    seen = scores > SEEN
    both = seen[_FROM] & seen[_TO]
    lengths = np.hypot(*(xy[_FROM] - xy[_TO])[both].T) / _LENGTH[both]
    head = [point for point in _HEAD if seen[point]]
    if head and seen[_SHOULDERS].all():
        neck = np.hypot(*(xy[head].mean(0) - xy[_SHOULDERS].mean(0))) / _NECK
        lengths = np.append(lengths, neck)
    if len(lengths) < _LEAST_BONES or not lengths.mean() > _LEAST_PX:
        return math.nan
    return float(lengths.std() / lengths.mean())


def shape_change(xy: np.ndarray, seen: np.ndarray, old: np.ndarray, was_seen: np.ndarray) -> float:
    """How far points of body and feet moved against each other, as the median of those seen both
    times: in root mean square distances to their middle, so neither where a body is nor how large
    counts. Points are (n, 2) px and (n,) bool; NaN where too few are seen.
    """
    both = seen & was_seen
    if both.sum() < _LEAST_POINTS:
        return math.nan
    shapes = []
    for points in (xy[both], old[both]):
        points = points - points.mean(0)
        size = math.sqrt(float((points**2).sum()) / len(points))
        if size < _LEAST_PX:
            return math.nan
        shapes.append(points / size)
    return float(np.median(np.hypot(*(shapes[0] - shapes[1]).T)))


@dataclass
class _Case:
    """What speaks for one track."""

    time_s: float
    score: float  # what its best detection so far is worth
    odds: float
    sure: bool = False
    shapes: list[tuple[float, np.ndarray, np.ndarray]] = field(default_factory=list)


class Presence:
    """Tells which tracks are people, from frame to frame."""

    def __init__(self) -> None:
        self._cases: dict[int, _Case] = {}

    def __call__(self, people: PersonPoses, time_s: float) -> np.ndarray:
        """(n,) bool, which of the n people are there, at this time in seconds.

        Somebody whom the detector is sure of is there at once, anybody else after up to some
        tenths of a second that speak for them. A track that is not seen for ``KEEP_S``, or whose
        time jumps by more, begins anew.
        """
        self._cases = {
            i: case for i, case in self._cases.items() if abs(time_s - case.time_s) <= KEEP_S
        }
        return np.array(
            [
                self._judge(i, xy, scores, float(box_score), time_s)
                for i, xy, scores, box_score in zip(
                    people.ids.tolist(), people.xy, people.scores, people.box_scores
                )
            ],
            bool,
        )

    def _judge(
        self, i: int, xy: np.ndarray, scores: np.ndarray, box_score: float, time_s: float
    ) -> bool:
        with np.errstate(invalid="ignore"):
            fine = np.isfinite(xy).all(1) & (np.abs(xy) < 1e6).all(1) & np.isfinite(scores)
        xy = np.where(fine[:, None], xy, 0.0).astype(float)
        scores = np.where(fine, scores, 0.0)
        score = _of_score(box_score)
        look = _of_spread(length_spread(xy, scores)) + float((scores[FACE] > SEEN).mean() > 0.5)
        points, seen = xy[POINTS], scores[POINTS] > SEEN
        if seen[BODY].sum() < _LEAST_POINTS:  # a face or hands alone
            points, seen = xy, scores > SEEN
        case = self._cases.get(i)
        if case is None:
            case = self._cases[i] = _Case(time_s, score, score + look)
        else:
            share = min(max(time_s - case.time_s, 0.0) / STEP_S, 1.0)
            look += self._of_constancy(case, points, seen, time_s)
            case.odds += share * look + max(score - case.score, 0.0)
            case.score = max(score, case.score)
        case.odds = min(max(case.odds, -MOST), MOST)
        case.time_s = time_s
        case.shapes.append((time_s, points, seen))
        case.sure = case.odds > (DOUBTED if case.sure else SURE)
        return case.sure

    @staticmethod
    def _of_constancy(case: _Case, points: np.ndarray, seen: np.ndarray, time_s: float) -> float:
        """Against the shape of a step before: between frames that follow at once, the more of
        them there are in a second, the less of a ghost's unrest is seen."""
        recent = [s for s in case.shapes if 0 < time_s - s[0] <= STEP_S + 0.005]
        case.shapes = recent or [s for s in case.shapes[-1:] if time_s > s[0]]
        if not case.shapes:
            return 0.0
        then, old, was_seen = case.shapes[0]
        if time_s - then > RECENT_S or len(old) != len(points):
            return 0.0
        change = shape_change(points, seen, old, was_seen)
        if math.isnan(change):
            return 0.0
        longer = max((time_s - then) / STEP_S, 1.0)
        worth = math.log(_EVEN_CHANGE * longer / max(change, _LEAST_CHANGE))
        return min(max(worth, _CHANGE_RANGE[0]), _CHANGE_RANGE[1])


def _of_score(score: float) -> float:
    """What a detector's score says, without another look."""
    if math.isnan(score):
        return 0.0
    return min(max(_PER_SCORE * (score - _EVEN_SCORE), _SCORE_RANGE[0]), _SCORE_RANGE[1])


def _of_spread(spread: float) -> float:
    """What proportions say."""
    return (
        0.0 if math.isnan(spread) else min(max((_EVEN_SPREAD - spread) / _SPREAD_UNIT, -1.0), 1.0)
    )
