# SPDX-License-Identifier: Apache-2.0
"""States, instructions and decisions of the coach."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple


class State(IntEnum):
    """The states of Guidance.msg."""

    SEARCHING = 0
    ADJUSTING = 1
    HOLDING = 2
    CAPTURED = 3
    DONE = 4


# Which state may follow which, beside itself. SEARCHING may follow any: whoever is guided may
# leave, and a new session begins with it.
FOLLOWS: dict[State, set[State]] = {
    State.SEARCHING: {State.ADJUSTING, State.HOLDING},
    State.ADJUSTING: {State.SEARCHING, State.HOLDING, State.CAPTURED},
    State.HOLDING: {State.SEARCHING, State.ADJUSTING, State.CAPTURED},
    State.CAPTURED: {State.SEARCHING, State.DONE},
    State.DONE: {State.SEARCHING, State.ADJUSTING, State.HOLDING},
}


class Instruction(NamedTuple):
    """What the person is asked to do; an empty code is nothing."""

    code: str = ""
    body_part: str = ""
    """Of the body, that it is about; empty for none."""
    magnitude: str = ""
    """"little", "half" (of a metre to roll), "" or "big"."""
    count: int = 0  # type: ignore[assignment]  # hides tuple.count
    """Of steps to take, or of the seconds of a countdown."""

    @property
    def what(self) -> tuple[str, str]:
        """Code and body part, without the amount."""
        return self.code, self.body_part


class Decision(NamedTuple):
    """What is to be shown, spoken and done now."""

    state: State
    code: str  # instruction; empty for none
    body_part: str  # of the body that the instruction is about; empty for none
    progress: float  # share of the checks that hold
    hold_remaining: float  # s
    speak: bool  # say the instruction aloud now
    capture: bool  # take the picture now; then tell by `captured`
    magnitude: str = ""  # of the instruction: "little", "half", "" or "big"
    count: int = 0  # type: ignore[assignment]  # as of an Instruction
    interrupt_speech: bool = False  # what is being said now has ceased to be true: stop it
