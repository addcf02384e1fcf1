# SPDX-License-Identifier: Apache-2.0
"""State of tracked people between two detections, and how new keypoints update it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from dwpose_ros.core.boxes import area, iou
from dwpose_ros.core.keypoints import COUNT, INDEX
from dwpose_ros.core.person_poses import THRESHOLD, PersonPoses
from dwpose_ros.tracking.tracker import POINTS, point_likeness

BEST = 8  # best points whose mean score is a person's quality: head and shoulders, or legs
MIN_QUALITY = THRESHOLD  # with a lower quality not even the best points are visible: no person
SAME_BOX = 0.5  # IoU of a detection and a tracked person's box; below it, poses are compared
SAME_POSE = 0.85  # similarity from which two poses are the same person's
MIN_SIDE_PX = 4  # boxes with a shorter side are dropped
LEFT = 0.25  # a box at the border, smaller than this share of the detected one, has left the image
GAP = np.array([-0.1, 0.05])  # limits of the gap between outermost points and box, in sizes
AT_BORDER = 0.01  # share of the image's side; closer sides of a box count as at the border
OUTWARD = np.array([-1, -1, 1, 1])  # direction of the four sides of a box

# Points that move with the whole person, unlike those of arms and feet.
_CORE = [
    INDEX[name]
    for name in (
        "nose",
        *(
            f"{side}_{part}"
            for part in ("eye", "ear", "shoulder", "hip", "knee", "ankle")
            for side in ("left", "right")
        ),
    )
]
_WEIGHTS = np.full(COUNT, 1e-6)  # the others count only if none of those is visible
_WEIGHTS[_CORE] = 1.0


class Tracks(NamedTuple):
    """n tracked people; the fields `then_...` are their state at their last detection."""

    xy: np.ndarray  # (n, 133, 2) px
    scores: np.ndarray  # (n, 133)
    boxes: np.ndarray  # (n, 4) px
    box_scores: np.ndarray  # (n,)
    ids: np.ndarray  # (n,)
    misses: np.ndarray  # (n,) detections in a row that did not find them
    fits: (
        np.ndarray
    )  # (n,) 0..1, IoU of the points' bounding box and the box they were estimated in

    then_xy: np.ndarray  # (n, 133, 2) px
    then_seen: np.ndarray  # (n, 133) bool
    then_boxes: np.ndarray  # (n, 4) px
    then_scores: np.ndarray  # (n,) of the boxes
    then_quality: np.ndarray  # (n,)
    then_fits: np.ndarray  # (n,)
    then_gaps: np.ndarray  # (n, 4) px, from the outermost points to the box's sides

    def take(self, rows: np.ndarray) -> Tracks:
        """Select people by a mask (n,) bool, or by indices."""
        if rows.dtype == bool and rows.all():  # true in most frames; saves a sixth of the time
            return self
        return Tracks(*(array[rows] for array in self))

    def join(self, other: Tracks) -> Tracks:
        return Tracks(*map(np.concatenate, zip(self, other))) if len(other.ids) else self

    @property
    def people(self) -> PersonPoses:
        return PersonPoses.of(self.xy, self.scores, self.boxes, self.box_scores, self.ids)


def detected(
    xy: np.ndarray,
    scores: np.ndarray,
    boxes: np.ndarray,
    box_scores: np.ndarray,
    size: tuple[int, int],
) -> Tracks:
    """Make the tracks of n people who were just detected."""
    n = len(xy)
    seen = _seen(xy, scores, size)
    bounds = _bounds(xy, seen)
    fits = _overlap(bounds, boxes)
    root = np.sqrt(area(boxes))[:, None]
    gaps = np.clip((boxes - bounds) * OUTWARD, GAP[0] * root, GAP[1] * root) * OUTWARD
    return Tracks(
        xy,
        scores,
        boxes,
        box_scores,
        np.zeros(n, int),
        np.zeros(n, int),
        fits,
        xy,
        seen,
        boxes,
        box_scores,
        _quality(scores),
        fits,
        gaps,
    )


def carry(
    tracks: Tracks,
    xy: np.ndarray,
    scores: np.ndarray,
    crops: np.ndarray,
    size: tuple[int, int],
) -> Tracks:
    """Update tracks with new points, estimated in crops (n, 4), and compute their boxes."""
    seen = _seen(xy, scores, size)
    quality = _quality(scores)
    weights = (seen & tracks.then_seen) * _WEIGHTS
    then, then_spread = _spread(tracks.then_xy, weights)
    now, spread = _spread(xy, weights)
    growth = np.where(then_spread > 0, spread / np.maximum(then_spread, 1e-9), 1.0)
    growth = np.clip(growth, 0.5, 2.0)[:, None]  # two points that turn away tell little
    boxes = (tracks.then_boxes - twice(then)) * growth + twice(now)
    bounds = _bounds(xy, seen)
    widened = bounds + tracks.then_gaps * growth
    border = np.array([0, 0, *size], float)
    stuck = (tracks.then_boxes - border) * OUTWARD >= -AT_BORDER * twice(size)
    for other in (widened, np.where(stuck, tracks.then_boxes, boxes)):
        boxes[:, :2] = np.minimum(boxes[:, :2], other[:, :2])
        boxes[:, 2:] = np.maximum(boxes[:, 2:], other[:, 2:])
    share = np.minimum(quality / np.maximum(tracks.then_quality, 1e-9), 1)
    return tracks._replace(
        xy=xy,
        scores=scores,
        boxes=np.minimum(np.maximum(boxes, 0), twice(size)),
        box_scores=tracks.then_scores * share,
        fits=_overlap(bounds, crops),
    )


def gone(tracks: Tracks, crops: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return (n,) bool: the person has left the image, or only a sliver of their box remains."""
    sides = crops[:, 2:] - crops[:, :2]
    least = np.maximum(LEFT * (tracks.then_boxes[:, 2:] - tracks.then_boxes[:, :2]), MIN_SIDE_PX)
    at_border = (crops[:, :2] <= 0) | (crops[:, 2:] >= size)
    return ((sides < least) & at_border | (sides < MIN_SIDE_PX)).any(1)


