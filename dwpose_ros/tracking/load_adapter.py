# SPDX-License-Identifier: Apache-2.0
"""How much work each frame gets, so that a slow machine keeps up with its camera."""

from __future__ import annotations

from typing import NamedTuple

WINDOW_S = 3.0  # between two looks
SLOW_LOOKS = 2  # in a row, until less is done
TOO_MANY, FEW = 0.1, 0.02  # shares of the frames that are dropped: less work, or perhaps more
PATIENT_S = 20.0  # at least, before a frame gets more work again
BUSY = 0.7  # share of the time that the engine may be expected to take then
FULL = 0.95  # the same, from which frames are skipped: fewer are dropped for detections alone
_NEWEST = 0.1  # weight of the newest frame in the mean times


class Effort(NamedTuple):
    """The work that frames get."""

    detect_every: int
    """The detector runs on every n-th frame that is used."""
    use_every: int
    """Every n-th frame is used."""


def efforts(detect_every: int, max_detect_every: int, skip_frames: bool) -> list[Effort]:
    """Return all efforts from the one that is wanted to the least."""
    found = [Effort(detect_every, 1)]
    while (last := found[-1].detect_every) < max_detect_every:
        found.append(Effort(min(2 * last, max_detect_every), 1))
    if skip_frames:
        found.append(Effort(found[-1].detect_every, 2))
    return found


class LoadAdapter:
    """Chooses an effort by how many frames are dropped. Times are seconds on any one clock.

    Less is done once one in ten frames is dropped for some seconds. More is done again only if the
    times measured so far say that it will fit, so that it does not go to and fro.
    """

    def __init__(self, detect_every: int, max_detect_every: int, skip_frames: bool) -> None:
        self._efforts = efforts(detect_every, max_detect_every, skip_frames)
        self._level = 0
        self._since = self._changed = -1.0
        self._frames = self._dropped = self._slow = 0
        self._busy_s = {True: 0.0, False: 0.0}  # a frame's mean time, with the detector or without

    @property
    def effort(self) -> Effort:
        """The work that frames get now."""
        return self._efforts[self._level]

    def __call__(self, now: float, busy_s: float, detected: bool, dropped: int) -> bool:
        """Note a frame that was processed, and return whether the effort has changed.

        Args:
            busy_s: how long it took.
            detected: whether the detector ran on it.
            dropped: how many frames were dropped so far, skipped ones not included.
        """
        mean = self._busy_s[detected]
        self._busy_s[detected] = mean + _NEWEST * (busy_s - mean) if mean else busy_s
        if self._since < 0:
            self._since, self._changed, self._dropped = now, now, dropped
        self._frames += 1
        if now - self._since < WINDOW_S:
            return False
        lost = dropped - self._dropped
        share = lost / (lost + self._frames)
        arrive_hz = (lost + self._frames) * self.effort.use_every / (now - self._since)
        before = self._level
        self._slow = self._slow + 1 if share > TOO_MANY else 0
        if self._slow >= SLOW_LOOKS:
            self._level += self._less_helps(arrive_hz)
        elif share < FEW and self._level and now - self._changed >= PATIENT_S:
            self._level -= self._load(self._efforts[self._level - 1], arrive_hz) < BUSY
        self._since, self._frames, self._dropped = now, 0, dropped
        if self._level != before:
            self._changed, self._slow = now, 0
        return self._level != before

    def _less_helps(self, arrive_hz: float) -> bool:
        """Whether there is a lesser effort, and reason for it."""
        if self._level + 1 == len(self._efforts):
            return False
        skips = self._efforts[self._level + 1].use_every > self.effort.use_every
        return not skips or self._load(self.effort, arrive_hz) > FULL

    def _load(self, effort: Effort, arrive_hz: float) -> float:
        """Return the share of the time that the engine is expected to take; more than 1 cannot."""
        with_detector = self._busy_s[True] / effort.detect_every
        without = self._busy_s[False] * (1 - 1 / effort.detect_every)
        return (with_detector + without) * arrive_hz / effort.use_every
