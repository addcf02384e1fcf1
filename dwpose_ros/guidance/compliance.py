# SPDX-License-Identifier: Apache-2.0
"""Whether somebody does what they were asked to: movement along each axis of advice."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from statistics import median
from typing import Sequence

from dwpose_ros.guidance.checks import CheckResult

REACTION_S = 0.4  # nobody acts on a sentence sooner after its end
BEGIN_S = 1.0  # after its end, most have begun
SETTLED_S = 0.4  # movement is what changes within so long
STEPS_S = 2.5  # after its end, two steps that it asked for are done
AGO_S = 3.5  # after its end, and with something else said since, it can be said again
RESTED_S = 0.2  # who has not moved for so long has ended what they were doing

# Advice on one axis takes nothing from advice on another: who walks back can be told to turn.
_AXES = {
    "move_closer": "depth",
    "move_back": "depth",
    "move_left": "side",
    "move_right": "side",
    "move_forward": "side",
    "move_backward": "side",
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
# What can be asked of somebody who is on their way, or about to be.
PLACING = {code for code, name in _AXES.items() if name != "feet"}
_UNDOES = {
    "move_left": ("move_right",),
    "move_closer": ("move_back",),
    "turn_left": ("turn_right",),
    "move_forward": ("move_backward",),
    "lower_arms": ("arms_away", "arms_side"),
    "feet_apart": ("feet_together",),
}
OPPOSITES = {frozenset((code, other)) for code, others in _UNDOES.items() for other in others}
GRADUAL = frozenset().union(*OPPOSITES)  # what can be overdone
_EASED, _LEAST_EASE = 0.55, 0.3
# What has changed by more within SETTLED_S is on the way: the logarithm of the size, a place aside
# in heights of the person, degrees.
_LEAST = {"depth": 0.025, "side": 0.04, "turn": 12.0, "head": 10.0}


def axis(code: str) -> str:
    """The axis of an instruction; one that moves nobody is an axis of its own."""
    return _AXES.get(code, code)


def undoes(code: str, other: str) -> bool:
    """Whether an instruction takes back what another asked for."""
    return frozenset((code, other)) in OPPOSITES


@dataclass
class _Axis:
    """What was last asked on an axis, and what has been seen of it since."""

    code: str = ""
    part: str = ""
    spoken_at: float = -math.inf
    heard_at: float = -math.inf  # the end of the sentence
    moved: bool = False  # since it was heard
    moving: bool = False
    way: float = 0.0  # by how much it went last, and whether up or down
    rests_since: float = -math.inf
    ease: float = 1.0  # how much less than it should be is asked of who always overdoes it
    trail: list[tuple[float, float]] = field(default_factory=list)


class ComplianceTracker:
    """Follows a person along the axes. Times are seconds on any one clock, and do not fall."""

    def __init__(self) -> None:
        self._axes: dict[str, _Axis] = {}
        self._last: _Axis | None = None  # the one that was last spoken of

    def forget(self) -> None:
        """Somebody else has come, who may be the one that was asked to."""
        if self._last is not None and self._last.code != "step_into_view":
            self._last = None
        self._axes = {} if self._last is None else {"step_into_view": self._last}

    def on(self, code: str) -> _Axis:
        """What is known of the axis of an instruction."""
        return self._axes.setdefault(axis(code), _Axis())

    def _moved_by(self, code: str) -> list[_Axis]:
        """The axes that an instruction is about: a head turns with its body."""
        return [self.on(code)] + [self.on("turn_left")] * (axis(code) == "head")

    def asked(self, code: str, part: str, now: float) -> None:
        """An instruction was spoken; it is heard now, or by the end of `busy` times in `watch`."""
        self._last = self.on(code)
        if self._last.moved and self._last.code == code:  # they did too little
            self._last.ease = min(1.0, self._last.ease / _EASED)
        self._last.ease = self.ease(code)
        self._last.code, self._last.part, self._last.moved = code, part, False
        self._last.spoken_at = self._last.heard_at = now

    def watch(self, results: Sequence[CheckResult], now: float, busy: bool) -> None:
        """See what moves in a new frame."""
        if busy and self._last is not None:
            self._last.heard_at = now
        found = {v.name: v for v in results}
        stirring = "still" in found and found["still"].ok is False
        values = _places(found)
        for name in {*self._axes, *_LEAST}:
            one = self._axes.setdefault(name, _Axis())
            if name in _LEAST:
                way = _way(one, values[name], now)
                one.moving = abs(way) > _LEAST[name]
                one.way = way if one.moving else one.way
            else:
                one.moving = stirring and bool(one.code)
            if one.moving:
                one.rests_since = now
        turns = self.turning()  # which moves points aside, too
        for name, one in self._axes.items():
            # What they do while it is said, or right after, they would have done without it.
            one.moved |= (
                one.moving
                and bool(one.code)
                and now - one.heard_at > REACTION_S
                and (not (turns and name == "side"))
            )

    def ease(self, code: str) -> float:
        """What is missing times this is what to ask for: less, once they went too far."""
        one = self.on(code)
        too_far = one.moved and undoes(code, one.code)
        return max(one.ease * _EASED, _LEAST_EASE) if too_far else one.ease

    def moves(self, code: str) -> bool:
        """They move on this instruction's axis, or may: of who walks both closer and aside, the
        lesser is hardly to be seen."""
        ways = ("depth", "side") if axis(code) in ("depth", "side") else (axis(code),)
        return any(self._axes[way].moving for way in ways if way in self._axes)

    def under_way(self, code: str) -> bool:
        """They are doing what was last asked on this instruction's axis."""
        return any(one.moved and one.moving for one in self._moved_by(code))

    def awaited(self, now: float) -> list[str]:
        """The axes on which something was asked so lately that they need not have begun."""
        return [
            name
            for name, one in self._axes.items()
            if one.code in PLACING and not one.moved and now - one.heard_at < BEGIN_S
        ]

    def awaits(self, code: str, now: float) -> bool:
        """They may be about to do what an instruction asks for; who looks at something turns to
        it, too."""
        name = axis(code)
        return bool({name, "head" if name == "turn" else name} & {*self.awaited(now)})

    def coming(self, now: float) -> bool:
        """They are walking into view, or may be about to, as they were last asked to."""
        return (
            self._last is not None
            and self._last.code == "step_into_view"
            and (self._last.moving or self.moves("move_left") or not self.begun(now))
        )

    def too_near(self, now: float) -> bool:
        """Who is out of view just now was coming closer, as they were asked to."""
        one = self.on("move_closer")
        return (
            one.code == "move_closer"
            and one.moved
            and one.way > 0
            and (now - one.rests_since < AGO_S)
        )

    def stepping_back(self, now: float) -> bool:
        """Who is out of view may be about to step back, as they were asked to."""
        one = self.on("move_back")
        return (
            one.code == "move_back"
            and one is self._last
            and not one.moved
            and (now - one.heard_at < STEPS_S)
        )

    def rests(self, code: str, now: float) -> bool:
        """They do not move on this instruction's axis; nor did a moment ago, if asked to."""
        return not any(
            one.moving or one.moved and now - one.rests_since < RESTED_S
            for one in self._moved_by(code)
        )

    def ended(self, code: str, now: float) -> bool:
        """They have done something about this instruction, and come to rest; or that cannot be
        told any more."""
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
        """They are doing something that they were asked to."""
        return any(one.moved and one.moving for one in self._axes.values() if one.code)

    def turning(self) -> bool:
        """They are turning body or head, which hardly moves a point."""
        return any(self._axes[name].moving for name in ("turn", "head") if name in self._axes)

    def begun(self, now: float) -> bool:
        """They have begun with the last sentence, or had the time to."""
        last = self._last
        return last is None or last.moved or now - last.heard_at >= BEGIN_S


def _places(found: dict[str, CheckResult]) -> dict[str, float]:
    """Where the person is on those axes that have a measure; NaN where that is not known."""

    def of(name: str, what: str = "value") -> float:
        return getattr(found[name], what) if name in found else math.nan

    return {
        "depth": of("too_close", "track"),
        "side": of("centred", "track"),
        "turn": of("facing"),
        "head": of("looking"),
    }


def _way(one: _Axis, value: float, now: float) -> float:
    """How far a value on an axis went lately; 0 where that is not known."""
    old = [(t, v) for t, v in one.trail if now - t <= SETTLED_S] or one.trail[-1:]
    one.trail = [*old, (now, value)]
    values = [v for _, v in one.trail if not math.isnan(v)]
    if not values:
        return 0.0
    # A single frame may be wrong: between three and three, where there are as many.
    few = min(3, len(values) // 2) or 1
    return median(values[-few:]) - median(values[:few])
