# SPDX-License-Identifier: Apache-2.0
"""How often an instruction is repeated if it has no effect; the pauses and the goodbye after."""

from __future__ import annotations

import math
from typing import Sequence

from dwpose_ros.guidance.checks import CheckResult

MOST_REPETITIONS = 4  # without effect; then the body part is named, then there is a pause
MOST_PAUSES = 2  # without effect; then it is time for a goodbye
PAUSE_S = 15.0  # doubled after each pause without effect
LONGEST_PAUSE_S = 240.0
LASTING_S = 1.5  # a change counts after it has lasted for so long

What = tuple[str, str]  # code of an instruction, and the body part that it names


class Repetition:
    """Counts the instructions without effect to one person. Times are seconds on any one clock."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Start again, since another check fails or another person is there."""
        self._said: dict[What, int] = {}  # how often each was said without effect
        self._heeded_since: float | None = None  # when a fault that was mentioned went away
        self._pauses, self._pause_until = 0, -math.inf

    def pausing(self, now: float) -> bool:
        return now < self._pause_until

    @property
    def over(self) -> bool:
        """Whether nothing came of it after all, so that it is time for a goodbye."""
        return self._pauses >= MOST_PAUSES

    def said(self, what: What) -> int:
        """Return how often that was said without effect."""
        return self._said.get(what, 0)

    @property
    def exhausted(self) -> bool:
        """Whether an instruction has been repeated as often as it will be."""
        return MOST_REPETITIONS in self._said.values()

    def watch(self, what: What, due_s: float, results: Sequence[CheckResult], now: float) -> None:
        """Process the results of a new frame.

        All counts are reset once a fault that was mentioned is gone for LASTING_S, or another
        fault lasts that long during a pause.

        Args:
            what: the most important instruction now.
            due_s: for how long it has been the most important one, s.
            results: of all checks.
            now: current time, s.
        """
        wrong = {
            (code, result.body_part)
            for result in results
            if result.ok is not True
            for code in (result.code, "show")
        }
        if self._said.keys() <= wrong:
            self._heeded_since = None
        elif self._heeded_since is None:
            self._heeded_since = now
        heeded = self._heeded_since is not None and now - self._heeded_since >= LASTING_S
        other = what not in self._said and due_s >= LASTING_S
        if heeded or (other and self.pausing(now)):
            self.forget()

    def spoke(self, what: What, moved: bool, now: float) -> None:
        """Record that an instruction is being spoken.

        Args:
            what: the instruction.
            moved: the person moved after they last heard it.
            now: current time, s.
        """
        if what[0] == "goodbye":
            self._pause_until = math.inf
        elif what[0] == "pause":
            self._said = dict.fromkeys(self._said, 0)
            self._pause_until = now + min(PAUSE_S * 2**self._pauses, LONGEST_PAUSE_S)
            self._pauses += 1
        else:  # if they moved, the last time was not without effect
            self._said[what] = 1 if moved else self.said(what) + 1
