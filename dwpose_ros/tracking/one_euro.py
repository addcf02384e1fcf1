# SPDX-License-Identifier: Apache-2.0
"""The One-Euro filter on keypoints: still people stand still, fast hands are not held back.

Casiez, Roussel and Vogel, "1 Euro Filter: A Simple Speed-based Low-pass Filter for Noisy Input in
Interactive Systems", CHI 2012: a first-order low-pass whose cutoff grows with speed.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from dwpose_ros.core.person_poses import PersonPoses


class OneEuro:
    """Smooths the points of people who carry ids.

    ``min_cutoff`` (Hz) is the cutoff for a point at rest, ``beta`` (Hz per size/s) how it grows
    with the point's speed, ``d_cutoff`` (Hz) that of the speed itself. Unlike the paper, speed is
    counted in sizes, the root of the area of the person's box and about a metre on a standing
    adult, so that people near and far are smoothed alike; it is the length of both axes'
    together, so that no direction is smoothed more than another; and it is taken between points
    as they were found, so that the lag does not depend on the frame rate.

    The lag at a steady speed v (sizes/s) is 1 / (2 pi (min_cutoff + beta v)). What the defaults
    cost and bring at 30 Hz, as test/pose/test_smoothing.py measures it:

    ==============================================  ========================
    a hand at a steady 0.3 sizes/s (slow)           57 ms late
    a hand at a steady 1 size/s                     23 ms late
    a hand at a steady 3 sizes/s                    8 ms late
    a hand that sets off at 1 size/s                31 ms late at worst
    a hand that waves, once a second, +-0.3 sizes   20 ms late
    noise of 0.6 % of a size, person at rest        39 % left (deviation)
    ==============================================  ========================

    ValueError where a parameter is not a finite number, or below 0; the cutoffs must exceed 0.
    """

    def __init__(self, min_cutoff: float = 1.0, beta: float = 6.0, d_cutoff: float = 2.0) -> None:
        for name, value, positive in (
            ("min_cutoff", min_cutoff, True),
            ("beta", beta, False),
            ("d_cutoff", d_cutoff, True),
        ):
            if not math.isfinite(value) or value < 0 or (positive and value == 0):
                least = "greater than 0" if positive else "0 or greater"
                raise ValueError(f"{name} is {value}, wanted a finite number, {least}")
        self.min_cutoff, self.beta, self.d_cutoff = min_cutoff, beta, d_cutoff
        self.reset()

    _raw: np.ndarray  # (n, 133, 2) of the people of the last call, as they came in
    _xy: np.ndarray  # the same as they went out
    _speed: np.ndarray
    _seen: np.ndarray  # (n, 133)

    def reset(self) -> None:
        """Forget everybody: the next people come out as they go in."""
        self._rows: dict[int, int] = {}
        self._time_s = math.nan

    def __call__(self, people: PersonPoses, time_s: float) -> PersonPoses:
        """The n people with smoothed ``xy`` (n, 133, 2); everything else as it is.

        A point that is not seen (score 0) or not finite is left alone, and starts afresh when it
        is seen again; so does somebody who was away, if only for one call. At a time (s) that
        repeats or jumps back, everybody starts afresh.
        """
        ids = people.ids.tolist()
        raw = np.asarray(people.xy, float)
        seen = (people.scores > 0) & np.isfinite(raw).all(2)
        raw = np.where(seen[..., None], raw, 0.0)
        dt = time_s - self._time_s
        if not dt > 0:  # so it is for NaN, at the first call
            self._rows = {}
        xy, speed = raw, np.zeros_like(raw)
        then = [self._rows.get(i, -1) for i in ids]
        if max(then, default=-1) >= 0:
            # Somebody who is new takes any row: their points do not count as seen before.
            known = seen & self._seen[then] & (np.array(then) >= 0)[:, None]
            last, last_speed = self._xy[then], self._speed[then]
            step = raw - self._raw[then]
            size = _sizes(people.boxes)[:, None, None]
            new = last_speed + _weight(self.d_cutoff, dt) * (step / (dt * size) - last_speed)
            pace = np.sqrt(np.einsum("nki,nki->nk", new, new))
            weight = _weight(self.min_cutoff + self.beta * pace, dt)[..., None]
            xy = np.where(known[..., None], last + weight * (raw - last), raw)
            speed = np.where(known[..., None], new, 0.0)
        self._rows = {i: row for row, i in enumerate(ids)}
        self._raw, self._xy, self._speed = raw, xy, speed
        self._seen, self._time_s = seen, time_s
        return people.replace(xy=np.where(seen[..., None], xy, people.xy).astype(np.float32))


def _weight(cutoff: float | np.ndarray, dt: float) -> Any:
    """Of the new sample, in a first-order low-pass with this cutoff (Hz)."""
    return 1 / (1 + 1 / (2 * math.pi * dt * cutoff))


def _sizes(boxes: np.ndarray) -> np.ndarray:
    """(n,) px, the roots of the areas of boxes (n, 4); of those that have none, infinity.

    Then no speed is seen and the point is smoothed as at rest.
    """
    sides = np.asarray(boxes[:, 2:], float) - boxes[:, :2]
    areas = np.where((sides > 0).all(1), sides[:, 0] * sides[:, 1], np.inf)
    return np.sqrt(np.where(areas > 0, areas, np.inf))
