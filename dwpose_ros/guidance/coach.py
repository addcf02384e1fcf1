"""The coach: from what the checks found, one instruction at a time, a countdown, and a capture."""

from __future__ import annotations

import math
from enum import IntEnum
from typing import NamedTuple, Sequence

from dwpose_ros.guidance.checks import CheckResult
from dwpose_ros.guidance.compliance import GRADUAL, PLACING, ComplianceTracker, axis, undoes
from dwpose_ros.guidance.profile import Profile
from dwpose_ros.guidance.repetition import LASTING_S, PATIENCE, Repetition

CAPTURE_TIMEOUT_S = 10.0  # after which a capture that was not answered counts as failed
RETRY_S = 6.0  # after a failed capture, before the next
FAILURES = 3  # of captures in a row, from which on the person is not asked to wait any more
QUIET_RETRY_S = 30.0  # from then on, before the next; nothing is said then
RETAKES = 3  # of pictures that were not good enough, one after the other; then it has failed
BLIND_S = 2.0  # without a frame for longer, nobody knows whether they held still
NEW_SESSION_S = 3.0  # once done, nobody in view for so long begins anew
ABANDONED_S = 60.0  # and so long where pictures are still to be taken
COUNTDOWN_S = 3  # a hold of at least so long is counted down aloud, from here
UNDO_S = 3.0  # for so long the opposite of what was said is not said
LONGEST_SENTENCE_S = 10.0  # who is said to speak for longer hangs
LONG_WALK = 4  # steps
TURNING_S = 2.0  # for so long a capture waits for who seems to turn
UNKNOWN_S = 2.0  # for so long what cannot be judged is waited for

NEWS = {
    "",
    "next_step",
    "retake",
    "capture_failed",
    "capture_unavailable",
    "pause",
    "done",
}  # true once and for all
# Neither whoever comes to rest nor what was not seen for a moment is worth a sentence.
LASTING = {"keep_still", "show", "more_light", "less_light", "clean_lens"}


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
    magnitude: str = ""  # of the instruction: "little", "" or "big"
    # Of steps to take, or of the seconds of a countdown; it hides tuple.count.
    count: int = 0  # type: ignore[assignment]
    interrupt_speech: bool = False  # what is being said now has ceased to be true: stop it


class _Wish(NamedTuple):
    """An instruction, whether it is said or not."""

    code: str = ""
    part: str = ""
    magnitude: str = ""
    count: int = 0  # type: ignore[assignment]  # as above

    @property
    def what(self) -> tuple[str, str]:
        return self[:2]


