# SPDX-License-Identifier: Apache-2.0
"""How large this person can be in this picture before a border cuts them off.

A camera that is high, low or tilted for somebody may cut them off before they are as large as the
profile wants. Then the picture is as large as can be, rather than that they are told to come
closer and to go back for ever.
"""

from __future__ import annotations

import math

from dwpose_ros.guidance.checks.result import CheckResult
from dwpose_ros.guidance.profile import Profile
from dwpose_ros.guidance.scale import DEPTH

_LASTS_S = 0.5  # shorter, a network has erred
_SMALLER = 0.97  # the size errs, too
_ROOM = 0.82  # share of the size at which they are cut off: they sway, and the network errs
_LEAST = 0.5  # share of the profile's smallest size, below which there is no use in a picture


class Fits:
    """Remembers the smallest size at which one person was cut off, and was not when smaller."""

    def __init__(self) -> None:
        self._cut_size = math.inf
        self._last_cut = math.nan  # size at which a border cut them off last
        self._since_s = math.nan

    def watch(self, cut_off: CheckResult, size: float, now_s: float) -> None:
        """Take in a frame: the result of the check, and their size as a share of the image."""
        if cut_off.ok is False and DEPTH.get(cut_off.code, 1.0) < 0:
            self._since_s = now_s if math.isnan(self._since_s) else self._since_s
            if now_s - self._since_s >= _LASTS_S and size > 0:
                self._last_cut = size
            return
        self._since_s = math.nan
        if cut_off.ok and size < _SMALLER * self._last_cut:  # False for NaN
            self._cut_size = min(self._cut_size, round(self._last_cut, 2))
        if size > self._last_cut:
            self._last_cut = math.nan

    def size_minimum(self, profile: Profile) -> float:
        """Return the smallest size that this person can be asked for; 0: the profile's."""
        fits = max(self._cut_size * _ROOM, profile.size_minimum * _LEAST)
        return fits if fits < profile.size_minimum else 0.0