def unmatched(crops: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """Return (n,) bool: no detected box belongs to the crop. Each box is matched to one crop."""
    missed = np.ones(len(crops), bool)
    overlap = iou(crops, boxes)
    while overlap.size and overlap.max() >= SAME_BOX:
        row, column = np.unravel_index(overlap.argmax(), overlap.shape)
        missed[row] = False
        overlap[row, :] = overlap[:, column] = -1
    return missed


def twice(xy: ArrayLike) -> np.ndarray:
    """Repeat x, y for both corners of boxes, to (n, 4) or (4,)."""
    return np.concatenate([xy, xy], -1)


def _spread(xy: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the weighted mean (n, 2) of points (n, 133, 2), and the RMS distance (n,) to it."""
    total = np.maximum(weights.sum(1), 1e-12)
    middle = np.einsum("nk,nki->ni", weights, xy) / total[:, None]
    step = xy - middle[:, None]
    return middle, np.sqrt(np.einsum("nk,nki,nki->n", weights, step, step) / total)


def _seen(xy: np.ndarray, scores: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return (n, 133) bool: which points count. Those outside the image are guesses."""
    return (scores > THRESHOLD) & (xy >= 0).all(2) & (xy <= size).all(2)


def _quality(scores: np.ndarray) -> np.ndarray:
    """Return the mean score (n,) of each person's best points."""
    return np.partition(scores[:, POINTS], -BEST, 1)[:, -BEST:].mean(1)


def _bounds(xy: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Return boxes (n, 4) around the visible points; infinite and without area if none is."""
    at = seen[..., None]
    return np.concatenate([np.where(at, xy, np.inf).min(1), np.where(at, xy, -np.inf).max(1)], 1)


def _overlap(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the IoU (n,) of each box (n, 4) with its counterpart."""
    shared = np.concatenate([np.maximum(a[:, :2], b[:, :2]), np.minimum(a[:, 2:], b[:, 2:])], 1)
    both = area(shared)
    return both / np.maximum(area(a) + area(b) - both, 1e-9)


def sure(tracks: Tracks, share: float) -> np.ndarray:
    """Return (n,) bool: the person has at least this share of the quality when last detected."""
    sides = tracks.boxes[:, 2:] - tracks.boxes[:, :2]
    least = np.maximum(MIN_QUALITY, share * tracks.then_quality)
    return (_quality(tracks.scores) >= least) & (tracks.fits > 0) & (sides >= MIN_SIDE_PX).all(1)


def unique(tracks: Tracks) -> np.ndarray:
    """Return (n,) bool: False for duplicate poses of the same person.

    Of two, a detected pose is kept before a tracked one, then the one that fits its box better.
    Two poses are compared by the share of coinciding points among the points of the one that has
    fewer visible points, so that a part of a person is recognized as a duplicate.
    """
    n = len(tracks.ids)
    keep = np.ones(n, bool)
    if n < 2:
        return keep
    xy, seen = tracks.xy[:, POINTS], tracks.scores[:, POINTS] > THRESHOLD
    like = point_likeness(xy, xy, area(tracks.boxes)) * (seen[:, None] & seen)
    count = seen.sum(1)
    share = like.sum(2) / np.maximum(np.minimum(count[:, None], count), 1)
    if (share >= SAME_POSE).sum() <= n:  # each pose is similar to itself only
        return keep
    order = np.lexsort([-tracks.fits, tracks.misses > 0])
    for at, row in enumerate(order):
        if keep[row]:
            keep[order[at + 1 :]] &= share[row, order[at + 1 :]] < SAME_POSE
    return keep


NOBODY = detected(
    np.empty((0, COUNT, 2)), np.empty((0, COUNT)), np.empty((0, 4)), np.empty(0), (1, 1)
)