class Coach:
    """Decides for one profile, step by step. All times are seconds on any one clock, and come as
    arguments: so a session can be replayed from its poses.

    An instruction is spoken once it was due for ``debounce_s``, and again when the person has done
    something about it and come to rest, or after ``repeat_s`` if they have not; never its opposite
    soon after it, nor over ongoing speech. Two instructions that do not undo each other, as to
    walk and to turn, may follow at once; a third waits until they have begun.
    """

    def __init__(self, profile: Profile) -> None:
        self._steps = profile.steps
        self._state = State.SEARCHING
        self._time = -math.inf
        self.request = 0  # captures that were decided
        self.sessions = 0  # that have begun
        self._failures = 0  # captures that failed, one after the other
        self.restart()

    def restart(self) -> None:
        """Begin anew: with the first step, and the first instruction."""
        self._at = 0
        self._state = State.SEARCHING
        self._empty_since: float | None = None
        self._failed_at = -math.inf
        self._capture_since: float | None = None
        self._retakes = 0
        self._failures = min(self._failures, FAILURES - 1)  # somebody new is told, too
        self._told_unavailable = False
        self.sessions += 1
        self._news = _Wish()
        self._busy_since: float | None = None
        self._first_request = self.request + 1  # whose answer is about this step
        self._begin_step()

    def _begin_step(self) -> None:
        self._current = self._wanted = _Wish()
        self._since: dict[tuple[str, str], float] = {}  # from when on something was due
        self._began: float | None = None
        self._hold_since: float | None = None
        self._count = 0
        self._spoken = _Wish()
        self._spoken_at = self._due_at = -math.inf  # when it was last true, too
        self._responses = ComplianceTracker()
        self._patience = Repetition()
        self._unknown_since: float | None = None

    @property
    def profile(self) -> Profile:
        """The step that is under way."""
        return self._steps[self._at]

    @property
    def done(self) -> bool:
        return self._state == State.DONE

    @property
    def complete(self) -> bool:
        """All pictures are taken, whether that was told or not."""
        return self._state in (State.CAPTURED, State.DONE)

    @property
    def unavailable(self) -> bool:
        """Captures fail whatever the person does, as where the disk is full."""
        return self._failures >= FAILURES

    def update(self, results: Sequence[CheckResult], now: float, busy: bool = False) -> Decision:
        """Decide from the checks of one frame, in order of priority.

        ``busy``: something is being spoken; only that they hold still may be said over it.
        """
        if now < self._time:  # the clock jumped back: its intervals mean nothing any more
            self._empty_since = self._busy_since = None
            self._failed_at = -math.inf
            self._capture_since = None if self._capture_since is None else now
            self._begin_step()
        elif now - self._time > BLIND_S:
            self._hold_since = None
        self._time = now
        somebody = not results or results[0].name != "somebody" or bool(results[0].ok)
        self._begin_anew(somebody, now)
        if self._began is None:
            self._began = now
        busy = self._is_busy(busy, now)
        self._responses.watch(results, now, busy)
        failing = [v for v in results if v.ok is False]
        failed = self._choose(failing, now)
        unknown = next((v for v in results if v.ok is None and v.required), None)
        known = [v.ok for v in results if v.ok is not None or v.required]
        progress = sum(ok is True for ok in known) / len(known) if known else 0.0
        if self._news.code:
            return self._tell_news(progress, now, busy)
        if self.complete:
            return self._rest(progress, busy)
        if self._capture_since is not None:
            if now - self._capture_since > CAPTURE_TIMEOUT_S:
                self.captured(False, now)
            self._due_at = now  # to hold still is right until then
            return self._decide(State.HOLDING, _Wish(), progress, now, busy)
        if self.unavailable:
            fine = failed is None and unknown is None
            return self._try_quietly(fine, progress, now, busy)
        if now - self._failed_at < RETRY_S:
            self._current = self._wanted = _Wish("capture_failed")
            return self._decide(State.ADJUSTING, self._current, progress, now, busy)
        if failed is None and unknown is None:
            return self._hold(progress, now, busy)
        self._hold_since = None
        if self._current.code == "hold_still":
            self._current = _Wish()  # no longer true
        state = State.ADJUSTING if somebody else State.SEARCHING
        wanted = self._patiently(failed, unknown, results, now)
        current = self._debounced(wanted, now, failing, busy)
        return self._decide(state, current, progress, now, busy)

    def _choose(self, failing: Sequence[CheckResult], now: float) -> CheckResult | None:
        """The first that fails; while they are about that, the next that can be done meanwhile.

        A long walk comes before all that can be asked on it.
        """
        by_name = {v.name: v for v in failing}
        walk = next(
            (
                v
                for v in failing
                if v.code in ("move_closer", "move_back") and v.count >= LONG_WALK
            ),
            None,
        )
        if walk is not None and failing[0].code in PLACING:
            failing = [walk, *(v for v in failing if v is not walk)]
        for result in failing:
            due = self._due(result, by_name, now)
            if due is not None and (result is failing[0] or due.code in PLACING):
                return due
        spoken = (v for v in failing if (v.code, v.part) == self._spoken.what)
        return next(spoken, failing[0] if failing else None)

    def _due(
        self, result: CheckResult, failing: dict[str, CheckResult], now: float
    ) -> CheckResult | None:
        """The verdict, or the one that comes first; None if they are about all of that."""
        if result.first in failing:
            due = self._due(failing[result.first], failing, now)
            if due is not None or axis(result.code) == "head":  # it turns with the body
                return due
        about = self._responses.under_way(result.code) or self._responses.awaits(result.code, now)
        return None if about else result

    def _patiently(
        self,
        failed: CheckResult | None,
        unknown: CheckResult | None,
        results: Sequence[CheckResult],
        now: float,
    ) -> _Wish:
        """The instruction for what is wrong; said in vain, the part that is missing, then a pause.

        What cannot be judged is waited for, before the person is asked to do something about it.
        """
        if failed is not None:
            self._unknown_since = None
        elif self._unknown_since is None:
            self._unknown_since = now
        wrong = failed or unknown
        unknown_s = 0.0 if self._unknown_since is None else now - self._unknown_since
        if wrong is None or failed is None and unknown_s < UNKNOWN_S:
            return _Wish()
        what = wrong.code, wrong.part
        self._patience.watch(what, now - self._since.get(what, now), results, now)
        if self._patience.pausing(now):
            return _Wish("pause")
        if self._patience.said(what) >= PATIENCE:
            part = next((v.part for v in results if v.ok is False and v.part), "")
            named = wrong.code == "show" or not part or self._patience.said(("show", part))
            return _Wish("pause") if named else _Wish("show", part)
        if wrong.code == "step_into_view" and (
            self._responses.too_near(now)
            or (
                self._responses.stepping_back(now)
                and now - self._spoken_at < self.profile.repeat_s
            )
        ):
            return _Wish("move_back", count=2)
        return self._wish(wrong)

    def _wish(self, result: CheckResult) -> _Wish:
        """The instruction of a verdict; a smaller one for somebody who overdoes it."""
        instruction = _Wish(result.code, result.part, result.magnitude, result.count)
        ease = self._responses.ease(instruction.code)
        if ease == 1.0 or instruction.code not in GRADUAL:
            return instruction
        count = round(instruction.count * ease)
        return (
            instruction._replace(count=count)
            if count
            else instruction._replace(magnitude="little", count=0)
        )

    def _is_busy(self, busy: bool, now: float) -> bool:
        """A voice that never ends is not waited for."""
        if not busy:
            self._busy_since = None
            return False
        self._busy_since = now if self._busy_since is None else min(self._busy_since, now)
        return now - self._busy_since < LONGEST_SENTENCE_S

    def somebody_else(self) -> None:
        """Another person is guided from now on, who was asked nothing yet but to come."""
        self._responses.forget()
        self._patience.forget()
        self._hold_since = None

    def interrupted(self) -> None:
        """Nobody knows what they do now: to hold still begins anew."""
        self._hold_since = None

    def captured(
        self, success: bool, now: float, retake: bool = False, request: int | None = None
    ) -> None:
        """Tell how the capture went: if well, the next step comes, or the session is done.

        ``retake``: the picture was not good enough. They hold still once more. ``request`` is
        what `self.request` was when the capture was decided: an answer that comes so late that
        it is about an earlier step is ignored.
        """
        if request is not None and request < self._first_request:
            return
        self._capture_since = None
        if success:
            self._failures = 0
            self._first_request = self.request + 1
        self._retakes = self._retakes + 1 if retake and not success else 0
        more = self._at + 1 < len(self._steps)
        self._at += success and more
        self._begin_step()
        self._state = State.CAPTURED if success and not more else State.ADJUSTING
        if success:
            self._news = _Wish("next_step") if more else _Wish()
        elif 0 < self._retakes <= RETAKES:
            self._news = _Wish("retake")
        else:
            self._retakes = 0
            self._failures += 1
            self._failed_at = now

    def _tell_news(self, progress: float, now: float, busy: bool) -> Decision:
        """What they are to know before anything else, once; when the voice has ended."""
        news = self._current = self._wanted = self._news
        if busy:
            return Decision(self._state, news.code, "", progress, 0.0, False, False)
        self._news = _Wish()
        self._spoken, self._spoken_at = news, now
        self._responses.asked(news.code, news.part, now)
        return Decision(self._state, news.code, "", progress, 0.0, True, False)

    def _try_quietly(self, fine: bool, progress: float, now: float, busy: bool) -> Decision:
        """Tell once that there is no picture; try now and then whether there can be one again."""
        self._current = self._wanted = _Wish("capture_unavailable")
        decision = self._decide(
            State.ADJUSTING, self._current, progress, now, busy or self._told_unavailable
        )
        self._told_unavailable |= decision.speak
        if not fine or now - self._failed_at < QUIET_RETRY_S:
            return decision
        self._capture_since = now
        self.request += 1
        return decision._replace(capture=True)

    def _hold(self, progress: float, now: float, busy: bool) -> Decision:
        if self._hold_since is None:
            self._hold_since, self._count = now, math.ceil(self.profile.hold_s)
        remaining = max(0.0, self.profile.hold_s - (now - self._hold_since))
        wanted = self._debounced(_Wish("hold_still"), now)
        decision = self._decide(State.HOLDING, wanted, progress, now, busy)
        turning = self._responses.turning() and now - self._hold_since < (
            self.profile.hold_s + TURNING_S
        )
        if remaining == 0 and not turning:
            self._capture_since = now
            self.request += 1
            return decision._replace(capture=True)
        decision = decision._replace(hold_remaining=remaining)
        count = math.ceil(remaining)
        if (
            self._said_hold()
            and not busy
            and not decision.speak
            and (0 < count < self._count <= COUNTDOWN_S + 1)
        ):
            decision = decision._replace(code="countdown", speak=True, count=count)
        self._count = count
        return decision

    def _said_hold(self) -> bool:
        return self._spoken.code == "hold_still" and self.profile.hold_s >= COUNTDOWN_S

    def _rest(self, progress: float, busy: bool) -> Decision:
        """All is done: that is said once, when the voice has ended."""
        state = self._state
        if not busy:
            self._state = State.DONE
        return Decision(state, "done", "", progress, 0.0, state != self._state, False)

    def _begin_anew(self, somebody: bool, now: float) -> None:
        """Whoever comes after nobody was there for long begins with the first picture."""
        if somebody:
            self._empty_since = None
        elif self._empty_since is None:
            self._empty_since = now
        over = self.complete or self.unavailable
        if (
            (over or self._at > 0)
            and self._empty_since is not None
            and (now - self._empty_since > (NEW_SESSION_S if over else ABANDONED_S))
        ):
            self.restart()

    def _debounced(
        self, wanted: _Wish, now: float, failing: Sequence[CheckResult] = (), busy: bool = False
    ) -> _Wish:
        """The instruction in force: it changes when another was due for long enough.

        What was said stays, as long as it is true, until the other can be said.
        """
        due = {(v.code, v.part): self._wish(v) for v in failing}
        due[wanted.what] = wanted
        walks = self._responses.busy()  # what is to last begins when they have come to rest
        self._since = {
            what: now if walks and what[0] in LASTING else self._since.get(what, now)
            for what in due
        }
        self._wanted = wanted
        if self._spoken.what in due:
            self._due_at = now
        said = self._spoken.what if self._spoken.code else None
        if now - self._since[wanted.what] >= self.profile.debounce_s:
            stays = (
                said is not None
                and said == self._current.what
                and said in due
                and not self._may_speak(wanted, now, busy)
            )
            self._current = due[said] if stays and said is not None else wanted
        elif wanted.code == "hold_still":
            return _Wish()  # never show advice that is no longer true
        return self._current

    def _decide(
        self, state: State, current: _Wish, progress: float, now: float, busy: bool
    ) -> Decision:
        self._state = state
        speak = (
            bool(current.code)
            and current.what == self._wanted.what
            and self._may_speak(current, now, busy)
        )
        if speak:
            self._patience.spoke(current.what, self._responses.on(current.code).moved, now)
            self._spoken, self._spoken_at, self._due_at = current, now, now
            self._responses.asked(current.code, current.part, now)
        # Who is at the image's border comes and goes, and may as well hear it to its end.
        untrue_s = LASTING_S if self._spoken.code == "step_into_view" else self.profile.debounce_s
        interrupt_speech = (
            busy and not speak and self._spoken.code not in NEWS and now - self._due_at >= untrue_s
        )
        if interrupt_speech:  # once
            self._due_at = math.inf
        return Decision(
            state,
            current.code,
            current.part,
            progress,
            0.0,
            speak,
            False,
            current.magnitude,
            current.count,
            interrupt_speech,
        )

    def _may_speak(self, instruction: _Wish, now: float, busy: bool) -> bool:
        since = now - self._spoken_at
        if instruction.code == "hold_still":  # said once, and at once: it calms
            return (
                self._spoken.code != instruction.code
                or since >= self.profile.repeat_s
                and (self._hold_since == now)
            )
        if busy or (instruction.code == "pause" and self._patience.pausing(now)):
            return False
        if instruction.code == "capture_failed":
            return self._spoken.code != instruction.code
        never = (
            instruction.code == "show" and self._since[instruction.what] == self._began
        )  # was seen
        if (
            instruction.code in LASTING
            and not never
            and now - self._since[instruction.what] < LASTING_S
        ):
            return False
        if since < (self.profile.repeat_s if self._patience.exhausted else self.profile.gap_s):
            return False
        asked = self._responses.on(instruction.code)
        if undoes(instruction.code, asked.code) and now - asked.spoken_at < UNDO_S:
            return False
        coming = self._responses.coming(now)  # where to go from there is not known yet
        # Nobody sees how somebody comes who is out of view: they have the time from its end on.
        heard_s = now - asked.heard_at if instruction.code == "step_into_view" else since
        times = 3 if coming else 2 if self._responses.moves(instruction.code) else 1
        if heard_s >= times * self.profile.repeat_s:
            return True
        if coming and axis(instruction.code) not in (
            "arms",
            "hands",
        ):  # those are raised anywhere
            return False
        if instruction.what == (asked.code, asked.part):
            return self._responses.ended(instruction.code, now)
        if instruction.code in LASTING:
            return not self._responses.busy()
        if instruction.code in PLACING and len(self._responses.awaited(now)) < 2:
            return self._responses.rests(instruction.code, now)
        return self._responses.begun(now) and not asked.moving
