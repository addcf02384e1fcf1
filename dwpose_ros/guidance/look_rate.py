# SPDX-License-Identifier: Apache-2.0
"""How often poses are looked at."""

from __future__ import annotations

import math

# Between two looks, at most: ten a second are often enough for how fast people move and sentences
# are spoken, for a third of the work that thirty are. With some room for frames that come late.
MOST_S = 0.11


class LookRate:
    """Leaves a pose out if the next one, at the pace of the last two, still comes soon enough: of
    30 a second two of three, of 25 every other one, of 15 none."""

    def __init__(self) -> None:
        self._came_s = self._looked_s = -math.inf

    def due(self, time_s: float) -> bool:
        """Return whether the pose with that stamp is to be looked at. Each is asked for once."""
        since_s, period_s = time_s - self._looked_s, time_s - self._came_s
        self._came_s = time_s
        if since_s >= 0 and since_s + period_s <= MOST_S:
            return False
        self._looked_s = time_s
        return True
