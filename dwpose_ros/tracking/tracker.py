# SPDX-License-Identifier: Apache-2.0
"""Track ids: who in this image is who in the last, by pose, place and motion.

The likeness of a person found now and one known before is object keypoint similarity as in COCO
(Lin et al., 2014; https://cocodataset.org/#keypoints-eval), box overlap and nearness, all
measured against where the known person should be by now at constant velocity, as in SORT (Bewley
et al., 2016). Pose tells apart two people whose boxes coincide; motion carries an id through a
crossing and behind another person; nearness finds those who were hidden, when neither poses nor
boxes overlap any more.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from dwpose_ros.core.keypoints import FEET
from dwpose_ros.core.person_poses import PersonPoses

KEEP_S = 1.0  # how long somebody who is not seen is remembered
POINTS = slice(0, FEET.stop)  # body and feet; faces and hands shake more than they tell here
# COCO's standard deviations of annotation for these points, and COCO-WholeBody's for feet, as
# shares of the root of a person's area.
SIGMAS = np.array([
    .026, .025, .025, .035, .035, .079, .079, .072, .072, .062, .062, .107, .107, .087, .087,
    .089, .089, .068, .066, .066, .092, .094, .094])  # fmt: skip
_FALLOFF = 2 * (2 * SIGMAS) ** 2
FILLED = 0.53  # of a box is person: COCO's areas are of outlines, ours of boxes

# How much each of the likenesses weighs; nearness ranks those whom the other two do not reach.
POSE, OVERLAP, NEARNESS = 0.5, 0.25, 0.25
SURE_POSE = 0.5  # the same pose is the same person, even if the box was cut in half
# How far from the expected place somebody may be found, in roots of the box's area (about a metre
# on a standing adult): at once, more for each second out of sight, and at most. Whose velocity is
# not known yet may be running; whoever else is far from there is more likely another person.
REACH, REACH_PER_S, REACH_PER_S_NEW, REACH_MOST = 0.35, 0.8, 2.5, 1.2
GROWTH = 2.0  # nobody grows or shrinks faster; half a person behind a table is just within it
STRANGE, AT_ONCE_S = 0.15, 0.25  # less of a pose, so soon after it was seen, is somebody else's
EVIDENCE = 1.0  # in squared scores: of that, a single sure point or a dozen guesses say nothing
VELOCITY_TIME_S = 0.15  # over which velocity is averaged: a few frames, less than half a step
_ABSURD_PX = 1e6


def iou(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(n, m) intersection over union of boxes (n, 4) and (m, 4), x1 y1 x2 y2."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    sides = np.maximum(high - low, 0)
    shared = sides[..., 0] * sides[..., 1]
    total = area(a)[:, None] + area(b) - shared
    return shared / np.maximum(total, 1e-9)


def area(boxes: np.ndarray) -> np.ndarray:
    """(n,) areas of boxes (n, 4); 0 the wrong way round."""
    sides = np.maximum(boxes[:, 2:] - boxes[:, :2], 0)
    return sides[:, 0] * sides[:, 1]


def point_likeness(a: np.ndarray, b: np.ndarray, areas: np.ndarray) -> np.ndarray:
    """(n, m, 23) COCO's likeness, 0..1, of each point in ``POINTS``; areas (n,) are those of a.

    Points are (n, 23, 2) and (m, 23, 2), in the unit of the roots of the areas.
    """
    step = a[:, None] - b
    distance2 = np.einsum("nmki,nmki->nmk", step, step)
    scale2 = np.maximum(areas * FILLED, 1e-9)[:, None, None]
    return np.exp(-distance2 / (scale2 * _FALLOFF))


@dataclass
class _Track:
    xy: np.ndarray  # (23, 2) px, where the person was last seen
    scores: np.ndarray  # (23,)
    box: np.ndarray  # (4,) px
    time_s: float
    velocity: np.ndarray  # (2,) px/s
    steps: int = 0  # from which the velocity was learnt


class Tracker:
    """Gives each person an id from 1 upwards, which it never uses again."""

    def __init__(self) -> None:
        self._next = 1
        self._tracks: dict[int, _Track] = {}

    def __call__(self, people: PersonPoses, time_s: float) -> list[int]:
        """Ids of the n people, in their order; somebody unknown gets a new one.

        Points with score 0 do not count. A person without any finite place gets a new id each
        time, and costs nobody else theirs. Time is that of the frame, in seconds: where it
        stays or jumps back, nobody is taken to have moved; whoever was seen more than ``KEEP_S``
        before or after it is forgotten.
        """
        self._tracks = {i: t for i, t in self._tracks.items() if abs(time_s - t.time_s) <= KEEP_S}
        if not len(people):
            return []
        xy, scores, boxes, placed = _sound(people)
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
        """(2,) px/s of the person with this id; 0 0 for one who is not known, or new."""
        track = self._tracks.get(i)
        return np.zeros(2) if track is None else track.velocity

    def forget(self, i: int) -> None:
        """Somebody with this id is known to have left: whoever comes now is another person."""
        self._tracks.pop(i, None)

    def _match(
        self,
        xy: np.ndarray,
        scores: np.ndarray,
        boxes: np.ndarray,
        placed: np.ndarray,
        time_s: float,
    ) -> list[tuple[int, int]]:
        """Pairs of a row and an id, the likest pair of all first.

        Greedy over all pairs, not the assignment with the best sum: that one trades a certain
        pair for two middling ones, and in the simulated crossings of the tests it changed no id.
        """
        if not self._tracks or not placed.any():
            return []
        known = list(self._tracks)
        like = _likeness(list(self._tracks.values()), xy, scores, boxes, time_s)
        like[:, ~placed] = 0
        columns, rows = np.nonzero(like > 0)
        pairs, done_rows, done_ids = [], set(), set()
        # A stable sort: of pairs that are equally like, the oldest id comes first.
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
    """(m, n) of m tracks and n people, 0..1; 0 is out of the question."""
    away = np.array([max(time_s - t.time_s, 0.0) for t in tracks])
    shift = np.array([t.velocity for t in tracks]) * away[:, None]
    last = np.array([t.box for t in tracks])
    expected = last + np.concatenate([shift, shift], 1)
    areas = area(last)
    # A point counts as much as it was seen, both times: what is hidden is found somewhere as well.
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
    # Somebody just seen, whose way is known, is not where hardly a point of theirs is found: at a
    # door, one leaves and another comes in. Points that only one of them shows speak against it.
    least = np.minimum(
        np.array([t.scores @ t.scores for t in tracks])[:, None],
        np.einsum("nk,nk->n", scores, scores),
    )
    sure = np.array([t.steps >= 2 for t in tracks]) & (away <= AT_ONCE_S)
    strange = sure[:, None] & (least > EVIDENCE) & (alike < STRANGE * least)
    possible = (near > 0) & alike_in_size | (pose >= SURE_POSE)
    return np.where(possible & ~strange, like, 0.0)


def _distance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(n, m) between the centres of boxes (n, 4) and (m, 4)."""
    step = ((a[:, :2] + a[:, 2:])[:, None] - (b[:, :2] + b[:, 2:])) / 2
    return np.hypot(step[..., 0], step[..., 1])


