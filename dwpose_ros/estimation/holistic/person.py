# SPDX-License-Identifier: Apache-2.0
"""What is known of a person, and who of several is the same one."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from dwpose_ros.core.boxes import area, iou
from dwpose_ros.core.person_poses import THRESHOLD, valid_boxes
from dwpose_ros.estimation.holistic.body import Body
from dwpose_ros.estimation.holistic.face import Face, head_region
from dwpose_ros.estimation.holistic.hand import Hand

SAME_BODY = 0.6  # overlap of two bodies' boxes from which they are the same person's
SAME_HEAD = 0.15  # distance of two heads below which they are, in sides of their generous regions
PART = 0.6  # share of a body's box within another one's from which it may be a part of that,
SURE = 3.0  # unless these are the odds of it
EYES, MOUTH = [2, 5], [9, 10]  # of BlazePose's points
# From the eyes to the crown, in distances from eyes to mouth, and how much wider than its points
# a body is on each side, in heights of their box: both measured on the silhouettes of the
# simulation's cast, hair and headwear included.
CROWN, FLESH = 1.9, 0.03


@dataclass
class Person:
    """What is known of a person from the last image."""

    body: Body
    chance: float
    """Logarithm of the odds that it is a person."""
    face: Face | None = None
    hands: tuple[Hand | None, Hand | None] = (None, None)
    missing: tuple[int, int] = (0, 0)
    """For how many images each hand has not been seen."""
    box: np.ndarray = field(default_factory=lambda: np.zeros(4, np.float32))
    """Of the body's visible points, px."""
    then: np.ndarray | None = None
    """The body's points, (33, 2) px, in the image in which face and hands were found."""
    figure: bool = False
    """Whether MediaPipe's detector was sure of this person too, when they were found."""


def different(people: list[Person], rgb: np.ndarray) -> list[Person]:
    """Return the people without those who are the same as one before, and their boxes."""
    kept: list[Person] = []
    for one in people:
        one.box = box_of(one.body, rgb)
        if valid_boxes(one.box[None])[0] and not any(_same(one, other) for other in kept):
            kept.append(one)
    return kept


def _same(one: Person, other: Person) -> bool:
    """Whether two bodies are the same person's: their boxes or their heads coincide, or the less
    likely one is a part of the other."""
    boxes = one.box[None], other.box[None]
    overlap = float(iou(*boxes)[0, 0])
    inside = overlap / (1 + overlap) * float(area(boxes[0])[0] + area(boxes[1])[0])
    if overlap > SAME_BODY or (one.chance < SURE and inside > PART * float(area(boxes[0])[0])):
        return True
    heads = head_region(one.body.xy), head_region(other.body.xy)
    apart = np.hypot(heads[0].x - heads[1].x, heads[0].y - heads[1].y)
    return bool(apart < SAME_HEAD * max(heads[0].side, heads[1].side))


def box_of(body: Body, rgb: np.ndarray) -> np.ndarray:
    """Return the box (4,) of the visible points within the image."""
    size = rgb.shape[1], rgb.shape[0]
    seen = (body.visibility > THRESHOLD) & (body.xy >= 0).all(1) & (body.xy <= size).all(1)
    if not seen.any():
        return np.zeros(4, np.float32)
    return np.concatenate([body.xy[seen].min(0), body.xy[seen].max(0)]).astype(np.float32)


def silhouette_box(box: np.ndarray, body: Body, rgb: np.ndarray) -> np.ndarray:
    """Return the box (4,) of a body, whose points' box is given: with the crown, which is no
    point, and with flesh and shoes."""
    x1, y1, x2, y2 = box
    flesh = FLESH * (y2 - y1)
    if body.visibility[[*EYES, *MOUTH]].min() > THRESHOLD:
        eyes, mouth = body.xy[EYES].mean(0), body.xy[MOUTH].mean(0)
        x, y = eyes + CROWN * (eyes - mouth)
        x1, y1, x2, y2 = min(x1, x), min(y1, y), max(x2, x), max(y2, y)
    size = np.tile([rgb.shape[1], rgb.shape[0]], 2)
    whole = np.array([x1 - flesh, y1, x2 + flesh, y2 + flesh], np.float32)
    return whole.clip(0, size).astype(np.float32)
