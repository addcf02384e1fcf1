# SPDX-License-Identifier: Apache-2.0
"""How a person's place changes on each axis of advice."""

from __future__ import annotations

import math
from statistics import median

from dwpose_ros.guidance.checks import CheckResult
from dwpose_ros.guidance.checks.facing import wrapped

SETTLED_S = 0.4  # movement is measured over this time
SLOW_S = 1.0  # and slow movement over this time
ANGLES = {"turn", "head"}  # axes whose values are degrees


def places(found: dict[str, CheckResult]) -> dict[str, float]:
    """Return the person's position on the axes that have a measure; NaN if unknown."""

    def of(name: str, what: str = "value") -> float:
        return getattr(found[name], what) if name in found else math.nan

    return {
        "depth": of("too_close", "track"),
        "side": of("centred", "track"),
        "turn": of("facing"),
        "head": of("looking"),
    }


def way_of(
    trail: list[tuple[float, float]], value: float, now: float, angle: bool = False
) -> tuple[float, float]:
    """Return how much a value on an axis changed recently, and the smaller change of the two
    halves of a longer time, if they have the same direction; 0 if unknown.

    Args:
        trail: earlier times, s, and values; the new one is added, and old ones are removed.
        value: the new one.
        now: its time, s.
        angle: values are degrees, which begin anew at 180.
    """
    value = _unwrapped(trail, value) if angle else value
    old = [(t, v) for t, v in trail if now - t <= SLOW_S] or trail[-1:]
    trail[:] = [*old, (now, value)]
    half_s = SLOW_S / 2
    late = [v for t, v in trail if now - t <= half_s and not math.isnan(v)]
    early = [v for t, v in trail if now - t >= half_s and not math.isnan(v)]
    whole = now - trail[0][0] > 0.8 * SLOW_S
    changes = (_change(early), _change(late)) if whole else (0.0, 0.0)
    slow = min(changes, key=abs) if changes[0] * changes[1] > 0 else 0.0
    recent = [v for t, v in trail[:-1] if now - t <= SETTLED_S] or [v for _, v in trail[-2:-1]]
    return _change([v for v in (*recent, value) if not math.isnan(v)]), slow


def _unwrapped(trail: list[tuple[float, float]], degrees: float) -> float:
    """Return an angle beside the last one: from behind it is 179 and -179 by turns."""
    last = next((v for _, v in reversed(trail) if not math.isnan(v)), degrees)
    return last + wrapped(degrees - last)


def _change(values: list[float]) -> float:
    if not values:
        return 0.0
    # Compare medians of three values, if there are enough, since a single frame may be wrong.
    few = min(3, len(values) // 2) or 1
    return median(values[-few:]) - median(values[:few])
