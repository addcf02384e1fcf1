"""The coach: from what the checks found, one instruction at a time, a countdown, and a capture."""

from __future__ import annotations

import math
from enum import IntEnum
from typing import NamedTuple, Sequence

from dwpose_ros.guidance.checks import Verdict
from dwpose_ros.guidance.profile import Profile

CAPTURE_TIMEOUT_S = 10.0  # after which a capture that was not answered counts as failed
RETRY_S = 6.0  # after a failed capture, before the next
BLIND_S = 2.0  # without a frame for longer, nobody knows whether they held still
NEW_SESSION_S = 3.0  # once done, nobody in view for so long begins anew
COUNTDOWN_S = 3  # a hold of at least so long is counted down aloud, from here
REACTION_S = 0.4  # nobody acts on a sentence sooner after its end
SETTLED_S = 0.4  # who rests for so long has ended what they were doing
UNDO_S = 3.0  # for so long the opposite of what was said is not said
PATIENCE = 4  # times the same is said in vain; then the part is named, and then comes a pause
PAUSE_S = 15.0
# Whose size, place or turn has changed so much within SETTLED_S is on the way: shares of the
# image, and degrees.
PLACE = {"too_close": 0.025, "centred": 0.02, "facing": 15.0}
UNKNOWN_S = 2.0  # for so long what cannot be judged is waited for

OPPOSITE = {"move_left": "move_right", "move_closer": "move_back", "turn_left": "turn_right"}
OPPOSITE |= {b: a for a, b in OPPOSITE.items()}


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
    grade: str = ""  # of the instruction: "little", "" or "big"
    count: int = 0  # of a countdown: seconds


