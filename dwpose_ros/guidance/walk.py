# SPDX-License-Identifier: Apache-2.0
"""What one frame shows of a person's place, and a walk that they were asked for."""

from __future__ import annotations

import math
from typing import NamedTuple


class Seen(NamedTuple):
    """What one frame shows of the person's place."""

    time_s: float
    here_m: float
    """Distance by an adult's stature and FOCAL, m; NaN if unknown."""
    nearer: float
    """Logarithm of their size in the picture, up to a constant."""
    aside: float
    """Their place to the picture's right, in statures, up to a constant."""
    row: float
    """Of their shoulders, in heights of the image; NaN if unknown."""
    knee_drop: float = math.nan
    """As sitting.py measures it."""
    breadth: float = math.nan
    """Widths of shoulders plus hips, in torso lengths; NaN if unknown."""
    head_deg: float = math.nan
    """How far the head is turned."""


class Walk(NamedTuple):
    """A walk that the person was asked for."""

    code: str
    units: float
    """Steps or metres asked for; NaN for "a little"."""
    start: Seen
    ended: bool = False
    """By being told that it is enough."""
    speed: float = 0.0
    """The highest, towards the camera or away from it, m/s by `here_m`."""
