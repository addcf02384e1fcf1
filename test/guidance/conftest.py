"""People to guide: a small model of a standing person, seen by a camera."""

from __future__ import annotations

from pathlib import Path
from typing import Callable, NamedTuple

import numpy as np
import pytest

from dwpose_ros.guidance import Profile, load_profile
from dwpose_ros.guidance.profile import PARTS
from dwpose_ros.guidance.view import View
from dwpose_ros.keypoints import COUNT, FACE, INDEX, LEFT_HAND, RIGHT_HAND

CONFIG = Path(__file__).resolve().parents[2] / "config"
IMAGE = (1280, 720)
UNSEEN = 0.1  # what an estimator gives a point that it only guesses

# Where points are, in body heights: towards the person's left, down from the crown, forward.
# Proportions as in Drillis and Contini, "Body segment parameters" (1966), feet 20 cm apart.
_LEFT_SIDE = {
    "eye": (0.018, 0.064, 0.050), "ear": (0.043, 0.075, 0.0), "shoulder": (0.110, 0.182, 0.0),
    "elbow": (0.140, 0.370, 0.0), "wrist": (0.150, 0.515, 0.02), "hip": (0.060, 0.470, 0.0),
    "knee": (0.060, 0.715, 0.01), "ankle": (0.060, 0.961, 0.0), "big_toe": (0.065, 0.985, 0.10),
    "small_toe": (0.090, 0.985, 0.08), "heel": (0.060, 0.985, -0.03),
}  # fmt: skip
_NOSE = (0.0, 0.085, 0.066)


def _model() -> np.ndarray:
    """(133, 3) of somebody who stands upright and looks straight ahead."""
    model = np.zeros((COUNT, 3))
    model[INDEX["nose"]] = _NOSE
    for part, (left, down, forward) in _LEFT_SIDE.items():
        model[INDEX[f"left_{part}"]] = left, down, forward
        model[INDEX[f"right_{part}"]] = -left, down, forward
    # The face runs from the person's right to their left: jaw from ear to ear, then the brows, the
    # nose, the eyes and the mouth, which need no more than to lie between them.
    jaw = np.linspace(-np.pi / 2, np.pi / 2, 17)
    face = model[FACE]
    face[:17] = np.column_stack([0.043 * np.sin(jaw), 0.075 + 0.055 * np.cos(jaw),
                                 0.05 * np.cos(jaw)])
    for start, stop, half, down in ((17, 27, 0.03, 0.052), (27, 36, 0.01, 0.08),
                                    (36, 48, 0.028, 0.064), (48, 68, 0.017, 0.108)):
        face[start:stop] = np.column_stack([
            np.linspace(-half, half, stop - start), np.full(stop - start, down),
            np.full(stop - start, 0.055)])
    face[30] = _NOSE
    for hand, side in ((LEFT_HAND, "left"), (RIGHT_HAND, "right")):
        model[hand] = model[INDEX[f"{side}_wrist"]] + np.outer(np.arange(21) % 4, (0, 0.015, 0))
    return model


_MODEL = _model()


class Person(NamedTuple):
    """One person as an estimator reports them, float32 as in the messages."""

    xy: np.ndarray  # (133, 2)
    scores: np.ndarray  # (133,)
    box: np.ndarray  # (4,)
    width: int
    height: int

    @staticmethod
    def points(*names: str) -> list[int]:
        """Keypoints by their own names, or by those of parts of the body."""
        return [i for name in names for i in (PARTS[name] if name in PARTS else [INDEX[name]])]

    def view(self, others: int = 0, speed: float = 0.0) -> View:
        return View(self.xy, self.scores, self.box, self.width, self.height, others, speed)


@pytest.fixture
def person() -> Callable[..., Person]:
    """Makes somebody who stands before the camera.

    `height` is theirs from crown to sole and `x`, `top` say where the middle and the crown are,
    all as shares of the image; without `top` they stand in its middle, or with their crown near
    its upper border where they are too large for that. `yaw` is where they look (degrees, > 0
    towards the image's right), `raised` lifts the right hand out to that side, `hidden` names
    parts or points that something hides.
    Points beyond the border or turned away are not seen, and `box` ends at the border: a
    detector's box goes round the whole body, and `box="points"` only round what is seen.
    """

    def make(height: float = 0.8, x: float = 0.5, top: float | None = None, yaw: float = 0.0,
             hidden: tuple[str, ...] = (), raised: float = 0.0, box: str = "body",
             image: tuple[int, int] = IMAGE) -> Person:
        size = np.array(image, float)
        top = max((1 - height) / 2, 0.08) if top is None else top
        model = _MODEL.copy()
        if raised:
            arm = Person.points("right_wrist") + list(range(RIGHT_HAND.start, RIGHT_HAND.stop))
            model[arm] = -raised, 0.182, 0.0
        left, down, forward = model.T
        turn = np.radians(yaw)
        # A camera that is not mirrored shows the person's left on the image's right.
        across = left * np.cos(turn) + forward * np.sin(turn)
        tall = height * image[1]
        xy = np.column_stack([x * image[0] + across * tall, top * image[1] + down * tall])
        scores = np.full(COUNT, 0.9)
        scores[((xy < 0) | (xy >= size)).any(1)] = UNSEEN
        if abs(yaw) > 90:
            scores[Person.points("head", "face")] = UNSEEN
        scores[Person.points(*hidden)] = UNSEEN
        if box == "points":
            seen = xy[scores > 0.3]
            low, high = seen.min(0), seen.max(0)
        else:
            low = np.array([xy[:, 0].min() - 0.02 * tall, top * image[1]])
            high = np.array([xy[:, 0].max() + 0.02 * tall, top * image[1] + tall])
        edges = np.concatenate([np.clip(low, 0, size), np.clip(high, 0, size)])
        return Person(xy.astype(np.float32), scores.astype(np.float32),
                      edges.astype(np.float32), *image)

    return make


@pytest.fixture
def profile() -> Callable[[str], Profile]:
    """A shipped profile by its name."""
    return lambda name: load_profile(CONFIG / "profiles" / f"{name}.yaml")


@pytest.fixture
def custom() -> Callable[..., Profile]:
    """A profile of one's own: full body of any size, other than what is given."""

    def make(**values) -> Profile:
        wide = {"name": "custom", "parts": ("head", "shoulders", "hips", "knees", "feet"),
                "size_minimum": 0.01, "size_maximum": 1.0}
        return Profile(**{**wide, **values})

    return make
