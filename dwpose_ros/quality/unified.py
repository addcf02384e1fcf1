# SPDX-License-Identifier: Apache-2.0
"""All measures of a picture, and the unified score by which pictures are compared."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import cv2
import numpy as np

from dwpose_ros.quality import face as of_face
from dwpose_ros.quality import framing, light
from dwpose_ros.quality import sharpness as sharp
from dwpose_ros.quality.head_pose import head_angles, head_pose
from dwpose_ros.quality.measure import FACE_MEASURES, Measure
from dwpose_ros.quality.region import Region, person_box, person_mask, region, seen_points

# Default weights: the person, light and sharpness of the face, and, to choose between similar
# frames, the hands.
WEIGHTS: dict[str, float] = {
    "sharpness": 2.0,
    "motion_blur": 1.0,
    "motion": 1.0,
    "under_exposure": 1.0,
    "over_exposure": 1.0,
    "crop_margins": 0.5,
    "face_sharpness": 1.0,
    "face_under_exposure": 0.5,
    "face_over_exposure": 0.5,
    "eyes_open": 0.5,
    "hands_sharpness": 0.25,
}
_WORST = 1.0  # lower scores count as this, so that pictures with a score of 0 can be compared
_UNKNOWN = math.nan


class Subject(NamedTuple):
    """The person in a picture, and what the picture has to show."""

    xy: np.ndarray  # (133, 2) px
    scores: np.ndarray  # (133,)
    box: np.ndarray  # (4,) px
    motion: float = math.nan  # person's heights per second; NaN if unknown
    people: int = 1  # number of people, of at least half the person's height
    wanted: int = 1  # number of people there should be
    points: Sequence[int] = tuple(range(5))  # keypoints that must not be cropped; default: head


class Quality(NamedTuple):
    """The quality of a picture."""

    score: float  # unified, 0..100
    measures: tuple[Measure, ...]
    brightness: float  # mean luminance of the person, 0..1; NaN if unknown

    def value(self, name: str) -> float:
        """Return the raw value of a measure. Raises KeyError if there is none of that name."""
        return self._named(name).value

    def scored(self, name: str) -> float:
        """Return the score of a measure. Raises KeyError if there is none of that name."""
        return self._named(name).score

    def worst(self, weights: Mapping[str, float]) -> Measure | None:
        """Return the measure that lowers the unified score most; None if all are unknown."""
        measured = [
            m for m in self.measures if not math.isnan(m.score) and weights.get(m.name, 0.0) > 0
        ]
        return max(measured, key=lambda m: weights[m.name] / max(m.score, _WORST), default=None)

    def _named(self, name: str) -> Measure:
        for measure in self.measures:
            if measure.name == name:
                return measure
        raise KeyError(name)


def unified(measures: Iterable[Measure], weights: Mapping[str, float]) -> float:
    """Return the weighted harmonic mean of the known scores, 0..100; 0 if none is known.

    An arithmetic or geometric mean hides one terrible score among good ones: for a 1 and nine
    times 100 they are 90 and 63. The harmonic mean is 9, and still 91 for a 50 and nine times 100.
    """
    measured = [
        (weights.get(m.name, 0.0), max(m.score, _WORST))
        for m in measures
        if not math.isnan(m.score) and weights.get(m.name, 0.0) > 0
    ]
    return sum(w for w, _ in measured) / sum(w / s for w, s in measured) if measured else 0.0


def assess(
    bgr: np.ndarray, subject: Subject, weights: Mapping[str, float] | None = None
) -> Quality:
    """Measure the quality of a picture of one person.

    Args:
        bgr: (h, w, 3) uint8.
        subject: the person, and what the picture has to show.
        weights: weight of each measure in the unified score; default WEIGHTS.
    """
    height, width = bgr.shape[:2]
    seen = seen_points(subject.xy, subject.scores)
    box = person_box(subject.xy, seen, subject.box)
    person = region(bgr, box, sharp.PERSON_PX)
    face = of_face.face_points(subject.xy, seen)
    mask = None if person is None else person_mask(person, subject.xy, seen)
    measures = (
        *_of_person(bgr, subject, seen, person, mask),
        framing.crop_margins(subject.xy, seen, width, height, subject.points, face),
        framing.single_person(subject.people, subject.wanted),
        *_of_face(bgr, face),
    )
    bright = _UNKNOWN
    if person is not None and mask is not None:
        bright = light.brightness(person, mask)
    return Quality(unified(measures, WEIGHTS if weights is None else weights), measures, bright)


def _of_person(
    bgr: np.ndarray,
    subject: Subject,
    seen: np.ndarray,
    person: Region | None,
    mask: np.ndarray | None,
) -> tuple[Measure, ...]:
    exposure = (
        Measure("under_exposure", _UNKNOWN, _UNKNOWN),
        Measure("over_exposure", _UNKNOWN, _UNKNOWN),
    )
    if person is not None and mask is not None:
        where = mask if mask.any() else None
        exposure = (
            light.under_exposure("under_exposure", person.grey, where, light.DARK),
            light.over_exposure(person.grey, where),
        )
    return (
        sharp.person_sharpness(person),
        sharp.hands_sharpness(bgr, subject.xy, seen),
        sharp.motion_blur(person),
        sharp.motion_measure(subject.motion),
        *exposure,
    )


def _of_face(bgr: np.ndarray, face: np.ndarray | None) -> tuple[Measure, ...]:
    if face is None:
        return tuple(Measure(name, _UNKNOWN, _UNKNOWN) for name in FACE_MEASURES)
    pose = head_pose(face)
    exposure = (
        Measure("face_under_exposure", _UNKNOWN, _UNKNOWN),
        Measure("face_over_exposure", _UNKNOWN, _UNKNOWN),
    )
    found = region(bgr, np.concatenate([face.min(0), face.max(0)]), sharp.PERSON_PX)
    if found is not None:
        mask = np.zeros(found.grey.shape, np.uint8)
        cv2.fillConvexPoly(mask, cv2.convexHull(found.local(face)), 255)
        exposure = (
            light.under_exposure("face_under_exposure", found.grey, mask, light.FACE_DARK),
            light.face_over_exposure(found.grey, mask),
        )
    return (
        sharp.face_sharpness(bgr, face),
        *exposure,
        light.illumination_uniformity(bgr, face),
        of_face.inter_eye_distance(face, pose.yaw),
        of_face.head_size(face, bgr.shape[0]),
        *head_angles(pose),
        of_face.eyes_open(face),
        of_face.mouth_closed(face),
    )


def light_and_sharpness(
    image: np.ndarray, xy: np.ndarray, scores: np.ndarray, box: np.ndarray, rgb: bool = False
) -> tuple[float, float]:
    """Return a person's brightness and sharpness, as measured by `assess`; NaN if unknown."""
    seen = seen_points(xy, scores)
    person = region(image, person_box(xy, seen, box), sharp.PERSON_PX, rgb)
    if person is None:
        return _UNKNOWN, _UNKNOWN
    return light.brightness(person, person_mask(person, xy, seen)), sharp.sharpness(person)
