# SPDX-License-Identifier: Apache-2.0
"""How often the same is said to somebody who does nothing about it; and when not at all."""

from __future__ import annotations

import math
from typing import Sequence

from dwpose_ros.guidance.checks import CheckResult

PATIENCE = 4  # times the same is said in vain; then the part is named, and then comes a pause
PAUSE_S = 15.0  # and twice as long each time that it was in vain, too
LONGEST_PAUSE_S = 240.0
LASTING_S = 1.5  # what changed for so long has changed

What = tuple[str, str]  # the code of an instruction, and the part that it is about


class Repetition:
    """With one person, who is to do something. Times are seconds on any one clock."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Something else is wrong than before, or with somebody else."""
        self._said: dict[What, int] = {}  # in vain: how often
        self._heeded_since: float | None = None  # from when on some of it is wrong no more
        self._pauses, self._pause_until = 0, -math.inf

    def pausing(self, now: float) -> bool:
        return now < self._pause_until

    def said(self, what: What) -> int:
        """How often that was said in vain."""
        return self._said.get(what, 0)

    @property
    def exhausted(self) -> bool:
        """Something was said as often as it will be."""
        return PATIENCE in self._said.values()

    def watch(self, what: What, due_s: float, results: Sequence[CheckResult], now: float) -> None:
        """See what is wrong in a new frame: most of all ``what``, which is due for ``due_s``.

        All is forgotten once some of what was said is wrong no more, or in a pause something else
        is; for a while.
        """
        wrong = {(code, v.part) for v in results if v.ok is not True for code in (v.code, "show")}
        if self._said.keys() <= wrong:
            self._heeded_since = None
        elif self._heeded_since is None:
            self._heeded_since = now
        heeded = self._heeded_since is not None and now - self._heeded_since >= LASTING_S
        other = what not in self._said and due_s >= LASTING_S
        if heeded or (other and self.pausing(now)):
            self.forget()

    def spoke(self, what: What, moved: bool, now: float) -> None:
        """That is being said to somebody who ``moved`` when they last heard it, or did not."""
        if what[0] == "pause":
            self._said = dict.fromkeys(self._said, 0)
            self._pause_until = now + min(PAUSE_S * 2**self._pauses, LONGEST_PAUSE_S)
            self._pauses += 1
        else:  # who has done something about it has not heard it in vain
            self._said[what] = 1 if moved else self.said(what) + 1
