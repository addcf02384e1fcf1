# SPDX-License-Identifier: Apache-2.0
"""What every estimator gives: the people in one image, as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import ArrayLike

from dwpose_ros.core.keypoints import COUNT

THRESHOLD = 0.3  # a point scored above it counts as seen
LIMIT_PX = 10_000  # further out a coordinate is absurd, and OpenCV's fixed point overflows


@dataclass(frozen=True, eq=False)
class PersonPoses:
    """The n people found in one image, row by row. Nobody is n = 0, never a guess.

    ``len(poses)`` is n, and ``poses[rows]`` has those rows: an index, a slice, indices or a mask.

    Raises:
        ValueError: an array has the wrong shape; see `of` for anything array-like.
    """

    xy: np.ndarray
    """(n, 133, 2) float32, pixels of the source image, origin top left, COCO-WholeBody order."""
    scores: np.ndarray
    """(n, 133) float32, 0..1; 0 is a point that was not seen, whatever its coordinates."""
    boxes: np.ndarray
    """(n, 4) float32, x1 y1 x2 y2 in pixels of the source image."""
    box_scores: np.ndarray
    """(n,) float32, 0..1."""
    ids: np.ndarray
    """(n,) int64, the track ids; 0 where nobody has been followed yet."""

    def __post_init__(self) -> None:
        n = len(self.xy) if self.xy.ndim else 0
        shapes = ((n, COUNT, 2), (n, COUNT), (n, 4), (n,), (n,))
        for field, shape in zip(fields(self), shapes):
            if (found := getattr(self, field.name).shape) != shape:
                raise ValueError(f"{field.name} has shape {found}, wanted {shape}")

    @classmethod
    def none(cls) -> PersonPoses:
        """Nobody."""
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
        """From anything array-like. Without them, box scores are 1 and ids 0.

        Raises:
            ValueError: a shape does not fit.
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
        """Those rows; of a single index, a PersonPoses of one person."""
        if isinstance(rows, (int, np.integer)):
            rows = [int(rows)]
        return PersonPoses(*(getattr(self, field.name)[rows] for field in fields(self)))

    def replace(self, **arrays: np.ndarray) -> PersonPoses:
        """The same people with other arrays for these fields."""
        return replace(self, **arrays)

    def with_ids(self, ids: ArrayLike) -> PersonPoses:
        """The same people with these track ids, n whole numbers."""
        return replace(self, ids=np.asarray(ids, np.int64).reshape(-1))


def visible(people: PersonPoses, threshold: float = THRESHOLD) -> np.ndarray:
    """(n, 133) bool: scored above the threshold, and at a place that can be drawn."""
    with np.errstate(invalid="ignore"):
        drawable = (np.abs(people.xy) < LIMIT_PX).all(-1)  # False for NaN
        return drawable & (people.scores > threshold)
