# SPDX-License-Identifier: Apache-2.0
"""Where a person who is walking will be when they have heard "stop".

How long their steps are, and which lens looks, need not be known for that: the apparent size tells
the distance up to a factor, and how it changes tells when the right distance is reached.
"""

from __future__ import annotations

import math

import numpy as np

_TREND_S = 0.5  # over this time the speed is measured
_LEAST_FRAMES = 4
_LEAST_SPEED = 0.08  # share of the distance that is walked in a second; else they rest
_FARTHEST = 0.95  # of the distance can be walked at most


class Approach:
    """Predicts a person's distance while they walk. Times are seconds on any one clock."""

    def __init__(self) -> None:
        self._trail: list[tuple[float, float]] = []  # time, and logarithm of the apparent size

    def watch(self, size_log: float, now: float) -> None:
        """Take in the logarithm of their apparent size, up to any constant; NaN if unknown."""
        if self._trail and not 0 < now - self._trail[-1][0] < _TREND_S:
            self._trail = []
        self._trail = [seen for seen in self._trail if now - seen[0] <= _TREND_S]
        if not math.isnan(size_log):
            self._trail.append((now, size_log))

    def growth(self, seconds: float) -> float:
        """Return by how much that logarithm will have grown after so many seconds of walking on;
        NaN if they do not walk, or too little was seen.
        """
        if len(self._trail) < _LEAST_FRAMES:
            return math.nan
        times, logs = np.array(self._trail).T
        distances = np.exp(logs[-1] - logs)  # in units of the present distance
        times -= times.mean()
        speed = float(times @ distances / (times @ times))
        if abs(speed) < _LEAST_SPEED:
            return math.nan
        return -math.log(max(1 + speed * seconds, 1 - _FARTHEST))
