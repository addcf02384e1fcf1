# SPDX-License-Identifier: Apache-2.0
"""The coach: one instruction at a time, a countdown and a capture, from the checks' results."""

from __future__ import annotations

import math
from collections.abc import Sequence

from dwpose_ros.guidance.checks import CheckResult
from dwpose_ros.guidance.decision import Decision, Instruction, State
from dwpose_ros.guidance.instruction_policy import InstructionPolicy
from dwpose_ros.guidance.profile import Profile

CAPTURE_TIMEOUT_S = 10.0  # after which a capture that was not answered counts as failed
RETRY_S = 6.0  # after a failed capture, before the next
FAILURES = 3  # of captures in a row, from which on the person is not asked to wait any more
QUIET_RETRY_S = 30.0  # from then on, before the next; nothing is said then
RETAKES = 3  # of pictures that were not good enough, one after the other; then it has failed
BLIND_S = 2.0  # without a frame for longer, nobody knows whether they held still
NEW_SESSION_S = 3.0  # once done, nobody in view for so long begins anew
ABANDONED_S = 60.0  # and so long where pictures are still to be taken
COUNTDOWN_S = 3  # a hold of at least so long is counted down aloud, from here
LONGEST_SENTENCE_S = 10.0  # who is said to speak for longer hangs
TURNING_S = 2.0  # for so long a capture waits for who seems to turn


