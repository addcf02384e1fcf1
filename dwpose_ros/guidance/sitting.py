# SPDX-License-Identifier: Apache-2.0
"""Whether a person sits, from 2D keypoints."""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np

from dwpose_ros.core.keypoints import INDEX

# How far the knees are below the hips, in torso lengths. Of somebody who stands it is 0.85
# (Drillis and Contini, 1966). The thighs of somebody who sits point ahead; seen from above, as by
# a camera at eye level, the knees then still are lower in the image.
_STANDS, _SITS = 0.75, 0.62
# A network that cannot see legs, as behind a table, draws them short and unsurely: knees
# scored 0.4 to 0.7 in a film of people who stood behind one, of whom hips scored 1.0.
_SURE = 0.7
_FRAMES = 4  # one after the other, before it is believed
_FAR_M = 1.8  # nearer, knees that point at the camera are as low as those of who stands
_LEAST_TORSO_PX = 12.0
_HEIGHT = 0.78  # from head to feet, of somebody who sits, as a share of their stature
_POINTS = tuple(
    (INDEX[f"left_{name}"], INDEX[f"right_{name}"]) for name in ("shoulder", "hip", "knee")
)


class Keypoints(Protocol):
    """The keypoints of one person, as of an Observation."""

    @property
    def xy(self) -> np.ndarray: ...

    @property
    def scores(self) -> np.ndarray: ...


def knee_drop(observation: Keypoints, threshold: float) -> float:
    """Return how far the knees are below the hips, in torso lengths.

    NaN if they are not clearly visible, or from behind.
    """
    rows = []
    left, right = _POINTS[0]
    if observation.xy[left, 0] <= observation.xy[right, 0]:
        return math.nan
    for pair in _POINTS:
        if min(observation.scores[i] for i in pair) <= max(threshold, _SURE):
            return math.nan
        rows.append(sum(float(observation.xy[i, 1]) for i in pair) / 2)
    shoulders, hips, knees = rows
    if hips - shoulders < _LEAST_TORSO_PX:
        return math.nan
    return (knees - hips) / (hips - shoulders)


def seated_share(parts: tuple[str, ...]) -> float:
    """Return the height of these parts of somebody who sits, as a share of that when standing."""
    return _HEIGHT if {"knees", "feet"} & set(parts) else 1.0


class Sitting:
    """Tells from successive frames whether one person sits."""

    def __init__(self) -> None:
        self.sits = False
        self._streak = 0  # frames that say otherwise

    def watch(self, drop: float, here_m: float = math.inf) -> None:
        """Take in `knee_drop` of a new frame, and the person's distance."""
        if self.sits and not here_m > _FAR_M:
            drop = math.nan
        otherwise = drop < _SITS if not self.sits else drop > _STANDS  # False for NaN
        self._streak = (
            self._streak + 1 if otherwise else 0 if not math.isnan(drop) else self._streak
        )
        if self._streak >= _FRAMES:
            self.sits, self._streak = not self.sits, 0