class Coach:
    """Decides for one profile, step by step. All times are seconds on any one clock, and come as
    arguments: so a session can be replayed from its poses.

    An instruction is spoken once it was due for ``debounce_s``, and again when the person has done
    something and come to rest, or after ``repeat_s`` if they have not; never while they move, nor
    its opposite soon after it, nor over ongoing speech.
    """

    def __init__(self, profile: Profile) -> None:
        self._steps = profile.steps
        self._state = State.SEARCHING
        self._time = -math.inf
        self.restart()

    def restart(self) -> None:
        """Begin anew: with the first step, and the first instruction."""
        self._at = 0
        self._state = State.SEARCHING
        self._empty_since: float | None = None
        self._failed_at = -math.inf
        self._capture_since: float | None = None
        self._begin_step()

    def _begin_step(self) -> None:
        self._current = self._candidate = ("", "", "")
        self._candidate_since = 0.0
        self._hold_since: float | None = None
        self._count = 0
        self._forget_speech()

    def _forget_speech(self) -> None:
        self._spoken = ("", "", "")
        self._spoken_at = -math.inf
        self._heard_at = -math.inf  # the end of what was said
        self._trail: list[tuple[float, list[float]]] = []  # where they were
        self._moved = False  # since it was spoken
        self._rest_since: float | None = None
        self._vain, self._in_vain = ("", ""), 0  # what is wrong, and how often that was said
        self._unknown_since: float | None = None
        self._pause_until = -math.inf

    @property
    def profile(self) -> Profile:
        """The step that is under way."""
        return self._steps[self._at]

    @property
    def done(self) -> bool:
        return self._state == State.DONE

    def update(self, verdicts: Sequence[Verdict], now: float, busy: bool = False) -> Decision:
        """Decide from the checks of one frame, in order of priority.

        ``busy``: something is being spoken; only what ends a hold may be said over it.
        """
        if now < self._time:  # the clock jumped back: its intervals mean nothing any more
            state, at = self._state, self._at
            self.restart()
            self._state, self._at = state, at
        elif now - self._time > BLIND_S:
            self._hold_since = None
        self._time = now
        if busy:
            self._heard_at = now
        self._watch(verdicts, now)
        failed = next((v for v in verdicts if v.ok is False), None)
        unknown = next((v for v in verdicts if v.ok is None and v.required), None)
        known = [v.ok for v in verdicts if v.ok is not None or v.required]
        progress = sum(ok is True for ok in known) / len(known) if known else 0.0
        somebody = not verdicts or verdicts[0].name != "somebody" or bool(verdicts[0].ok)
        if self._state in (State.CAPTURED, State.DONE):
            return self._rest(somebody, progress, now)
        if self._capture_since is not None:
            if now - self._capture_since > CAPTURE_TIMEOUT_S:
                self.captured(False, now)
            return self._decide(State.HOLDING, ("", "", ""), progress, now, busy)
        if now - self._failed_at < RETRY_S:
            self._current = self._candidate = ("capture_failed", "", "")
            return self._decide(State.ADJUSTING, self._current, progress, now, busy)
        if failed is None and unknown is None:
            return self._hold(progress, now, busy)
        self._hold_since = None
        if self._current[0] == "hold_still":
            self._current = ("", "", "")  # no longer true
        state = State.ADJUSTING if somebody else State.SEARCHING
        wanted = self._patiently(failed, unknown, verdicts, now)
        return self._decide(state, self._debounced(wanted, now), progress, now, busy)

    def _patiently(self, failed: Verdict | None, unknown: Verdict | None,
                   verdicts: Sequence[Verdict], now: float) -> tuple[str, str, str]:
        """The instruction for what is wrong; said in vain, the part that is missing, then a pause.

        What cannot be judged is waited for, before the person is asked to do something about it.
        """
        if failed is None:
            if self._unknown_since is None:
                self._unknown_since = now
            if unknown is None or now - self._unknown_since < UNKNOWN_S:
                return "", "", ""
            return unknown.code, unknown.part, unknown.grade
        self._unknown_since = None
        if (failed.code, failed.part) != self._vain:
            self._vain, self._in_vain = (failed.code, failed.part), 0
        if now < self._pause_until:
            return "pause", "", ""
        part = next((v.part for v in verdicts if v.ok is False and v.part), "")
        if self._in_vain == PATIENCE and part and failed.code != "show":
            return "show", part, ""
        if self._in_vain >= PATIENCE:
            return "pause", "", ""
        return failed.code, failed.part, failed.grade

    def captured(self, success: bool, now: float) -> None:
        """Tell how the capture went: if well, the next step comes, or the session is done."""
        self._capture_since = None
        if success and self._at + 1 < len(self._steps):
            self._at += 1
            self._begin_step()
            self._state = State.ADJUSTING
            return
        self._begin_step()
        self._state = State.CAPTURED if success else State.ADJUSTING
        if not success:
            self._failed_at = now

    def _watch(self, verdicts: Sequence[Verdict], now: float) -> None:
        """Does the person act on what was said, and have they come to rest?"""
        # What they do while it is said, or right after, they would have done without it.
        answering = now - self._heard_at > REACTION_S
        values = {v.name: v for v in verdicts if not math.isnan(v.value)}
        self._trail = [(t, p) for t, p in self._trail if now - t <= SETTLED_S] + [
            (now, [values[n].value if n in values else math.nan for n in PLACE])]
        # Who walks towards the camera, or turns, hardly moves in the image.
        walks = any(abs(a - b) > least for a, b, least in zip(
            self._trail[0][1], self._trail[-1][1], PLACE.values()))  # False for NaN
        if walks or "still" in values and values["still"].ok is False:
            self._rest_since = None
            self._moved |= answering
        elif self._rest_since is None:
            self._rest_since = now

    def _hold(self, progress: float, now: float, busy: bool) -> Decision:
        if self._hold_since is None:
            self._hold_since, self._count = now, math.ceil(self.profile.hold_s)
        remaining = max(0.0, self.profile.hold_s - (now - self._hold_since))
        wanted = self._debounced(("hold_still", "", ""), now)
        decision = self._decide(State.HOLDING, wanted, progress, now, busy)
        if remaining == 0:
            self._capture_since = now
            return decision._replace(capture=True)
        decision = decision._replace(hold_remaining=remaining)
        count = math.ceil(remaining)
        if self._said_hold() and not decision.speak and count < self._count <= COUNTDOWN_S + 1:
            decision = decision._replace(code="countdown", speak=True, count=count)
        self._count = count
        return decision

    def _said_hold(self) -> bool:
        return self._spoken[0] == "hold_still" and self.profile.hold_s >= COUNTDOWN_S

    def _rest(self, somebody: bool, progress: float, now: float) -> Decision:
        if somebody:
            self._empty_since = None
        elif self._empty_since is None:
            self._empty_since = now
        elif now - self._empty_since > NEW_SESSION_S:
            self.restart()
            return self._decide(State.SEARCHING, ("", "", ""), progress, now, False)
        state, self._state = self._state, State.DONE
        return Decision(state, "done", "", progress, 0.0, state == State.CAPTURED, False)

    def _debounced(self, wanted: tuple[str, str, str], now: float) -> tuple[str, str, str]:
        """The instruction in force: it changes when another was due for long enough."""
        if wanted[:2] != self._candidate[:2]:
            self._candidate_since = now
        self._candidate = wanted
        if now - self._candidate_since >= self.profile.debounce_s:
            self._current = wanted
        elif wanted[0] == "hold_still":
            return "", "", ""  # never show advice that is no longer true
        return self._current

    def _decide(self, state: State, wanted: tuple[str, str, str], progress: float, now: float,
                busy: bool) -> Decision:
        self._state = state
        code, part, grade = wanted
        speak = bool(code) and wanted[:2] == self._candidate[:2] and self._may_speak(
            code, part, now, busy)
        if speak:
            # Who has done something about it has not heard it in vain.
            self._in_vain = 1 if self._moved else self._in_vain + 1
            if code == "pause":
                self._in_vain = 0
                self._pause_until = now + PAUSE_S
            self._spoken, self._spoken_at, self._moved = wanted, now, False
            self._heard_at = now
        return Decision(state, code, part, progress, 0.0, speak, False, grade)

    def _may_speak(self, code: str, part: str, now: float, busy: bool) -> bool:
        since = now - self._spoken_at
        if code == "hold_still":  # said once, and at once: it calms
            return self._spoken[0] != code or since >= self.profile.repeat_s and (
                self._hold_since == now)
        if busy or (now < self._pause_until and code == "pause"):
            return False
        if since < self.profile.gap_s:
            return False
        if OPPOSITE.get(code) == self._spoken[0] and since < UNDO_S:
            return False
        if since >= self.profile.repeat_s:
            return True
        rested = self._rest_since is not None
        if (code, part) == self._spoken[:2]:
            return self._moved and rested
        return rested or code == "keep_still"
