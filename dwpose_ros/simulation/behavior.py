# SPDX-License-Identifier: Apache-2.0
"""How simulated people follow instructions: their delays, errors and habits."""

from __future__ import annotations

import math
from typing import NamedTuple


class Gait(NamedTuple):
    """How far one person goes and turns when asked to."""

    forward_m: float = 0.5
    backward_m: float = 0.5
    side_m: float = 0.35
    little: float = 0.3
    """Share of a step that is "a little" to them; of a turn 0.375."""
    metre_m: float = 1.0
    """What they take for a metre."""
    turn_deg: float = 40.0


class Behavior(NamedTuple):
    """How somebody follows instructions."""

    delay_s: tuple[float, float] = (0.4, 0.9)
    """Shortest and longest time from the end of a sentence to the first movement."""
    walk_m_s: float = 0.9
    turn_deg_s: float = 90.0
    gain: float = 1.0
    """Movement done, as a share of the movement asked for."""
    spread: float = 0.12
    """Relative standard deviation of the gain, from movement to movement."""
    gait: Gait | None = None
    """How far they go and turn; None: drawn for each person, as habits.py does."""
    aside: float = 1.0
    """Speed to the side, as a share of the speed ahead."""
    sway_m: float = 0.006
    sway_deg: float = 0.8
    fidget_s: float = math.inf
    """Mean time between spontaneous steps."""
    swaps: float = 0.0
    """Share of sentences in which left and right are confused."""
    misses: float = 0.0
    """Share of sentences that are not heard."""
    leaves_s: float = math.inf
    """Mean time after which they leave the picture for some seconds."""


BEHAVIORS = {
    "obedient": Behavior(),
    "slow": Behavior(delay_s=(1.5, 3.0), walk_m_s=0.35, turn_deg_s=35.0),
    "overshooting": Behavior(gain=1.8, spread=0.3),
    "restless": Behavior(sway_m=0.015, sway_deg=2.5, fidget_s=4.0),
    "confused": Behavior(swaps=0.3),
    "hard_of_hearing": Behavior(misses=0.4),
    "leaving": Behavior(leaves_s=8.0),
}
