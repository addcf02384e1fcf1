# SPDX-License-Identifier: Apache-2.0
"""The coaches that are compared: ours, a plain one, and none."""

from __future__ import annotations

import math

from dwpose_ros.guidance import Coach
from dwpose_ros.guidance.decision import Decision, State


class Silent:
    """Gives no guidance, and takes the picture if all is right by chance."""

    def __init__(self, profile) -> None:
        self._coach = Coach(profile)

    def update(self, results, now: float, **more) -> Decision:
        return self._coach.update(results, now, **more)._replace(speak=False)

    def __getattr__(self, name):
        return getattr(self._coach, name)


class Plain:
    """Says the first thing that is wrong, as soon as it may speak.

    It has no debounce, no number of steps and no pause after an instruction, and its checks have
    no hysteresis.
    """

    def __init__(self, profile) -> None:
        self._steps, self._at = list(profile.steps), 0
        self._said_at, self._since = -math.inf, None
        self.done = self.complete = False

    @property
    def profile(self):
        return self._steps[self._at]

    def update(self, results, now: float, **more) -> Decision:
        wrong = next((result for result in results if result.ok is False), None)
        if wrong is None:
            self._since = now if self._since is None else self._since
            take = now - self._since >= self.profile.hold_s
            return Decision(State.HOLDING, "", "", 1.0, 0.0, False, take)
        self._since = None
        speak = now - self._said_at >= 1.0
        if speak:
            self._said_at = now
        return Decision(
            State.ADJUSTING, wrong.code, wrong.body_part, 0.0, 0.0, speak, False, count=1
        )

    def captured(self, success: bool, now: float, retake: bool = False) -> None:
        self._since = None
        if not success:
            return
        if self._at + 1 < len(self._steps):
            self._at += 1
        else:
            self.done = self.complete = True


COACHES = {"coach": Coach, "plain": Plain, "silent": Silent}
