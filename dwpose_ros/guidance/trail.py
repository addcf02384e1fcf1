# SPDX-License-Identifier: Apache-2.0
"""Where keypoints were lately, and how fast hands move."""

from __future__ import annotations

import math

import numpy as np

_SPEED_TIME_S = 0.35  # time over which keypoint speed is measured
_LATEST_S = 0.15  # the same for hands that have just come to rest
_LONGEST_S = 2.0  # longest time between two frames for measuring speed
Trail = list[tuple[float, np.ndarray, np.ndarray]]  # times, points, and which are visible


def swiftness(
    trail: Trail,
    time_s: float,
    xy: np.ndarray,
    seen: np.ndarray,
) -> list[float]:
    """Return the speed of the points of each hand, px/s; NaN for one of which none is visible
    twice.

    Args:
        trail: as the other arguments, for earlier frames.
        xy: (hands, 22, 2) px.
        seen: (hands, 22) bool.

    It is the smaller of the speeds over a longer and a shorter time, so that a hand that has just
    come to rest is recognized. Movements are divided by the whole time, since otherwise noise
    between two frames would count as movement.
    """
    both = np.array([was_seen for _, _, was_seen in trail]) & seen
    counts = both.sum(2)
    with np.errstate(over="ignore", invalid="ignore"):  # those not seen may be anywhere
        off = np.array([old for _, old, _ in trail]) - xy
        far = np.where(both, np.hypot(off[..., 0], off[..., 1]), np.inf)
    far.sort(2)
    # The median of those seen both times, against misplaced fingertips. All at once: one by one,
    # they were a third of what the guidance takes for a message.
    middle = np.stack([(counts - 1) // 2, counts // 2], 2)
    medians = np.take_along_axis(far, middle, 2).sum(2) / 2
    return [
        _speed_of(trail, time_s, medians[:, hand].tolist(), counts[:, hand].tolist())
        for hand in range(len(xy))
    ]


def _speed_of(
    trail: Trail,
    time_s: float,
    medians: list[float],
    counts: list[int],
) -> float:
    """Return the speed of a hand from how far it was away, px, in each frame of the trail."""
    steps = [
        (time_s - then, median)
        for (then, _, _), median, count in zip(trail, medians, counts)
        if count
    ]
    if not steps:
        return math.nan
    ago = min(ago for ago, _ in steps)
    spans = [max(lasted, ago) for lasted in (_SPEED_TIME_S, _LATEST_S)]
    return min(max(moved for t, moved in steps if t <= span) / min(span, 1.0) for span in spans)


def lately(trail: Trail, time_s: float) -> Trail:
    """Return the entries of a trail that are recent enough for measuring speed, oldest first.

    It is only the last one if the frame rate is low, and none if the time jumps."""
    if trail and not 0 < time_s - trail[-1][0] <= _LONGEST_S:
        return []
    return [seen for seen in trail if time_s - seen[0] <= _SPEED_TIME_S] or trail[-1:]
