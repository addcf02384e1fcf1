# SPDX-License-Identifier: Apache-2.0
"""Assign track ids by pose, position and motion.

The similarity of a detected person and a track combines object keypoint similarity as in COCO
(Lin et al., 2014; https://cocodataset.org/#keypoints-eval), box overlap and distance. All are
computed against the track's predicted position at constant velocity, as in SORT (Bewley et al.,
2016). Pose tells apart two people whose boxes coincide; motion keeps ids through crossings and
occlusions; distance finds people again after an occlusion, when neither poses nor boxes overlap.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from dwpose_ros.core.boxes import area, iou
from dwpose_ros.core.keypoints import FEET
from dwpose_ros.core.person_poses import PersonPoses

KEEP_S = 1.0  # a track is dropped after so long without a match
POINTS = slice(0, FEET.stop)  # body and feet; face and hand points are too noisy to help here
# Standard deviations of the annotations of COCO, and for feet of COCO-WholeBody, as shares of the
# square root of a person's area.
SIGMAS = np.array([
    .026, .025, .025, .035, .035, .079, .079, .072, .072, .062, .062, .107, .107, .087, .087,
    .089, .089, .068, .066, .066, .092, .094, .094])  # fmt: skip
_FALLOFF = 2 * (2 * SIGMAS) ** 2
FILLED = 0.53  # share of a box that the person covers: COCO uses areas of outlines, not of boxes

# Weights of the similarities; nearness ranks people whose poses and boxes do not overlap.
POSE, OVERLAP, NEARNESS = 0.5, 0.25, 0.25
SURE_POSE = 0.5  # from this pose similarity on it is the same person, even with half the box
# Largest distance from the predicted position, in square roots of the box's area (about a metre
# for a standing adult): at once, in addition for each second without a match, and at most. A new
# track whose velocity is not known yet gets more, as the person may be running; for others, a
# person further away is more likely somebody else.
REACH, REACH_PER_S, REACH_PER_S_NEW, REACH_MOST = 0.35, 0.8, 2.5, 1.2
GROWTH = 2.0  # largest factor between the sizes; half a person behind a table is just within it
STRANGE, AT_ONCE_S = 0.15, 0.25  # a pose less similar, so soon after a match, is another person's
EVIDENCE = 1.0  # sum of squared scores; less, as one sure point or a dozen guesses, is ignored
VELOCITY_TIME_S = 0.15  # velocity is averaged over it: a few frames, less than half a step


def point_likeness(a: np.ndarray, b: np.ndarray, areas: np.ndarray) -> np.ndarray:
    """Return COCO's keypoint similarity of each pair of poses, for each point of ``POINTS``.

    Args:
        a: (n, 23, 2) points of n people, px.
        b: (m, 23, 2) points of m people, px.
        areas: (n,) areas of the boxes of `a`, px squared.

    Returns:
        (n, m, 23), 0..1.
    """
    step = a[:, None] - b
    distance2 = np.einsum("nmki,nmki->nmk", step, step)
    scale2 = np.maximum(areas * FILLED, 1e-9)[:, None, None]
    return np.exp(-distance2 / (scale2 * _FALLOFF))


@dataclass
class _Track:
    xy: np.ndarray  # (23, 2) px, at the last match
    scores: np.ndarray  # (23,)
    box: np.ndarray  # (4,) px
    time_s: float
    velocity: np.ndarray  # (2,) px/s
    steps: int = 0  # matches from which the velocity was computed


class Tracker:
    """Assigns track ids, which count up from 1 and are never reused."""

    def __init__(self) -> None:
        self._next = 1
        self._tracks: dict[int, _Track] = {}

    def __call__(self, people: PersonPoses, time_s: float) -> list[int]:
        """Return the ids of the n people, in their order; new people get new ids.

        Points with score 0 are ignored. A person without a position, which is a box or points
        with an area, gets a new id each time, and does not affect the ids of others.

        Args:
            people: the people in the frame.
            time_s: time of the frame in seconds. If it repeats or goes back, no motion is
                assumed. Tracks that were last matched more than ``KEEP_S`` before or after it are
                dropped.
        """
        self._tracks = {i: t for i, t in self._tracks.items() if abs(time_s - t.time_s) <= KEEP_S}
        if not len(people):
            return []
        xy, scores, boxes, placed = _places(people)
        ids = [0] * len(boxes)
        for row, i in self._match(xy, scores, boxes, placed, time_s):
            ids[row] = i
            _renew(self._tracks[i], xy[row], scores[row], boxes[row], time_s)
        for row, i in enumerate(ids):
            if not i:
                ids[row], self._next = self._next, self._next + 1
                if placed[row]:
                    self._tracks[ids[row]] = _Track(
                        xy[row], scores[row], boxes[row], time_s, np.zeros(2)
                    )
        return ids

    def velocity(self, i: int) -> np.ndarray:
        """Return the velocity (2,) of the person with this id, px/s; 0 if unknown or new."""
        track = self._tracks.get(i)
        return np.zeros(2) if track is None else track.velocity

    def forget(self, i: int) -> None:
        """Drop a track, because the person has left: anybody who comes now gets a new id."""
        self._tracks.pop(i, None)

    def _match(
        self,
        xy: np.ndarray,
        scores: np.ndarray,
        boxes: np.ndarray,
        placed: np.ndarray,
        time_s: float,
    ) -> list[tuple[int, int]]:
        """Match people to tracks; return pairs of a row and an id, the most similar first.

        Matching is greedy. The assignment with the best sum would give up a certain pair for two
        mediocre ones, and in the simulated crossings of the tests it changed no id.
        """
        if not self._tracks or not placed.any():
            return []
        known = list(self._tracks)
        like = _likeness(list(self._tracks.values()), xy, scores, boxes, time_s)
        like[:, ~placed] = 0
        columns, rows = np.nonzero(like > 0)
        pairs, done_rows, done_ids = [], set(), set()
        # A stable sort, so that of equally similar pairs the oldest id comes first.
        for k in np.argsort(-like[columns, rows], kind="stable"):
            i, row = known[columns[k]], int(rows[k])
            if row not in done_rows and i not in done_ids:
                done_rows.add(row)
                done_ids.add(i)
                pairs.append((row, i))
        return pairs


def _likeness(
    tracks: list[_Track], xy: np.ndarray, scores: np.ndarray, boxes: np.ndarray, time_s: float
) -> np.ndarray:
    """Return the similarity (m, n) of m tracks and n people, 0..1; 0 is never matched."""
    away = np.array([max(time_s - t.time_s, 0.0) for t in tracks])
    shift = np.array([t.velocity for t in tracks]) * away[:, None]
    last = np.array([t.box for t in tracks])
    expected = last + np.concatenate([shift, shift], 1)
    areas = area(last)
    # Points are weighted by both scores: estimators give hidden points some position, too.
    common = np.array([t.scores for t in tracks])[:, None] * scores
    points = point_likeness(np.array([t.xy for t in tracks]) + shift[:, None], xy, areas)
    alike = (points * common).sum(2)
    pose = alike / np.maximum(common.sum(2), 1e-9)
    root, roots = np.sqrt(areas), np.sqrt(area(boxes))
    rate = np.array([REACH_PER_S if t.steps else REACH_PER_S_NEW for t in tracks])
    reach = np.minimum(REACH + rate * away, REACH_MOST)
    near = 1 - _distance(expected, boxes) / np.maximum(root * reach, 1e-9)[:, None]
    # A product, not a ratio: a box may have no area.
    alike_in_size = (root[:, None] <= GROWTH * roots) & (roots <= GROWTH * root[:, None])
    like = POSE * pose + OVERLAP * iou(expected, boxes) + NEARNESS * np.maximum(near, 0)
    # A track that was matched just now and whose velocity is known does not match a person whose
    # pose hardly agrees: at a door, one leaves and another comes in. Points that are visible on
    # only one of the two count against a match.
    least = np.minimum(
        np.array([t.scores @ t.scores for t in tracks])[:, None],
        np.einsum("nk,nk->n", scores, scores),
    )
    sure = np.array([t.steps >= 2 for t in tracks]) & (away <= AT_ONCE_S)
    strange = sure[:, None] & (least > EVIDENCE) & (alike < STRANGE * least)
    possible = (near > 0) & alike_in_size | (pose >= SURE_POSE)
    return np.where(possible & ~strange, like, 0.0)


def _distance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the distances (n, m) between the centres of boxes (n, 4) and (m, 4)."""
    step = ((a[:, :2] + a[:, 2:])[:, None] - (b[:, :2] + b[:, 2:])) / 2
    return np.hypot(step[..., 0], step[..., 1])


