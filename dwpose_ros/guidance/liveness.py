# SPDX-License-Identifier: Apache-2.0
"""Tell people from things, such as dolls, posters and statues, and from reflections.

Nobody who stands keeps as still as a thing: the centre of pressure of people who are asked to
stand quietly moves by centimetres within seconds (T. Prieto et al., IEEE Trans. Biomed. Eng. 43,
1996), and heads and hands by more. A reflection moves when the person does, and only then.
"""

from __future__ import annotations

import math
from collections import deque

import numpy as np

from dwpose_ros.core.person_poses import THRESHOLD, PersonPoses

LIFELESS_S = 10.0  # who has not moved at all for so long is a thing
MOST_STILL = 0.004  # movement of its parts meanwhile, in heights, of means over a second
_FROZEN = 1e-6  # the same frame again and again, as of a camera that hangs, tells nothing
STIRS = 0.01  # who moves so much again is alive
_BODY = 17
_MEAN_S = 1.0
_LEAST_FRAMES = 3
_PARTS = 0.8  # quantile of the points' movements: of a person some move more than others
# A reflection: the speeds of both, over this time, go together as closely as this.
_TOGETHER_S, _TOGETHER = 3.0, 0.9
_SPEED_S, _LEAST_SPEED = 0.3, 0.15  # heights a second; of people at rest nothing can be told


class _Track:
    def __init__(self) -> None:
        self.frames: deque[tuple[float, np.ndarray]] = deque()  # of the last second
        self.means: deque[tuple[float, np.ndarray]] = deque()
        self.speeds: deque[tuple[float, float]] = deque()
        self.lifeless = self.reflection = False
        self.seen_s = -math.inf


class Liveness:
    """Tells things from people by how they move. Times are in seconds on any one clock."""

    def __init__(self) -> None:
        self._tracks: dict[int, _Track] = {}

    def watch(self, people: PersonPoses, now: float) -> None:
        """Take in a frame; the ids are those of a tracker."""
        for row, track_id in enumerate(people.ids.tolist()):
            track = self._tracks.setdefault(track_id, _Track())
            if not 0 <= now - track.seen_s < _MEAN_S:
                self._tracks[track_id] = track = _Track()
            track.seen_s = now
            tall = max(float(people.boxes[row, 3] - people.boxes[row, 1]), 1.0)
            points = people.xy[row, :_BODY] / tall
            seen = people.scores[row, :_BODY] > THRESHOLD
            self._measure(track, np.where(seen[:, None], points, np.nan), now)
        self._tracks = {i: t for i, t in self._tracks.items() if abs(now - t.seen_s) < LIFELESS_S}

    @staticmethod
    def _measure(track: _Track, points: np.ndarray, now: float) -> None:
        before = next((f for f in reversed(track.frames) if now - f[0] >= _SPEED_S), None)
        if before is not None:
            then, there = before
            way = np.hypot(*(points - there).T)
            way = float(np.median(way[~np.isnan(way)])) if (~np.isnan(way)).any() else 0.0
            track.speeds.append((now, way / (now - then)))
        while track.speeds and now - track.speeds[0][0] > _TOGETHER_S:
            track.speeds.popleft()
        track.frames.append((now, points))
        if now - track.frames[0][0] < _MEAN_S:
            return
        if len(track.frames) >= _LEAST_FRAMES:
            frames = np.array([p for _, p in track.frames])
            known = ~np.isnan(frames[..., 0]).any(0)
            mean = np.full((_BODY, 2), np.nan)
            mean[known] = frames[:, known].mean(0)
            track.means.append((now, mean))
        track.frames.clear()
        track.frames.append((now, points))
        while len(track.means) > 1 and now - track.means[1][0] >= LIFELESS_S:
            track.means.popleft()
        moved = _range([mean for _, mean in track.means])
        if moved > STIRS:
            track.lifeless = False
        elif now - track.means[0][0] >= LIFELESS_S - _MEAN_S and _FROZEN < moved < MOST_STILL:
            track.lifeless = True

    def lifeless(self, track_id: int) -> bool:
        """Whether this one has not moved at all for LIFELESS_S."""
        track = self._tracks.get(track_id)
        return track is not None and track.lifeless

    def reflects(self, track_id: int, person_id: int) -> bool:
        """Whether the first moves whenever the second does; once seen, until it is lost."""
        one, other = self._tracks.get(track_id), self._tracks.get(person_id)
        if one is None or other is None:
            return False
        mine, theirs = dict(one.speeds), dict(other.speeds)
        times = sorted(mine.keys() & theirs.keys())
        if times and times[-1] - times[0] > 0.8 * _TOGETHER_S:
            a, b = (np.array([speeds[t] for t in times]) for speeds in (mine, theirs))
            if min(a.max(), b.max()) > _LEAST_SPEED and min(a.std(), b.std()) > 0:
                one.reflection = float(np.corrcoef(a, b)[0, 1]) > _TOGETHER
        return one.reflection


def _range(means: list[np.ndarray]) -> float:
    """Return how far the points went, in heights; infinite if too little is known."""
    if len(means) < 2:
        return math.inf
    found = np.array(means)
    known = ~np.isnan(found[..., 0]).any(0)
    if known.sum() < 3:
        return math.inf
    moved = np.ptp(found[:, known], axis=0).max(1)
    return float(np.quantile(moved, _PARTS))