class Coach:
    """Decides for one profile, step by step, what is to be shown, said and captured.

    All times are arguments, in seconds on any one clock, so that a session can be replayed from
    its poses. `decision.FOLLOWS` lists which state may follow which.
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
        """Start over with the first step."""
        self._at = 0
        self._state = State.SEARCHING
        self._empty_since: float | None = None
        self._failed_at = -math.inf
        self._capture_since: float | None = None
        self._retakes = 0
        self._failures = min(self._failures, FAILURES - 1)  # somebody new is told, too
        self._told_unavailable = False
        self.sessions += 1
        self._news = Instruction()
        self._busy_since: float | None = None
        self._first_request = self.request + 1  # whose answer is about this step
        self._begin_step()

    def _begin_step(self) -> None:
        self._policy = InstructionPolicy(self.profile)
        self._hold_since: float | None = None
        self._count = 0

    @property
    def profile(self) -> Profile:
        """The current step."""
        return self._steps[self._at]

    @property
    def done(self) -> bool:
        return self._state == State.DONE

    @property
    def complete(self) -> bool:
        """Whether all pictures are taken."""
        return self._state in (State.CAPTURED, State.DONE)

    @property
    def unavailable(self) -> bool:
        """Whether captures keep failing whatever the person does, as with a full disk."""
        return self._failures >= FAILURES

    def update(self, results: Sequence[CheckResult], now: float, busy: bool = False) -> Decision:
        """Decide from the results of one frame, in order of priority.

        Args:
            busy: something is being spoken. Only "hold still" may interrupt it.
        """
        if now < self._time:  # the clock jumped back: its intervals mean nothing any more
            self._empty_since = self._busy_since = None
            self._failed_at = -math.inf
            self._capture_since = None if self._capture_since is None else now
            self._begin_step()
        elif now - self._time > BLIND_S:
            self._hold_since = None
            self._policy.blind(now - self._time)
        self._time = now
        somebody = not results or results[0].name != "somebody" or bool(results[0].ok)
        self._begin_anew(somebody, now)
        busy = self._is_busy(busy, now)
        self._policy.watch(results, now, busy)
        failing = [result for result in results if result.ok is False]
        failed = self._policy.choose(failing, now)
        unknown = next(
            (result for result in results if result.ok is None and result.required), None
        )
        known = [result.ok for result in results if result.ok is not None or result.required]
        progress = sum(ok is True for ok in known) / len(known) if known else 0.0
        if self._news.code:
            return self._tell_news(progress, now, busy)
        if self.complete:
            return self._rest(progress, busy)
        if self._capture_since is not None:
            if now - self._capture_since > CAPTURE_TIMEOUT_S:
                self.captured(False, now)
            self._policy.still_true(now)  # to hold still is right until then
            return self._decide(State.HOLDING, Instruction(), progress, now, busy)
        if self.unavailable:
            fine = failed is None and unknown is None
            return self._try_quietly(fine, progress, now, busy)
        if now - self._failed_at < RETRY_S:
            self._policy.show(Instruction("capture_failed"))
            return self._decide(State.ADJUSTING, self._policy.current, progress, now, busy)
        enough = Instruction() if busy else self._policy.enough(results, now)
        if enough.code:
            self._policy.told(enough, now)
            return Decision(State.ADJUSTING, enough.code, "", progress, 0.0, True, False)
        if failed is None and unknown is None:
            return self._hold(progress, now, busy)
        self._hold_since = None
        if self._policy.current.code == "hold_still":
            self._policy.current = Instruction()  # no longer true
        state = State.ADJUSTING if somebody else State.SEARCHING
        wanted = self._policy.instruction_for(failed, unknown, results, now)
        current = self._policy.debounced(wanted, now, failing, busy)
        return self._decide(state, current, progress, now, busy)

    def _is_busy(self, busy: bool, now: float) -> bool:
        """Return `busy`, but do not wait for a voice that never ends."""
        if not busy:
            self._busy_since = None
            return False
        self._busy_since = now if self._busy_since is None else min(self._busy_since, now)
        return now - self._busy_since < LONGEST_SENTENCE_S

    def somebody_else(self) -> None:
        """Another person is guided from now on."""
        self._policy.forget_person()
        self._hold_since = None

    def interrupted(self) -> None:
        """The person was out of sight for a moment, so holding still starts over."""
        self._hold_since = None

    def captured(
        self, success: bool, now: float, retake: bool = False, request: int | None = None
    ) -> None:
        """Report the result of a capture: if it succeeded, the next step follows, or the end.

        Args:
            retake: the picture was not good enough; the person holds still once more.
            request: the value of `self.request` when the capture was decided. A late answer about
                an earlier step is ignored.
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
            self._news = Instruction("next_step") if more else Instruction()
        elif 0 < self._retakes <= RETAKES:
            self._news = Instruction("retake")
        else:
            self._retakes = 0
            self._failures += 1
            self._failed_at = now

    def _tell_news(self, progress: float, now: float, busy: bool) -> Decision:
        """Announce something once, as soon as the voice is free."""
        news = self._news
        self._policy.show(news)
        if busy:
            return Decision(self._state, news.code, "", progress, 0.0, False, False)
        self._news = Instruction()
        self._policy.told(news, now)
        return Decision(self._state, news.code, "", progress, 0.0, True, False)

    def _try_quietly(self, fine: bool, progress: float, now: float, busy: bool) -> Decision:
        """Announce once that pictures cannot be taken; retry now and then."""
        unavailable = Instruction("capture_unavailable")
        self._policy.show(unavailable)
        decision = self._decide(
            State.ADJUSTING, unavailable, progress, now, busy or self._told_unavailable
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
        begins = self._hold_since == now
        count = math.ceil(self.profile.hold_s) if self.profile.say_seconds else 0
        hold = Instruction("hold_still", count=count)
        wanted = self._policy.debounced(hold, now, hold_begins=begins)
        decision = self._decide(State.HOLDING, wanted, progress, now, busy)
        turning = self._policy.turning and now - self._hold_since < (
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
        return self._policy.spoken.code == "hold_still" and self.profile.hold_s >= COUNTDOWN_S

    def _rest(self, progress: float, busy: bool) -> Decision:
        """Announce once that all is done, as soon as the voice is free."""
        state = self._state
        if not busy:
            self._state = State.DONE
        return Decision(state, "done", "", progress, 0.0, state != self._state, False)

    def _begin_anew(self, somebody: bool, now: float) -> None:
        """Start over for whoever comes after the view was empty for long."""
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

    def _decide(
        self, state: State, current: Instruction, progress: float, now: float, busy: bool
    ) -> Decision:
        self._state = state
        speak = self._policy.speak(current, now, busy, self._hold_since == now)
        interrupt = busy and not speak and self._policy.has_ceased_to_be_true(now)
        return Decision(
            state,
            current.code,
            current.body_part,
            progress,
            0.0,
            speak,
            False,
            current.magnitude,
            current.count,
            interrupt,
        )
