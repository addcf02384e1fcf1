# SPDX-License-Identifier: Apache-2.0
"""Whether a room went dark around a person, so that the camera does not see them any more."""

from __future__ import annotations

import math

_WITHIN_S = 5.0  # a room goes dark within this time
_FALL = 0.5  # to less than this share of how bright they were; who wears black always is


class Darkening:
    """Follows the brightness of one person."""

    def __init__(self) -> None:
        self.dark = False
        """Whether it went dark, and they were too dark for a picture when last seen."""
        self._trail: list[tuple[float, float]] = []

    def watch(self, brightness: float, least: float, now: float) -> None:
        """Take in a new frame.

        Args:
            brightness: mean luminance of the person, 0..1; NaN if unknown.
            least: what a picture needs, 0..1.
            now: current time, s, on any clock.
        """
        if math.isnan(brightness):
            return
        if self._trail and not 0 <= now - self._trail[-1][0] < _WITHIN_S:
            self._trail = []
        self._trail = [seen for seen in self._trail if now - seen[0] < _WITHIN_S]
        fell = any(before >= least and brightness < _FALL * before for _, before in self._trail)
        self.dark = brightness < least and (self.dark or fell)
        self._trail.append((now, brightness))
