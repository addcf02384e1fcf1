# SPDX-License-Identifier: Apache-2.0
"""People to guide: a small model of a standing person, seen by a camera."""

from __future__ import annotations

from pathlib import Path
from typing import Callable, NamedTuple

import numpy as np
import pytest

from dwpose_ros.core.anthropometry import FOCAL
from dwpose_ros.core.keypoints import COUNT, FACE, INDEX, LEFT_HAND, MIRROR, RIGHT_HAND
from dwpose_ros.guidance import Coach, Profile, load_profile
from dwpose_ros.guidance.body_parts import PARTS
from dwpose_ros.guidance.decision import FOLLOWS, State
from dwpose_ros.guidance.observation import Observation

CONFIG = Path(__file__).resolve().parents[1] / "config"
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
    face[:17] = np.column_stack(
        [0.043 * np.sin(jaw), 0.075 + 0.055 * np.cos(jaw), 0.05 * np.cos(jaw)]
    )
    for start, stop, half, down in (
        (17, 27, 0.03, 0.052),
        (27, 36, 0.01, 0.08),
        (36, 48, 0.028, 0.064),
        (48, 68, 0.017, 0.108),
    ):
        face[start:stop] = np.column_stack(
            [
                np.linspace(-half, half, stop - start),
                np.full(stop - start, down),
                np.full(stop - start, 0.055),
            ]
        )
    face[30] = _NOSE
    return model


_MODEL = _model()
_UPPER_ARM, _FOREARM, _PALM = 0.186, 0.146, 0.05


def _along(left: float, degrees: float, length: float) -> np.ndarray:
    """From down (0) outwards to that side (90) and up (180), in the frontal plane."""
    angle = np.radians(degrees)
    return np.array([left * np.sin(angle), np.cos(angle), 0]) * length


def _hand(root: np.ndarray, left: float, degrees: float, spread: float, fist: float) -> np.ndarray:
    """(21, 3) of a hand that points there: the root, then four joints of each finger."""
    points = [root]
    for finger in range(5):
        way = degrees + (finger - 2) * spread / 3  # from the second finger to the last: `spread`
        at = root + _along(left, degrees + (finger - 2) * 12, _PALM)
        for i, bone in enumerate((0.0, 0.025, 0.016, 0.012)):
            at = at + _along(left, way + 80 * i * fist, bone)
            points.append(at)
    return np.array(points)


def _set_arms(
    model: np.ndarray,
    arms: tuple[float, float],
    bend: tuple[float, float],
    spread: float,
    fist: float,
) -> None:
    """Arms at those angles to the torso, elbows bent by those, and hands that go on straight."""
    for side, hand, left, angle, bent in (
        ("left", LEFT_HAND, 1.0, arms[0], bend[0]),
        ("right", RIGHT_HAND, -1.0, arms[1], bend[1]),
    ):
        elbow = model[INDEX[f"{side}_shoulder"]] + _along(left, angle, _UPPER_ARM)
        wrist = elbow + _along(left, angle + bent, _FOREARM)
        model[INDEX[f"{side}_elbow"]], model[INDEX[f"{side}_wrist"]] = elbow, wrist
        model[hand] = _hand(wrist, left, angle + bent, spread, fist)


def _turn(points: np.ndarray, degrees: float) -> None:
    """Turns points (n, 3) to their own left about the body's axis, in place."""
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    left, forward = points[:, 0].copy(), points[:, 2].copy()
    points[:, 0], points[:, 2] = left * cos + forward * sin, forward * cos - left * sin


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

    def view(self, others: int = 0, speed: float = 0.0) -> Observation:
        return Observation(self.xy, self.scores, self.box, self.width, self.height, others, speed)