def _renew(
    track: _Track, xy: np.ndarray, scores: np.ndarray, box: np.ndarray, time_s: float
) -> None:
    dt = time_s - track.time_s
    if dt > 0:
        both = scores * track.scores
        # By points seen both times, because a box also moves when an arm is raised, or when half
        # of it goes behind another person: and it is then that velocity is needed.
        step = (
            both @ (xy - track.xy) / both.sum()
            if both.sum() > EVIDENCE
            else ((box - track.box).reshape(2, 2).mean(0))
        )
        # Until enough was seen, the plain mean of all steps: otherwise the first would linger.
        track.steps += 1
        weight = max(1 - math.exp(-dt / VELOCITY_TIME_S), 1 / track.steps)
        track.velocity = track.velocity + weight * (step / dt - track.velocity)
    track.xy, track.scores, track.box, track.time_s = xy, scores, box, time_s


def _sound(people: PersonPoses) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Points, which of them count, boxes, and which people have a place; all finite, float64."""
    xy = np.asarray(people.xy[:, POINTS], float)
    boxes = np.array(people.boxes, float)
    with np.errstate(invalid="ignore"):
        fine = (np.abs(xy) < _ABSURD_PX).all(2)
        given = people.scores[:, POINTS]
        scores = np.where((given > 0) & fine, np.minimum(given, 1.0), 0.0)
        placed = (np.abs(boxes) < _ABSURD_PX).all(1)
    if not fine.all():
        xy = np.where(fine[..., None], xy, 0.0)
    if not placed.all():
        boxes = np.where(placed[:, None], boxes, 0.0)
    placed &= area(boxes) > 0
    for row in np.flatnonzero(~placed & ((scores > 0).sum(1) > 1)):  # its points tell where it is
        points = xy[row, scores[row] > 0]
        boxes[row] = [*points.min(0), *points.max(0)]
        placed[row] = (boxes[row, 2:] > boxes[row, :2]).all()
    return xy, scores, boxes, placed
