# SPDX-License-Identifier: Apache-2.0
"""Tones that guide beside or instead of speech: what one says, from the checks' results.

The pitch rises as the framing gets better, over two octaves. Stereo tells the side to go to, a
glide up or down to come closer or go back, and a trembling note to turn. When all is right, one
long note sounds until the picture is taken.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple

from dwpose_ros.guidance.checks import CheckResult
from dwpose_ros.guidance.compliance import axis
from dwpose_ros.guidance.decision import Decision, State

CUES = ("speech", "tones", "both")
_FAR_DEG = 60.0  # of a turn: by so much too far, the framing is 1/e of what it would be
_FAR_ASIDE = 0.25  # the same beside the middle, as a share of the image's width
_FAR_DEPTH = 0.7  # the same of the logarithm of a size
_OTHER = 0.3  # what any other failed check costs
_MOST = 2.5  # of each; further off is not heard any more
_CLEAR = 0.5  # least panning of a tone: less is not heard as a side


_WAYS = {
    f"{go}_{where}": way
    for go in ("move", "roll")
    for where, way in (("closer", 1.0), ("back", -1.0))
}
_SIDES = {
    f"{go}_{side}": way
    for go in ("move", "roll")
    for side, way in (("left", -1.0), ("right", 1.0))
}


class ToneKind(IntEnum):
    """The kinds of Tone.msg."""

    SILENCE = 0
    SEARCH = 1
    GUIDE = 2
    HOLD = 3
    TAKEN = 4


class Tone(NamedTuple):
    """What is to be heard; the fields are those of Tone.msg."""

    kind: ToneKind = ToneKind.SILENCE
    framing: float = 0.0
    aside: float = 0.0
    depth: float = 0.0
    turn: bool = False


def said_by_tones(code: str) -> bool:
    """Whether a tone can say this instruction, so that it need not be spoken."""
    plain = ("step_into_view", "close_enough", "far_enough", "hold_still", "countdown")
    return code in (*plain, *_WAYS, *_SIDES) or axis(code) in ("turn", "head")


def tone_of(decision: Decision, results: Sequence[CheckResult]) -> Tone:
    """Return the tone for what was decided from these results."""
    if decision.state in (State.CAPTURED, State.DONE) or decision.code == "next_step":
        return Tone(ToneKind.TAKEN, 1.0)
    if decision.state == State.HOLDING:
        return Tone(ToneKind.HOLD, 1.0)
    if not results or results[0].name == "somebody" and results[0].ok is False:
        return Tone(ToneKind.SEARCH) if decision.code == "step_into_view" else Tone()
    wrong = [r for r in results if r.ok is False or r.ok is None and r.required]
    off: dict[str, float] = {}
    codes: dict[str, str] = {}
    for result in wrong:
        name = _kind(result.code) or result.name
        off[name] = max(off.get(name, 0.0), _off(name, result))
        codes.setdefault(name, result.code)
    # One side at a time: who is turned away does not hear where to go, and who stands at the side
    # turns to the camera best when they stand before it.
    turning = off.get("turn", 0.0) > (1.0 if "side" in off else 0.0)
    side = _side_to_turn(codes["turn"]) if turning else _SIDES.get(codes.get("side", ""), 0.0)
    loud = _CLEAR + (1 - _CLEAR) * min(off.get("turn" if turning else "side", 0.0) / 2, 1.0)
    return Tone(
        ToneKind.GUIDE,
        math.exp(-sum(off.values())),
        side * loud,
        _WAYS.get(codes.get("depth", ""), 0.0),
        turning,
    )


def _kind(code: str) -> str:
    """Return what an instruction is about, as far as tones say it: depth, side, turn, or ""."""
    if axis(code) in ("turn", "head"):
        return "turn"
    return "depth" if code in _WAYS else "side" if code in _SIDES else ""


def _side_to_turn(code: str) -> float:
    """Return -1 for the person's left, else 1: of turns that name no side, either is right."""
    return -1.0 if code == "turn_left" else 1.0


def _off(name: str, result: CheckResult) -> float:
    """Return how far a check is from passing: 1 for far, more for very far."""
    limit = result.minimum if result.value < result.minimum else result.maximum
    if math.isnan(result.value) or math.isnan(limit):
        return _OTHER
    beyond = abs(result.value - limit)
    if name == "turn":
        return min(beyond / _FAR_DEG, _MOST)
    if name == "side":
        return min(beyond / _FAR_ASIDE, _MOST)
    if name == "depth":
        if result.value <= 0 or limit <= 0:
            return 1.0
        return min(abs(math.log(result.value / limit)) / _FAR_DEPTH, _MOST)
    return _OTHER
