# SPDX-License-Identifier: Apache-2.0
"""Which instruction is shown, and when it is spoken."""

from __future__ import annotations

import math
from collections.abc import Sequence

from dwpose_ros.guidance.checks import CheckResult
from dwpose_ros.guidance.checks.result import HALF, ROLL_LITTLE
from dwpose_ros.guidance.compliance import GRADUAL, PLACING, ComplianceTracker, axis, undoes
from dwpose_ros.guidance.decision import Instruction
from dwpose_ros.guidance.priority import choose
from dwpose_ros.guidance.profile import Profile
from dwpose_ros.guidance.repetition import LASTING_S, MOST_REPETITIONS, Repetition
from dwpose_ros.guidance.scale import SIDE

UNDO_S = 3.0  # for so long the opposite of what was said is not said
PATIENCE_S = 180.0  # for so long one person is guided to one picture; then comes a goodbye
LITTLES = 2  # so often somebody is asked to roll a little in a row; then it was not enough
LITTLE_TURN = 0.7  # times `repeat_s` after which a little turn is asked for again
COMING = 1.5  # times `repeat_s` is what it takes to come into view
UNKNOWN_S = 2.0  # an unknown check is waited for so long
# Told once; they stay true when the picture changes.
NEWS = {
    "",
    "close_enough",
    "far_enough",
    "leave_out",
    "next_step",
    "retake",
    "capture_failed",
    "capture_unavailable",
    "pause",
    "goodbye",
    "done",
}
# Neither whoever comes to rest nor what was not seen for a moment is worth a sentence.
LASTING = {"keep_still", "show", "more_light", "less_light", "clean_lens"}