def _renew(
    track: _Track, xy: np.ndarray, scores: np.ndarray, box: np.ndarray, time_s: float
) -> None:
    dt = time_s - track.time_s
    if dt > 0:
        both = scores * track.scores
        # Use points that are visible both times. A box also moves when an arm is raised, or when
        # half of it disappears behind another person, which is when velocity is needed most.
        step = (
            both @ (xy - track.xy) / both.sum()
            if both.sum() > EVIDENCE
            else ((box - track.box).reshape(2, 2).mean(0))
        )
        # At first use the plain mean of all steps; otherwise the first would weigh too much.
        track.steps += 1
        weight = max(1 - math.exp(-dt / VELOCITY_TIME_S), 1 / track.steps)
        track.velocity = track.velocity + weight * (step / dt - track.velocity)
    track.xy, track.scores, track.box, track.time_s = xy, scores, box, time_s


def _places(people: PersonPoses) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return xy, scores and boxes as float64, and which people have a position.

    A box without area is replaced by the bounding box of the found points.
    """
    xy = np.asarray(people.xy[:, POINTS], float)
    scores = np.minimum(people.scores[:, POINTS], 1.0)
    boxes = np.array(people.boxes, float)
    placed = area(boxes) > 0
    for row in np.flatnonzero(~placed & ((scores > 0).sum(1) > 1)):
        points = xy[row, scores[row] > 0]
        boxes[row] = [*points.min(0), *points.max(0)]
        placed[row] = (boxes[row, 2:] > boxes[row, :2]).all()
    return xy, scores, boxes, placed
