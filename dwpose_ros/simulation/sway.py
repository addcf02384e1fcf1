# SPDX-License-Identifier: Apache-2.0
"""The sway of somebody who stands: small slow movements of the whole body."""

from __future__ import annotations

import math

import numpy as np

SWAY_TIME_S = 0.7  # time constant of a standing person's sway
SWAY_TICK_S = 0.05  # sway is sampled with this period and interpolated linearly


class Sway:
    """Random sway around a place, the same for the same seed however often it is read.

    Args:
        random: drawn from once for each sample.
        metres: standard deviation of the position, m.
        degrees: standard deviation of the turn, degrees.
    """

    def __init__(self, random: np.random.Generator, metres: float, degrees: float) -> None:
        self._random = random
        self._size = np.array([metres, metres, degrees])
        self._balance = np.zeros(3)
        self._samples = [np.zeros(3)] * 2  # at the last two ticks
        self._ticks = 0  # number of the second of them

    def at(self, time_s: float) -> np.ndarray:
        """Return the sway (3,): m to the image's right, m away, degrees of yaw.

        `time_s` must not decrease from call to call.
        """
        keep = math.exp(-SWAY_TICK_S / SWAY_TIME_S)
        while self._ticks * SWAY_TICK_S <= time_s:
            self._balance = keep * self._balance + (
                math.sqrt(2 * (1 - keep**2)) * self._size * self._random.normal(size=3)
            )
            last = self._samples[1]
            self._samples = [last, keep * last + (1 - keep) * self._balance]
            self._ticks += 1
        before, after = self._samples
        return before + (after - before) * (time_s / SWAY_TICK_S - self._ticks + 1)
