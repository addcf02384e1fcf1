"""What every estimator gives: the people in one image, as arrays."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dwpose_ros.core.keypoints import COUNT

THRESHOLD = 0.3  # a point scored above it counts as seen
LIMIT_PX = 10_000  # further out a coordinate is absurd, and OpenCV's fixed point overflows


class PersonPoses(NamedTuple):
    """The n people found in one image. Nobody is n = 0, never a guess.

    Count them with ``len(people.xy)``: the tuple itself always has four fields.
    """

    xy: np.ndarray
    """(n, 133, 2) float32, pixels of the source image, origin top left, COCO-WholeBody order."""
    scores: np.ndarray
    """(n, 133) float32, 0..1; 0 is a point that was not seen, whatever its coordinates."""
    boxes: np.ndarray
    """(n, 4) float32, x1 y1 x2 y2 in pixels of the source image."""
    box_scores: np.ndarray
    """(n,) float32, 0..1."""

    @classmethod
    def none(cls) -> PersonPoses:
        return cls.of(np.empty((0, COUNT, 2)), np.empty((0, COUNT)), np.empty((0, 4)), np.empty(0))

    @classmethod
    def of(cls, xy, scores, boxes, box_scores) -> PersonPoses:
        """Make float32 arrays of anything array-like; ValueError where a shape does not fit."""
        people = cls(*(np.asarray(a, np.float32) for a in (xy, scores, boxes, box_scores)))
        n = len(people.xy) if people.xy.ndim else 0
        for name, array, shape in zip(
            cls._fields, people, ((n, COUNT, 2), (n, COUNT), (n, 4), (n,))
        ):
            if array.shape != shape:
                raise ValueError(f"{name} has shape {array.shape}, wanted {shape}")
        return people

    def take(self, rows: np.ndarray) -> PersonPoses:
        """These rows, (n,) bool."""
        return PersonPoses(*(array[rows] for array in self))


def visible(people: PersonPoses, threshold: float = THRESHOLD) -> np.ndarray:
    """(n, 133) bool: scored above the threshold, and at a place that can be drawn."""
    with np.errstate(invalid="ignore"):
        drawable = (np.abs(people.xy) < LIMIT_PX).all(-1)  # False for NaN
        return drawable & (people.scores > threshold)
