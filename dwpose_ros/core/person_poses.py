# SPDX-License-Identifier: Apache-2.0
"""The result of every estimator: the poses of all people in one image, as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import ArrayLike

from dwpose_ros.core.keypoints import COUNT

THRESHOLD = 0.3  # a keypoint with a higher score counts as visible
LARGEST_PX = 1e5  # larger coordinates are errors: no image is as wide
DRAWABLE_PX = 10_000  # larger coordinates overflow the fixed-point numbers of OpenCV's drawing


@dataclass(frozen=True, eq=False)
class PersonPoses:
    """The poses of the n people found in one image, one per row. An empty image gives n = 0.

    ``len(poses)`` is n. ``poses[rows]`` selects people by an index, a slice, indices or a mask.
    The constructor takes arrays of the exact types below; `of` converts anything array-like.

    All numbers are finite, and code that takes a PersonPoses relies on it: the arrays are repaired
    whenever one is made, also by `replace`. A keypoint whose coordinates or score are not finite,
    or whose coordinates exceed LARGEST_PX, gets score 0. Such a box is replaced by that of the
    person's visible keypoints, or by zeros if there are none. Such a box score is 0.

    Raises:
        ValueError: an array has the wrong shape.
    """

    xy: np.ndarray
    """(n, 133, 2) float32, pixels of the source image, origin top left, COCO-WholeBody order."""
    scores: np.ndarray
    """(n, 133) float32, 0..1; at 0 the keypoint was not found and its coordinates mean nothing."""
    boxes: np.ndarray
    """(n, 4) float32, x1 y1 x2 y2 in pixels of the source image."""
    box_scores: np.ndarray
    """(n,) float32, 0..1."""
    ids: np.ndarray
    """(n,) int64 track ids; 0 for a person without a track."""

    def __post_init__(self) -> None:
        n = len(self.xy) if self.xy.ndim else 0
        shapes = ((n, COUNT, 2), (n, COUNT), (n, 4), (n,), (n,))
        for field, shape in zip(fields(self), shapes):
            if (found := getattr(self, field.name).shape) != shape:
                raise ValueError(f"{field.name} has shape {found}, wanted {shape}")
        if self._clean():
            return
        xy, scores = clean_points(self.xy, self.scores)
        boxes, box_scores = _clean_boxes(self.boxes, xy, scores), _clean_scores(self.box_scores)
        for field, array in zip(fields(self), (xy, scores, boxes, box_scores)):
            object.__setattr__(self, field.name, array)  # the class is frozen

    def _clean(self) -> bool:
        """Return whether there is nothing to repair. Faster than to look at each keypoint."""
        with np.errstate(invalid="ignore"):  # comparisons are False for NaN
            return bool(
                all(np.abs(array).max(initial=0) < LARGEST_PX for array in (self.xy, self.boxes))
                and all(
                    array.min(initial=0) >= 0 and array.max(initial=0) < np.inf
                    for array in (self.scores, self.box_scores)
                )
            )

    @classmethod
    def none(cls) -> PersonPoses:
        """Return an empty PersonPoses (n = 0)."""
        return cls.of(np.empty((0, COUNT, 2)), np.empty((0, COUNT)), np.empty((0, 4)))

    @classmethod
    def of(
        cls,
        xy: ArrayLike,
        scores: ArrayLike,
        boxes: ArrayLike,
        box_scores: ArrayLike | None = None,
        ids: ArrayLike | None = None,
    ) -> PersonPoses:
        """Make a PersonPoses from anything array-like.

        Args:
            xy, scores, boxes: as the fields of the same names.
            box_scores: (n,); default 1.
            ids: (n,); default 0.

        Raises:
            ValueError: an array has the wrong shape.
        """
        xy = np.asarray(xy, np.float32)
        n = len(xy) if xy.ndim else 0
        return cls(
            xy,
            np.asarray(scores, np.float32),
            np.asarray(boxes, np.float32),
            np.ones(n, np.float32) if box_scores is None else np.asarray(box_scores, np.float32),
            np.zeros(n, np.int64) if ids is None else np.asarray(ids, np.int64).reshape(-1),
        )

    def __len__(self) -> int:
        return len(self.xy)

    def __getitem__(
        self, rows: int | np.integer | slice | Sequence[int] | np.ndarray
    ) -> PersonPoses:
        """Select people; a single index gives a PersonPoses of one person."""
        if isinstance(rows, (int, np.integer)):
            rows = [int(rows)]
        return PersonPoses(*(getattr(self, field.name)[rows] for field in fields(self)))

    def replace(self, **arrays: np.ndarray) -> PersonPoses:
        """Return a copy with these fields replaced."""
        return replace(self, **arrays)

    def with_ids(self, ids: ArrayLike) -> PersonPoses:
        """Return a copy with these track ids, (n,) integers."""
        return replace(self, ids=np.asarray(ids, np.int64).reshape(-1))


def valid_points(xy: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Return which keypoints have finite coordinates up to LARGEST_PX and a score of 0 or more.

    Args:
        xy: (..., 2) px.
        scores: (...).

    Returns:
        (...) bool.
    """
    with np.errstate(invalid="ignore"):  # comparisons are False for NaN
        placed = (np.abs(xy) < LARGEST_PX).all(-1)
    return placed & _valid_scores(scores)


def clean_points(xy: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return keypoints (..., 2) px and scores (...), both 0 where `valid_points` is False."""
    valid = valid_points(xy, scores)
    if valid.all():
        return xy, scores
    return np.where(valid[..., None], xy, 0), np.where(valid, scores, 0)


def valid_boxes(boxes: np.ndarray) -> np.ndarray:
    """Return (n,) bool: which boxes (n, 4) are finite, up to LARGEST_PX, and have an area."""
    with np.errstate(invalid="ignore"):
        return (np.abs(boxes) < LARGEST_PX).all(-1) & (boxes[:, 2:] > boxes[:, :2]).all(-1)


def _valid_scores(scores: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore"):  # comparisons are False for NaN
        return (scores >= 0) & (scores < np.inf)


def _clean_scores(scores: np.ndarray) -> np.ndarray:
    valid = _valid_scores(scores)
    return scores if valid.all() else np.where(valid, scores, 0)


def _clean_boxes(boxes: np.ndarray, xy: np.ndarray, scores: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore"):
        placed = (np.abs(boxes) < LARGEST_PX).all(-1)
    if placed.all():
        return boxes
    boxes = np.where(placed[:, None], boxes, 0)
    for i in np.flatnonzero(~placed):
        seen = xy[i, scores[i] > THRESHOLD]
        if len(seen):
            boxes[i] = [*seen.min(0), *seen.max(0)]
    return boxes


def visible(people: PersonPoses, threshold: float = THRESHOLD) -> np.ndarray:
    """Return (n, 133) bool: the score is above the threshold, the coordinates can be drawn."""
    return (np.abs(people.xy) < DRAWABLE_PX).all(-1) & (people.scores > threshold)
