# SPDX-License-Identifier: Apache-2.0
"""Whether a person follows the instructions: their movement along each axis of advice."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Sequence

from dwpose_ros.guidance.approach import Approach
from dwpose_ros.guidance.checks import CheckResult
from dwpose_ros.guidance.movement import ANGLES, SLOW_S, places, way_of
from dwpose_ros.guidance.scale import DEPTH, ENOUGH

REACTION_S = 0.4  # shortest time from the end of a sentence to a reaction
BEGIN_S = 1.0  # time from the end of a sentence after which most people have begun to move
STEPS_S = 2.5  # time from the end of a sentence after which two steps are done
AGO_S = 3.5  # so long after its end a sentence can be repeated, if another was said since
STOP_S = 1.1  # from an image to the end of "close enough"
STEP_S, METRE_S = 0.65, 3.0  # time for a step, and to roll for a metre in no haste: estimates
SEEN_S = 0.2  # from the begin of a movement until it is seen
LONGEST_REACTION_S = 2.0
RESTED_S = 0.2  # a person who has not moved for so long has finished

# The axis of each instruction. Axes are independent: somebody who walks back can be told to turn.
_AXES = {
    "move_closer": "depth",
    "move_back": "depth",
    "move_left": "side",
    "move_right": "side",
    "move_forward": "side",
    "move_backward": "side",
    "roll_closer": "depth",
    "roll_back": "depth",
    "roll_left": "side",
    "roll_right": "side",
    "roll_forward": "side",
    "roll_backward": "side",
    "turn_left": "turn",
    "turn_right": "turn",
    "turn_around": "turn",
    "face_camera": "turn",
    "face_left_side": "turn",
    "face_right_side": "turn",
    "face_back": "turn",
    "face_three_quarter_left": "turn",
    "face_three_quarter_right": "turn",
    "look_at_camera": "head",
    "look_ahead": "head",
    "arms_away": "arms",
    "arms_side": "arms",
    "arms_up": "arms",
    "lower_arms": "arms",
    "straighten_arms": "arms",
    "show_hands": "hands",
    "open_hands": "hands",
    "spread_fingers": "hands",
    "feet_apart": "feet",
    "feet_together": "feet",
}
# Instructions that can be given to a person who is moving or about to move.
PLACING = {code for code, name in _AXES.items() if name != "feet"}
_UNDOES = {
    "move_left": ("move_right",),
    "move_closer": ("move_back",),
    "turn_left": ("turn_right",),
    "move_forward": ("move_backward",),
    "roll_left": ("roll_right",),
    "roll_closer": ("roll_back",),
    "roll_forward": ("roll_backward",),
    "lower_arms": ("arms_away", "arms_side"),
    "feet_apart": ("feet_together",),
}
OPPOSITES = {frozenset((code, other)) for code, others in _UNDOES.items() for other in others}
GRADUAL = frozenset().union(*OPPOSITES)  # instructions that can be overdone
_EASED, _LEAST_EASE = 0.55, 0.3
# Larger changes within SETTLED_S are movements: logarithm of the size, sideways position in the
# person's heights, degrees.
_LEAST = {"depth": 0.025, "side": 0.04, "turn": 12.0, "head": 10.0}
# Smaller ones, as of a wheelchair to the side, if they go on for so long: in each half of it.
_SLOW = {"depth": 0.016, "side": 0.022}


def axis(code: str) -> str:
    """Return the axis of an instruction; one without movement is an axis of its own."""
    return _AXES.get(code, code)


def undoes(code: str, other: str) -> bool:
    """Whether an instruction is the opposite of another."""
    return frozenset((code, other)) in OPPOSITES


@dataclass
class _Axis:
    """The last instruction on an axis, and the movement since."""

    code: str = ""
    body_part: str = ""
    spoken_at: float = -math.inf
    heard_at: float = -math.inf  # the end of the sentence
    moved: bool = False  # since it was heard
    moving: bool = False
    stopped: bool = False  # they were told to stop
    way: float = 0.0  # the last movement, signed
    rests_since: float = -math.inf
    reaction_s: float = math.nan  # from then to the movement
    ease: float = 1.0  # factor on what is asked of a person who overdoes it
    trail: list[tuple[float, float]] = field(default_factory=list)


class ComplianceTracker:
    """Tracks a person's movement on each axis.

    Times are seconds on any one clock, and must not decrease.
    """

    def __init__(self) -> None:
        self._axes: dict[str, _Axis] = {}
        self._last: _Axis | None = None  # axis of the last instruction
        self._approach = Approach()
        self._turned_at = -math.inf

    def forget(self) -> None:
        """Forget all but a last request to step into view, which the new person may follow."""
        if self._last is not None and self._last.code != "step_into_view":
            self._last = None
        self._axes = {} if self._last is None else {"step_into_view": self._last}

    def on(self, code: str) -> _Axis:
        """Return the state of an instruction's axis."""
        return self._axes.setdefault(axis(code), _Axis())

    def _moved_by(self, code: str) -> list[_Axis]:
        """Return the axes on which an instruction can be followed: a head turns with its body."""
        return [self.on(code)] + [self.on("turn_left")] * (axis(code) == "head")

    def asked(self, code: str, body_part: str, now: float) -> None:
        """Record an instruction. It is heard now, or at the end of `busy` in calls of `watch`."""
        self._last = self.on(code)
        if self._last.moved and self._last.code == code:  # they did too little
            self._last.ease = min(1.0, self._last.ease / _EASED)
        self._last.ease = self.ease(code)
        self._last.code, self._last.body_part, self._last.moved = code, body_part, False
        self._last.stopped = False
        if code in ENOUGH.values():
            self.on("move_closer").stopped = True
        self._last.spoken_at = self._last.heard_at = now

    def watch(self, results: Sequence[CheckResult], now: float, busy: bool) -> None:
        """Measure movement in a new frame; `busy` while a sentence is being spoken."""
        if busy and self._last is not None:
            self._last.heard_at = now
        found = {result.name: result for result in results}
        stirring = "still" in found and found["still"].ok is False
        values = places(found)
        self._approach.watch(values["depth"], now)
        for name in {*self._axes, *_LEAST}:
            one = self._axes.setdefault(name, _Axis())
            if name in _LEAST:
                way, slow = way_of(one.trail, values[name], now, angle=name in ANGLES)
                fast = abs(way) > _LEAST[name]
                # Turning also moves points, to the side above all.
                steady = now - self._turned_at > SLOW_S and abs(slow) > _SLOW.get(name, math.inf)
                one.moving = fast or steady
                if one.moving:
                    one.way = way if fast else slow
            else:
                one.moving = stirring and bool(one.code)
            if one.moving:
                one.rests_since = now
        turns = self.turning()
        if turns:
            self._turned_at = now
        for name, one in self._axes.items():
            # Movement during the sentence, or right after, is no reaction to it.
            if (
                one.moving
                and not one.moved
                and bool(one.code)
                and now - one.heard_at > REACTION_S
                and (not (turns and name == "side"))
            ):
                one.moved, one.reaction_s = True, now - one.heard_at

    def ease(self, code: str) -> float:
        """Return the factor on what to ask for; less than 1 once the person went too far."""
        one = self.on(code)
        too_far = one.moved and undoes(code, one.code)
        return max(one.ease * _EASED, _LEAST_EASE) if too_far else one.ease

    def moves(self, code: str) -> bool:
        """Whether the person moves on this instruction's axis, or may do so.

        Depth and side count for each other: of a diagonal walk the smaller part is hardly visible.
        """
        ways = ("depth", "side") if axis(code) in ("depth", "side") else (axis(code),)
        return any(self._axes[way].moving for way in ways if way in self._axes)

    def under_way(self, code: str) -> bool:
        """Whether the person is following the last request on this instruction's axis."""
        return any(one.moved and one.moving for one in self._moved_by(code))

    def awaited(self, now: float) -> list[str]:
        """Return the axes with a request so recent that the person need not have begun."""
        return [
            name
            for name, one in self._axes.items()
            if one.code in PLACING and not one.moved and now - one.heard_at < BEGIN_S
        ]

    def awaits(self, code: str, now: float) -> bool:
        """Whether the person may be about to follow an instruction. A request to look also counts
        for turning."""
        name = axis(code)
        return bool({name, "head" if name == "turn" else name} & {*self.awaited(now)})

    def coming(self, now: float) -> bool:
        """Whether the person is walking into view as last asked, or may be about to."""
        return (
            self._last is not None
            and self._last.code == "step_into_view"
            and (self._last.moving or self.moves("move_left") or not self.begun(now))
        )

    def too_near(self, now: float) -> bool:
        """Whether the person left the view while coming closer as asked."""
        one = self.on("move_closer")
        return (
            one.code in ("move_closer", "roll_closer")
            and one.moved
            and one.way > 0
            and (now - one.rests_since < AGO_S)
        )

    def stepping_back(self, now: float) -> bool:
        """Whether a person out of view may be about to step back as asked."""
        one = self.on("move_back")
        return (
            one.code in ("move_back", "roll_back")
            and one is self._last
            and not one.moved
            and (now - one.heard_at < STEPS_S)
        )

    def rests(self, code: str, now: float) -> bool:
        """Whether the person is at rest on this instruction's axis (for RESTED_S, if asked)."""
        return not any(
            one.moving or one.moved and now - one.rests_since < RESTED_S
            for one in self._moved_by(code)
        )

    def ended(self, code: str, now: float) -> bool:
        """Whether the person has followed this instruction and come to rest, or it is too long ago
        to tell."""
        one = self.on(code)
        heard_s = now - one.heard_at
        if one.moved:
            return now - one.rests_since >= RESTED_S and heard_s >= BEGIN_S
        return (
            bool(one.code)
            and one is not self._last
            and not self.moves(code)
            and (heard_s >= AGO_S)
        )

    def busy(self) -> bool:
        """Whether the person is following any request."""
        return any(one.moved and one.moving for one in self._axes.values() if one.code)

    def turning(self) -> bool:
        """Whether the person is turning body or head, which moves points little."""
        return any(self._axes[name].moving for name in ("turn", "head") if name in self._axes)

    def enough(self, remaining: float, units: int, now: float) -> str:
        """Return the code that tells somebody who walks as asked to go no further, if they would
        go too far unless it is said now; else an empty one.

        Args:
            remaining: growth to the best distance, as a logarithm.
            units: steps or metres that they were asked for.
        """
        one = self.on("move_closer")
        if not (one.moved and one.moving) or one.stopped or math.isnan(remaining):
            return ""
        seconds = STOP_S + min(max(one.reaction_s - SEEN_S, REACTION_S), LONGEST_REACTION_S)
        lasts_s = units * (METRE_S if one.code.startswith("roll_") else STEP_S)
        if one.heard_at + one.reaction_s + lasts_s < now + seconds:
            return ""  # they stop by themselves before they have heard it
        way = DEPTH.get(one.code, 0.0)
        beyond = way * (self._approach.growth(seconds) - remaining) > 0  # False for NaN
        return ENOUGH[one.code] if beyond else ""

    def begun(self, now: float) -> bool:
        """Whether the person has begun to follow the last request, or had the time to."""
        last = self._last
        return last is None or last.moved or now - last.heard_at >= BEGIN_S
