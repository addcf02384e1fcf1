# SPDX-License-Identifier: Apache-2.0
"""Decide which tracks are real people: networks also find "people" in furniture (ghosts, below).

Evidence is added up for each track id, as in Wald's sequential test ("Sequential tests of
statistical hypotheses", 1945): the logarithm of how much more likely the observation is with a
person than without. There are four kinds of evidence, none of which depends on the network:

- The detector's score, counted once: detections in furniture barely pass the threshold.
- Proportions: from any direction, foreshortening makes a body's bones shorter, but only a few of
  them much shorter. The bones of a ghost have random lengths.
- Constancy: the shape of a body changes only as fast as muscles move it, that of a ghost with the
  noise of each frame.
- A face, if all of it is visible.

The weights were derived from MediaPipe's results on 886 frames of people (seven clips, from behind
and in front, at rest, signing with both hands, and walking; two photographs of sport, artificially
moved) and on 250 frames of ghosts (the foot of a table, a motorcycle, a drawn horse). The comments
below say how well each kind separates the two.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from dwpose_ros.core.keypoints import BODY, FACE
from dwpose_ros.core.person_poses import THRESHOLD, PersonPoses
from dwpose_ros.core.proportions import length_spread
from dwpose_ros.tracking.tracker import KEEP_S, POINTS

# A track becomes a person at odds of 20 : 1, which at most one ghost of 20 reaches. It stays one
# until the odds are against it, which prevents flicker. Odds are limited to 400 : 1: otherwise a
# ghost that takes over the track of a person who was there for long would stay as long.
SURE, DOUBTED, MOST = math.log(20), -1.0, 2 * math.log(20)
STEP_S = 0.1  # frames within it count as one observation, since their errors are correlated
RECENT_S = 0.35  # shapes further apart in time are not compared: a person may have moved

# Detector scores: 0.50 to 0.61 for all 36 ghosts, 0.82 to 0.98 for people in the clips.
_EVEN_SCORE, _PER_SCORE, _SCORE_RANGE = 0.6, 15.0, (-1.5, 4.0)
# Spread of bone lengths: below 0.39 in 19 of 20 frames of people, above 0.42 in 9 of 10 frames of
# the table. One unit is the variation of one person's spread.
_EVEN_SPREAD, _SPREAD_UNIT = 0.42, 0.08
# Change of shape: 0.01 for people at rest, up to 0.07 signing or walking, up to 0.3 turning while
# walking; above 0.09 for half of the ghosts.
_EVEN_CHANGE, _CHANGE_RANGE = 0.05, (-1.5, 1.0)
_LEAST_CHANGE = 1e-3
_LEAST_POINTS = 3
_LEAST_PX = 1.0  # smaller shapes are not evaluated


def shape_change(xy: np.ndarray, seen: np.ndarray, old: np.ndarray, was_seen: np.ndarray) -> float:
    """Return how much a body's shape changed: the median movement of its points.

    The points that are visible both times are shifted to their mean and divided by their root mean
    square distance to it, so that position and size do not count.

    Args:
        xy, old: (n, 2) px, points of body and feet, now and before.
        seen, was_seen: (n,) bool, which of them are visible.

    Returns:
        The change in units of that distance; NaN if too few points are visible both times.
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
    """The evidence for one track."""

    time_s: float
    score: float  # evidence of its best detection so far
    odds: float
    sure: bool = False
    shapes: list[tuple[float, np.ndarray, np.ndarray]] = field(default_factory=list)


class Presence:
    """Decides from frame to frame which tracks are real people."""

    def __init__(self) -> None:
        self._cases: dict[int, _Case] = {}

    def __call__(self, people: PersonPoses, time_s: float) -> np.ndarray:
        """Return (n,) bool: which of the n people are real.

        A person with a high detector score is accepted at once, others after a few tenths of a
        second of positive evidence. Evidence for a track is dropped if it is not updated for
        ``KEEP_S``, or if the time jumps by more.
        """
        self._cases = {
            i: case for i, case in self._cases.items() if abs(time_s - case.time_s) <= KEEP_S
        }
        return np.array(
            [
                self._is_real(i, xy, scores, float(box_score), time_s)
                for i, xy, scores, box_score in zip(
                    people.ids.tolist(), people.xy, people.scores, people.box_scores
                )
            ],
            bool,
        )

    def _is_real(
        self, i: int, xy: np.ndarray, scores: np.ndarray, box_score: float, time_s: float
    ) -> bool:
        xy = xy.astype(float)
        score = _of_score(box_score)
        look = _of_spread(length_spread(xy, scores)) + float(
            (scores[FACE] > THRESHOLD).mean() > 0.5
        )
        points, seen = xy[POINTS], scores[POINTS] > THRESHOLD
        if seen[BODY].sum() < _LEAST_POINTS:  # a face or hands alone
            points, seen = xy, scores > THRESHOLD
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
        """Return the evidence of the change of shape since one step (STEP_S) ago.

        A fixed step is used because the change between consecutive frames, by which ghosts are
        recognized, gets smaller with the frame rate.
        """
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
    """Return the evidence of a detector's score."""
    return min(max(_PER_SCORE * (score - _EVEN_SCORE), _SCORE_RANGE[0]), _SCORE_RANGE[1])


def _of_spread(spread: float) -> float:
    """Return the evidence of the spread of bone lengths."""
    return (
        0.0 if math.isnan(spread) else min(max((_EVEN_SPREAD - spread) / _SPREAD_UNIT, -1.0), 1.0)
    )
