# SPDX-License-Identifier: Apache-2.0
"""Light and sharpness of the people in a video."""

from __future__ import annotations

import numpy as np

from dwpose_ros.core.person_poses import PersonPoses
from dwpose_ros.quality.unified import light_and_sharpness

# Seconds for which what was measured is good: it takes a third of all the time that a frame takes
# beside the networks. On a frame that takes long anyway, it may wait a little longer.
GOOD_S, GOOD_IF_BUSY_S = 0.09, 0.19


class Looks:
    """Measures `light_and_sharpness` of each person, some ten times a second."""

    def __init__(self) -> None:
        self._last: dict[int, tuple[float, tuple[float, float]]] = {}

    def __call__(
        self, rgb: np.ndarray, people: PersonPoses, time_s: float, busy: bool = False
    ) -> list[tuple[float, float]]:
        """Return the brightness and sharpness of each person, in this frame or one just before.

        Args:
            rgb: (h, w, 3) uint8, RGB.
            people: with track ids.
            time_s: of the frame.
            busy: this frame has taken long already.
        """
        good_s = GOOD_IF_BUSY_S if busy else GOOD_S
        last, self._last = self._last, {}
        for i, xy, scores, box in zip(people.ids.tolist(), people.xy, people.scores, people.boxes):
            then_s, look = last.get(i, (-np.inf, (np.nan, np.nan)))
            if not 0 <= time_s - then_s < good_s:
                then_s, look = time_s, light_and_sharpness(rgb, xy, scores, box, rgb=True)
            self._last[i] = then_s, look
        return [self._last[i][1] for i in people.ids.tolist()]