@pytest.fixture
def person() -> Callable[..., Person]:
    """Makes somebody who stands before the camera.

    `height` is theirs from crown to sole and `x`, `top` say where the middle and the crown are,
    all as shares of the image; without `top` they stand in its middle, or with their crown near
    its upper border where they are too large for that. `yaw` is where they look (degrees, > 0
    towards the image's right) and `head` where their head does instead, `raised` lifts the right
    hand out to that side, `hidden` names parts or points that something hides. `arms` and `bend`
    are degrees from hanging and at the elbow, one for both or (left, right), `feet` is the
    distance between the ankles in hip widths, `spread` is degrees between the fingers and `fist`
    how far they are closed (0 to 1), `lean` tilts the whole body in the image. With
    `perspective` toes, which are nearer to the camera, are larger and lower than they would be.
    Points beyond the border or turned away are not seen, and `box` ends at the border: a
    detector's box goes round the whole body, and `box="points"` only round what is seen.
    """

    def make(
        height: float = 0.8,
        x: float = 0.5,
        top: float | None = None,
        yaw: float = 0.0,
        hidden: tuple[str, ...] = (),
        raised: float = 0.0,
        box: str = "body",
        image: tuple[int, int] = IMAGE,
        head: float | None = None,
        arms: float | tuple[float, float] = 9.0,
        bend: float | tuple[float, float] = -5.0,
        feet: float = 1.0,
        lean: float = 0.0,
        spread: float = 30.0,
        fist: float = 0.0,
        mirrored: bool = False,
        perspective: bool = False,
    ) -> Person:
        size = np.array(image, float)
        top = max((1 - height) / 2, 0.08) if top is None else top
        model = _MODEL.copy()
        _set_arms(model, *((v, v) if np.isscalar(v) else v for v in (arms, bend)), spread, fist)
        model[[i for i in range(23) if i in Person.points("feet") or i > 16], 0] *= feet
        if raised:
            arm = Person.points("right_wrist") + list(range(RIGHT_HAND.start, RIGHT_HAND.stop))
            model[arm] = -raised, 0.182, 0.0
        looks = yaw if head is None else head
        on_head = np.array(Person.points("head", "left_ear", "right_ear", "face"))
        turned = model[on_head]
        _turn(turned, looks)
        _turn(model, yaw)
        model[on_head] = turned
        # A camera that is not mirrored shows the person's left on the image's right.
        across, down, ahead = model.T
        tilt, hips = np.radians(lean), 0.470
        across, down = (
            across * np.cos(tilt) + (hips - down) * np.sin(tilt),
            hips - (hips - down) * np.cos(tilt) + across * np.sin(tilt),
        )
        tall = height * image[1]
        xy = np.column_stack([x * image[0] + across * tall, top * image[1] + down * tall])
        if perspective:
            away = FOCAL * size[0] / tall
            xy = size / 2 + (xy - size / 2) * (away / (away - ahead))[:, None]
        scores = np.full(COUNT, 0.9)
        scores[((xy < 0) | (xy >= size)).any(1)] = UNSEEN
        if abs(looks) > 90:
            scores[Person.points("head", "face")] = UNSEEN
        scores[Person.points(*hidden)] = UNSEEN
        if box == "points":
            seen = xy[scores > 0.3]
            low, high = seen.min(0), seen.max(0)
        else:
            low = np.array([xy[:, 0].min() - 0.02 * tall, top * image[1]])
            high = np.array([xy[:, 0].max() + 0.02 * tall, top * image[1] + tall])
        if mirrored:  # and an estimator then takes the left for the right
            xy, scores = xy[MIRROR] * (-1, 1) + (size[0] - 1, 0), scores[MIRROR]
            low[0], high[0] = size[0] - 1 - high[0], size[0] - 1 - low[0]
        edges = np.concatenate([np.clip(low, 0, size), np.clip(high, 0, size)])
        return Person(
            xy.astype(np.float32), scores.astype(np.float32), edges.astype(np.float32), *image
        )

    return make


@pytest.fixture
def profile() -> Callable[[str], Profile]:
    """A shipped profile by its name."""
    return lambda name: load_profile(CONFIG / "profiles" / f"{name}.yaml")


@pytest.fixture
def custom() -> Callable[..., Profile]:
    """A profile of one's own: full body of any size, other than what is given."""

    def make(**values) -> Profile:
        wide = {
            "name": "custom",
            "parts": ("head", "shoulders", "hips", "knees", "feet"),
            "size_minimum": 0.01,
            "size_maximum": 1.0,
        }
        return Profile(**{**wide, **values})

    return make


@pytest.fixture(autouse=True)
def only_listed_transitions(monkeypatch):
    """Whatever a test does with a coach, its states follow each other as `FOLLOWS` says."""
    update, last = Coach.update, {}

    def checked(coach, *args, **kwargs):
        decision = update(coach, *args, **kwargs)
        before = last.get(id(coach), (coach, State.SEARCHING))[1]
        assert decision.state == before or decision.state in FOLLOWS[before], (
            f"{before.name} -> {decision.state.name}"
        )
        last[id(coach)] = coach, decision.state
        return decision

    monkeypatch.setattr(Coach, "update", checked)
