# SPDX-License-Identifier: Apache-2.0
"""The row of the horizon in the picture, which tells how the camera is tilted.

Whatever comes nearer on level ground moves away from the horizon, in proportion to its size: its
row is the horizon's plus a part of its size. That part is how much higher the camera is than the
person's shoulders. Both are estimated by a Kalman filter. It begins with what is known beforehand:
cameras are about as high as shoulders, so that the horizon goes through the shoulders of whoever
is far away (D. Hoiem, A. Efros and M. Hebert, Int. J. Computer Vision 80, 2008).
"""

from __future__ import annotations

import math

import numpy as np

_MIDDLE, _TILT_SD = 0.5, 0.35  # of the horizon, before anything is seen, in heights of the image
# How much higher than the shoulders the camera is, in heights of the image at a distance of 1 m,
# of an adult before a usual lens: 0.25 of their stature.
_HIGHER_SD = 0.65
_ROW_SD = 0.02  # of a row, which lasts while the person stays
# Shoulders that are so far from where they should be, for so many frames: the camera was moved.
_MOVED, _MOVED_SDS, _MOVED_FRAMES = 0.1, 4.0, 8
_NEXT = 0.1  # change of the logarithm of the distance from which on errors are others


class Horizon:
    """Estimates the row of the horizon, in heights of the image from its top."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget everything: it is another camera, or it looks elsewhere."""
        self._state = np.array([_MIDDLE, 0.0])
        self._spread = np.diag([_TILT_SD**2, _HIGHER_SD**2])
        self._last_m, self._off = math.nan, 0

    @property
    def row(self) -> float:
        return float(self._state[0])

    @property
    def deviation(self) -> float:
        """Standard deviation of the row."""
        return math.sqrt(max(float(self._spread[0, 0]), 0.0))

    def forget_person(self) -> None:
        """Somebody of another height is there, before the same camera."""
        self._state[1] = 0.0
        self._spread[1, :] = self._spread[:, 1] = 0.0
        self._spread[1, 1] = _HIGHER_SD**2
        self._last_m = math.nan

    def watch(self, here_m: float, row: float) -> bool:
        """Take in the row of their shoulders at a distance; return whether it told anything."""
        if math.isnan(here_m + row) or here_m <= 0:
            return False
        on = np.array([1.0, 1.0 / here_m])
        spread = math.sqrt(float(on @ self._spread @ on) + _ROW_SD**2)
        off = abs(row - float(on @ self._state)) > max(_MOVED, _MOVED_SDS * spread)
        self._off = self._off + 1 if off else 0
        if self._off >= _MOVED_FRAMES:  # somebody has turned the camera
            self.reset()
            return True
        if abs(math.log(here_m / self._last_m)) < _NEXT:  # False for NaN
            return False
        self._last_m = here_m
        gain = self._spread @ on / (on @ self._spread @ on + _ROW_SD**2)
        self._state = self._state + gain * (row - on @ self._state)
        self._spread = self._spread - np.outer(gain, on @ self._spread)
        return True
