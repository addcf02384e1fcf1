# SPDX-License-Identifier: Apache-2.0
"""How broad one person is, measured on themselves, against which a turn or a lean is noticed.

Shoulders and hips of one person are as broad, in lengths of their torso, wherever they stand.
They look narrower when the body is turned, by the cosine, even if the head looks ahead; and
broader when the person leans towards the camera, as the torso looks shorter and the shoulders are
nearer. Between people that breadth differs by a quarter, between moments of one person only by the
network's errors.
"""

from __future__ import annotations

import math

import numpy as np

from dwpose_ros.core.anthropometry import ABOVE_GROUND, STATURE_M

_AHEAD_DEG = 20.0  # only of people whose head is turned less, something is learned
# A sample whenever the logarithm of the distance has changed by so much, or after so many seconds.
_NEXT, _NEXT_S = 0.08, 1.5
_SAMPLES, _MOST = 4, 40
_QUANTILE = 0.65  # of the samples: some are of a body that is turned a little
_LEAST_SD = 0.015  # of the breadth, as a share
TORSO_M = (ABOVE_GROUND["shoulders"][0] - ABOVE_GROUND["hips"][0]) * STATURE_M
_SHOULDERS = 0.6  # their share of the sum of both widths


class OwnWidths:
    """Learns the breadth of one person: the widths of shoulders plus hips, in torso lengths."""

    def __init__(self) -> None:
        self._samples: list[float] = []
        self._last = -math.inf, math.nan  # time and distance of the last sample
        self.breadth = self.deviation = math.nan

    def watch(self, breadth: float, head_deg: float, here_m: float, now: float) -> None:
        """Take in a new frame; values that are unknown are NaN."""
        if math.isnan(breadth + here_m) or not abs(head_deg) < _AHEAD_DEG or here_m <= 0:
            return
        then, there_m = self._last
        went = abs(math.log(here_m / there_m)) if there_m > 0 else math.inf
        if went < _NEXT and now - then < _NEXT_S:
            return
        self._last = now, here_m
        self._samples = [*self._samples, breadth][-_MOST:]
        if len(self._samples) >= _SAMPLES:
            found = np.array(self._samples)
            self.breadth = float(np.quantile(found, _QUANTILE))
            spread = 1.48 * float(np.median(np.abs(found - np.median(found)))) / self.breadth
            self.deviation = max(spread, _LEAST_SD)


def lean_deg(broader: float, here_m: float, above: float = 1.0) -> float:
    """Return how far a person leans towards the camera, deg, by how much broader they look.

    Args:
        broader: their breadth now, divided by their own as it was learned.
        here_m: their distance, m.
        above: how far their shoulders are above the camera when they stand straight, in torso
            lengths: to a camera that looks up, a torso that leans looks less short.
    """
    if not broader > 1.0 or math.isnan(here_m):
        return 0.0
    angles = np.radians(np.arange(0.0, 61.0))
    nearer = 1 / np.maximum(1 - TORSO_M * np.sin(angles) / max(here_m, 0.7), 0.3)
    torso = (above - 1 + np.cos(angles)) * nearer - (above - 1)
    looks = (_SHOULDERS * nearer + 1 - _SHOULDERS) / np.maximum(torso, 0.1)
    return float(np.interp(broader, np.maximum.accumulate(looks), np.degrees(angles)))
