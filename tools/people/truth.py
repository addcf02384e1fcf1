# SPDX-License-Identifier: Apache-2.0
"""What is true of each person in a picture: points, which of them are seen, what hides the others.

A point is seen if it is inside the picture and nothing lies before it but what it lies in: its own
limb's skin or clothes, as thick as `landmarks.THICKNESS` says. The test reads the depths and the
owners that were drawn.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from tools.people.camera import Camera
from tools.people.landmarks import COVER, THICKNESS
from tools.people.renderer import FURNITURE, HAIR, HELD, OWN_BODY, WORN, Drawn

# Why a point is not seen.
SEEN, OUTSIDE, OWN, WORN_THING, ANOTHER, THING = range(6)
REASONS = ("seen", "outside", "own_body", "worn", "another_person", "thing")
CLOTH_THICKNESS = 0.02  # m that clothes may add
NEAR = 2  # px of what was drawn that a seen point may lie beside its person's silhouette


class Truth(NamedTuple):
    """One person in a picture."""

    xy: np.ndarray
    """(133, 2) px; NaN for what is behind the camera."""
    hidden_by: np.ndarray
    """(133,) uint8: an index of REASONS, 0 where the point is seen."""
    hider: np.ndarray
    """(133,) uint8: the number of the person that hides it, else 0."""
    box: np.ndarray
    """(4,) x1 y1 x2 y2 px: what is seen of the person, zeros if nothing is."""
    area: float
    """px squared that are seen of the person."""


def truth(points: np.ndarray, person: int, size: float, camera: Camera, drawn: Drawn) -> Truth:
    """Say what is true of a person.

    Args:
        points: (133, 3) m.
        person: the number of the person, from 1.
        size: the person's height over a grown-up's 1.7 m: limbs are as much thinner.
        camera: that the picture was taken by.
        drawn: the picture.
    """
    xy, depth = camera.project(points)
    high, wide = drawn.depth.shape
    scale = np.array([wide / camera.width, high / camera.height])
    known = np.isfinite(xy).all(1)
    # From the centres of pixels to those of the larger picture that was drawn.
    at = np.floor((np.where(known[:, None], xy, -9) + 0.5) * scale).astype(int)
    inside = known & (at >= 0).all(1) & (at < (wide, high)).all(1)
    column, row = np.where(inside[:, None], at, 0).T
    own = drawn.person == person
    covers = np.isin(drawn.kind[row, column], (HAIR, WORN, HELD))
    thick = np.where(covers, COVER, THICKNESS + CLOTH_THICKNESS / size) * size
    before = drawn.depth[row, column] < depth - thick
    hidden = before & (drawn.kind[row, column] > 0)
    beside = ~cv2.dilate(own.astype(np.uint8), np.ones((2 * NEAR + 1,) * 2)).astype(bool)
    hidden_by = np.where(
        hidden | (beside[row, column] & inside),
        _reason(drawn.person[row, column], drawn.kind[row, column], person),
        SEEN,
    )
    hidden_by = np.where(inside, hidden_by, OUTSIDE).astype(np.uint8)
    hider = np.where(hidden_by == ANOTHER, drawn.person[row, column], 0).astype(np.uint8)
    box, area = _box(own & (drawn.kind != HELD), scale)
    return Truth(xy.astype(np.float32), hidden_by, hider, box, area)


def _reason(whose: np.ndarray, kind: np.ndarray, person: int) -> np.ndarray:
    worn = np.isin(kind, (HAIR, WORN, HELD))
    return np.select(
        [(whose > 0) & (whose != person), kind == FURNITURE, (whose == person) & worn],
        [ANOTHER, THING, WORN_THING],
        OWN,
    )


def _box(own: np.ndarray, scale: np.ndarray) -> tuple[np.ndarray, float]:
    columns, rows = np.flatnonzero(own.any(0)), np.flatnonzero(own.any(1))
    if not len(columns):
        return np.zeros(4, np.float32), 0.0
    edges = np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1])
    area = float(own.sum() / scale.prod())
    return (edges / np.tile(scale, 2)).astype(np.float32), area


def bare(drawn: Drawn) -> np.ndarray:
    """Return where skin or eyes are seen, (H, W) bool."""
    return np.isin(drawn.kind, OWN_BODY)
