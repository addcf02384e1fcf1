"""The coach: from what the checks found, one instruction at a time, a countdown, and a capture."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple, Sequence

from dwpose_ros.guidance.checks import Verdict
from dwpose_ros.guidance.profile import Profile

CAPTURE_TIMEOUT_S = 10.0  # after which a capture that was not answered counts as failed
RETRY_S = 6.0  # after a failed capture, before the next
BLIND_S = 2.0  # without a frame for longer, nobody knows whether they held still
NEW_SESSION_S = 3.0  # once done, nobody in view for so long begins anew


class State(IntEnum):
    """As in Guidance.msg."""

    SEARCHING = 0
    ADJUSTING = 1
    HOLDING = 2
    CAPTURED = 3
    DONE = 4


class Decision(NamedTuple):
    """What is to be shown, said and done now."""

    state: State
    code: str  # instruction; empty for none
    part: str  # of the body that the instruction is about; empty for none
    progress: float  # share of the checks that hold
    hold_remaining: float  # s
    speak: bool  # say the instruction aloud now
    capture: bool  # take the picture now; then tell by `captured`


class Coach:
    """Decides for one profile. All times are seconds on any one clock, and come as arguments."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self._state = State.SEARCHING
        self._time = float("-inf")
        self.restart()

    def restart(self) -> None:
        """Begin anew: with the first instruction."""
        self._state = State.SEARCHING
        self._current = self._candidate = ("", "")
        self._candidate_since = 0.0
        self._hold_since: float | None = None
        self._capture_since: float | None = None
        self._failed_at = float("-inf")
        self._empty_since: float | None = None
        self._spoken = ("", "")
        self._spoken_at = float("-inf")

    @property
    def done(self) -> bool:
        return self._state == State.DONE

    def update(self, verdicts: Sequence[Verdict], now: float) -> Decision:
        """Decide from the checks of one frame, in order of priority."""
        if now < self._time:  # the clock jumped back: its intervals mean nothing any more
            state = self._state
            self.restart()
            self._state = state
        elif now - self._time > BLIND_S:
            self._hold_since = None
        self._time = now
        failed = next((v for v in verdicts if not v.ok), None)
        progress = sum(v.ok for v in verdicts) / len(verdicts) if verdicts else 0.0
        somebody = not verdicts or verdicts[0].name != "somebody" or verdicts[0].ok
        if self._state in (State.CAPTURED, State.DONE):
            return self._rest(somebody, progress, now)
        if self._capture_since is not None:
            if now - self._capture_since > CAPTURE_TIMEOUT_S:
                self.captured(False, now)
            return self._decide(State.HOLDING, "", "", progress, now)
        if now - self._failed_at < RETRY_S:
            self._current = self._candidate = ("capture_failed", "")
            return self._decide(State.ADJUSTING, "capture_failed", "", progress, now)
        if failed is None:
            return self._hold(progress, now)
        self._hold_since = None
        if self._current[0] == "hold_still":
            self._current = ("", "")  # no longer true
        state = State.ADJUSTING if somebody else State.SEARCHING
        code, part = self._debounced((failed.code, failed.part), now)
        return self._decide(state, code, part, progress, now)

    def captured(self, success: bool, now: float) -> None:
        """Tell how the capture went: if well, the session is done; if not, it goes on."""
        self._capture_since = self._hold_since = None
        self._current = self._candidate = ("", "")
        self._state = State.CAPTURED if success else State.ADJUSTING
        self._spoken = ("", "")
        if not success:
            self._failed_at = now

    def _hold(self, progress: float, now: float) -> Decision:
        if self._hold_since is None:
            self._hold_since = now
        remaining = max(0.0, self.profile.hold_s - (now - self._hold_since))
        code, part = self._debounced(("hold_still", ""), now)
        decision = self._decide(State.HOLDING, code, part, progress, now)
        if remaining == 0:
            self._capture_since = now
            return decision._replace(capture=True)
        return decision._replace(hold_remaining=remaining)

    def _rest(self, somebody: bool, progress: float, now: float) -> Decision:
        if somebody:
            self._empty_since = None
        elif self._empty_since is None:
            self._empty_since = now
        elif now - self._empty_since > NEW_SESSION_S:
            self.restart()
            return self._decide(State.SEARCHING, "", "", progress, now)
        state, self._state = self._state, State.DONE
        return Decision(state, "done", "", progress, 0.0, state == State.CAPTURED, False)

    def _debounced(self, wanted: tuple[str, str], now: float) -> tuple[str, str]:
        """The instruction in force: it changes when another was due for long enough."""
        if wanted != self._candidate:
            self._candidate, self._candidate_since = wanted, now
        if now - self._candidate_since >= self.profile.debounce_s:
            self._current = wanted
        elif wanted[0] == "hold_still":
            return "", ""  # never show advice that is no longer true
        return self._current

    def _decide(self, state: State, code: str, part: str, progress: float,
                now: float) -> Decision:
        self._state = state
        spoken_for = now - self._spoken_at
        same = (code, part) == self._spoken
        due = spoken_for >= (self.profile.repeat_s if same else self.profile.gap_s)
        true_now = (code, part) == self._candidate
        speak = bool(code) and due and true_now and not (same and state == State.HOLDING)
        if speak:
            self._spoken, self._spoken_at = (code, part), now
        return Decision(state, code, part, progress, 0.0, speak, False)
