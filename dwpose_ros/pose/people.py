"""What every estimator gives: the people in one image, as arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

import numpy as np

from dwpose_ros.core.errors import DwposeError
from dwpose_ros.keypoints import COUNT

if TYPE_CHECKING:
    from dwpose_ros.pose.runtimes import Place


class ModelError(DwposeError):
    """An estimator or a model that cannot be had; the message says why and what would be right."""


class People(NamedTuple):
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
    def none(cls) -> People:
        return cls.of(
            np.empty((0, COUNT, 2)), np.empty((0, COUNT)), np.empty((0, 4)), np.empty(0)
        )

    @classmethod
    def of(cls, xy, scores, boxes, box_scores) -> People:
        """Make float32 arrays of anything array-like; ValueError where a shape does not fit."""
        people = cls(*(np.asarray(a, np.float32) for a in (xy, scores, boxes, box_scores)))
        n = len(people.xy) if people.xy.ndim else 0
        for name, array, shape in zip(
            cls._fields, people, ((n, COUNT, 2), (n, COUNT), (n, 4), (n,))
        ):
            if array.shape != shape:
                raise ValueError(f"{name} has shape {array.shape}, wanted {shape}")
        return people

    def take(self, rows: np.ndarray) -> People:
        """These rows, (n,) bool."""
        return People(*(array[rows] for array in self))


class Estimator(Protocol):
    """Something that finds people in an image; one thread at a time."""

    name: str
    """The model, e.g. ``dw-ll_ucoco_384``."""
    runs_on: Place
    """Where it really runs, asked of the runtime."""

    def __call__(self, rgb: np.ndarray) -> People:
        """Find the people in an RGB image, (h, w, 3) uint8."""
        ...

    def close(self) -> None:
        """Release what it holds; it cannot be called any more."""
        ...


@runtime_checkable
class TopDown(Estimator, Protocol):
    """An estimator in two steps, which may be taken apart: people's boxes, then their poses."""

    def detect(self, rgb: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Boxes (n, 4), x1 y1 x2 y2 in pixels of the image, and their scores (n,), 0..1."""
        ...

    def estimate(self, rgb: np.ndarray, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The people in boxes (n, 4): xy (n, 133, 2) in pixels, and scores (n, 133), 0..1."""
        ...


def check_image(rgb: np.ndarray) -> None:
    """ValueError unless the array is a non-empty (h, w, 3) uint8 image."""
    if rgb.ndim != 3 or rgb.shape[2] != 3 or not rgb.size or rgb.dtype != np.uint8:
        raise ValueError(
            f"image has shape {rgb.shape} and type {rgb.dtype}, wanted (h, w, 3) and uint8"
        )
