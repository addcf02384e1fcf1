# SPDX-License-Identifier: Apache-2.0
"""Whether the voice is speaking, as far as a session can know without hearing it."""

from __future__ import annotations

import math
from collections.abc import Callable

from dwpose_ros.guidance.phrases import speaking_s
from dwpose_ros.guidance.tones import said_by_tones

BREATH_S = 0.2  # between two sentences, whatever each takes on its way to the voice


class Voice:
    """Speaks sentences, and estimates until when each takes.

    Args:
        say: speaks a text in place of the current one; an empty text is silence.
        cues: one of CUES; with "tones", what a tone can say is not spoken.
    """

    def __init__(self, say: Callable[[str], None], cues: str = "speech") -> None:
        self.cues = cues
        self.reports_speaking = False
        """The voice's own report that it is speaking."""
        self._say = say
        self._silent = True  # nothing was said since the voice was silenced
        self.forget()

    def forget(self) -> None:
        """Wait no longer for the current sentence, but let it be spoken to its end."""
        self._said_at_s, self._takes_s = -math.inf, 0.0

    def say(self, text: str, now_s: float, code: str = "") -> None:
        """Speak a sentence, which is about this instruction."""
        if self.leaves_out(code):
            return
        self._said_at_s, self._takes_s = now_s, speaking_s(text)
        self._silent = False
        self._say(text)

    def leaves_out(self, code: str) -> bool:
        """Whether an instruction is left to the tones."""
        return self.cues == "tones" and said_by_tones(code)

    def interrupt(self) -> None:
        """End the current sentence."""
        self._said_at_s = -math.inf
        if not self._silent:
            self._silent = True
            self._say("")

    def busy(self, now_s: float) -> bool:
        """Return whether a sentence is being spoken: by its length, or by the voice's report.

        A voice that never ends, or has died, is not waited for much longer.
        """
        longest_s = 3 * self._takes_s + 6 if self.reports_speaking else self._takes_s
        return 0 <= now_s - self._said_at_s < BREATH_S + longest_s