class InstructionPolicy:
    """Chooses one instruction from the failed checks, and when it is spoken, for one step.

    An instruction is spoken once it was due for `debounce_s`. It is repeated when the person has
    acted on it and come to rest, or after `repeat_s` if they have not. Its opposite never follows
    soon, and nothing is spoken over ongoing speech. Two instructions that do not undo each other,
    such as walking and turning, may follow at once; a third waits until the person has begun.
    """

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self.current = Instruction()
        """Shown now."""
        self.spoken = Instruction()
        """Said last."""
        self._wanted = Instruction()
        self._since: dict[tuple[str, str], float] = {}  # from when on something was due
        self._began: float | None = None
        self._units = 0  # steps or metres of the last walk towards the camera or away from it
        self._littles = ("", 0)  # which way they were asked to roll a little, and how often
        self._spoken_at = self._due_at = -math.inf  # when it was last true, too
        self._unknown_since: float | None = None
        self._first_s = math.inf  # when this person was told something first
        self._asked_to_stand = False
        self._final = False  # their time is over
        self._parted = False  # a goodbye was said to them, and they have done nothing since
        self._left_aside = False  # whether they were at the picture's side when last seen
        self._compliance = ComplianceTracker()
        self._repetition = Repetition()

    def forget_person(self) -> None:
        """Another person is guided from now on."""
        self._compliance.forget()
        self._repetition.forget()
        self._first_s, self._parted, self._final = math.inf, False, False
        self._asked_to_stand, self._littles = False, ("", 0)

    def blind(self, seconds: float) -> None:
        """No frame has come for so long, or the clock was set: that does not count as theirs."""
        self._first_s += seconds

    def watch(self, results: Sequence[CheckResult], now: float, busy: bool) -> None:
        """Observe in a new frame what the person does."""
        if self._began is None:
            self._began = now
        self._compliance.watch(results, now, busy)

    @property
    def turning(self) -> bool:
        """Whether the person seems to turn."""
        return self._compliance.turning()

    def enough(self, results: Sequence[CheckResult], now: float) -> Instruction:
        """Return what to say now to a person who would walk too far; empty for nothing."""
        found = next((result for result in results if result.name == "too_close"), None)
        if found is None:
            return Instruction()
        return Instruction(self._compliance.enough(found.remaining, self._units, now))

    def show(self, instruction: Instruction) -> None:
        """Show an instruction at once."""
        self.current = self._wanted = instruction

    def still_true(self, now: float) -> None:
        """Note that what was said last is true at this time."""
        self._due_at = now

    def told(self, news: Instruction, now: float) -> None:
        """Note that something else than an instruction is being spoken."""
        self.spoken, self._spoken_at = news, now
        self._compliance.asked(news.code, news.body_part, now)

    def choose(self, failing: Sequence[CheckResult], now: float) -> CheckResult | None:
        """Return the failed check that is acted on now, as `priority.choose`."""
        return choose(failing, self._compliance, self.spoken.what, now)

    def instruction_for(
        self,
        failed: CheckResult | None,
        unknown: CheckResult | None,
        results: Sequence[CheckResult],
        now: float,
    ) -> Instruction:
        """Return the instruction for what is wrong. After it was repeated in vain, the missing
        body part is named, and then comes a pause.

        Unknown results are waited for before the person is asked to do something about them.
        """
        if failed is not None:
            self._unknown_since = None
        elif self._unknown_since is None:
            self._unknown_since = now
        wrong = failed or unknown
        unknown_s = 0.0 if self._unknown_since is None else now - self._unknown_since
        if wrong is None or failed is None and unknown_s < UNKNOWN_S:
            return Instruction()
        what = wrong.code, wrong.body_part
        self._repetition.watch(what, now - self._since.get(what, now), results, now)
        if self._parted and not self._final and not self._repetition.pausing(now):
            self._parted, self._first_s = False, math.inf  # they have done something since
        if now - self._first_s > PATIENCE_S and wrong.code != "step_into_view":
            self._final |= not self._parted
            return Instruction("goodbye")
        if self._parted:
            return Instruction("goodbye")
        if self._repetition.pausing(now):
            return Instruction("pause")
        if self._repetition.said(what) >= MOST_REPETITIONS:
            body_part = next(
                (
                    result.body_part
                    for result in results
                    if result.ok is False and result.body_part
                ),
                "",
            )
            over = wrong.code != "step_into_view" and self._repetition.over
            vain = Instruction("goodbye" if over else "pause")
            named = (
                wrong.code == "show" or not body_part or self._repetition.said(("show", body_part))
            )
            return vain if named else Instruction("show", body_part)
        if wrong.code != "step_into_view":
            self._left_aside = any(
                result.name == "cut_off" and result.ok is False and result.code in SIDE
                for result in results
            )
        elif self._wanted.code in SIDE:
            self._left_aside = True
        if wrong.code == "step_into_view" and (
            (self._compliance.too_near(now) and not self._left_aside)
            or (
                self._compliance.stepping_back(now)
                and now - self._spoken_at < self._profile.repeat_s
            )
        ):
            if self._compliance.on("roll_back").code.startswith("roll_"):
                return Instruction("roll_back", count=1)
            return Instruction("move_back", count=2)
        return self._eased(wrong)

    def _eased(self, result: CheckResult) -> Instruction:
        """Return the instruction for a check; a smaller one for a person who overshoots."""
        instruction = Instruction(result.code, result.body_part, result.magnitude, result.count)
        ease = self._compliance.ease(instruction.code)
        if instruction.magnitude == "little" and self._littles == (instruction.code, LITTLES):
            return instruction._replace(magnitude="half", count=0)
        if ease == 1.0 or instruction.code not in GRADUAL:
            return instruction
        way = ease * (0.5 if instruction.magnitude == "half" else instruction.count)
        if instruction.code.startswith("roll_") and ROLL_LITTLE < way <= HALF:
            return instruction._replace(magnitude="half", count=0)
        count = round(way)
        return instruction._replace(magnitude="" if count else "little", count=count)

    def debounced(
        self,
        wanted: Instruction,
        now: float,
        failing: Sequence[CheckResult] = (),
        busy: bool = False,
        hold_begins: bool = False,
    ) -> Instruction:
        """Return the instruction to show: it changes when another was due for long enough.

        What was spoken stays, as long as it is true, until the other can be spoken.
        """
        due = {(result.code, result.body_part): self._eased(result) for result in failing}
        due[wanted.what] = wanted
        walks = self._compliance.busy()  # what is to last begins when they have come to rest
        self._since = {
            what: now if walks and what[0] in LASTING else self._since.get(what, now)
            for what in due
        }
        self._wanted = wanted
        if self.spoken.what in due:
            self._due_at = now
        said = self.spoken.what if self.spoken.code else None
        if now - self._since[wanted.what] >= self._profile.debounce_s:
            stays = (
                said is not None
                and said == self.current.what
                and said in due
                and not self._may_speak(wanted, now, busy, hold_begins)
            )
            self.current = due[said] if said is not None and stays else wanted
        elif wanted.code == "hold_still":
            return Instruction()  # never show advice that is no longer true
        return self.current

    def speak(
        self, current: Instruction, now: float, busy: bool, hold_begins: bool = False
    ) -> bool:
        """Return whether this instruction is to be spoken now; it then counts as spoken."""
        if not (
            current.code
            and current.what == self._wanted.what
            and self._may_speak(current, now, busy, hold_begins)
        ):
            return False
        if current.code not in ("step_into_view", "hold_still"):
            self._first_s = min(self._first_s, now)
        self._asked_to_stand |= current.code == "stand_up"
        self._parted |= current.code == "goodbye"
        self._repetition.spoke(current.what, self._compliance.on(current.code).moved, now)
        self.spoken, self._spoken_at, self._due_at = current, now, now
        if axis(current.code) == "depth":
            self._units = current.count
            code, count = self._littles
            rolls = current.code.startswith("roll_") and current.magnitude == "little"
            again = count if code == current.code else 0
            self._littles = (current.code, again + 1) if rolls else ("", 0)
        self._compliance.asked(current.code, current.body_part, now)
        return True

    def has_ceased_to_be_true(self, now: float) -> bool:
        """Return whether what was spoken last is no longer true; True only once."""
        # Who is at the image's border comes and goes, and may as well hear it to its end.
        untrue_s = LASTING_S if self.spoken.code == "step_into_view" else self._profile.debounce_s
        if self.spoken.code in NEWS or now - self._due_at < untrue_s:
            return False
        self._due_at = math.inf
        return True

    def _may_speak(
        self, instruction: Instruction, now: float, busy: bool, hold_begins: bool
    ) -> bool:
        since = now - self._spoken_at
        if instruction.code == "hold_still":  # said once, and at once: it calms
            if busy and self.spoken.code == "leave_out":  # which is said but once, too
                return False
            return (
                self.spoken.code != instruction.code
                or since >= self._profile.repeat_s
                and hold_begins
            )
        if busy or (instruction.code == "pause" and self._repetition.pausing(now)):
            return False
        if instruction.code == "goodbye":
            return not self._parted
        if instruction.code == "stand_up" and self._asked_to_stand:
            return False  # not everybody can
        if instruction.code == "capture_failed":
            return self.spoken.code != instruction.code
        never = (
            instruction.code == "show" and self._since[instruction.what] == self._began
        )  # was seen
        if (
            instruction.code in LASTING
            and not never
            and now - self._since[instruction.what] < LASTING_S
        ):
            return False
        if since < (self._profile.repeat_s if self._repetition.exhausted else self._profile.gap_s):
            return False
        asked = self._compliance.on(instruction.code)
        if undoes(instruction.code, asked.code) and now - asked.spoken_at < UNDO_S:
            return False
        coming = self._compliance.coming(now)  # where to go from there is not known yet
        # Nobody sees how somebody comes who is out of view: they have the time from its end on.
        heard_s = now - asked.heard_at if instruction.code == "step_into_view" else since
        times: float = 3 if coming else 2 if self._compliance.moves(instruction.code) else 1
        if instruction.code == "step_into_view":
            times = COMING
        if times == 1 and instruction.magnitude == "little" and axis(instruction.code) == "turn":
            times = LITTLE_TURN  # it may be too little to be seen
        if heard_s >= times * self._profile.repeat_s:
            return True
        if coming and axis(instruction.code) not in (
            "arms",
            "hands",
        ):  # those are raised anywhere
            return False
        if instruction.what == (asked.code, asked.body_part):
            return self._compliance.ended(instruction.code, now)
        if instruction.code in LASTING:
            return not self._compliance.busy()
        if instruction.code in PLACING and len(self._compliance.awaited(now)) < 2:
            return self._compliance.rests(instruction.code, now)
        return self._compliance.begun(now) and not asked.moving
